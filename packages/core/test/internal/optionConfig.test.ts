import * as AuthFlow from "@latchkey/core/AuthFlow"
import { assert, describe, it } from "@effect/vitest"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import { inspect } from "node:util"

const read = (environment: Readonly<Record<string, string>>, given?: Config.Config<string>) =>
  AuthFlow.fromConfig(
    "acme",
    Effect.all(
      {
        clientId: AuthFlow.requiredConfig(Config.string("ACME_CLIENT_ID")),
        clientSecret: AuthFlow.secretConfig(Config.redacted("ACME_CLIENT_SECRET")),
        port: AuthFlow.requiredConfig(
          Config.withDefault(Config.integer("ACME_PORT"), 443),
          "it is a whole number"
        ),
        apiUrl: AuthFlow.optionalConfig(given, Config.string("ACME_API_URL")),
        key: AuthFlow.optionalSecretConfig(undefined, Config.redacted("ACME_KEY"))
      },
      { mode: "validate" }
    )
  ).pipe(Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(environment)))))

/** A provider whose variables change while the process lives: `fromMap` reads its map once. */
const rereading = (environment: Map<string, string>): ConfigProvider.ConfigProvider =>
  ConfigProvider.make({
    load: (config) => Effect.suspend(() => ConfigProvider.fromMap(environment).load(config)),
    flattened: ConfigProvider.fromMap(environment).flattened
  })

const complete = { ACME_CLIENT_ID: "id", ACME_CLIENT_SECRET: "nonce-1" }

const message = (environment: Readonly<Record<string, string>>, given?: Config.Config<string>) =>
  Effect.map(Effect.flip(read(environment, given)), (error) => error.message)

describe("options in the environment", () => {
  it.effect("options: what is there is read, and what may be left out is none", () =>
    Effect.gen(function* () {
      const { apiUrl, clientId, clientSecret, key, port } = yield* read(complete)
      assert.deepStrictEqual([clientId, port, apiUrl, key], ["id", 443, undefined, undefined])
      const secret = yield* Redacted.isRedacted(clientSecret) ? Effect.succeed(clientSecret) : clientSecret
      assert.strictEqual(Redacted.value(secret), "nonce-1")
    })
  )

  it.effect("options: all that are missing are named at once, each with its variable", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(read({}))
      assert.deepStrictEqual(
        [error._tag, error.provider, error.option, error.variable],
        ["InvalidOptions", "acme", "clientId", "ACME_CLIENT_ID"]
      )
      assert.strictEqual(
        error.message,
        'acme: ACME_CLIENT_ID ("clientId"), ACME_CLIENT_SECRET ("clientSecret") missing or empty: set what is named here.'
      )
    })
  )

  it.effect("options: a variable that is set to nothing, or to white space, is missing", () =>
    Effect.gen(function* () {
      const missing = yield* message({})
      for (const blank of ["", " ", "\t\n"]) {
        assert.strictEqual(yield* message({ ACME_CLIENT_ID: blank, ACME_CLIENT_SECRET: blank }), missing)
        const { apiUrl, key } = yield* read({ ...complete, ACME_API_URL: blank, ACME_KEY: blank })
        assert.deepStrictEqual([apiUrl, key], [undefined, undefined])
      }
    })
  )

  it.effect("options: a Config that is given must be there, and is named as its author named it", () =>
    Effect.gen(function* () {
      const given = Config.nested(Config.string("URL"), "MY")
      assert.include(yield* message(complete, given), 'MY_URL ("apiUrl") missing or empty')
      assert.include(
        yield* message({ ...complete, MY_URL: " " }, given),
        'MY_URL ("apiUrl") missing or empty'
      )
    })
  )

  it.effect("options: a variable is named with the prefix that its provider puts before it", () =>
    Effect.gen(function* () {
      for (const environment of [{}, { APP_ACME_CLIENT_ID: " " }]) {
        const error = yield* AuthFlow.fromConfig(
          "acme",
          Effect.all(
            { clientId: AuthFlow.requiredConfig(Config.string("ACME_CLIENT_ID")) },
            { mode: "validate" }
          )
        ).pipe(
          Effect.withConfigProvider(
            ConfigProvider.nested(
              ConfigProvider.fromMap(new Map(Object.entries(environment)), { pathDelim: "_" }),
              "APP"
            )
          ),
          Effect.flip
        )
        assert.strictEqual(error.variable, "APP_ACME_CLIENT_ID")
      }
    })
  )

  it.effect("options: of a Config of several variables the first that is missing is named", () =>
    Effect.gen(function* () {
      const both = Config.map(Config.all([Config.string("ONE"), Config.string("TWO")]), (parts) =>
        parts.join()
      )
      assert.include(yield* message(complete, both), 'ONE ("apiUrl")')
      assert.include(yield* message({ ...complete, ONE: "1" }, both), 'TWO ("apiUrl")')
      const either = Config.orElse(Config.string("ONE"), () => Config.string("TWO"))
      assert.include(yield* message(complete, either), 'ONE ("apiUrl")')
    })
  )

  it.effect(
    "options: a value that cannot be used is not repeated, and what is missing is named beside it",
    () =>
      Effect.gen(function* () {
        const exit = yield* Effect.exit(read({ ACME_CLIENT_ID: "id", ACME_PORT: "nonce-2" }))
        assert.notInclude(inspect(exit, { depth: 20 }) + JSON.stringify(exit), "nonce")
        assert.strictEqual(
          yield* message({ ACME_CLIENT_ID: "id", ACME_PORT: "nonce-2" }),
          'acme: ACME_CLIENT_SECRET ("clientSecret") missing or empty: set what is named here. ' +
            'acme: ACME_PORT ("port") cannot be used: it is a whole number.'
        )
      })
  )

  it.effect("options: a secret is read again by who asks for it, from the provider it was found in", () =>
    Effect.gen(function* () {
      const environment = new Map(Object.entries(complete))
      const { clientSecret } = yield* AuthFlow.fromConfig(
        "acme",
        Effect.all(
          { clientSecret: AuthFlow.secretConfig(Config.redacted("ACME_CLIENT_SECRET")) },
          { mode: "validate" }
        )
      ).pipe(Effect.withConfigProvider(rereading(environment)))
      environment.set("ACME_CLIENT_SECRET", "nonce-3")
      const secret = yield* Redacted.isRedacted(clientSecret) ? Effect.succeed(clientSecret) : clientSecret
      assert.strictEqual(Redacted.value(secret), "nonce-3")
    })
  )
})

describe("options that are given", () => {
  it.effect("options: an id that begins or ends with white space is refused, by a message that says so", () =>
    Effect.gen(function* () {
      for (const id of [" id", "id\n"]) {
        const error = yield* Effect.flip(AuthFlow.nonEmpty("acme", "clientId", id))
        assert.strictEqual(error.message, 'acme: "clientId" begins or ends with white space: remove it.')
      }
      assert.isTrue(Either.isRight(yield* Effect.either(AuthFlow.nonEmpty("acme", "clientId", "my id"))))
    })
  )
})

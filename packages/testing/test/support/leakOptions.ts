import type * as AuthError from "@latchkey/core/AuthError"
import * as Autopay from "@latchkey/autopay/Autopay"
import type * as AuthFlow from "@latchkey/core/AuthFlow"
import * as AuthHttpClient from "@latchkey/core/AuthHttpClient"
import * as PaymentsGate from "@latchkey/paymentsgate/PaymentsGate"
import * as Su from "@latchkey/su/Su"
import * as VaultIst from "@latchkey/vault-ist/VaultIst"
import * as VaultsPay from "@latchkey/vaultspay/VaultsPay"
import type * as HttpClient from "@effect/platform/HttpClient"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import { Fault, MemoryClient, SuSandbox } from "@latchkey/testing"
import { type Span, logAll, ofSpans, tracer, withLogs } from "./leakCapture.ts"
import { type Exhibit, Detector, report } from "./leakDetector.ts"
import { failWith } from "./leakPath.ts"

const nonce = "n0nce5ecret0fth1srunxyz7"
const secret = Redacted.make(`s3cret/${nonce}+"=&%?`)
const detector = new Detector(nonce)

/** Builds a layer, which must fail with this; nothing of how it fails shows a secret. */
const fails = <A, E extends { readonly _tag: string }>(
  layer: Layer.Layer<A, E, HttpClient.HttpClient>,
  tag: string,
  environment: Readonly<Record<string, string>> = {}
) =>
  Effect.gen(function* () {
    const exhibits: Array<Exhibit> = []
    const spans: Array<Span> = []
    const exit = yield* Layer.build(layer).pipe(
      Effect.scoped,
      Effect.provide(MemoryClient.layer([])),
      Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(environment)))),
      Effect.withSpan("application"),
      Effect.exit,
      withLogs(exhibits),
      Effect.withTracer(tracer(spans))
    )
    assert.isTrue(Exit.isFailure(exit))
    if (Exit.isFailure(exit)) {
      const error = Cause.squash(exit.cause)
      exhibits.push({ surface: "cause", value: exit.cause }, { surface: "error", value: error })
      exhibits.push(...ofSpans(spans))
      assert.strictEqual(report(detector.scan(exhibits)), "")
      const errors = exhibits.filter(({ value }) => value instanceof Error)
      assert.strictEqual(report(detector.scan(yield* logAll(errors))), "")
      assert.deepInclude(error, { _tag: tag })
    }
  })

const badUrls = [
  `https://user:${nonce}@provider.example/`,
  `https://${nonce}@provider.example/`,
  `https://provider.example/?token=${nonce}`,
  `https://provider.example/#${nonce}`,
  `http://provider.example/${nonce}`,
  `provider.example/${nonce}`,
  `https://[${nonce}`,
  nonce
]

/** Each option that takes a URL, of each provider. */
const urlOptions: {
  readonly [option: string]: (
    url: string
  ) => Layer.Layer<never, AuthFlow.InvalidOptions | AuthError.Unavailable, HttpClient.HttpClient>
} = {
  "Autopay's tokenUrl": (tokenUrl) =>
    Autopay.layer({ clientId: "client-id", clientSecret: secret, tokenUrl }),
  "Autopay's apiUrl": (apiUrl) => Autopay.layer({ clientId: "client-id", clientSecret: secret, apiUrl }),
  "VaultsPay's baseUrl": (baseUrl) =>
    VaultsPay.layer({ clientId: "client-id", clientSecret: secret, baseUrl }),
  "vault.ist's tokenUrl": (tokenUrl) => VaultIst.layer({ refreshToken: secret, tokenUrl }),
  "vault.ist's apiUrl": (apiUrl) => VaultIst.layer({ refreshToken: secret, apiUrl }),
  "Su's domain": (domain) => Su.layer({ environment: "sandbox", clientSecret: secret, domain: `${domain}:` }),
  "Su's baseUrl": (baseUrl) =>
    Su.layer({ environment: "sandbox", clientSecret: secret, domain: "hotel.example", baseUrl }),
  "Su's validateUrl": (validateUrl) =>
    Su.layer({ environment: "sandbox", clientSecret: secret, domain: "hotel.example", validateUrl }),
  "PaymentsGate's baseUrl": (baseUrl) =>
    PaymentsGate.layer({ accountId: "account-id", publicKey: secret, baseUrl }),
  "PaymentsGate's baseUrl, with a pair": (baseUrl) =>
    PaymentsGate.layer({ accessToken: secret, refreshToken: secret, baseUrl })
}

/** Options that are wrong in themselves, beside a secret that is right, or that cannot be read. */
const unreadable = failWith(new Error(`no such secret: ${nonce}`))
const wrongOptions: {
  readonly [name: string]: Layer.Layer<
    never,
    AuthFlow.InvalidOptions | AuthError.Unavailable,
    HttpClient.HttpClient
  >
} = {
  "Autopay without a client id": Autopay.layer({ clientId: " ", clientSecret: secret }),
  "VaultsPay without a client id": VaultsPay.layer({
    baseUrl: "https://provider.example",
    clientId: "",
    clientSecret: secret
  }),
  "PaymentsGate without an account": PaymentsGate.layer({ accountId: "", publicKey: secret }),
  "vault.ist without anything to start from": VaultIst.layer({})
}

/** Secrets that the layer itself reads, from a secret manager that is away. */
const awayOptions: typeof wrongOptions = {
  "vault.ist whose refresh token cannot be read": VaultIst.layer({ refreshToken: unreadable }),
  "PaymentsGate whose pair cannot be read": PaymentsGate.layer({
    accessToken: secret,
    refreshToken: unreadable
  })
}

interface Configured {
  readonly layer: Layer.Layer<never, AuthFlow.InvalidOptions | AuthError.Unavailable, HttpClient.HttpClient>
  readonly environment: Readonly<Record<string, string>>
  readonly url: string | undefined
}

/** Each provider's environment, complete; the name of a variable that holds a URL, if there is one. */
const configured: { readonly [provider: string]: Configured } = {
  Autopay: {
    layer: Autopay.layerConfig(),
    environment: { AUTOPAY_CLIENT_ID: "client-id", AUTOPAY_CLIENT_SECRET: nonce },
    url: undefined
  },
  VaultsPay: {
    layer: VaultsPay.layerConfig(),
    environment: {
      VAULTSPAY_BASE_URL: "https://provider.example",
      VAULTSPAY_CLIENT_ID: "client-id",
      VAULTSPAY_CLIENT_SECRET: nonce
    },
    url: "VAULTSPAY_BASE_URL"
  },
  "vault.ist": {
    layer: VaultIst.layerConfig(),
    environment: { VAULT_IST_REFRESH_TOKEN: nonce },
    url: "VAULT_IST_TOKEN_URL"
  },
  Su: {
    layer: Su.layerConfig(),
    environment: { SU_ENVIRONMENT: "sandbox", SU_DOMAIN: "hotel.example", SU_CLIENT_SECRET: nonce },
    url: undefined
  },
  PaymentsGate: {
    layer: PaymentsGate.layerConfig(),
    environment: { PAYMENTSGATE_ACCOUNT_ID: "account-id", PAYMENTSGATE_PUBLIC_KEY: nonce },
    url: "PAYMENTSGATE_BASE_URL"
  }
}

const without = (environment: Readonly<Record<string, string>>, name: string) =>
  Object.fromEntries(Object.entries(environment).filter(([other]) => other !== name))

/** The tests of what is made from options, rather than of what becomes of requests. */
export const describeOptions = (): void => {
  describe("options that cannot be used", () => {
    for (const [option, layer] of Object.entries(urlOptions)) {
      it.effect(`R15: a secret in ${option} is not repeated`, () =>
        Effect.forEach(badUrls, (url) => fails(layer(url), "InvalidOptions"), { discard: true })
      )
    }

    for (const [name, layer] of Object.entries(wrongOptions)) {
      it.effect(`R15: no secret of ${name} is shown`, () => fails(layer, "InvalidOptions"))
    }

    for (const [name, layer] of Object.entries(awayOptions)) {
      it.effect(`R15: no secret of ${name} is shown`, () => fails(layer, "Unavailable"))
    }

    for (const [provider, { environment, layer, url }] of Object.entries(configured)) {
      for (const missing of Object.keys(environment)) {
        it.effect(`R15: no secret of ${provider}'s environment is shown where ${missing} is missing`, () =>
          fails(layer, "InvalidOptions", without(environment, missing))
        )
      }
      if (url !== undefined) {
        it.effect(`R15: no secret of ${provider}'s environment is shown where ${url} is bad`, () =>
          Effect.forEach(
            badUrls,
            (value) => fails(layer, "InvalidOptions", { ...environment, [url]: value }),
            {
              discard: true
            }
          )
        )
      }
    }

    it.effect("R15: Su's environment is not told what it was, nor is its secret", () =>
      fails(configured["Su"]?.layer ?? Layer.empty, "InvalidOptions", {
        ...configured["Su"]?.environment,
        SU_ENVIRONMENT: `production-${nonce}`
      })
    )

    it.effect("R15: two flows at one origin are named without their secrets", () =>
      fails(
        AuthHttpClient.layer([Autopay.Autopay, VaultsPay.VaultsPay]).pipe(
          Layer.provide(
            Layer.merge(
              Autopay.layer({ clientId: "client-id", clientSecret: secret, apiUrl: "https://one.example" }),
              VaultsPay.layer({ clientId: "client-id", clientSecret: secret, baseUrl: "https://one.example" })
            )
          )
        ),
        "OriginConflict"
      )
    )

    it.effect("R15: a layer that gets its tokens at once fails without showing a secret", () =>
      fails(
        AuthHttpClient.layer([Autopay.Autopay], { eager: true }).pipe(
          // No retries: nobody lets time pass.
          Layer.provide(
            Autopay.layer({ clientId: "client-id", clientSecret: secret, policy: { retry: Schedule.stop } })
          )
        ),
        "Unavailable"
      )
    )
  })

  describe("what is asked beside the flow", () => {
    it.effect("R15: Su's validation, its span and its failure show no token", () =>
      Effect.gen(function* () {
        const exhibits: Array<Exhibit> = []
        const spans: Array<Span> = []
        const sandbox = yield* SuSandbox.make({ nonce, clientSecret: secret })
        const layer = Su.layer({
          environment: "sandbox",
          domain: "hotel.example",
          clientSecret: secret
        }).pipe(Layer.provide(MemoryClient.layer([sandbox])))
        yield* Effect.gen(function* () {
          yield* Su.validate
          for (const fault of [
            Fault.Status({ status: 401 }),
            Fault.Status({ status: 500 }),
            Fault.ResetAfter()
          ]) {
            yield* sandbox.fault("validate", fault)
            const error = yield* Effect.flip(Su.validate)
            exhibits.push({ surface: "error", value: error }, { surface: "cause", value: Cause.fail(error) })
          }
        }).pipe(Effect.provide(layer), withLogs(exhibits), Effect.withTracer(tracer(spans)))
        assert.strictEqual(report(detector.scan([...exhibits, ...ofSpans(spans)])), "")
        assert.deepStrictEqual(
          spans.map(({ name }) => name),
          ["Su.validate", "latchkey.mint", "Su.validate", "Su.validate", "Su.validate"]
        )
      })
    )

    it.scoped("R15: a request that no flow claims fails without showing a token", () =>
      Effect.gen(function* () {
        const sandbox = yield* SuSandbox.make({ nonce, clientSecret: secret })
        const error = yield* Effect.gen(function* () {
          const layer = Su.layer({ environment: "sandbox", domain: "hotel.example", clientSecret: secret })
          const manager = Context.get(yield* Layer.build(layer), Su.Su)
          yield* manager.get
          const client = yield* AuthHttpClient.make(manager, { unmatched: "fail" })
          return yield* Effect.flip(client.get("https://elsewhere.example/"))
        }).pipe(Effect.provide(MemoryClient.layer([sandbox])))
        assert.strictEqual(report(detector.scan([{ surface: "error", value: error }])), "")
      })
    )
  })
}

/**
 * The contract of a flow, as tests: what every provider package must do, told by its sandbox. Imports
 * vitest: reachable as `@latchkey/testing/AuthFlowSuite` only.
 *
 * @since 0.1.0
 */
import type { AuthError } from "@latchkey/core/AuthError"
import type { RefreshPolicy } from "@latchkey/core/RefreshPolicy"
import type { TokenManager } from "@latchkey/core/TokenManager"
import type * as HttpClient from "@effect/platform/HttpClient"
import type { HttpClientError } from "@effect/platform/HttpClientError"
import * as Vitest from "@effect/vitest"
import type * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import type { Sandbox } from "./Sandbox.ts"
import { answers } from "./internal/flowAnswers.ts"
import { clients } from "./internal/flowClients.ts"
import { failures } from "./internal/flowFailures.ts"
import { life } from "./internal/flowLife.ts"
import { live } from "./internal/flowLive.ts"
import { refusals } from "./internal/flowRefusals.ts"
import { weeks } from "./internal/flowWeeks.ts"
import { worlds } from "./internal/worlds.ts"

/**
 * Where a flow is to find its provider, and what it is configured with. The secrets are effects and
 * change during a test, as a person changes a configuration: hand them on as they are (R16).
 *
 * @since 0.1.0
 * @category models
 */
export interface Target {
  /** The origin of the token endpoints, without a slash at the end. */
  readonly tokenOrigin: string
  /** The origin of the API; over HTTP the same one. */
  readonly apiOrigin: string
  /** The `clientId` of the sandbox's credentials. */
  readonly clientId: string
  /** The `clientSecret` of the sandbox's credentials. */
  readonly clientSecret: Effect.Effect<Redacted.Redacted<string>>
  /** The access token of a token set that was issued; a defect where the flow does not start from one. */
  readonly accessToken: Effect.Effect<Redacted.Redacted<string>>
  /** The refresh token of the same token set. */
  readonly refreshToken: Effect.Effect<Redacted.Redacted<string>>
  /** What the layer is to be given as its policy. */
  readonly policy: RefreshPolicy
}

/**
 * What the suite must know of a flow.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options<Id> {
  /**
   * Where it runs. Default: both in memory and over HTTP on loopback. One of them is enough for a variant
   * of a flow that is the same over the wire.
   */
  readonly worlds?: ReadonlyArray<"in memory" | "on loopback"> | undefined
  /**
   * Makes a sandbox of the provider; every test has its own. `nonce` must stand in every secret, and in the client
   * id, so that two sandboxes have two clients.
   */
  readonly sandbox: (options: {
    readonly nonce: string
    readonly accessLifetime: Duration.DurationInput
  }) => Effect.Effect<Sandbox>
  /** The provider's tag. */
  readonly tag: Context.Tag<Id, TokenManager>
  /** The provider's layer, pointed at a sandbox. */
  readonly layer: (target: Target) => Layer.Layer<Id, unknown, HttpClient.HttpClient>
  /** The layer whose options come from the environment, with the policy of the target; where there is one. */
  readonly layerConfig?: ((target: Target) => Layer.Layer<Id, unknown, HttpClient.HttpClient>) | undefined
  /** Whether the flow can log in. */
  readonly login: boolean
  /** Whether it refreshes, and whether that spends the refresh token (R5, R7). */
  readonly refresh: "none" | "kept" | "rotates"
  /** What it starts from: a login, or a token set that was issued. Default: a login, if there is one. */
  readonly start?: "login" | "issued" | undefined
  /**
   * Whether a login is of the account that the refresh token belongs to (R6). Default: only where the flow
   * starts from a login.
   */
  readonly sameAccount?: boolean | undefined
  /**
   * Whether a refresh presents the client's credentials as a login does: wrong ones are not followed by a
   * login then. Default: false.
   */
  readonly authenticatesRefresh?: boolean | undefined
  /**
   * What a refused refresh token is: `Expired`, where the provider says that it has ended, and it is never
   * sent again; else `Unauthorized`, and it is. Default: `Expired`.
   */
  readonly refusedRefreshToken?: "Expired" | "Unauthorized" | undefined
  /**
   * What wrong credentials are. Default: `Unauthorized`, and for a flow without a login, whose only credential
   * is a refresh token, what that is when it is refused.
   */
  readonly wrongCredentials?: "Unauthorized" | "AccessDenied" | "Expired" | undefined
  /**
   * What they are where the status is 200 and the rest of the refusal as always: some gateways answer so.
   * Default: the same. `InvalidResponse`, where a provider says it by the status only.
   */
  readonly wrongCredentialsUnder200?:
    | "Unauthorized"
    | "AccessDenied"
    | "Expired"
    | "InvalidResponse"
    | undefined
  /**
   * The lifetime of an access token where the answer names none (R1). Default: such an answer is
   * `InvalidResponse`.
   */
  readonly defaultLifetime?: Duration.DurationInput | undefined
  /**
   * Puts a lifetime into the JSON of an answer, as the provider spells lifetimes. `seconds` may be
   * anything a provider could come up with: 0, -1, 1e18, "3600", "NaN"; `undefined` takes it out. A
   * provider of timestamps counts from `now`, in epoch milliseconds. Must take any JSON: what is no
   * answer with a token may be left as it is.
   */
  readonly lifetime: (json: unknown, seconds: number | string | undefined, now: number) => unknown
  /** How many weeks the flow lives through behind a proxy that fails, each another one. Default: 2. */
  readonly weeks?: number | undefined
}

/**
 * The typed client of a flow's package: its tag, and its layer over the tag of the flow.
 *
 * @since 0.1.0
 * @category models
 */
export interface Clients<Id, Client> {
  readonly client?:
    | {
        readonly tag: Context.Tag<Client, HttpClient.HttpClient.With<HttpClientError | AuthError>>
        readonly layer: Layer.Layer<Client, never, Id | HttpClient.HttpClient>
      }
    | undefined
}

/**
 * Registers the contract of a flow, once in memory and once over HTTP on loopback, or in one of these
 * {@link Options.worlds}: a block of vitest's.
 *
 * The life of a token (R1, R3-R5, R9, R10, R13), refusals by the token endpoint (R6, R11, R16), answers
 * that are none (R1, R14), failures of the connection and of the provider (R4, R8, R11), and weeks behind a
 * proxy that fails. Every test asserts the outcome, what the sandbox's ledger counted, that no error shows a
 * secret (R15), and that all is well once the fault is gone. Time is `TestClock`'s, over real sockets too; one
 * test runs by the real clock.
 *
 * @since 0.1.0
 * @category suites
 */
export const describe = <Id, Client = never>(
  name: string,
  options: Options<Id> & Clients<Id, Client>
): void => {
  Vitest.describe(`the contract of a flow: ${name}`, () => {
    for (const world of worlds.filter(({ name }) => options.worlds?.includes(name) ?? true)) {
      Vitest.describe.concurrent(world.name, () => {
        life(options, world)
        clients(options, world)
        refusals(options, world)
        answers(options, world)
        failures(options, world)
        if (world.name === "in memory") {
          weeks(options, world)
          live(options, world)
        }
      })
    }
  })
}

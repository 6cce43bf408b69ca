import * as Loopback from "@latchkey/testing/Loopback"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import { defaultTeardown } from "@effect/platform/Runtime"
import type { Teardown } from "@effect/platform/Runtime"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import { demo } from "./demo.ts"
import { accessLifetime, providers } from "./providers.ts"
import * as Screen from "./screen.ts"
import { exitCode } from "./summary.ts"

/** 130, as shells report a program that was interrupted. */
const teardown: Teardown = (exit, onExit) =>
  Exit.isFailure(exit) && Cause.isInterruptedOnly(exit.cause) ? onExit(130) : defaultTeardown(exit, onExit)

Effect.gen(function* () {
  const verdict = yield* demo({
    providers,
    accessLifetime,
    // 150 calls a second in all, however many providers: client and server are this one process.
    traffic: { callers: 3, every: 20 * providers.length, length: 9_000 },
    serve: Loopback.serve,
    screen: yield* Screen.detect
  })
  process.exitCode = exitCode(verdict)
}).pipe(
  Effect.provide(FetchHttpClient.layer),
  // The screen tells what happens: a log would be written over it.
  Logger.withMinimumLogLevel(LogLevel.None),
  NodeRuntime.runMain({ teardown })
)

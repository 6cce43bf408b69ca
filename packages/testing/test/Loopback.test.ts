import { assert, describe } from "@effect/vitest"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import { Fault, Ledger, Loopback } from "@latchkey/testing"
import { it } from "@latchkey/testing/SettledTest"
import { autopay, codeOf, getWith, logInToAutopay, loopback, seen } from "./support/world.ts"

describe("Loopback", () => {
  it.scoped("serves all endpoints on one origin of 127.0.0.1", () =>
    Effect.gen(function* () {
      const sandbox = yield* autopay
      const { url } = yield* Loopback.serve(sandbox)
      assert.match(url, /^http:\/\/127\.0\.0\.1:\d+$/)
      const other = yield* Loopback.serve(sandbox)
      assert.notStrictEqual(url, other.url)
    })
  )

  it.scoped("hands over method, path, headers and bytes as they arrived", () =>
    Effect.gen(function* () {
      const sandbox = yield* autopay
      const { apiUrl, client } = yield* loopback.connect(sandbox)
      const { accessToken } = yield* sandbox.issue
      const bytes = Uint8Array.from({ length: 200_000 }, (_, index) => index % 251)
      yield* HttpClientRequest.patch(`${apiUrl}/v1/x?a=1&a=%20`).pipe(
        HttpClientRequest.bodyUint8Array(bytes),
        HttpClientRequest.setHeader("X-Thing", "one, two"),
        HttpClientRequest.bearerToken(accessToken.value),
        client.execute
      )
      const [request] = Ledger.entries(yield* sandbox.ledger, "Request")
      assert.isDefined(request)
      assert.deepInclude(request, { method: "PATCH", path: "/v1/x?a=1&a=%20", accepted: true, status: 200 })
      assert.strictEqual(request.headers["x-thing"], "one, two")
      assert.deepStrictEqual(Buffer.from(request.body), Buffer.from(bytes))
    })
  )

  it.scoped("runs by the caller's clock", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.parse("2026-11-21T10:00:00.999Z"))
      const sandbox = yield* autopay
      const connection = yield* loopback.connect(sandbox)
      const response = yield* logInToAutopay(connection, sandbox)
      assert.strictEqual(response.headers["date"], "Sat, 21 Nov 2026 10:00:00 GMT")
      yield* TestClock.adjust("24 hours")
      const late = yield* getWith(connection.client, `${connection.apiUrl}/`, "autopay-access-1-n0nce")
      assert.strictEqual(late.status, 401)
    })
  )

  it.scoped("answers paths that are no paths", () =>
    Effect.gen(function* () {
      const sandbox = yield* autopay
      const { apiUrl, client } = yield* loopback.connect(sandbox)
      assert.strictEqual((yield* client.get(`${apiUrl}//evil.example/oauth/token`)).status, 401)
      assert.strictEqual((yield* client.head(`${apiUrl}/`)).status, 401)
    })
  )

  it.scoped("a broken Patch breaks the connection, not the server", () =>
    Effect.gen(function* () {
      const sandbox = yield* autopay
      const connection = yield* loopback.connect(sandbox)
      const broken = Fault.Patch({
        f: () => {
          throw new Error("a test's own mistake")
        }
      })
      yield* sandbox.fault("login", broken)
      const error = yield* Effect.flip(logInToAutopay(connection, sandbox))
      assert.strictEqual(codeOf(error), "ECONNRESET")
      assert.strictEqual((yield* logInToAutopay(connection, sandbox)).status, 200)
      assert.strictEqual(Ledger.count(yield* sandbox.ledger).logins, 2)
    }).pipe(Logger.withMinimumLogLevel(LogLevel.None))
  )

  it.effect("closing the scope destroys the sockets under way and stops listening", () =>
    Effect.gen(function* () {
      const sandbox = yield* autopay
      const scope = yield* Scope.make()
      const connection = yield* Scope.extend(loopback.connect(sandbox), scope)
      yield* sandbox.fault("login", Fault.Hang())
      yield* sandbox.fault("login", Fault.Latency({ duration: "1 hour" }))
      const hung = yield* Effect.fork(Effect.flip(logInToAutopay(connection, sandbox)))
      yield* seen(sandbox, 1)
      const slow = yield* Effect.fork(Effect.flip(logInToAutopay(connection, sandbox)))
      yield* seen(sandbox, 3)
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual((yield* Fiber.join(hung))._tag, "RequestError")
      assert.strictEqual((yield* Fiber.join(slow))._tag, "RequestError")
      const error = yield* Effect.flip(logInToAutopay(connection, sandbox))
      assert.strictEqual(codeOf(error), "ECONNREFUSED")
    })
  )
})

import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Contender } from "../Contender.ts"
import { effectContender } from "../bases/effect.ts"

const Token = Schema.Struct({ access_token: Schema.String })

/**
 * What one writes in Effect without a library: the token in `Effect.cachedInvalidateWithTTL`, dropped
 * on a 401, and the request sent once more. The time to live leaves out the last tenth of the
 * lifetime, as ours does.
 */
export const effectCached: Contender = {
  name: "effect-cached",
  base: "static-effect",
  rotates: false,
  cancels: true,
  ...effectContender((target) =>
    Effect.gen(function* () {
      const base = yield* HttpClient.HttpClient
      const login = HttpClientRequest.post(target.tokenUrl).pipe(
        HttpClientRequest.bodyUrlParams({
          grant_type: "client_credentials",
          client_id: target.clientId,
          client_secret: target.clientSecret
        }),
        HttpClient.filterStatusOk(base).execute,
        Effect.flatMap(HttpClientResponse.schemaBodyJson(Token)),
        Effect.map((token) => token.access_token)
      )
      const [token, invalidate] = yield* Effect.cachedInvalidateWithTTL(
        login,
        Duration.millis(target.lifetime * 0.9)
      )
      const authenticated = HttpClient.mapRequestEffect(base, (request) =>
        Effect.map(token, (value) => HttpClientRequest.bearerToken(request, value))
      )
      return HttpClient.transform(authenticated, (sending, request) =>
        Effect.flatMap(sending, (response) =>
          response.status === 401
            ? Effect.zipRight(
                invalidate,
                Effect.flatMap(token, (value) => base.execute(HttpClientRequest.bearerToken(request, value)))
              )
            : Effect.succeed(response)
        )
      )
    })
  )
}

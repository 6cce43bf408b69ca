import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import type { Contender } from "../Contender.ts"
import { effectContender } from "../bases/effect.ts"
import { staticToken } from "../protocol.ts"

/** The platform's own way to set a header on every request. */
export const staticEffect: Contender = {
  name: "static-effect",
  base: "static-effect",
  rotates: false,
  cancels: true,
  ...effectContender(() =>
    Effect.map(
      HttpClient.HttpClient,
      HttpClient.mapRequest(HttpClientRequest.setHeader("authorization", `Bearer ${staticToken}`))
    )
  )
}

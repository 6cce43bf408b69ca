import type * as TokenStore from "@latchkey/core/TokenStore"
import * as RedisTokenStore from "@latchkey/redis/RedisTokenStore"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

export const redis = (url: string): Layer.Layer<TokenStore.TokenStore> =>
  Layer.orDie(RedisTokenStore.layer({ url: Redacted.make(url), prefix: "fleet" }))

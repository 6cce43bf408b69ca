import type { Contender } from "./Contender.ts"
import { axiosAuthRefresh } from "./contenders/axiosAuthRefresh.ts"
import { azurePipeline } from "./contenders/azurePipeline.ts"
import { badgateway } from "./contenders/badgateway.ts"
import { effectCached } from "./contenders/effectCached.ts"
import { googleAuth } from "./contenders/googleAuth.ts"
import { latchkey, latchkeyDefaults } from "./contenders/latchkey.ts"
import { openidClient } from "./contenders/openidClient.ts"
import { simpleOauth2 } from "./contenders/simpleOauth2.ts"
import { smithy } from "./contenders/smithy.ts"
import { staticAxios } from "./contenders/staticAxios.ts"
import { staticAzure } from "./contenders/staticAzure.ts"
import { staticEffect } from "./contenders/staticEffect.ts"
import { staticFetch } from "./contenders/staticFetch.ts"
import { staticUndici } from "./contenders/staticUndici.ts"
import { undiciOidc } from "./contenders/undiciOidc.ts"

const statics: ReadonlyArray<Contender> = [staticEffect, staticFetch, staticAxios, staticAzure, staticUndici]

/** Us first, then what one writes without a library, then the peers. */
const keepers: ReadonlyArray<Contender> = [
  latchkey,
  latchkeyDefaults,
  effectCached,
  googleAuth,
  azurePipeline,
  smithy,
  openidClient,
  simpleOauth2,
  badgateway,
  axiosAuthRefresh,
  undiciOidc
]

export const contenders: ReadonlyArray<Contender> = [...keepers, ...statics]

import type { Contender } from "./Contender.ts"

/** A process loads the contender that it measures, and not the others. */
const loaders: Readonly<Record<string, () => Promise<Contender>>> = {
  latchkey: async () => (await import("./contenders/latchkey.ts")).latchkey,
  "latchkey-defaults": async () => (await import("./contenders/latchkey.ts")).latchkeyDefaults,
  "effect-cached": async () => (await import("./contenders/effectCached.ts")).effectCached,
  "google-auth-library": async () => (await import("./contenders/googleAuth.ts")).googleAuth,
  "@azure/core-rest-pipeline": async () => (await import("./contenders/azurePipeline.ts")).azurePipeline,
  "@smithy/core": async () => (await import("./contenders/smithy.ts")).smithy,
  "openid-client": async () => (await import("./contenders/openidClient.ts")).openidClient,
  "simple-oauth2": async () => (await import("./contenders/simpleOauth2.ts")).simpleOauth2,
  "@badgateway/oauth2-client": async () => (await import("./contenders/badgateway.ts")).badgateway,
  "axios-auth-refresh": async () => (await import("./contenders/axiosAuthRefresh.ts")).axiosAuthRefresh,
  "undici-oidc-interceptor": async () => (await import("./contenders/undiciOidc.ts")).undiciOidc,
  "static-effect": async () => (await import("./contenders/staticEffect.ts")).staticEffect,
  "static-fetch": async () => (await import("./contenders/staticFetch.ts")).staticFetch,
  "static-axios": async () => (await import("./contenders/staticAxios.ts")).staticAxios,
  "static-azure": async () => (await import("./contenders/staticAzure.ts")).staticAzure,
  "static-undici": async () => (await import("./contenders/staticUndici.ts")).staticUndici
}

export const load = (name: string): Promise<Contender> => {
  const loader = loaders[name]
  if (loader === undefined) {
    throw new Error(`no contender is called ${name}: ${Object.keys(loaders).join(", ")}`)
  }
  return loader()
}

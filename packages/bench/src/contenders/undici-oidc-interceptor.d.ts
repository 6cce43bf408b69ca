// The package has no types.
declare module "undici-oidc-interceptor" {
  import type { Dispatcher } from "undici"

  export function createOidcInterceptor(options: {
    readonly idpTokenUrl: string
    readonly clientId: string
    readonly clientSecret: string
    readonly retryOnStatusCodes: ReadonlyArray<number>
    readonly urls: ReadonlyArray<string>
    readonly accessToken?: string
  }): Dispatcher.DispatcherComposeInterceptor
}

/**
 * @since 0.1.0
 */
export * as AuthError from "./AuthError.ts"
export * as AuthEvent from "./AuthEvent.ts"
export * as AuthFlow from "./AuthFlow.ts"
export * as AuthHttpClient from "./AuthHttpClient.ts"
export * as Expiry from "./Expiry.ts"
export * as RefreshPolicy from "./RefreshPolicy.ts"
export * as TokenEndpoint from "./TokenEndpoint.ts"
export * as TokenManager from "./TokenManager.ts"
export * as TokenSet from "./TokenSet.ts"
export * as TokenStore from "./TokenStore.ts"

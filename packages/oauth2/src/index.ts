/**
 * @since 0.1.0
 */
export * as OAuth2 from "./OAuth2.ts"

/**
 * @since 0.1.0
 */
export * as Autopay from "./Autopay.ts"

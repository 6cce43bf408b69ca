/**
 * @since 0.1.0
 */
export * as Su from "./Su.ts"

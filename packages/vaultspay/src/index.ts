/**
 * @since 0.1.0
 */
export * as VaultsPay from "./VaultsPay.ts"

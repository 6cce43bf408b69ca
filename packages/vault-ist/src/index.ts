/**
 * @since 0.1.0
 */
export * as VaultIst from "./VaultIst.ts"

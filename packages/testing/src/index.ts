/**
 * @since 0.1.0
 */
export * as Arbitraries from "./Arbitraries.ts"
export * as AutopaySandbox from "./AutopaySandbox.ts"
export * as Fault from "./Fault.ts"
export * as Ledger from "./Ledger.ts"
export * as Lifecycle from "./Lifecycle.ts"
export * as Loopback from "./Loopback.ts"
export * as MemoryClient from "./MemoryClient.ts"
export * as OAuth2Sandbox from "./OAuth2Sandbox.ts"
export * as PaymentsGateSandbox from "./PaymentsGateSandbox.ts"
export * as Sandbox from "./Sandbox.ts"
export * as SuSandbox from "./SuSandbox.ts"
export * as VaultIstSandbox from "./VaultIstSandbox.ts"
export * as VaultsPaySandbox from "./VaultsPaySandbox.ts"
export * as Wire from "./Wire.ts"

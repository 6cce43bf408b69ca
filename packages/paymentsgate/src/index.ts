/**
 * @since 0.1.0
 */
export * as PaymentsGate from "./PaymentsGate.ts"

export const TypeId: unique symbol = Symbol.for("@latchkey/core/TokenManager")

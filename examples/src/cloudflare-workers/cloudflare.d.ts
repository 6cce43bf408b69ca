/** What the example needs of `@cloudflare/workers-types`, which declares globals that Node's types have too. */
declare module "cloudflare:workers" {
  export const env: Readonly<Record<string, string>>
  export const waitUntil: (promise: Promise<unknown>) => void
}

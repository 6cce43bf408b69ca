import { build } from "esbuild"
import { join } from "node:path"
import { gzipSync } from "node:zlib"

const home = join(import.meta.dirname, "..")

/** A program as a bundler ships it: one file, minified, and compressed as a server sends it. */
const compressed = async (contents: string, platform: "neutral" | "node"): Promise<number> => {
  const { outputFiles } = await build({
    stdin: { contents, loader: "ts", resolveDir: join(home, "src") },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    platform,
    target: "es2022",
    mainFields: ["module", "main"],
    conditions: ["import"],
    logLevel: "error"
  })
  return gzipSync(outputFiles[0]?.contents ?? "", { level: 9 }).length
}

const permits =
  'class Permits extends Schema.Class<Permits>("Permits")({ ids: Schema.Array(Schema.String) }) {}'

const imports = `
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
`

/** A program that calls an API with a token from its configuration. */
const without = `${imports}
${permits}
class Client extends Effect.Tag("Client")<Client, HttpClient.HttpClient>() {
  static readonly layer = Layer.effect(Client, Effect.gen(function* () {
    const token = yield* Config.redacted("AUTOPAY_TOKEN")
    return (yield* HttpClient.HttpClient).pipe(HttpClient.mapRequest(HttpClientRequest.bearerToken(token)))
  }))
}
const program = Effect.flatMap(Client, (client) => client.get("https://api.autopay.io/v1/permits")).pipe(
  Effect.flatMap(HttpClientResponse.schemaBodyJson(Permits)))
Effect.runPromise(Effect.provide(program, Layer.provide(Client.layer, FetchHttpClient.layer))).then(console.log)
`

/** The same program with a provider. */
const provider = (folder: string, module: string): string => `${imports}
import * as Provider from "@latchkey/${folder}/${module}"
${permits}
const program = Effect.flatMap(Provider.Client, (client) => client.get("/v1/permits")).pipe(
  Effect.flatMap(HttpClientResponse.schemaBodyJson(Permits)))
const live = Provider.Client.layer.pipe(Layer.provide(Provider.layerConfig()), Layer.provide(FetchHttpClient.layer))
Effect.runPromise(Effect.provide(program, live)).then(console.log)
`

export const providers: ReadonlyArray<readonly [folder: string, module: string]> = [
  ["autopay", "Autopay"],
  ["vault-ist", "VaultIst"]
]

/** A program that has all of `effect`, as a large one comes near to. */
const wholeEffect = `import * as All from "effect"
globalThis.all = All
`

/**
 * How many bytes a program grows by when it takes a provider: one that has all of `effect` and
 * `FetchHttpClient`, and one that has of `effect` only what itself it calls.
 */
export const providerBytes = async (
  folder: string,
  module: string
): Promise<{ readonly overEffect: number; readonly overLittle: number }> => {
  const growth = async (more: string) =>
    (await compressed(more + provider(folder, module), "neutral")) -
    (await compressed(more + without, "neutral"))
  return { overEffect: await growth(wholeEffect), overLittle: await growth("") }
}

/** How many bytes a peer is, without what Node brings. */
export const peerBytes = (contents: string): Promise<number> => compressed(contents, "node")

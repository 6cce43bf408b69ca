import * as FileSystem from "@effect/platform/FileSystem"
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Effect from "effect/Effect"
import { statSync } from "node:fs"

/** A directory that is gone when the scope closes. */
export const temporary = Effect.flatMap(FileSystem.FileSystem, (fs) =>
  fs.makeTempDirectoryScoped({ prefix: "latchkey-" })
).pipe(Effect.provide(NodeContext.layer))

export const modeOf = (path: string): number => statSync(path).mode & 0o777

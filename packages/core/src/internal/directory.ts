import type * as PlatformError from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

const suffix = ".tmp"

/** Whoever wrote one that is older than this is dead, or slower than any deadline. In milliseconds. */
const abandonedAfter = 60_000

const notFoundIs =
  <B>(value: B) =>
  <A>(
    effect: Effect.Effect<A, PlatformError.PlatformError>
  ): Effect.Effect<A | B, PlatformError.PlatformError> =>
    Effect.catchIf(
      effect,
      (error) => error._tag === "SystemError" && error.reason === "NotFound",
      () => Effect.succeed(value)
    )

/**
 * A directory as a `KeyValueStore`: a file per key that only its owner can read, replaced as a whole.
 * The one that `@effect/platform` has writes into the file itself: a process that is killed meanwhile
 * leaves half a record, and everybody may read it.
 */
export const directoryStore = (
  directory: string
): Effect.Effect<
  KeyValueStore.KeyValueStore,
  PlatformError.PlatformError,
  FileSystem.FileSystem | Path.Path
> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    yield* fs.makeDirectory(directory, { recursive: true, mode: 0o700 })

    // Percent-encoding leaves `.` and `..`, which are no names of files; a record's name has no dot in front.
    const fileOf = (key: string) => path.join(directory, `key-${encodeURIComponent(key)}`)
    const isRecord = (name: string) => name.startsWith("key-") && !name.endsWith(suffix)
    const records = Effect.map(fs.readDirectory(directory), (names) => names.filter(isRecord))

    /** What a write that was killed has left behind. */
    const sweep = Effect.gen(function* () {
      const now = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
      for (const name of yield* fs.readDirectory(directory)) {
        if (name.endsWith(suffix)) {
          const file = path.join(directory, name)
          const { mtime } = yield* fs.stat(file)
          if (Option.exists(mtime, (at) => now - at.getTime() > abandonedAfter)) {
            yield* fs.remove(file)
          }
        }
      }
    })
    yield* Effect.ignore(sweep)

    /** Makes the new name outlive a crash of the machine, where a directory can be opened at all. */
    const syncDirectory = Effect.ignore(
      Effect.scoped(Effect.flatMap(fs.open(directory, { flag: "r" }), (opened) => opened.sync))
    )

    return KeyValueStore.makeStringOnly({
      get: (key) => notFoundIs(Option.none<string>())(Effect.asSome(fs.readFileString(fileOf(key)))),
      set: (key, value) => {
        const file = fileOf(key)
        const draft = `${file}.${crypto.randomUUID()}${suffix}`
        const write = Effect.gen(function* () {
          const opened = yield* fs.open(draft, { flag: "wx", mode: 0o600 })
          yield* opened.writeAll(new TextEncoder().encode(value))
          yield* opened.sync
        })
        return Effect.scoped(write).pipe(
          Effect.zipRight(fs.rename(draft, file)),
          Effect.onError(() => Effect.ignore(fs.remove(draft))),
          Effect.zipRight(syncDirectory)
        )
      },
      remove: (key) => Effect.asVoid(notFoundIs(undefined)(fs.remove(fileOf(key)))),
      clear: Effect.flatMap(records, (names) =>
        Effect.forEach(names, (name) => fs.remove(path.join(directory, name)), { discard: true })
      ),
      size: Effect.map(records, (names) => names.length)
    })
  })

import * as Encoding from "effect/Encoding"
import { signature, texts } from "./leakRenderings.ts"

/** Something that we hand out, and where: `typed client: error`. */
export interface Exhibit {
  readonly surface: string
  readonly value: unknown
}

/** A secret that was found where none may be. */
export interface Leak {
  readonly surface: string
  readonly rendering: string
  /** How it was written: `plain`, `base64`. */
  readonly form: string
  readonly excerpt: string
}

const encoder = new TextEncoder()

/** So much of a secret in one piece counts as the secret: cut off, it is still most of it. */
const pieceLength = 12

/** Pieces of a text; every stretch of `2 * pieceLength` characters of it holds a whole one. */
const pieces = (text: string): ReadonlyArray<string> =>
  Array.from({ length: Math.ceil(text.length / pieceLength) }, (_, index) => {
    const start = Math.max(0, Math.min(index * pieceLength, text.length - pieceLength))
    return text.slice(start, start + pieceLength)
  })

/**
 * What stays of the base64 of a text, whatever stands before and after it: it may start at each of three
 * places in a group. Base64url writes it the same way, for neither `+` nor `/` can be in it.
 */
const base64Cores = (text: string): ReadonlyArray<string> =>
  [0, 1, 2].map((offset) =>
    Encoding.encodeBase64(`${"x".repeat(offset)}${text}`).slice(
      Math.ceil((offset * 8) / 6),
      Math.floor(((offset + text.length) * 8) / 6)
    )
  )

const escaped = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\/-]/g, "\\$&")

const any = (texts: ReadonlyArray<string>, flags = "") => new RegExp(texts.map(escaped).join("|"), flags)

/** Finds a secret in a text, in whatever form it may stand there. */
export class Detector {
  readonly #forms: ReadonlyArray<readonly [form: string, pattern: RegExp]>

  constructor(secret: string) {
    if (!/^[a-z0-9]{20,}$/.test(secret)) {
      // Headers, JSON and percent-encoding leave these as they are, and nothing else looks like it.
      throw new Error("what is searched for must be long, in lower case, and of letters and digits")
    }
    const bytes = Array.from(encoder.encode(secret))
    const hex = bytes.map((byte) => byte.toString(16).padStart(2, "0"))
    this.#forms = [
      ["plain", any(pieces(secret), "i")],
      ["reversed", any(pieces([...secret].reverse().join("")), "i")],
      ["percent-encoded", any(pieces(hex.map((byte) => `%${byte}`).join("")), "i")],
      ["base64", any(base64Cores(secret).flatMap(pieces))],
      ["hex", any([...pieces(hex.join("")), ...pieces(hex.join(" "))], "i")],
      // `98, 99` as inspect prints a Uint8Array, `"0":98,"1":99` as JSON does.
      ["bytes", new RegExp(`(?<!\\d)${bytes.join(`,\\s*(?:"\\d+":\\s*)?`)}(?!\\d)`)]
    ]
  }

  /** The forms in which the secret stands in a text, each with what stands around it. */
  find(text: string): ReadonlyArray<readonly [form: string, excerpt: string]> {
    return this.#forms.flatMap(([form, pattern]) => {
      const found = pattern.exec(text)
      return found === null
        ? []
        : [[form, text.slice(Math.max(0, found.index - 80), found.index + found[0].length + 40)] as const]
    })
  }

  /** What leaks of what was handed out. */
  scan(exhibits: Iterable<Exhibit>): ReadonlyArray<Leak> {
    const leaks: Array<Leak> = []
    // The same error is told to many, and the same text is written in many ways.
    const clean = new Set<unknown>()
    for (const { surface, value } of exhibits) {
      if (clean.has(value)) {
        continue
      }
      const before = leaks.length
      const sign = signature(value)
      for (const [rendering, text] of texts(value, clean.has(sign) ? "briefly" : "fully")) {
        const found = clean.has(text) ? [] : this.find(text)
        for (const [form, excerpt] of found) {
          leaks.push({ surface, rendering, form, excerpt: excerpt.replaceAll(/\s+/g, " ") })
        }
        if (found.length === 0) {
          clean.add(text)
        }
      }
      if (leaks.length === before) {
        clean.add(value)
        clean.add(sign)
      }
    }
    return leaks
  }
}

/** Those of which every exhibit looks different. */
export const distinct = (exhibits: ReadonlyArray<Exhibit>): ReadonlyArray<Exhibit> => [
  ...new Map(exhibits.map((exhibit) => [signature(exhibit.value) ?? exhibit, exhibit])).values()
]

const atMost = 12

/** Leaks in words, a line for each surface and form; empty if there are none. */
export const report = (leaks: ReadonlyArray<Leak>): string => {
  const groups = new Map<string, { readonly excerpt: string; readonly renderings: Set<string> }>()
  for (const { excerpt, form, rendering, surface } of leaks) {
    const key = `${surface} shows it, ${form}`
    const group = groups.get(key) ?? { excerpt, renderings: new Set<string>() }
    group.renderings.add(rendering)
    groups.set(key, group)
  }
  const lines = Array.from(
    groups,
    ([key, { excerpt, renderings }]) => `${key} (${[...renderings].join(", ")}): ...${excerpt}...`
  )
  const rest = lines.length - atMost
  return [...lines.slice(0, atMost), ...(rest > 0 ? [`and ${rest} more`] : [])].join("\n")
}

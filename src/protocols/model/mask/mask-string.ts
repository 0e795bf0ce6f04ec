import { type Analyses, type Findings, jsonString, replaceFound } from '../../../masking/index.ts'
import { rewriteStrings } from './rewrite-strings.ts'

/** Told of each find. */
export type Finds = (detector: string) => void

/** Objects in strings in strings; agents write no more. */
const DEEPEST = 3
const HIDDEN = Buffer.from('"[masked]"')
const NULL = 'null'

/** Masks strings of JSON: as what they say, and, where that is JSON itself, within its strings, so that JSON stays JSON. */
export class MaskedStrings {
  readonly #replace: (token: Uint8Array, name: string | undefined) => Uint8Array | undefined

  /** @param analyses of an analyzer, where masks ask for one */
  constructor(findings: Findings, key: Uint8Array | undefined, found: Finds, analyses?: Analyses) {
    const replace = replaceFound(findings, key, found, analyses)
    this.#replace = (token, name) => {
      const replaced = replace(token, name)
      return replaced !== undefined && Buffer.from(replaced).toString() === NULL ? HIDDEN : replaced
    }
  }

  /** @param token with its quotes. @param name of the member that it is. @returns undefined: it stays */
  text(token: Uint8Array, name: string | undefined): Uint8Array | undefined {
    return this.#replace(token, name)
  }

  /** A string that is JSON itself; another one is a text. */
  embedded(token: Uint8Array, name: string | undefined, depth = 0): Uint8Array | undefined {
    const inner = depth < DEEPEST ? jsonIn(token) : undefined
    if (inner === undefined) return this.text(token, name)
    const masked = rewriteStrings(inner, { text: (each, _, of) => this.embedded(each, of, depth + 1) })
    return masked === inner ? undefined : jsonString(masked)
  }
}

/** The JSON that a string holds: a list or an object. */
function jsonIn(token: Uint8Array): Buffer | undefined {
  const raw = Buffer.from(token.buffer, token.byteOffset, token.byteLength)
  const text = raw.toString('utf8', 1, Math.min(raw.length, 64)).replace(/^(?:\s|\\[nrt])+/, '')
  if (!text.startsWith('{') && !text.startsWith('[')) return undefined
  try {
    const inner = JSON.parse(raw.toString()) as string
    const value: unknown = JSON.parse(inner)
    return typeof value === 'object' && value !== null ? Buffer.from(inner) : undefined
  } catch {
    return undefined
  }
}

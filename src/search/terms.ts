import { ShortHmac } from '../tlog/index.ts'

/** What a term says of an entry. `form` is what the entry itself says an operation was, `action` what the text of its statement says. */
export type Facet =
  | 'kind'
  | 'run'
  | 'session'
  | 'who'
  | 'resource'
  | 'breakGlass'
  | 'effect'
  | 'form'
  | 'action'
  | 'object'
  | 'trace'
  | 'word'
  | 'cut'

/**
 * What the index knows of a facet and its value: eight bytes of a keyed hash, as text of one character per byte. Whoever has the index and not
 * the key learns which entries have something in common, and not what it is; with so many bits, two values never meet by accident.
 */
export type Term = string

export const TERM_BYTES = 8

/** Values whose terms are kept ready. Past that they are all forgotten, which is cheaper than to know which one was used last. */
const KEPT = 65_536

// biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII is meant
const ASCII = /^[\u0000-\u007f]*$/

/** HMAC-SHA-256 of facet, NUL and value, in UTF-8. */
export class Terms {
  readonly #hmac: ShortHmac
  readonly #digest = Buffer.alloc(32)
  readonly #known = new Map<Facet, Map<string, Term>>()

  /** @param key 32 bytes, the same for as long as the index is kept */
  constructor(key: Uint8Array) {
    if (key.byteLength !== 32) throw new RangeError('the key of the search index must have 32 bytes')
    this.#hmac = new ShortHmac(key)
  }

  of(facet: Facet, value: string): Term {
    const known = this.#known.get(facet) ?? new Map<string, Term>()
    const kept = known.get(value)
    if (kept !== undefined) return kept
    const text = `${facet}\0${value}`
    this.#hmac.digest(ASCII.test(text) ? text : Buffer.from(text).toString('latin1'), this.#digest, 0)
    const term = this.#digest.toString('latin1', 0, TERM_BYTES)
    if (known.size >= KEPT) known.clear()
    this.#known.set(facet, known.set(value, term))
    return term
  }
}

export function termBytes(term: Term): Buffer {
  return Buffer.from(term, 'latin1')
}

export function termOf(bytes: Uint8Array): Term {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

/** Bits of `classOf`. */
export const DIGIT = 1
export const LETTER = 2
/** RFC 4648 §5, without padding: also `-` and `_`. */
export const BASE64URL = 4
/** RFC 9110 §11.2 token68: also `.`, `~`, `+`, `/`, `=`. */
export const TOKEN68 = 8
/** What a name is made of: letters, digits, `_`, `-`, `.`, `$`. */
export const NAME = 16
/** Space, tab, line breaks, form feed, and what a terminal does not show. */
export const BLANK = 32
export const UPPER_OR_DIGIT = 64
/** Letters, digits, `_`, `-`, `.`: what the longer tokens of providers are made of. */
export const TOKEN_DOTTED = 128

const classes = new Uint8Array(256)
for (let byte = 0; byte < 256; byte++) {
  const character = String.fromCharCode(byte)
  let flags = 0
  if (/[0-9]/.test(character)) flags |= DIGIT | UPPER_OR_DIGIT
  if (/[A-Za-z]/.test(character)) flags |= LETTER
  if (/[A-Z]/.test(character)) flags |= UPPER_OR_DIGIT
  if (/[A-Za-z0-9_-]/.test(character)) flags |= BASE64URL
  if (/[A-Za-z0-9._~+/=-]/.test(character)) flags |= TOKEN68
  if (/[A-Za-z0-9_.$-]/.test(character)) flags |= NAME
  if (/[A-Za-z0-9_.-]/.test(character)) flags |= TOKEN_DOTTED
  if (byte <= 0x20 || byte === 0x7f) flags |= BLANK
  classes[byte] = flags
}

/** The classes of a byte; none behind the end. */
export function classOf(byte: number | undefined): number {
  return byte === undefined ? 0 : (classes[byte] as number)
}

/** One past the last byte of this class, from `from` on. @param limit bytes, at most */
export function runEnd(bytes: Uint8Array, from: number, flag: number, limit = Number.POSITIVE_INFINITY): number {
  const end = Math.min(bytes.length, from + limit)
  let at = from
  while (at < end && ((classes[bytes[at] as number] as number) & flag) !== 0) at++
  return at
}

/** The first byte of this class in the run that ends before `end`. @param limit bytes, at most */
export function runStart(bytes: Uint8Array, end: number, flag: number, limit: number): number {
  const start = Math.max(0, end - limit)
  let at = end
  while (at > start && ((classes[bytes[at - 1] as number] as number) & flag) !== 0) at--
  return at
}

/** Ends of runs of one class, each run read once however often it is asked about. */
export class Runs {
  readonly #bytes: Uint8Array
  readonly #flag: number
  #from = 0
  #end = 0

  constructor(bytes: Uint8Array, flag: number) {
    this.#bytes = bytes
    this.#flag = flag
  }

  end(from: number): number {
    if (from < this.#from || from >= this.#end) {
      this.#from = from
      this.#end = runEnd(this.#bytes, from, this.#flag)
    }
    return this.#end
  }
}

/** The same bytes with the faster methods. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** One character per byte. */
export function latin1(bytes: Uint8Array, start = 0, end = bytes.length): string {
  return asBuffer(bytes).toString('latin1', start, end)
}

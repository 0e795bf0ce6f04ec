/** Bits of `kindOf`. Zero is what no match but of digits in groups goes across: blanks, quotes, brackets, what is not ASCII. */
export const DIGIT = 1
export const UPPER = 2
export const LOWER = 4
export const AT = 8
/** `:` and `=`: what stands between a name and its value, and between the groups of an address. */
export const PAIR = 16
export const DOT = 32
/** Everything else that a word is made of. */
const OTHER = 64

export const ALPHANUMERIC = DIGIT | UPPER | LOWER

const kinds = new Uint8Array(256)
for (const character of '!#$%&*+-/?@:=._~^') kinds[character.charCodeAt(0)] = OTHER
for (let byte = 0x30; byte <= 0x39; byte++) kinds[byte] = DIGIT
for (let byte = 0x41; byte <= 0x5a; byte++) kinds[byte] = UPPER
for (let byte = 0x61; byte <= 0x7a; byte++) kinds[byte] = LOWER
kinds[0x40] = AT
kinds[0x3a] = PAIR
kinds[0x3d] = PAIR
kinds[0x2e] = DOT

/** The table itself, for the loop that every byte passes. */
export const KINDS: Readonly<Uint8Array> = kinds

/** @param byte negative: not known yet, or nothing there */
export function kindOf(byte: number): number {
  return byte < 0 ? 0 : (kinds[byte] as number)
}

export function isAlphanumeric(byte: number): boolean {
  return (kindOf(byte) & ALPHANUMERIC) !== 0
}

export function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39
}

/** What stands for "nothing there" behind the end of a text: as good as a line break. */
const NOTHING = 0x0a
/** The next byte has not come yet. */
export const UNKNOWN = -1

/** As much of a text as has come. A matcher that needs a byte beyond it says `MORE`. */
export interface Window {
  readonly bytes: Uint8Array
  /** One past the last byte that has come. */
  readonly end: number
  /** Whether nothing follows. */
  readonly whole: boolean
}

/** What a matcher says besides the end of its match. */
export const NONE = 0
export const MORE = -1

export function byteAt({ bytes, end, whole }: Window, at: number): number {
  if (at < 0) return NOTHING
  if (at < end) return bytes[at] as number
  return whole ? NOTHING : UNKNOWN
}

/** Whether a number, name or address may begin at `at`: not within a word, nor behind `-`, `.` or `/` of a longer one. */
export function opens({ bytes }: Window, at: number): boolean {
  if (at === 0) return true
  const before = bytes[at - 1] as number
  if (isAlphanumeric(before) || before === 0x5f) return false
  return !(at > 1 && joins(before) && isAlphanumeric(bytes[at - 2] as number))
}

/** The same for its end. */
export function closes(window: Window, at: number): boolean | typeof MORE {
  const next = byteAt(window, at)
  if (next === UNKNOWN) return MORE
  if (isAlphanumeric(next) || next === 0x5f) return false
  if (!joins(next)) return true
  const afterNext = byteAt(window, at + 1)
  return afterNext === UNKNOWN ? MORE : !isAlphanumeric(afterNext)
}

function joins(byte: number): boolean {
  return byte === 0x2d || byte === 0x2e || byte === 0x2f
}

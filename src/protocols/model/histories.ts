import type { History } from '../../operations/index.ts'

/** Members of a request whose elements its run sends again each time, and a few more. */
const LISTS: ReadonlySet<string> = new Set(['messages', 'input', 'tools', 'functions', 'system'])
/** Another member of so many bytes, such as instructions or a schema for answers, is a part by itself. */
const LARGE_BYTES = 512
/** Of one list; what comes behind is recorded with each request. */
const MOST_PARTS = 8_192

const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a]
const [OPEN, CLOSE, OPEN_LIST, CLOSE_LIST] = [0x7b, 0x7d, 0x5b, 0x5d]

/**
 * What of a request to a model its run says again and again: each message, each tool, each large setting. Where these are cut out, JSON is left.
 * Linear; never throws.
 *
 * @param text of the statement. @param body where its body begins there: JSON that was read already, an object
 * @returns none where it is not understood, which costs nothing but room in the trail
 */
export function historiesOf(text: Uint8Array, body: number): readonly History[] {
  const scan = new Scan(text, body)
  const histories: History[] = []
  if (!scan.takes(OPEN)) return histories
  for (let comma = -1; ; ) {
    scan.space()
    const start = scan.at
    const name = scan.string()
    if (name === undefined || !scan.takes(COLON)) return histories
    scan.space()
    const value = scan.at
    const history = LISTS.has(name) ? scan.elements() : undefined
    if (history === undefined) {
      scan.at = value
      scan.value()
    }
    const end = scan.at
    if (end >= text.length) return []
    const goesOn = scan.takes(COMMA)
    // Cut out together with one comma: the one before it, or of the first that is left the one behind it.
    const isFirst = comma === -1
    if (history && history.ends.length > 0) histories.push(history)
    else if (end - value >= LARGE_BYTES)
      histories.push(isFirst ? { from: start, ends: [goesOn ? scan.at : end] } : { from: comma, ends: [end] })
    if (!isFirst || histories.at(-1)?.from !== start) comma = scan.at - 1
    if (!goesOn) return scan.takes(CLOSE) ? histories : []
  }
}

/** Reads JSON that is known to be some. */
class Scan {
  at: number
  readonly #bytes: Buffer

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.at = at
  }

  space(): void {
    while (isSpace(this.#bytes[this.at])) this.at++
  }

  /** Behind white space. */
  takes(byte: number): boolean {
    this.space()
    if (this.#bytes[this.at] !== byte) return false
    this.at++
    return true
  }

  /** @returns as it is written, without its quotes; undefined where there is none */
  string(): string | undefined {
    if (this.#bytes[this.at] !== QUOTE) return undefined
    const start = this.at + 1
    this.#skipString()
    return this.#bytes.toString('latin1', start, this.at - 1)
  }

  value(): void {
    let depth = 0
    for (; this.at < this.#bytes.length; ) {
      const byte = this.#bytes[this.at]
      if (byte === QUOTE) {
        this.#skipString()
        if (depth === 0) return
        continue
      }
      if (depth === 0 && (byte === COMMA || byte === CLOSE || byte === CLOSE_LIST || isSpace(byte))) return
      this.at++
      if (byte === OPEN || byte === OPEN_LIST) depth++
      else if ((byte === CLOSE || byte === CLOSE_LIST) && --depth === 0) return
    }
  }

  /** Of a list; undefined where there is none. */
  elements(): History | undefined {
    if (this.#bytes[this.at] !== OPEN_LIST) return undefined
    const from = ++this.at
    const ends: number[] = []
    if (this.takes(CLOSE_LIST)) return { from, ends }
    while (this.at < this.#bytes.length) {
      this.space()
      this.value()
      if (ends.length < MOST_PARTS) ends.push(this.at)
      if (this.takes(COMMA)) continue
      return this.takes(CLOSE_LIST) ? { from, ends } : undefined
    }
    return undefined
  }

  #skipString(): void {
    for (let from = this.at + 1; ; ) {
      const quote = this.#bytes.indexOf(QUOTE, from)
      if (quote === -1) {
        this.at = this.#bytes.length
        return
      }
      let slashes = quote
      while (slashes > from && this.#bytes[slashes - 1] === BACKSLASH) slashes--
      from = quote + 1
      if ((quote - slashes) % 2 === 0) {
        this.at = from
        return
      }
    }
  }
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

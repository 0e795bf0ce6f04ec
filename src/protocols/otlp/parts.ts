/** Of one request: exporters send 512 spans at a time, which have some dozens of parts each. */
const MOST = 100_000

/** There is more in a request than is read in one go. */
export class TooManyParts extends Error {}

/** Counts what is read of one request, so that it takes no longer than so many parts do, however small they are. */
export class Parts {
  #count = 0

  /** @throws TooManyParts */
  add(count: number): void {
    this.#count += count
    if (this.#count > MOST) throw new TooManyParts()
  }
}

/** Commas and brackets of one request in JSON: those of as many parts as are read, with room for what is passed over. */
const MOST_WRITTEN = 500_000

const [QUOTE, BACKSLASH, COMMA, OPEN_LIST, OPEN_MAP] = [0x22, 0x5c, 0x2c, 0x5b, 0x7b]

/**
 * Looks at JSON before it is made into objects, each of which takes fifty times the bytes of `{}` and its time, whatever it is.
 * @throws TooManyParts
 */
export function boundWritten(bytes: Uint8Array): void {
  let count = 0
  for (let at = 0; at < bytes.length; at++) {
    const code = bytes[at]
    if (code === QUOTE) {
      for (at++; at < bytes.length && bytes[at] !== QUOTE; at++) if (bytes[at] === BACKSLASH) at++
    } else if (code === COMMA || code === OPEN_MAP || code === OPEN_LIST) count++
  }
  if (count > MOST_WRITTEN) throw new TooManyParts()
}

const LF = 0x0a
const CR = 0x0d
const BACKSLASH = 0x5c
const DOT = 0x2e

/** Signature, flags and the length of the header extension of a binary COPY (PostgreSQL, COPY, "Binary Format"). */
const BINARY_HEADER = 19
/** Each message begins with its type and its length. */
const HEADER_BYTES = 5

/**
 * Counts the rows in the CopyData that a client sends, however it is cut: the server tells their number only when it has taken them. In text
 * and CSV each line counts, a line end within a value too: it is never less than the server takes. In binary it is exact.
 */
export class CopiedRows {
  readonly #count: (bytes: Uint8Array, start: number, end: number) => void
  /** Of the message that is under way, bytes. */
  #left = 0
  #rows = 0
  /** Text: bytes of the line so far, where that is needed: 1 a backslash, 2 the end marker, 3 counted. */
  #line = 0
  #afterCr = false
  /** Binary: bytes to pass over, and of the number that is being read. */
  #skip = BINARY_HEADER - 4
  #number = 0
  #digits = 4
  #reading: 'extension' | 'fields' | 'length' = 'extension'
  #fields = 0

  /** @param binary as CopyInResponse says */
  constructor(binary: boolean) {
    this.#count = binary ? this.#countTuples : this.#countLines
  }

  get rows(): number {
    return this.#rows
  }

  /** @param bytes a run of CopyData messages, or a part of one; a header is whole */
  add(bytes: Uint8Array, start: number, end: number): void {
    for (let at = start; at < end; ) {
      if (this.#left === 0) {
        this.#left = ((bytes[at + 1]! << 24) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 8) | bytes[at + 4]!) - 4
        at += HEADER_BYTES
        continue
      }
      const to = Math.min(end, at + this.#left)
      this.#count(bytes, at, to)
      this.#left -= to - at
      at = to
    }
  }

  #countLines(bytes: Uint8Array, start: number, end: number): void {
    for (let at = start; at < end; at += 1) {
      const byte = bytes[at]!
      if (byte === LF || byte === CR) {
        const second = byte === LF && this.#afterCr
        this.#afterCr = byte === CR
        if (second) continue
        // An empty line is a row; the end marker is none.
        if (this.#line < 2) this.#rows += 1
        this.#line = 0
        continue
      }
      this.#afterCr = false
      if (this.#line === 3) continue
      if (this.#line === 0 && byte === BACKSLASH) this.#line = 1
      else if (this.#line === 1 && byte === DOT) this.#line = 2
      else {
        this.#rows += 1
        this.#line = 3
      }
    }
  }

  #countTuples(bytes: Uint8Array, start: number, end: number): void {
    for (let at = start; at < end; ) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, end - at)
        this.#skip -= skipped
        at += skipped
        continue
      }
      this.#number = (this.#number << 8) | bytes[at]!
      at += 1
      this.#digits -= 1
      if (this.#digits === 0) this.#read(this.#number)
    }
  }

  #read(number: number): void {
    switch (this.#reading) {
      case 'extension':
        this.#skip = Math.max(0, number)
        break
      case 'fields':
        // 0xffff is the trailer.
        if (number !== 0xffff) this.#rows += 1
        this.#fields = number === 0xffff ? 0 : number
        break
      case 'length':
        this.#skip = Math.max(0, number)
        this.#fields -= 1
    }
    this.#reading = this.#fields > 0 ? 'length' : 'fields'
    this.#digits = this.#fields > 0 ? 4 : 2
    this.#number = 0
  }
}

const NEWLINE = 0x0a
const NOTHING = Buffer.alloc(0)

/** A line was longer than it may be: what is behind it cannot be told from it. */
export class LineTooLong extends Error {}

/**
 * Cuts a stream into lines (MCP 2025-11-25, "stdio": messages are delimited by newlines). Bytes in, lines out; what is not a whole line yet is kept, within
 * the limit.
 */
export class LineReader {
  readonly #limit: number
  /** Grows by doubling: pieces of one byte each would take a hundred times their size. */
  #room: Buffer = NOTHING
  #size = 0

  /** @param limit bytes of a line, without its newline */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** @returns the lines that end in this chunk; a carriage return at the end is no part of one. @throws LineTooLong; then nothing more may be pushed */
  push(chunk: Buffer): readonly Buffer[] {
    const lines: Buffer[] = []
    let from = 0
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      lines.push(this.#line(chunk.subarray(from, at)))
      from = at + 1
    }
    if (from < chunk.length) this.#keep(chunk.subarray(from))
    return lines
  }

  #keep(part: Buffer): void {
    const size = this.#size + part.length
    // One more than allowed may be the carriage return of a line that is not over yet.
    if (size > this.#limit + 1) throw new LineTooLong(`a line has more than ${this.#limit} bytes`)
    if (size > this.#room.length) {
      const room = Buffer.alloc(Math.max(size, this.#room.length * 2))
      room.set(this.#room.subarray(0, this.#size))
      this.#room = room
    }
    this.#room.set(part, this.#size)
    this.#size = size
  }

  #line(end: Buffer): Buffer {
    const whole = this.#size === 0 ? end : Buffer.concat([this.#room.subarray(0, this.#size), end])
    this.#room = NOTHING
    this.#size = 0
    const line = whole.at(-1) === 0x0d ? whole.subarray(0, -1) : whole
    if (line.length > this.#limit) throw new LineTooLong(`a line has more than ${this.#limit} bytes`)
    return line
  }
}

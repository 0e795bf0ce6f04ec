import type { Writable } from 'node:stream'

/** What goes to one end in one write: ranges of the chunks that came, joined where they touch, and our own messages. */
export class Outgoing {
  readonly #parts: Uint8Array[] = []
  #bytes: Uint8Array | undefined
  #start = 0
  #end = 0

  get empty(): boolean {
    return this.#bytes === undefined && this.#parts.length === 0
  }

  /** Adds a range without copying it. */
  add(bytes: Uint8Array, start: number, end: number): void {
    if (this.#bytes === bytes && this.#end === start) {
      this.#end = end
      return
    }
    this.#close()
    this.#bytes = bytes
    this.#start = start
    this.#end = end
  }

  /** Writes it all, in one system call where the stream can. */
  send(to: Writable): void {
    this.#close()
    const parts = this.#parts
    if (parts.length === 1) to.write(parts[0])
    else if (parts.length > 1) {
      to.cork()
      for (const part of parts) to.write(part)
      to.uncork()
    }
    parts.length = 0
  }

  /** Forgets what was added. */
  drop(): void {
    this.#bytes = undefined
    this.#parts.length = 0
  }

  #close(): void {
    const bytes = this.#bytes
    if (bytes) this.#parts.push(this.#end - this.#start === bytes.length ? bytes : bytes.subarray(this.#start, this.#end))
    this.#bytes = undefined
  }
}

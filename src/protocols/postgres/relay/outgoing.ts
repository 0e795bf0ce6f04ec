import type { Writable } from 'node:stream'
import type { SessionRecorder } from '../../../recording/index.ts'

/** What goes to one end in one write: ranges of the chunks that came, joined where they touch, and our own messages. */
export class Outgoing {
  readonly #parts: Uint8Array[] = []
  #bytes: Uint8Array | undefined
  #start = 0
  #end = 0
  readonly #recorder: SessionRecorder | undefined

  /** @param recorder takes down what is added: one message each time, or a piece of one */
  constructor(recorder?: SessionRecorder) {
    this.#recorder = recorder
  }

  get empty(): boolean {
    return this.#bytes === undefined && this.#parts.length === 0
  }

  /** Adds a range without copying it. */
  add(bytes: Uint8Array, start: number, end: number): void {
    this.#recorder?.add(bytes, start, end)
    if (this.#bytes === bytes && this.#end === start) {
      this.#end = end
      return
    }
    this.#close()
    this.#bytes = bytes
    this.#start = start
    this.#end = end
  }

  /** What is added next answers this operation of the session; 0: none that is known. */
  answers(operation: number): void {
    if (operation > 0) this.#recorder?.op(operation)
  }

  /** Masks that the columns which were just described go through, where it is recorded; null: none as a whole. */
  masks(names: readonly (string | null)[]): void {
    this.#recorder?.masks(names)
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

  /** Everything that was added, to be written later. */
  take(): readonly Uint8Array[] {
    this.#close()
    return this.#parts.splice(0)
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

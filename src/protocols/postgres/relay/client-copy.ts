import { frontend } from '../wire/codes.ts'
import type { Answers } from './answers.ts'
import type { Batch, Item } from './batch.ts'

/** Where copy data goes: to the server; to nobody, as there is no COPY; or that is not known yet. */
export type CopyTo = 'server' | 'nobody' | 'unknown'

/** The COPY that the client sends data for, as far as it was read. */
export class ClientCopy {
  readonly #answers: Answers
  /** The COPY, by its number, whose end was read. */
  #ended = 0
  /** Whether the CopyData that is read in parts is taken, and how many bytes of it are still to come. */
  #taken = false
  #left = 0

  constructor(answers: Answers) {
    this.#answers = answers
  }

  /** Whether the client is in the middle of a COPY. */
  get open(): boolean {
    const { copyIn } = this.#answers
    return copyIn.open && copyIn.begun !== this.#ended
  }

  /** Where copy data goes that is read now. Outside a COPY the server ignores it, and nothing was admitted that it could belong to. */
  to(batch: Batch): CopyTo {
    if (this.open) return 'server'
    return batch.answered || this.#answers.inFlight ? 'unknown' : 'nobody'
  }

  /**
   * CopyData, whole or its beginning.
   * @param to not `unknown`
   * @param last of the batch: neighbours become one
   * @returns what is new; undefined where it goes to nobody, or belongs to `last`
   */
  begins(to: CopyTo, bytes: Uint8Array, start: number, end: number, last: Item | undefined): CopyDataItem | undefined {
    this.#taken = to === 'server'
    const announced = 1 + ((bytes[start + 1]! << 24) | (bytes[start + 2]! << 16) | (bytes[start + 3]! << 8) | bytes[start + 4]!)
    const left = announced - (end - start)
    this.#left = left
    if (!this.#taken) return undefined
    if (last?.type === frontend.copyData && !last.continues && last.bytes === bytes && last.end === start) {
      last.end = end
      last.announced += announced
      last.left = left
      return undefined
    }
    return { type: frontend.copyData, bytes, start, end, announced, left }
  }

  /** More of a CopyData that comes in parts. @returns undefined where it goes to nobody */
  continues(bytes: Uint8Array, start: number, end: number): CopyDataItem | undefined {
    this.#left -= end - start
    return this.#taken ? { type: frontend.copyData, bytes, start, end, continues: true, left: this.#left } : undefined
  }

  /** CopyDone or CopyFail of the COPY that is open. */
  end(): void {
    this.#ended = this.#answers.copyIn.begun
  }
}

type CopyDataItem = Pick<Item, 'type' | 'bytes' | 'start' | 'end' | 'left'> & Partial<Pick<Item, 'continues' | 'announced'>>

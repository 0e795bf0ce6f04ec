import { CopiedRows } from './copied-rows.ts'
import type { Unanswered } from './expected.ts'

/** The COPY that the server takes data for, and what has been copied. */
export class CopyIn {
  readonly #expected: Unanswered
  #running = false
  #begun = 0
  /** Counted where the COPY is limited. */
  #rows: CopiedRows | undefined

  constructor(expected: Unanswered) {
    this.#expected = expected
  }

  /** The server is in copy-in mode for the head. */
  get running(): boolean {
    return this.#running
  }

  /** Whether the server takes copy data, and no end of it is on its way. */
  get open(): boolean {
    return this.#running && this.#expected.head?.copyEnds === 0
  }

  /** How many the server has begun: tells one from the next. */
  get begun(): number {
    return this.#begun
  }

  /** CopyInResponse. @throws WireError where nothing was asked */
  begin(binary: boolean): void {
    const flight = this.#expected.receiver()
    this.#running = true
    this.#begun += 1
    this.#rows = flight?.limited ? new CopiedRows(binary) : undefined
  }

  /**
   * Copy data of the client is about to go upstream: a run of messages, or a part of one.
   * @param announced bytes of the messages that begin in it, to their ends
   * @returns whether it may: nothing may that comes to more than it may
   */
  copied(bytes: Uint8Array, start: number, end: number, announced: number): boolean {
    const { flight } = this.#expected
    if (!flight) return true
    const before = this.#rows?.rows ?? 0
    this.#rows?.add(bytes, start, end)
    const refusal = flight.charge((this.#rows?.rows ?? 0) - before, announced)
    if (refusal) flight.cutOff(refusal)
    return flight.cut === undefined
  }

  /** The end of it goes upstream. */
  endSent(): void {
    const { head } = this.#expected
    if (head) head.copyEnds += 1
  }

  /** CommandComplete: its rows are known from its end only, since CopyData is cut where the client likes. @param tag `COPY 12` */
  completed(tag: string): void {
    const { flight } = this.#expected
    const refusal = flight?.charge(rowsOf(tag) - (this.#rows?.rows ?? 0), 0)
    if (refusal) flight?.cutOff(refusal)
  }

  /** It came to its end. */
  end(): void {
    const { head } = this.#expected
    if (this.#running && head && head.copyEnds > 0) head.copyEnds -= 1
    this.#running = false
  }

  /** There is none any more, whatever was sent. */
  drop(): void {
    this.#running = false
  }
}

/** @param tag of a COPY: `COPY 12` */
function rowsOf(tag: string): number {
  return tag.startsWith('COPY ') ? Number.parseInt(tag.slice('COPY '.length), 10) || 0 : 0
}

import type { Admission } from '../../../guard/index.ts'
import type { Mask, MaskCount, Outcome, Refusal } from '../../../operations/index.ts'
import type { CopyMasking, RowMasking } from '../mask/index.ts'
import type { StatementFacts } from '../sql/statement-facts.ts'

/** The longest that a timer of Node can wait, ms. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** Rewrites what comes of one result. */
export type MaskedResult = ({ readonly rows: RowMasking } | { readonly copy: CopyMasking }) & {
  /** What was masked so far. */
  counts(): readonly MaskCount[]
}

/** An admitted operation, from its message going upstream to its end. */
export class Flight {
  /** What it consists of, in order: the server completes one after the other. */
  readonly statements: readonly StatementFacts[]
  readonly #admission: Admission
  /** What its client is not to see; undefined: nothing. */
  readonly masks: readonly Mask[] | undefined
  /** How its result is passed; undefined: nobody knows yet, so nothing of it is, where there are masks. */
  #result: MaskedResult | 'raw' | undefined
  #settled = false
  #cut: Refusal | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(admission: Admission, statements: readonly StatementFacts[], masks?: readonly Mask[]) {
    this.#admission = admission
    this.statements = statements
    this.masks = masks
  }

  get settled(): boolean {
    return this.#settled
  }

  /** Whether each row has to be charged before it is passed. */
  get limited(): boolean {
    return this.#admission.limited
  }

  /** How long it may take, ms; undefined: as long as it likes. */
  get time(): number | undefined {
    return this.#admission.time
  }

  /** Its time is over. */
  overtime(): Refusal {
    return this.#admission.overtime()
  }

  /** Calls back after so many ms, unless it is settled before; replaces the alarm before. */
  alarm(after: number, call: () => void): void {
    if (this.#settled) return
    const now = Math.min(after, LONGEST_TIMER_MS)
    this.#timer = setTimeout(() => (now < after ? this.alarm(after - now, call) : call()), now).unref()
  }

  /** Why nothing more of its result is passed. */
  get cut(): Refusal | undefined {
    return this.#cut
  }

  /** It came to more than it may. The first reason counts. */
  cutOff(refusal: Refusal): void {
    this.#cut ??= refusal
  }

  /** @returns why it must be cut off, where it must */
  charge(rows: number, bytes: number): Refusal | undefined {
    return this.#settled ? undefined : this.#admission.charge(rows, bytes)
  }

  get result(): MaskedResult | 'raw' | undefined {
    return this.#result
  }

  /** A result is about to come: one of a Query, or the only one of a portal. */
  resultBegins(how: MaskedResult | 'raw'): void {
    this.resultEnded()
    this.#result = how
  }

  /** A result is over: says what was masked in it. */
  resultEnded(): void {
    const result = this.#result
    this.#result = undefined
    if (result !== undefined && result !== 'raw') this.masked(result.counts())
  }

  /** Says what was masked. */
  masked(counts: readonly MaskCount[]): void {
    if (!this.#settled) for (const [mask, what, count] of counts) this.#admission.masked(mask, what, count)
  }

  /** The first end counts: a portal may be closed, or its transaction end, after it completed. */
  settle(status: Outcome['status'], sqlstate?: string): void {
    if (this.#settled) return
    this.resultEnded()
    this.#settled = true
    clearTimeout(this.#timer)
    this.#admission.settle(sqlstate === undefined ? { status } : { status, code: sqlstate })
  }

  /** The server's error ends it. 57014 is query_canceled. */
  fail(sqlstate: string, fatal: boolean): void {
    this.settle(fatal ? 'aborted' : sqlstate === '57014' ? 'cancelled' : 'failed', sqlstate)
  }
}

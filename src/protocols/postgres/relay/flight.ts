import type { Admission } from '../../../guard/index.ts'
import type { Outcome } from '../../../operations/index.ts'

/** An admitted operation, from its message going upstream to its end. */
export class Flight {
  readonly #admission: Admission
  #settled = false

  constructor(admission: Admission) {
    this.#admission = admission
  }

  get settled(): boolean {
    return this.#settled
  }

  charge(rows: number, bytes: number): void {
    if (!this.#settled) this.#admission.charge(rows, bytes)
  }

  /** The first end counts: a portal may be closed, or its transaction end, after it completed. */
  settle(status: Outcome['status'], sqlstate?: string): void {
    if (this.#settled) return
    this.#settled = true
    this.#admission.settle(sqlstate === undefined ? { status } : { status, sqlstate })
  }

  /** The server's error ends it. 57014 is query_canceled. */
  fail(sqlstate: string, fatal: boolean): void {
    this.settle(fatal ? 'aborted' : sqlstate === '57014' ? 'cancelled' : 'failed', sqlstate)
  }
}

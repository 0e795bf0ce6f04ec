import type { StatementFacts } from '../statement-facts.ts'
import type { Meaning } from './meanings.ts'

/** Where a statement stands. */
export interface Source {
  /** The text, one character per byte. */
  readonly text: string
  /** By what it was understood. */
  readonly meaning: Meaning
  /** Its number among the statements of the text. */
  readonly index: number
  /** It is what that statement prepares, not the statement itself. */
  readonly inner: boolean
}

/** A prepared statement. */
export interface Prepared {
  /** As it was understood when it was prepared. */
  readonly statement: StatementFacts
  /** To understand it anew; undefined where that is not possible. */
  readonly source: Source | undefined
}

interface Cursor {
  readonly statement: StatementFacts
  readonly hold: boolean
  /** 0: of a transaction that is over; 1: of the open one; more: behind as many savepoints. */
  depth: number
}

/** Names of one kind that are kept; a session with more forgets them all. */
const NAMES = 10_000

/** What the names of prepared statements and cursors stand for. A name that is not here is not known. */
export class Names {
  readonly #prepared = new Map<string, Prepared>()
  readonly #cursors = new Map<string, Cursor>()
  #version = 0

  /** Changes whenever a name may stand for something else. */
  get version(): number {
    return this.#version
  }

  prepared(name: string): Prepared | undefined {
    return this.#prepared.get(name)
  }

  cursor(name: string): StatementFacts | undefined {
    return this.#cursors.get(name)?.statement
  }

  /** PREPARE, or the protocol's Parse: both outlive a ROLLBACK. */
  prepare(name: string, prepared: Prepared): void {
    this.#version += 1
    if (this.#prepared.size >= NAMES) this.#prepared.clear()
    this.#prepared.set(name, prepared)
  }

  /** @param name absent: all */
  deallocate(name?: string): void {
    this.#version += 1
    if (name === undefined) this.#prepared.clear()
    else this.#prepared.delete(name)
  }

  declare(name: string, statement: StatementFacts, hold: boolean, depth: number): void {
    this.#version += 1
    if (this.#cursors.size >= NAMES) this.#cursors.clear()
    this.#cursors.set(name, { statement, hold, depth })
  }

  /** @param name absent: all */
  close(name?: string): void {
    this.#version += 1
    if (name === undefined) this.#cursors.clear()
    else this.#cursors.delete(name)
  }

  /** What the cursors are of that outlive this transaction: its commit runs them to their end. */
  held(): readonly StatementFacts[] {
    return [...this.#cursors.values()].filter(({ hold, depth }) => hold && depth > 0).map(({ statement }) => statement)
  }

  /** Cursors end with their transaction, unless they are declared WITH HOLD. */
  committed(): void {
    for (const [name, cursor] of this.#cursors) {
      if (cursor.hold) cursor.depth = 0
      else this.close(name)
    }
  }

  /** Cursors of this transaction end, or those that were declared behind this many savepoints. */
  rolledBack(savepoints: number): void {
    for (const [name, { depth }] of this.#cursors) {
      if (depth > savepoints) this.close(name)
    }
  }

  /** Of these savepoints on, what was declared belongs to what is around them. */
  released(savepoints: number): void {
    for (const cursor of this.#cursors.values()) cursor.depth = Math.min(cursor.depth, savepoints)
  }

  /** Any name may stand for anything. */
  lose(): void {
    this.#version += 1
    this.#prepared.clear()
    this.#cursors.clear()
  }
}

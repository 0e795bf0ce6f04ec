import type { SqlSession } from '../sql/sql-session.ts'
import type { StatementFacts, Transition } from '../sql/statement-facts.ts'
import type { WireName } from '../wire/read.ts'
import { type Portal, runsUnknownCode } from './portal.ts'
import type { Portals } from './portals.ts'
import type { Statements } from './statements.ts'

/** Portals end with the transaction. */
const ENDING: ReadonlySet<string> = new Set(['commit', 'rollback', 'prepare'])

/** What the server has done to the session, told to all who keep count of it: what SQL did to names of the protocol, and the other way round. */
export class TookOver {
  readonly #sql: SqlSession
  readonly #statements: Statements
  readonly #portals: Portals

  constructor(sql: SqlSession, statements: Statements, portals: Portals) {
    this.#sql = sql
    this.#statements = statements
    this.#portals = portals
  }

  /**
   * A statement is completed.
   * @param tag of its CommandComplete; empty where its portal was suspended
   * @returns whether it may have begun or ended a transaction
   */
  completed(statement: StatementFacts, tag: string): boolean {
    this.#sql.completed(statement, tag)
    let transaction = false
    for (const transition of statement.transitions) {
      switch (transition.kind) {
        case 'deallocate':
          this.#statements.forget(transition.name)
          break
        case 'discard':
          if (transition.what !== 'all') break
          this.#statements.forget(undefined)
          this.#portals.end(undefined)
          break
        case 'close':
          if (transition.name === undefined) this.#portals.end(undefined)
          else this.#portals.closed(wireName(transition.name))
          break
        case 'declare':
          this.#portals.closed(wireName(transition.name))
          break
        case 'transaction':
          transaction = true
          if (ENDING.has(transition.verb)) this.#portals.end(undefined)
          break
        case 'opaque':
          transaction = true
          if (runsUnknownCode(statement)) this.#portals.doubt()
      }
    }
    return transaction
  }

  /** A portal is made. */
  bound(name: WireName, portal: Portal): void {
    this.#portals.bound(name, portal)
    // Names of portals are those of cursors: whatever cursor was of this name is gone.
    if (name !== '') this.#tell({ kind: 'close', name })
    if (!portal.runsAtBind) return
    this.#tell({ kind: 'opaque' })
    // That is part of what it was decided to be.
    portal.epoch = this.#sql.epoch
  }

  /** What a portal or a cursor of that name was is gone. */
  closed(name: WireName): void {
    if (this.#portals.has(name)) this.#portals.closed(name)
    else this.#tell({ kind: 'close', name })
  }

  /** Something that the protocol did, in SQL's terms. */
  #tell(transition: Transition): void {
    this.#sql.completed({ effects: [], sql: {}, transitions: [transition] }, '')
  }
}

/** A name of SQL as it stands on the wire, where one of ours has to be plain ASCII; the server cuts longer ones. */
const wireName = (name: string): WireName => name.slice(0, 63)

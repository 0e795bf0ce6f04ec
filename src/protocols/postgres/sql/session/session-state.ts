import { transaction } from '../../wire/codes.ts'
import type { StatementFacts, Transition } from '../statement-facts.ts'
import { ApplicationSettings } from './application-settings.ts'
import { decisive, endsTransaction } from './decisive.ts'
import { Names, type Source } from './names.ts'
import { changed, committed, defines, NONE, type Revertible, UNKNOWN, withDefinition, withoutTemporary, withTemporary } from './settings.ts'

/** How a session stands right behind its log-in. */
export interface Beginning {
  /** Who is logged in at the target; undefined: not known. */
  readonly user: string | undefined
  /** search_path as the server shows it, which is also what RESET makes it; undefined: not known. */
  readonly searchPath: string | undefined
  /** The server reports search_path whenever it changes: PostgreSQL 18 and newer. */
  readonly reportsSearchPath: boolean
}

/** Of a session that has done nothing yet. */
const FRESH = { temporary: NONE, untilCommit: NONE, defined: false, made: NONE, altered: NONE } as const
/** Savepoints that are kept count of. */
const SAVEPOINTS = 1_000

/**
 * What of a session gives its texts their meaning, moved by what the server has completed. What cannot be followed exactly becomes unknown,
 * and stays so until something makes it known again.
 */
export class SessionState {
  readonly names = new Names()
  readonly applicationSettings = new ApplicationSettings()
  readonly #beginning: Beginning
  #now: Revertible
  /** As it was before the transaction, explicit or implicit; undefined outside of one. */
  #before: Revertible | undefined
  #savepoints: { readonly name: string; readonly before: Revertible }[] = []
  /** A transaction block is open: an error ends it only with its ROLLBACK. */
  #block = false
  #sessionUser: string | undefined
  #reportedPath: string | undefined
  #definitions = 0

  constructor(beginning: Beginning) {
    const { user, searchPath: path } = beginning
    this.#beginning = beginning
    this.#sessionUser = user
    this.#now = { path, pathAfter: path, user, userAfter: user, ...FRESH }
  }

  /** A new object whenever something in it changed. */
  get now(): Revertible {
    return this.#now
  }

  /** Counts transactions that changed the catalog and are over. */
  get definitions(): number {
    return this.#definitions
  }

  /** ParameterStatus. */
  reported(name: string, value: string): void {
    if (name === 'search_path' && this.#beginning.reportsSearchPath) this.#reportedPath = value
    else if (name === 'session_authorization' && value !== this.#sessionUser) {
      this.#sessionUser = value
      this.#set({ user: value, userAfter: value })
    }
  }

  /**
   * @param tag of its CommandComplete
   * @param source where it stands
   */
  completed(statement: StatementFacts, tag: string, source: Source | undefined): void {
    this.#before ??= this.#now
    for (const transition of statement.transitions) this.#apply(transition, tag, source)
    if (statement.effects.some(({ action }) => action === 'unparsed')) this.#lose()
  }

  /** @param during what it was about, where that is known */
  failed(during: StatementFacts | undefined): void {
    if (this.#block) return
    if (this.#before) this.#now = this.#before
    this.names.rolledBack(0)
    // A procedure or a DO outside a transaction block may have committed before it failed.
    if (during?.effects.some(({ action }) => action === 'do' || action === 'call')) this.#lose()
  }

  /** ReadyForQuery. */
  ready(status: number): void {
    if (this.#reportedPath !== undefined) {
      const path = this.#reportedPath
      this.#set(status === transaction.idle ? { path, pathAfter: path } : { path })
    }
    if (status !== transaction.idle) {
      this.#block = true
      this.#before ??= this.#now
      return
    }
    // Its end was never seen.
    if (this.#block) this.#lose()
    this.#commit()
  }

  /** Whether a text behind these may mean something else once they are completed. */
  changes(statements: readonly StatementFacts[]): boolean {
    // What an implicit transaction changed is undone by any error.
    const tentative = this.#before !== undefined && this.#now !== this.#before
    if (tentative && !this.#block) return true
    for (const { transitions } of statements) {
      for (const transition of transitions) {
        if (decisive(transition) || (tentative && endsTransaction(transition))) return true
      }
    }
    return false
  }

  #apply(transition: Transition, tag: string, source: Source | undefined): void {
    switch (transition.kind) {
      case 'set':
        this.#setting(transition.name, transition.value, transition.local)
        break
      case 'reset':
        this.#reset(transition.name)
        break
      case 'prepare':
        // What cannot be understood anew is not known once anything changes, so it is not known at all.
        if (source) this.names.prepare(transition.name, { statement: transition.statement, source })
        else this.names.deallocate(transition.name)
        break
      case 'deallocate':
        this.names.deallocate(transition.name)
        break
      case 'declare':
        this.names.declare(transition.name, transition.statement, transition.hold, this.#savepoints.length + 1)
        break
      case 'close':
        this.names.close(transition.name)
        break
      case 'transaction':
        this.#transaction(transition.verb, transition.name, tag)
        break
      case 'create-temporary':
        this.#now = withTemporary(this.#now, transition.names, transition.untilCommit === true)
        break
      case 'drop-temporary':
        this.#now = withoutTemporary(this.#now, transition.names)
        break
      case 'define':
        this.#now = withDefinition(this.#now, transition.made, transition.altered)
        break
      case 'opaque':
        this.#opaque()
        break
      case 'discard':
        this.#discard(transition.what)
        break
    }
  }

  #set(change: Partial<Revertible>): void {
    this.#now = changed(this.#now, change)
  }

  #setting(name: string, value: string | undefined, local: boolean): void {
    this.applicationSettings.set(name)
    switch (name) {
      case 'search_path':
        this.#set(local ? { path: value } : { path: value, pathAfter: value })
        break
      case 'role': {
        const user = value === 'none' ? this.#sessionUser : value
        this.#set(local ? { user } : { user, userAfter: user })
        break
      }
      case 'session_authorization':
        this.#set({ user: undefined, userAfter: undefined })
        break
    }
  }

  #reset(name: string | undefined): void {
    const { searchPath, user } = this.#beginning
    // RESET ALL leaves the users as they are (guc_tables.c, GUC_NO_RESET_ALL).
    if (name === undefined || name === 'search_path') this.#set({ path: searchPath, pathAfter: searchPath })
    else if (name === 'role') this.#set({ user: this.#sessionUser, userAfter: this.#sessionUser })
    else if (name === 'session_authorization') this.#set({ user, userAfter: user })
  }

  #transaction(verb: (Transition & { kind: 'transaction' })['verb'], name: string | undefined, tag: string): void {
    switch (verb) {
      case 'begin':
        this.#block = true
        return
      case 'commit':
      case 'prepare':
        // COMMIT of a failed transaction is answered as what it was.
        if (tag === 'ROLLBACK') this.#rollback()
        else this.#commit()
        return
      case 'rollback':
        this.#rollback()
        break
      case 'savepoint':
        this.#savepoints.push({ name: name ?? '', before: this.#now })
        if (this.#savepoints.length > SAVEPOINTS) this.#lose()
        return
      case 'release': {
        const place = this.#savepoint(name)
        if (place < 0) return
        this.#savepoints.length = place
        this.names.released(place + 1)
        return
      }
      case 'rollback-to': {
        const place = this.#savepoint(name)
        if (place < 0) {
          this.#lose()
          return
        }
        this.#now = this.#savepoints[place]!.before
        this.#savepoints.length = place + 1
        this.names.rolledBack(place + 1)
      }
    }
  }

  /** The newest of that name. */
  #savepoint(name: string | undefined): number {
    return this.#savepoints.findLastIndex((savepoint) => savepoint.name === name)
  }

  #commit(): void {
    for (const { transitions } of this.names.held()) for (const transition of transitions) this.#apply(transition, '', undefined)
    if (defines(this.#now)) this.#definitions += 1
    this.#now = committed(this.#now)
    this.names.committed()
    this.#over()
  }

  #rollback(): void {
    if (this.#before) this.#now = this.#before
    this.names.rolledBack(0)
    this.#over()
  }

  #over(): void {
    this.#before = undefined
    this.#savepoints = []
    this.#block = false
  }

  /** Anything may have run, but inside a block nothing that its ROLLBACK would not undo. */
  #opaque(): void {
    if (!this.#block) {
      this.#lose()
      return
    }
    this.#now = this.#unknown()
    this.names.lose()
  }

  /** The catalog aside: who changes it is noticed otherwise. */
  #unknown(): Revertible {
    const { defined, made, altered } = this.#now
    return { ...UNKNOWN, defined, made, altered }
  }

  /** Nothing is known any more, nor what a ROLLBACK brings back. */
  #lose(): void {
    const lost = this.#unknown()
    this.#now = lost
    if (this.#before) this.#before = lost
    this.#savepoints = []
    this.names.lose()
  }

  #discard(what: 'all' | 'temp' | 'plans' | 'sequences'): void {
    if (what === 'temp') this.#set({ temporary: NONE, untilCommit: NONE })
    if (what !== 'all') return
    const { searchPath: path, user } = this.#beginning
    this.#sessionUser = user
    this.#now = { path, pathAfter: path, user, userAfter: user, ...FRESH }
    this.names.lose()
  }
}

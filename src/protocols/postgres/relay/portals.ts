import type { WireName } from '../wire/read.ts'
import type { Portal } from './portal.ts'

interface Change {
  /** Binds and Closes of this name that the server has not answered yet. */
  unanswered: number
  /** What the newest of them makes of it; undefined once closed. */
  portal: Portal | undefined
}

/**
 * What the names of portals stand for. They follow the server, which keeps SQL's cursors under the same names: a portal that SQL closes, or
 * whose transaction ends, is gone here too, so that an Execute never reaches a cursor.
 */
export class Portals {
  readonly #bound = new Map<WireName, Portal>()
  readonly #changes = new Map<WireName, Change>()

  /** A Bind of it, or a Close (without portal), goes upstream. */
  change(name: WireName, portal: Portal | undefined): void {
    const change = this.#changes.get(name)
    if (change) {
      change.unanswered += 1
      change.portal = portal
    } else this.#changes.set(name, { unanswered: 1, portal })
  }

  /** The server answered that message, or skipped it. */
  answered(name: WireName): void {
    const change = this.#changes.get(name)
    if (!change) return
    change.unanswered -= 1
    if (change.unanswered === 0) this.#changes.delete(name)
  }

  /** What the name will stand for once everything is answered, if nothing of it fails. */
  newest(name: WireName): Portal | undefined {
    const change = this.#changes.get(name)
    return change ? change.portal : this.#bound.get(name)
  }

  /** Whether a Bind made a portal of that name, which then is no cursor. */
  has(name: WireName): boolean {
    return this.#bound.has(name)
  }

  /** BindComplete: a portal of that name before it is gone. */
  bound(name: WireName, portal: Portal): void {
    this.#bound.get(name)?.flight?.settle('completed')
    this.#bound.set(name, portal)
  }

  /** CloseComplete, or SQL's CLOSE. */
  closed(name: WireName): void {
    this.#bound.get(name)?.flight?.settle('completed')
    this.#bound.delete(name)
  }

  /** Its transaction ended, or CLOSE ALL. @param sqlstate of the error that ended it */
  end(sqlstate: string | undefined): void {
    if (this.#bound.size === 0) return
    for (const { flight } of this.#bound.values()) {
      if (sqlstate === undefined) flight?.settle('completed')
      else flight?.fail(sqlstate, false)
    }
    this.#bound.clear()
  }

  /** Code ran that may have closed any of them and opened cursors in their place. */
  doubt(): void {
    for (const [name, portal] of this.#bound) {
      // One that is under way is charged and limited as it is, whatever it goes on with.
      if (name !== '' && (!portal.begun || portal.flight?.settled)) portal.lost = true
    }
  }

  abandon(status: 'aborted' | 'cancelled'): void {
    for (const { flight } of this.#bound.values()) flight?.settle(status)
    this.#bound.clear()
  }
}

import type { WireName } from '../wire/read.ts'
import type { Portal } from './portal.ts'

/** One name, while it is of use. */
interface Place {
  /** What the server has of that name. */
  bound: Portal | undefined
  /** Binds and Closes of this name that the server has not answered yet. */
  unanswered: number
  /** What the newest of them makes of it; undefined once closed. */
  newest: Portal | undefined
}

/**
 * What the names of portals stand for. They follow the server, which keeps SQL's cursors under the same names: a portal that SQL closes, or
 * whose transaction ends, is gone here too, so that an Execute never reaches a cursor.
 */
export class Portals {
  /** The one without a name, which nearly everybody uses for nearly everything. */
  readonly #unnamed: Place = { bound: undefined, unanswered: 0, newest: undefined }
  readonly #named = new Map<WireName, Place>()

  /** A Bind of it, or a Close (without portal), goes upstream. */
  change(name: WireName, portal: Portal | undefined): void {
    let place = this.#place(name)
    if (!place) {
      place = { bound: undefined, unanswered: 0, newest: undefined }
      this.#named.set(name, place)
    }
    place.unanswered += 1
    place.newest = portal
  }

  /** The server answered that message, or skipped it. */
  answered(name: WireName): void {
    const place = this.#place(name)
    if (!place || place.unanswered === 0) return
    place.unanswered -= 1
    if (place.unanswered === 0) place.newest = undefined
    this.#leave(name, place)
  }

  /** What the name will stand for once everything is answered, if nothing of it fails. */
  newest(name: WireName): Portal | undefined {
    const place = this.#place(name)
    return place && place.unanswered > 0 ? place.newest : place?.bound
  }

  /** Whether a Bind made a portal of that name, which then is no cursor. */
  has(name: WireName): boolean {
    return this.#place(name)?.bound !== undefined
  }

  /** BindComplete: a portal of that name before it is gone. */
  bound(name: WireName, portal: Portal): void {
    const place = this.#place(name)
    place?.bound?.flight?.settle('completed')
    if (place) place.bound = portal
    else this.#named.set(name, { bound: portal, unanswered: 0, newest: undefined })
  }

  /** CloseComplete, or SQL's CLOSE. */
  closed(name: WireName): void {
    const place = this.#place(name)
    if (!place) return
    place.bound?.flight?.settle('completed')
    place.bound = undefined
    this.#leave(name, place)
  }

  /** Its transaction ended, or CLOSE ALL. @param sqlstate of the error that ended it */
  end(sqlstate: string | undefined): void {
    this.#each(({ flight }) => (sqlstate === undefined ? flight?.settle('completed') : flight?.fail(sqlstate, false)))
  }

  /** Code ran that may have closed any of them and opened cursors in their place; the one without a name is no cursor's. */
  doubt(): void {
    for (const { bound } of this.#named.values()) {
      // One that is under way is charged and limited as it is, whatever it goes on with.
      if (bound && (!bound.begun || bound.flight?.settled)) bound.lost = true
    }
  }

  abandon(status: 'aborted' | 'cancelled'): void {
    this.#each(({ flight }) => flight?.settle(status))
  }

  /** Ends every one of them. */
  #each(end: (portal: Portal) => void): void {
    const { bound } = this.#unnamed
    this.#unnamed.bound = undefined
    if (bound) end(bound)
    if (this.#named.size === 0) return
    for (const [name, place] of this.#named) {
      if (place.bound) end(place.bound)
      place.bound = undefined
      this.#leave(name, place)
    }
  }

  #place(name: WireName): Place | undefined {
    return name === '' ? this.#unnamed : this.#named.get(name)
  }

  #leave(name: WireName, { bound, unanswered }: Place): void {
    if (name !== '' && bound === undefined && unanswered === 0) this.#named.delete(name)
  }
}

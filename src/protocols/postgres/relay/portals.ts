import type { WireName } from '../wire/read.ts'
import type { Flight } from './flight.ts'

/** Which operation a portal belongs to: everything that is executed from it counts there. */
export class Portals {
  readonly #bound = new Map<WireName, Flight | undefined>()
  /** Binds sent and not answered yet. */
  readonly #unanswered = new Map<WireName, number>()

  /** A Bind of it is on its way. */
  change(name: WireName): void {
    this.#unanswered.set(name, (this.#unanswered.get(name) ?? 0) + 1)
  }

  /** Whether a Bind made it, or may make it. */
  expected(name: WireName): boolean {
    return this.#bound.has(name) || this.#unanswered.has(name)
  }

  flight(name: WireName): Flight | undefined {
    return this.#bound.get(name)
  }

  /** BindComplete: a portal of that name before it is gone. */
  bound(name: WireName, flight: Flight | undefined): void {
    this.unbound(name)
    this.#bound.get(name)?.settle('completed')
    this.#bound.set(name, flight)
  }

  /** The Bind failed or was skipped. */
  unbound(name: WireName): void {
    const left = (this.#unanswered.get(name) ?? 0) - 1
    if (left > 0) this.#unanswered.set(name, left)
    else this.#unanswered.delete(name)
  }

  /** CloseComplete. */
  closed(name: WireName): void {
    this.#bound.get(name)?.settle('completed')
    this.#bound.delete(name)
  }

  /** The transaction ended. @param sqlstate of the error that ended it */
  end(sqlstate: string | undefined): void {
    for (const flight of this.#bound.values()) {
      if (sqlstate === undefined) flight?.settle('completed')
      else flight?.fail(sqlstate, false)
    }
    this.#bound.clear()
  }

  abandon(status: 'aborted' | 'cancelled'): void {
    for (const flight of this.#bound.values()) flight?.settle(status)
    this.#bound.clear()
  }
}

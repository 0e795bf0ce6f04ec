import type { WireName } from '../wire/read.ts'
import type { ReadStatement } from './read-statement.ts'

interface Change {
  /** Messages about this name that the server has not answered yet. */
  unanswered: number
  /** Number of Syncs before the newest of them. */
  group: number
  /** What the name will mean; undefined once closed. */
  statement: ReadStatement | undefined
}

/**
 * What the names of prepared statements mean. State follows the server: a name changes when ParseComplete or
 * CloseComplete comes, and what was sent meanwhile is only expected.
 */
export class Statements {
  readonly #known = new Map<WireName, ReadStatement>()
  readonly #changes = new Map<WireName, Change>()

  /** What the server has of that name. */
  known(name: WireName): ReadStatement | undefined {
    return this.#known.get(name)
  }

  /** Whether a name that SQL can EXECUTE may stand for something else once the server has answered. */
  get unsettled(): boolean {
    return this.#changes.size > (this.#changes.has('') ? 1 : 0)
  }

  /** A Parse (or a Close, without statement) goes upstream. @param group Syncs before it */
  change(name: WireName, statement: ReadStatement | undefined, group: number): void {
    const change = this.#changes.get(name)
    if (change) {
      change.unanswered += 1
      change.group = group
      change.statement = statement
    } else this.#changes.set(name, { unanswered: 1, group, statement })
  }

  /** The server answered that message, or skipped it. */
  answered(name: WireName, statement: ReadStatement | undefined, done: boolean): void {
    const change = this.#changes.get(name)
    if (change) {
      change.unanswered -= 1
      if (change.unanswered === 0) this.#changes.delete(name)
    }
    if (!done) return
    if (statement) this.#known.set(name, statement)
    else this.#known.delete(name)
  }

  /** DEALLOCATE or DISCARD in SQL took it away, or all of them. */
  forget(name: WireName | undefined): void {
    if (name === undefined) this.#known.clear()
    else this.#known.delete(name)
  }

  /**
   * The statement that a Bind in this group will run, undefined where there is none. Within one group an expectation is
   * certain enough: if it fails, the Bind is skipped with it. Across a Sync it is not: `unsure` until the server answered.
   */
  resolve(name: WireName, group: number): ReadStatement | undefined | 'unsure' {
    const change = this.#changes.get(name)
    if (!change) return this.#known.get(name)
    return change.group === group ? change.statement : 'unsure'
  }
}

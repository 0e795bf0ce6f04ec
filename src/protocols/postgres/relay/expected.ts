import type { StatementFacts } from '../sql/statement-facts.ts'
import { frontend } from '../wire/codes.ts'
import { WireError } from '../wire/errors.ts'
import type { WireName } from '../wire/read.ts'
import type { Replacement } from './batch.ts'
import type { Flight } from './flight.ts'
import type { Portal } from './portal.ts'
import type { ReadStatement } from './read-statement.ts'
import { Ring } from './ring.ts'

/** A message that goes upstream and that the server has to answer. */
export interface Sent {
  /** One of `frontend`. */
  readonly type: number
  readonly name: WireName
  readonly ofStatement: boolean
  readonly statement: ReadStatement | undefined
  /** Bind, Execute: undefined where it is replaced. Describe: what it is certain to be about. */
  readonly portal: Portal | undefined
  /** Query, Parse, Bind. */
  readonly flight: Flight | undefined
  /** Number within the session of the operation that it is, or belongs to; absent, or 0: none. */
  readonly operation?: number
  readonly replacement: Replacement | undefined
  /** Whether a text behind it may mean something else once it is completed. */
  readonly changes: boolean
  /** Describe: the gateway's own question. */
  readonly own: boolean
}

/** One that the server has yet to answer. */
export interface Expected extends Sent {
  /** CopyDone and CopyFail sent behind it: each ends one COPY of it and is not answered itself. */
  copyEnds: number
  /** Query: how many of its statements the server has completed. */
  completed: number
  /** The target has been told to stop it. */
  stopped: boolean
}

/** The operation that it belongs to. */
export function flightOf(expected: Expected | undefined): Flight | undefined {
  return expected?.type === frontend.execute ? expected.portal?.flight : expected?.flight
}

/** The statement that the server is at, where that is known. */
export function statementOf(expected: Expected): StatementFacts | undefined {
  return flightOf(expected)?.statements[expected.type === frontend.query ? expected.completed : 0]
}

/** What was sent upstream and is not answered, in order. */
export class Unanswered {
  readonly #ring = new Ring<Expected>()
  #changing = 0
  #running = 0

  get length(): number {
    return this.#ring.length
  }

  /** What the server is at. */
  get head(): Expected | undefined {
    return this.#ring.head
  }

  /** The operation that the server is at, where it is at one. */
  get flight(): Flight | undefined {
    return flightOf(this.head)
  }

  /** The operation that a result belongs to. @throws WireError where nothing was asked that has one */
  receiver(): Flight | undefined {
    const type = this.head?.type
    if (type !== frontend.query && type !== frontend.execute) throw new WireError('The server sent a result that nobody asked for.')
    return this.flight
  }

  /** @param index counted from the head, 0 */
  at(index: number): Expected | undefined {
    return this.#ring.at(index)
  }

  /** Whether a text behind them may mean something else once they are answered. */
  get changing(): boolean {
    return this.#changing > 0
  }

  /** Whether one of them may begin or end a transaction. */
  get running(): boolean {
    return this.#running > 0
  }

  push(expected: Expected): void {
    if (expected.changes) this.#changing += 1
    if (runs(expected)) this.#running += 1
    this.#ring.push(expected)
  }

  shift(): Expected | undefined {
    const head = this.#ring.shift()
    if (head) this.#left(head)
    return head
  }

  /** Takes out the one behind the head. */
  dropSecond(): void {
    const second = this.#ring.at(1)
    if (!second) return
    this.#ring.dropSecond()
    this.#left(second)
  }

  #left(expected: Expected): void {
    if (expected.changes) this.#changing -= 1
    if (runs(expected)) this.#running -= 1
  }
}

const runs = ({ type }: Sent): boolean => type === frontend.query || type === frontend.execute || type === frontend.sync

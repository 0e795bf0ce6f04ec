import type { Refusal } from '../../../operations/index.ts'
import { frontend } from '../wire/codes.ts'
import type { ErrorFields } from '../wire/error-response.ts'
import { Charges } from './charges.ts'
import type { Expected, Unanswered } from './expected.ts'
import type { Flight } from './flight.ts'
import { mayDiffer } from './portal.ts'
import { refusalFields } from './stand-ins.ts'

/** How often it is looked whether the target has come to what has no time left; ms. */
const LOOK_MS = 50
/** After so long the target is told again to stop what it is still at: a cancel request may get lost; ms. */
const AGAIN_MS = 1_000

/** Charges what operations come to, and cuts off what came to more than it may: its rows are dropped, and the target is stopped. */
export class Cutting {
  readonly #expected: Unanswered
  readonly #stop: () => void
  readonly #charges = new Charges()
  /** An operation was cut off too late for its error: the client is told ours, and nothing more up to the next ReadyForQuery. */
  #muted = false
  /** Something that was cut off is under way, as far as the chunk was read. */
  #stopWanted = false

  /** @param stop makes the target stop what it is at: cancels it, or ends its COPY */
  constructor(expected: Unanswered, stop: () => void) {
    this.#expected = expected
    this.#stop = stop
  }

  /** Whose result is arriving; undefined between results. */
  get flight(): Flight | undefined {
    return this.#charges.flight
  }

  /** Whether the client is told nothing, because it was told an error of ours in this place. */
  get muted(): boolean {
    return this.#muted
  }

  /**
   * A row or a piece of a result arrives.
   * @param rows 1 where it starts one
   * @returns whether it may be passed: nothing is that came behind a limit
   * @throws WireError where nothing was asked
   */
  result(rows: number, bytes: number): boolean {
    if (!this.#charges.flight) this.#charges.start(this.#expected.receiver())
    const flight = this.#charges.flight
    if (!flight) return true
    // A portal that came to its end gives nothing more, so this is another one's.
    if (flight.settled && this.#expected.head?.type === frontend.execute) flight.cutOff(mayDiffer())
    if (flight.cut) {
      this.#stopWanted = true
      return false
    }
    this.#charges.add(rows, bytes)
    if (flight.limited) this.#charge()
    return flight.cut === undefined
  }

  /** Nothing more of this result is passed. @throws WireError where nothing was asked */
  refuse(why: Refusal): void {
    this.#expected.receiver()?.cutOff(why)
    this.#stopWanted = true
  }

  /** A result is over: nothing of it is left to cut off. */
  resultEnded(): void {
    this.#charges.end()
  }

  /**
   * A chunk of the server is read to its end: charges what arrived, and stops what was cut off. Not before, as often the chunk holds its end
   * too, and a cancel request would hit what comes behind it.
   */
  chunkEnded(): void {
    this.#charge()
    if (!this.#stopWanted) return
    this.#stopWanted = false
    if (this.#muted ? this.#goesOn : this.#expected.flight?.cut) this.#stopHead()
  }

  /** Cuts it off when its time is over; ms from now. Where others are before it, the target is stopped once it has come to it. */
  watch(flight: Flight, time: number): void {
    const over = (): void => {
      flight.cutOff(flight.overtime())
      if (this.#expected.flight === flight) this.#stopHead()
      flight.alarm(LOOK_MS, over)
    }
    flight.alarm(time, over)
  }

  /** The target has come to its end, and goes on with what is behind it, as if nothing were; its client is told of an error. */
  tooLate(cut: Refusal): ErrorFields {
    this.#muted = true
    this.#stopWanted = true
    return refusalFields(cut)
  }

  /** ReadyForQuery: client and server are at one again. */
  ready(): void {
    this.#charges.end()
    this.#muted = false
  }

  /** Whether the target goes on with what its client believes to be skipped. */
  get #goesOn(): boolean {
    const { head } = this.#expected
    if (head?.type === frontend.query) return head.completed < (head.flight?.statements.length ?? 0)
    return head !== undefined && head.type !== frontend.sync
  }

  /** Charges what arrived so far. */
  #charge(): void {
    const { flight } = this.#charges
    const refusal = this.#charges.flush()
    if (!refusal || !flight) return
    flight.cutOff(refusal)
    this.#stopWanted = true
  }

  /** Stops what the target is at. Until it did, nothing goes upstream that a second request could hit. */
  #stopHead(): void {
    const { head } = this.#expected
    if (!head || head.stopped) return
    head.stopped = true
    this.#stop()
    setTimeout(() => this.#stopAgain(head), AGAIN_MS).unref()
  }

  #stopAgain(stopped: Expected): void {
    if (this.#expected.head !== stopped) return
    stopped.stopped = false
    this.#stopHead()
  }
}

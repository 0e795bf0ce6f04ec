import type { Asked } from '../approvals/index.ts'
import { type ApprovalId, type Grant, inWordsOf, Refusal, type Resource } from '../operations/index.ts'
import type { Waiting } from './guard.ts'
import type { HoldEnd, SessionMeter } from './meter.ts'

/** Is told how long somebody waited. */
export type HoldMeter = Pick<SessionMeter, 'held' | 'released'>

/** Then everything that the run asked ends at once, and is recorded before its end. */
export function isEndOfRun(reason: unknown): boolean {
  return reason instanceof Refusal && reason.code === 'GS_RUN_ENDED'
}

/** A request for approval, as long as the session that asked is there. */
export class HeldRequest implements Waiting {
  readonly id: ApprovalId
  readonly link: string
  readonly hold: number
  readonly decided: Promise<Grant | Refusal>
  readonly #asked: Asked
  readonly #protocol: Resource['kind']
  readonly #over: (request: HeldRequest) => void
  readonly #since = performance.now()
  /** Until it is told how it ended. */
  #meter: HoldMeter | undefined

  /**
   * @param hold ms. @param signal when the session has to end, and why
   * @param over called when there is nothing left that the end of the session would have to end
   * @param meter absent where nobody counts
   */
  constructor(
    asked: Asked,
    protocol: Resource['kind'],
    hold: number,
    signal: AbortSignal,
    over: (request: HeldRequest) => void,
    meter?: HoldMeter,
  ) {
    this.#asked = asked
    this.#protocol = protocol
    this.#over = over
    this.id = asked.id
    this.link = asked.link
    this.hold = hold
    this.#meter = meter
    meter?.held()
    this.decided = this.#answerOrEnd(signal)
  }

  becomeTicket(): Refusal {
    this.#released('ticket')
    this.#over(this)
    return inWordsOf(this.#protocol, this.#asked.becomeTicket())
  }

  leave(why: Parameters<Asked['leave']>[0]): void {
    this.#released(why)
    this.#over(this)
    this.#asked.leave(why)
  }

  /** Once. */
  #released(end: HoldEnd): void {
    this.#meter?.released(performance.now() - this.#since, end)
    this.#meter = undefined
  }

  async #answerOrEnd(signal: AbortSignal): Promise<Grant | Refusal> {
    const end = Promise.withResolvers<Refusal>()
    const cut = () => {
      const refusal = signal.reason as Refusal
      end.resolve(refusal)
      if (isEndOfRun(refusal)) this.#over(this)
      else this.leave('session-ended')
    }
    if (signal.aborted) cut()
    else signal.addEventListener('abort', cut, { once: true })
    // In this order: whose session has to end hears that, and not that it left.
    const answer = await Promise.race([end.promise, this.#asked.decided])
    signal.removeEventListener('abort', cut)
    this.#released(answer)
    if (!(answer instanceof Refusal)) return answer
    this.#over(this)
    return inWordsOf(this.#protocol, answer)
  }
}

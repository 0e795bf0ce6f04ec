import type { Asked } from '../approvals/index.ts'
import { type ApprovalId, type Grant, inWordsOf, Refusal, type Resource } from '../operations/index.ts'
import type { Waiting } from './guard.ts'

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

  /**
   * @param hold ms. @param signal when the session has to end, and why
   * @param over called when there is nothing left that the end of the session would have to end
   */
  constructor(asked: Asked, protocol: Resource['kind'], hold: number, signal: AbortSignal, over: (request: HeldRequest) => void) {
    this.#asked = asked
    this.#protocol = protocol
    this.#over = over
    this.id = asked.id
    this.link = asked.link
    this.hold = hold
    this.decided = this.#answerOrEnd(signal)
  }

  becomeTicket(): Refusal {
    this.#over(this)
    return inWordsOf(this.#protocol, this.#asked.becomeTicket())
  }

  leave(why: Parameters<Asked['leave']>[0]): void {
    this.#over(this)
    this.#asked.leave(why)
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
    if (!(answer instanceof Refusal)) return answer
    this.#over(this)
    return inWordsOf(this.#protocol, answer)
  }
}

import { type CodedError, Refusal } from '../../../operations/index.ts'
import { ClientLeft, type Exchange } from '../plane.ts'
import type { HttpTarget, UpstreamAnswer, UpstreamRequest } from '../target.ts'
import type { ChangedAnswer } from './change.ts'
import type { Admitted } from './govern.ts'
import { Passing } from './passing.ts'
import { speakable } from './status.ts'
import { Timed } from './timed.ts'

/** A request that may go. */
export interface Forwarding {
  readonly exchange: Exchange
  readonly admitted: Admitted
  readonly request: UpstreamRequest
  /**
   * What the client gets of the target's answer; absent: all of it, as it is.
   * @throws CodedError where it gets none of it: that is said instead
   */
  change?(answer: Pick<UpstreamAnswer, 'status' | 'headers'>, target: HttpTarget): ChangedAnswer
  /** How the recording calls it. Told before it is forwarded. */
  readonly recorded: {
    readonly method: string
    readonly target: string
    readonly type?: string | undefined
    readonly bytes?: number | undefined
  }
  /** Says no where nothing has been said yet. Records what it says. */
  refuse(error: CodedError): void
}

/** These happened before anything was sent: nothing came of the request. */
const NOTHING_SENT: ReadonlySet<string> = new Set(['GS_HTTP_TARGET_UNREACHABLE', 'GS_HTTP_TARGET_NOT_TRUSTED', 'GS_HTTP_TARGET_REQUEST'])

/**
 * Sends what was admitted, passes the answer on as it comes, charges it, and settles. Never rejects: what goes wrong is said by `refuse` while that can
 * be, and afterwards the answer is cut.
 */
export async function forward(forwarding: Forwarding): Promise<void> {
  const { exchange, admitted, request, recorded, refuse } = forwarding
  const { admission, number } = admitted
  const timed = new Timed(exchange.signal, admission)
  const { signal } = timed
  let answer: UpstreamAnswer | undefined
  let sent = false
  try {
    exchange.session.exchanges?.request(number, recorded)
    const target = await exchange.target()
    signal.throwIfAborted()
    sent = true
    answer = await target.request({ ...request, interim: (status, headers) => exchange.answer.inform(status, headers) }, signal)
    const changed = forwarding.change?.(answer, target) ?? { headers: answer.headers }
    await new Passing(exchange, admission, answer, changed, signal).pass()
    admission.settle({ status: answer.status < 400 ? 'completed' : 'failed', code: String(answer.status) })
  } catch (error) {
    answer?.body.destroy()
    const code = answer && { code: String(answer.status) }
    if (error instanceof ClientLeft) {
      admission.settle({ status: 'aborted', ...code })
      exchange.answer.cut()
      return
    }
    const spoken = speakable(error)
    if (!sent || NOTHING_SENT.has(spoken.code)) admission.withdraw({ status: 'failed' })
    else if (error instanceof Refusal) admission.settle({ status: 'cancelled', ...code })
    // Whatever it was, nobody knows what the target made of it; but it is known where it let nobody in.
    else admission.settle({ status: spoken.code === 'GS_HTTP_TARGET_LOGIN_REFUSED' || answer ? 'failed' : 'unknown', ...code })
    if (exchange.answer.begun) exchange.answer.cut()
    else refuse(spoken)
  } finally {
    timed.stop()
  }
}

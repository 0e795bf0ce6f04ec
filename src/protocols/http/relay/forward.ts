import type { CodedError } from '../../../operations/index.ts'
import type { Exchange } from '../plane.ts'
import type { HeaderPairs, HttpTarget, UpstreamAnswer, UpstreamRequest } from '../target.ts'
import type { ChangedAnswer } from './change.ts'
import { failed } from './failing.ts'
import type { Admitted } from './govern.ts'
import { Passing } from './passing.ts'
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
    // Whatever comes before and behind an answer may show what the target was sent, as the answer may.
    const shown = (headers: HeaderPairs): HeaderPairs => headers.map(([name, value]) => [name, target.redact(value)])
    answer = await target.request({ ...request, interim: (status, headers) => exchange.answer.inform(status, shown(headers)) }, signal)
    const { trailers } = answer
    const changed = forwarding.change?.(answer, target) ?? { headers: answer.headers }
    await new Passing(exchange, admission, { ...answer, trailers: () => shown(trailers()) }, changed, signal).pass()
    admission.settle({ status: answer.status < 400 ? 'completed' : 'failed', code: String(answer.status) })
  } catch (error) {
    answer?.body.destroy()
    failed(exchange, admission, error, { sent, status: answer?.status }, refuse)
  } finally {
    timed.stop()
  }
}

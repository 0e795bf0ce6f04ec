import type { Admission } from '../../../guard/index.ts'
import { type CodedError, Refusal } from '../../../operations/index.ts'
import { ClientLeft, type Exchange } from '../plane.ts'
import { speakable } from './status.ts'

/** These happened before anything was sent: nothing came of the request. */
const NOTHING_SENT = /^GS_(HTTP_TARGET_(UNREACHABLE|NOT_TRUSTED|REQUEST)|CONNECTOR_.*)$/

/** How far an admitted operation had come. */
export interface Progress {
  /** Whether anything of it may have been sent to the target. */
  readonly sent: boolean
  /** The status of the target's answer, where that had begun. */
  readonly status: number | undefined
  /** Whether a "no" can still be said although the answer has begun: nothing stands in it yet that anybody reads. */
  readonly unsaid?: boolean
}

/**
 * Settles an admitted operation that went wrong, and tells its client: in words where nothing has been said yet, by cutting what has.
 * @param refuse says no
 */
export function failed(
  exchange: Exchange,
  admission: Admission,
  error: unknown,
  { sent, status, unsaid = false }: Progress,
  refuse: (error: CodedError) => void,
): void {
  const code = status === undefined ? undefined : { code: String(status) }
  if (error instanceof ClientLeft) {
    admission.settle({ status: 'aborted', ...code })
    exchange.answer.cut()
    return
  }
  const spoken = speakable(error)
  if (!sent || NOTHING_SENT.test(spoken.code)) admission.withdraw({ status: 'failed' })
  else if (error instanceof Refusal) admission.settle({ status: 'cancelled', ...code })
  // Nobody knows what the target made of it, unless it answered or let nobody in.
  else admission.settle({ status: status !== undefined || spoken.code === 'GS_HTTP_TARGET_LOGIN_REFUSED' ? 'failed' : 'unknown', ...code })
  if (exchange.answer.begun && !unsaid) exchange.answer.cut()
  else refuse(spoken)
}

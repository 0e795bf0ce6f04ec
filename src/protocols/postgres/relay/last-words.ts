import { Refusal } from '../../../operations/index.ts'
import type { ErrorFields } from '../wire/error-response.ts'
import { refusalFields } from './stand-ins.ts'

/** 08006 connection_failure. */
export const TARGET_GONE: ErrorFields = {
  severity: 'FATAL',
  sqlstate: '08006',
  message: 'The target closed the connection.',
  hint: 'Connect again; what was in flight may or may not have been done.',
}

/** XX000 internal_error: the reason is in the gateway's own log. */
export const GATEWAY_FAILED: ErrorFields = {
  severity: 'FATAL',
  sqlstate: 'XX000',
  message: 'The gateway failed on this session and closes it.',
  hint: 'Connect again; if it happens again, report it to the operator.',
}

/** 57P01 admin_shutdown. */
export const DRAINED: ErrorFields = {
  severity: 'FATAL',
  sqlstate: '57P01',
  message: 'The gateway is stopping; this session was idle and is closed.',
  hint: 'Connect again.',
}

/** 08P01 protocol_violation. @param reason holds no bytes of the peer */
export function protocolFault(reason: string): ErrorFields {
  return { severity: 'FATAL', sqlstate: '08P01', message: reason }
}

/** What a client is told when its session is ended from outside. @param reason of the session's signal */
export function endedBy(reason: unknown): ErrorFields {
  return refusalFields(reason instanceof Refusal ? reason : new Refusal('GS_SESSION_ENDED'), 'FATAL')
}

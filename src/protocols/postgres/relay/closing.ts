import type { Duplex } from 'node:stream'
import type { SessionEnd } from '../../../guard/index.ts'
import { Refusal } from '../../../operations/index.ts'
import type { ErrorFields } from '../wire/error-response.ts'
import { refusalFields } from './stand-ins.ts'

/** How long the two ends have, in ms, from the decision to end until their sockets are destroyed. */
export const CLOSING_MS = 800

/** 08006 connection_failure. */
export const TARGET_GONE: ErrorFields = {
  severity: 'FATAL',
  sqlstate: '08006',
  message: 'The target closed the connection.',
  hint: 'Connect again; what was in flight may or may not have been done.',
}

/** 08P01 protocol_violation. @param reason holds no bytes of the peer */
export function protocolFault(reason: string): ErrorFields {
  return { severity: 'FATAL', sqlstate: '08P01', message: reason }
}

/** What a client is told when its session is ended from outside. @param reason of the session's signal */
export function endedBy(reason: unknown): ErrorFields {
  return refusalFields(reason instanceof Refusal ? reason : new Refusal('GS_SESSION_ENDED'), 'FATAL')
}

/** What a client is told when the gateway drains. */
export const DRAINED: ErrorFields = {
  severity: 'FATAL',
  sqlstate: '57P01',
  message: 'The gateway is stopping; this session was idle and is closed.',
  hint: 'Connect again.',
}

/** Ends after which the target should stop what it is doing for us. */
export function stopsTarget(end: SessionEnd): boolean {
  return end !== 'target-closed' && end !== 'client-closed'
}

/** Resolves when both streams are closed. */
export function closed(...streams: Duplex[]): Promise<void> {
  const all = streams.map((stream) => new Promise<void>((done) => (stream.closed ? done() : stream.once('close', () => done()))))
  return Promise.all(all).then(() => undefined)
}

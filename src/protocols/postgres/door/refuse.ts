import type { Socket } from 'node:net'
import { CodedError, Refusal } from '../../../operations/index.ts'
import { buildErrorResponse } from '../wire/error-response.ts'
import { DoorError } from './errors.ts'

/** How long a client may take to read why it was turned away. */
const LINGER_MS = 1_000

/** SQLSTATEs for our codes. A client must be able to tell "my credential" from "the target" and "later" from "never". */
const SQLSTATES: Readonly<Record<string, string>> = {
  GS_POSTGRES_PROTOCOL: '08P01',
  GS_POSTGRES_VERSION: '0A000',
  GS_POSTGRES_USER_MISSING: '28000',
  GS_POSTGRES_SETTING_REFUSED: '42501',
  GS_POSTGRES_REPLICATION_REFUSED: '0A000',
  GS_POSTGRES_TLS_REQUIRED: '28000',
  GS_POSTGRES_CREDENTIAL_REFUSED: '28P01',
  GS_POSTGRES_CREDENTIAL_MISPLACED: '28P01',
  GS_POSTGRES_BINDING_FAILED: '28000',
  GS_POSTGRES_RESOURCE_UNKNOWN: '3D000',
  GS_RESOURCE_AMBIGUOUS: '3D000',
  GS_POSTGRES_DOOR_FULL: '53300',
  GS_POSTGRES_FAILED: 'XX000',
  GS_IDENTITY_THROTTLED: '53300',
  GS_IDENTITY_RUN_OVER: '28000',
  GS_POLICY_DENIED: '42501',
  GS_APPROVAL_UNAVAILABLE: '42501',
  GS_TRAIL_UNAVAILABLE: '57P03',
  GS_RUN_ENDED: '28000',
  GS_SESSION_ENDED: '57P03',
  GS_TARGET_DATABASE_UNKNOWN: '3D000',
  GS_TARGET_FULL: '53300',
  GS_TARGET_NOT_READY: '57P03',
  GS_TARGET_SETTING_REFUSED: '22023',
  GS_CONNECTOR_ABSENT: '57P03',
  GS_CONNECTOR_CLOSED: '57P03',
  GS_CONNECTOR_STOPPING: '57P03',
  GS_CONNECTOR_BUSY: '53300',
  GS_CONNECTOR_TARGET_NOT_ALLOWED: '08004',
  // The target refused *us*: 28P01 would send people to look for a fault in their own password.
  GS_TARGET_LOGIN_REFUSED: '08004',
}

/** The SQLSTATE in which a coded error is spoken before a session is open. */
export function sqlstateOf({ code }: CodedError): string {
  const known = SQLSTATES[code]
  if (known !== undefined) return known
  if (code.startsWith('GS_TRAIL_')) return '57P03'
  // sqlclient_unable_to_establish_sqlconnection, invalid_password
  return code.startsWith('GS_IDENTITY_') ? '28P01' : '08001'
}

/** Anything thrown, as something that can be said: unexpected errors keep their text to themselves. */
export function speakable(error: unknown): CodedError {
  return error instanceof CodedError ? error : new DoorError('GS_POSTGRES_FAILED', undefined, { cause: error })
}

/** A FATAL error: what happened, the code (and the rule) in DETAIL, the next step in HINT. */
export function buildFatal(error: CodedError): Buffer {
  const rule = error instanceof Refusal ? error.rule : undefined
  return buildErrorResponse({
    severity: 'FATAL',
    sqlstate: sqlstateOf(error),
    message: error.message,
    detail: rule === undefined ? error.code : `Refused by rule "${rule}" (${error.code}).`,
    hint: error.next,
  })
}

/** Says why, and closes. What the client still sends is read away, because closing over unread bytes would take our words with it. */
export function refuse(socket: Socket, error: CodedError): void {
  if (socket.destroyed) return
  const timer = setTimeout(() => socket.destroy(), LINGER_MS)
  socket.once('close', () => clearTimeout(timer))
  socket.end(buildFatal(error))
  socket.resume()
}

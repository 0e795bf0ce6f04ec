import type { Login, TargetAddress, TargetSecret } from '../../../operations/index.ts'
import { takeRest } from '../read-message.ts'
import type { PostgresAsk, PostgresTarget } from '../target.ts'
import { buildStartup } from '../wire/startup.ts'
import { sendCancel } from './cancel.ts'
import { converse, READ_ONLY, VersionRefused } from './converse.ts'
import { LoginError } from './errors.ts'
import { openTransport, unreachable } from './transport.ts'
import { TrustContexts } from './trust-contexts.ts'

/** From the first packet to ReadyForQuery. */
const LOGIN_MS = 10_000

/**
 * Logs in at a PostgreSQL target: TCP, TLS as the address wants it, start-up, authentication, up to the first ReadyForQuery.
 * Bounded by 10 s.
 *
 * The log-in's signal closes what is under way. It throws LoginError, or the signal's reason where it aborted; neither holds the secret or
 * the target's own words.
 */
export function createLogin(): Login<PostgresAsk, PostgresTarget> {
  const contexts = new TrustContexts()
  return async (address, secret, ask, signal) => {
    const deadline = AbortSignal.timeout(LOGIN_MS)
    const either = AbortSignal.any([signal, deadline])
    try {
      return await attempts(address, secret, ask, contexts, either)
    } catch (error) {
      signal.throwIfAborted()
      if (deadline.aborted)
        throw new LoginError('GS_TARGET_UNREACHABLE', { reason: `The log-in at the target took longer than ${LOGIN_MS} ms.` })
      throw unreachable(error)
    }
  }
}

/** Says less where the target cannot take it: four connections at most. */
async function attempts(
  address: TargetAddress,
  secret: TargetSecret,
  ask: PostgresAsk,
  contexts: TrustContexts,
  signal: AbortSignal,
): Promise<PostgresTarget> {
  let how: Start = { minor: ask.minor, saysReadOnly: ask.readOnly }
  for (;;) {
    try {
      return await attempt(address, secret, ask, how, contexts, signal)
    } catch (error) {
      // It is older than NegotiateProtocolVersion (before 9.3.21), or stands in front of one that is.
      if (error instanceof VersionRefused) how = { ...how, minor: 0 }
      // A pooler may know no start-up setting but its own, and says so as a protocol violation. Then it is set once the session is open.
      else if (how.saysReadOnly && error instanceof LoginError && error.sqlstate === PROTOCOL_VIOLATION)
        how = { minor: ask.minor, saysReadOnly: false }
      else throw error
    }
  }
}

const PROTOCOL_VIOLATION = '08P01'

/** What the start-up packet says of it. */
interface Start {
  readonly minor: 0 | 2
  readonly saysReadOnly: boolean
}

async function attempt(
  address: TargetAddress,
  secret: TargetSecret,
  ask: PostgresAsk,
  { minor, saysReadOnly }: Start,
  contexts: TrustContexts,
  signal: AbortSignal,
): Promise<PostgresTarget> {
  const transport = await openTransport(address, secret.clientCertificate, contexts, signal)
  const { socket } = transport
  const abort = () => socket.destroy()
  signal.addEventListener('abort', abort)
  try {
    signal.throwIfAborted()
    socket.write(buildStartup(minor, startupParameters(secret.user, ask, saysReadOnly)))
    const session = await converse(transport, secret, minor, ask.readOnly)
    const rest = takeRest(socket)
    const { processId, cancelKey } = session
    return { ...session, socket, rest, cancel: () => sendCancel(address, processId, cancelKey, contexts) }
  } catch (error) {
    socket.destroy()
    throw error
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/** @throws LoginError where a value cannot stand in a start-up packet */
function startupParameters(user: string, ask: PostgresAsk, saysReadOnly: boolean): [string, string][] {
  const parameters: [string, string][] = [['user', user], ['database', ask.database], ...ask.settings]
  // It outranks what the role or the database has as its default.
  if (saysReadOnly) parameters.push([READ_ONLY, 'on'])
  // A NUL would end its value early and let the rest be read as further settings.
  if (parameters.flat().some((text) => text.includes('\0'))) throw new LoginError('GS_TARGET_SETTING_REFUSED')
  return parameters
}

import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import type { PlaneAuthenticator } from '../../../identity/index.ts'
import type { Run } from '../../../operations/index.ts'
import { readMessage } from '../read-message.ts'
import {
  buildAuthenticationOk,
  buildCleartextRequest,
  buildSaslContinue,
  buildSaslFinal,
  buildSaslRequest,
  readPassword,
  readSaslInitialResponse,
  readSaslResponse,
} from '../wire/authentication.ts'
import { frontend } from '../wire/codes.ts'
import { WireError } from '../wire/errors.ts'
import { SCRAM_SHA_256, SCRAM_SHA_256_PLUS, ScramError, type ScramMechanism } from '../wire/scram.ts'
import { ScramServer } from '../wire/scram-server.ts'
import { DoorError } from './errors.ts'
import type { ClientTls } from './greet.ts'
import type { StartUp } from './start-up-settings.ts'

/** Bytes of one message before the log-in is over. */
const LONGEST_MESSAGE = 65_536
const NONCE_BYTES = 18

/** The client left before it had logged in, as psql does to ask for a password. Nothing to say, nothing to record. */
export class ClientLeft extends Error {}

/**
 * Whose connection this is: by token, by SCRAM or by cleartext password over TLS, in this order. Ends with AuthenticationOk.
 * @throws DoorError, IdentityError, WireError; ClientLeft
 */
export async function logIn(
  socket: Socket,
  tls: ClientTls | undefined,
  startUp: Pick<StartUp, 'user' | 'token'>,
  authenticator: PlaneAuthenticator,
): Promise<Run> {
  if (startUp.token !== undefined) {
    // On plaintext it may have been read on the way; taking it would make it work for whoever did.
    if (!tls) throw new DoorError('GS_POSTGRES_TLS_REQUIRED')
    const run = await authenticator.runOf(startUp.token)
    socket.write(buildAuthenticationOk())
    return run
  }
  if (startUp.user.startsWith('run_')) return byScram(socket, tls, startUp.user, authenticator)
  if (!tls) throw new DoorError('GS_POSTGRES_TLS_REQUIRED')
  socket.write(buildCleartextRequest())
  const run = await authenticator.runOf(readPassword(await answerOf(socket)))
  socket.write(buildAuthenticationOk())
  return run
}

/** RFC 5802 within PostgreSQL protocol 55.3.1; over TLS bound to our certificate where the client can. */
async function byScram(socket: Socket, tls: ClientTls | undefined, runId: string, authenticator: PlaneAuthenticator): Promise<Run> {
  const offered: ScramMechanism[] = tls?.binding ? [SCRAM_SHA_256_PLUS, SCRAM_SHA_256] : [SCRAM_SHA_256]
  socket.write(buildSaslRequest(offered))
  const verifier = await authenticator.verifier(runId)
  const initial = readSaslInitialResponse(await answerOf(socket))
  const mechanism = offered.find((name) => name === initial.mechanism)
  if (!mechanism) throw new WireError('The client selected a SASL mechanism that was not offered.')
  const exchange = new ScramServer({
    mechanism,
    verifier,
    serverNonce: randomBytes(NONCE_BYTES).toString('base64'),
    binding: tls?.binding,
  })
  socket.write(buildSaslContinue(checked(() => exchange.first(initial.message))))
  const response = readSaslResponse(await answerOf(socket))
  const final = checked(() => exchange.final(response))
  const run = await authenticator.provenRun(runId)
  socket.write(Buffer.concat([buildSaslFinal(final), buildAuthenticationOk()]))
  return run
}

function checked(step: () => string): string {
  try {
    return step()
  } catch (error) {
    if (!(error instanceof ScramError)) throw error
    if (error.reason === 'proof') throw new DoorError('GS_POSTGRES_CREDENTIAL_REFUSED')
    if (error.reason === 'downgraded') throw new DoorError('GS_POSTGRES_BINDING_FAILED')
    throw new WireError(`The SCRAM log-in failed: ${error.message}.`)
  }
}

async function answerOf(socket: Socket): Promise<Buffer> {
  const message = await readMessage(socket, LONGEST_MESSAGE)
  if (!message) throw new ClientLeft()
  if (message.type !== frontend.password) throw new WireError('A message that is no password came during the log-in.')
  return message.body
}

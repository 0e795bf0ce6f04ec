import type { TargetSecret } from '../../../operations/index.ts'
import { type Message, readMessage } from '../read-message.ts'
import type { PostgresTarget } from '../target.ts'
import { readAuthenticationRequest } from '../wire/authentication.ts'
import { query } from '../wire/build.ts'
import { backend } from '../wire/codes.ts'
import { readSqlstate } from '../wire/error-response.ts'
import { WireError } from '../wire/errors.ts'
import { readNegotiateProtocolVersion } from '../wire/startup.ts'
import { Authentication } from './authenticate.ts'
import { LoginError } from './errors.ts'
import type { Transport } from './transport.ts'

/** What the target says of the session that it opened. */
export type OpenedSession = Omit<PostgresTarget, 'socket' | 'rest' | 'cancel'>

/** The target does not know how to negotiate the minor version that it was asked for. */
export class VersionRefused extends Error {}

/** Bytes of one message, and of all notices together. */
const LONGEST_MESSAGE = 1 << 20
const LONGEST_KEY = 256

/** The setting by which a target refuses changes. It is reported (ParameterStatus) since PostgreSQL 14. */
export const READ_ONLY = 'default_transaction_read_only'

/**
 * Everything between the StartupMessage that was sent and the ReadyForQuery behind which the client takes over (PostgreSQL protocol 55.2.1).
 * @param readOnly whether its transactions must be read-only by then, whoever stands between us and the server
 * @throws LoginError; VersionRefused
 */
export async function converse(transport: Transport, secret: TargetSecret, minor: 0 | 2, readOnly: boolean): Promise<OpenedSession> {
  try {
    const conversation = new Conversation(transport, secret, minor)
    return readOnly ? await conversation.holdReadOnly() : await conversation.hold()
  } catch (error) {
    if (error instanceof WireError) throw new LoginError('GS_TARGET_PROTOCOL')
    throw error
  }
}

class Conversation {
  readonly #transport: Transport
  readonly #authentication: Authentication
  readonly #parameters = new Map<string, string>()
  readonly #notices: Buffer[] = []
  #noticeBytes = 0
  #minor: 0 | 2
  #key: { readonly processId: number; readonly cancelKey: Buffer } | undefined

  constructor(transport: Transport, secret: TargetSecret, minor: 0 | 2) {
    this.#transport = transport
    this.#authentication = new Authentication(secret, transport)
    this.#minor = minor
  }

  async hold(): Promise<OpenedSession> {
    await this.#authenticate()
    for (;;) {
      const { type, body } = await this.#next()
      if (type === backend.readyForQuery) return this.#opened(body)
      if (type === backend.parameterStatus) this.#noteParameter(body)
      else if (type === backend.backendKeyData) this.#noteKey(body)
      else throw outOfPlace()
    }
  }

  /** A server that does not say so itself may not have heard it: a pooler may drop start-up settings, or have logged in long ago. */
  async holdReadOnly(): Promise<OpenedSession> {
    const opened = await this.hold()
    if (this.#parameters.get(READ_ONLY) === 'on') return opened
    this.#transport.socket.write(query(`SET ${READ_ONLY} TO on`))
    for (let isSet = false; ; ) {
      const { type, body } = await this.#next()
      if (type === backend.readyForQuery && isSet) return this.#opened(body)
      if (type === backend.parameterStatus) this.#noteParameter(body)
      else if (type === backend.commandComplete && !isSet) isSet = true
      else throw outOfPlace()
    }
  }

  async #authenticate(): Promise<void> {
    const asked = this.#minor
    for (let first = true; ; first = false) {
      const message = await this.#next(first && asked > 0)
      if (message.type === backend.negotiateProtocolVersion && first) {
        this.#negotiate(message.body)
        continue
      }
      if (message.type !== backend.authentication) throw outOfPlace()
      const answer = await this.#authentication.answer(readAuthenticationRequest(message.body))
      if (answer === 'done') return
      if (answer) this.#transport.socket.write(answer)
    }
  }

  /** The next message that is not a notice. @throws LoginError for an ErrorResponse or the end of the connection */
  async #next(mayRefuseVersion = false): Promise<Message> {
    for (;;) {
      const message = await readMessage(this.#transport.socket, LONGEST_MESSAGE)
      if (!message) throw new LoginError('GS_TARGET_UNREACHABLE')
      if (message.type === backend.errorResponse) {
        const sqlstate = readSqlstate(message.body)
        // feature_not_supported is PostgreSQL's word for it, protocol_violation that of poolers.
        if (mayRefuseVersion && (sqlstate === '0A000' || sqlstate === '08P01')) throw new VersionRefused()
        throw LoginError.ofSqlstate(sqlstate)
      }
      if (message.type !== backend.noticeResponse) return message
      this.#keepNotice(message.body)
    }
  }

  #keepNotice(body: Buffer): void {
    this.#noticeBytes += body.length
    if (this.#noticeBytes > LONGEST_MESSAGE) throw new LoginError('GS_TARGET_PROTOCOL', { reason: 'The target sent too many notices.' })
    const whole = Buffer.allocUnsafe(5 + body.length)
    whole[0] = backend.noticeResponse
    whole.writeUInt32BE(4 + body.length, 1)
    body.copy(whole, 5)
    this.#notices.push(whole)
  }

  #negotiate(body: Buffer): void {
    const offered = readNegotiateProtocolVersion(body)
    // We asked for no protocol options, so it can only be about an older minor version.
    if (offered >= this.#minor) throw new LoginError('GS_TARGET_PROTOCOL')
    // 3.1 does not exist.
    this.#minor = 0
  }

  #noteParameter(body: Buffer): void {
    const name = body.indexOf(0)
    const value = body.indexOf(0, name + 1)
    if (name < 1 || value !== body.length - 1) throw outOfPlace()
    this.#parameters.set(body.toString('utf8', 0, name), body.toString('utf8', name + 1, value))
  }

  #noteKey(body: Buffer): void {
    const length = body.length - 4
    const longest = this.#minor === 0 ? 4 : LONGEST_KEY
    if (this.#key || length < 4 || length > longest) throw outOfPlace()
    this.#key = { processId: body.readUInt32BE(0), cancelKey: Buffer.from(body.subarray(4)) }
  }

  #opened(body: Buffer): OpenedSession {
    if (body.length !== 1 || !this.#key) throw outOfPlace()
    return { minor: this.#minor, ...this.#key, parameters: this.#parameters, notices: this.#notices }
  }
}

function outOfPlace(): LoginError {
  return new LoginError('GS_TARGET_PROTOCOL', { reason: 'The target sent a message that has no place in a log-in.' })
}

import type { Socket } from 'node:net'
import type { Session, SessionEnd } from '../../../guard/index.ts'
import { CodedError, type PostgresResource, type Run } from '../../../operations/index.ts'
import { takeRest } from '../read-message.ts'
import { relay } from '../relay/index.ts'
import type { SqlSession } from '../sql/sql-session.ts'
import type { PostgresAsk, PostgresTarget } from '../target.ts'
import { buildNegotiateProtocolVersion, NEWEST_MINOR } from '../wire/startup.ts'
import { breakGlassNotice } from './break-glass-notice.ts'
import { watchForLeaving } from './client-leaving.ts'
import { DoorError } from './errors.ts'
import { type Greeted, greet } from './greet.ts'
import { ClientLeft, logIn } from './log-in.ts'
import type { PostgresDoorOptions } from './options.ts'
import { refuse, speakable } from './refuse.ts'
import { readStartUp, type StartUp } from './start-up-settings.ts'

/** One accepted connection, from its first byte to its last. */
export class ClientConnection {
  readonly #options: PostgresDoorOptions
  readonly #address: string
  /** Where an error can be said: the plain socket, or TLS once that stands. */
  #socket: Socket

  constructor(raw: Socket, options: PostgresDoorOptions) {
    this.#socket = raw
    this.#options = options
    this.#address = addressOf(raw)
  }

  /**
   * Serves it; never rejects, and leaves no socket open.
   * @param loggedIn called once the client is known
   */
  async serve(loggedIn: () => void): Promise<void> {
    try {
      const greeted = await greet(this.#socket, this.#options.tls, (secure) => {
        this.#socket = secure
      })
      if (!greeted) this.#leave('A PostgreSQL client left, or TLS with it failed, before its start-up packet')
      else if (greeted.packet.kind === 'cancel-request') {
        this.#options.cancels.cancel(greeted.packet.processId, greeted.packet.key)
        this.#socket.destroy()
      } else await this.#open(greeted, greeted.packet, loggedIn)
    } catch (error) {
      if (error instanceof ClientLeft) this.#leave('A PostgreSQL client left before it had logged in')
      else this.#refuse(error)
    }
  }

  async #open(greeted: Greeted, packet: Extract<Greeted['packet'], { kind: 'startup' }>, loggedIn: () => void): Promise<void> {
    const minor = this.#agreeOnVersion(packet)
    const startUp = readStartUp(packet.parameters)
    const run = await this.#identify(greeted, startUp)
    loggedIn()
    const { serverName } = greeted.tls ?? {}
    const selected = this.#options.select({ option: startUp.resource, serverName, database: startUp.database })
    if (!selected) throw new DoorError('GS_POSTGRES_RESOURCE_UNKNOWN')
    const application = startUp.settings.get('application_name')
    const session = await this.#options.guard.open(run, selected.resource, {
      address: this.#address,
      tls: greeted.tls !== undefined,
      user: startUp.user,
      database: startUp.database,
      ...(application !== undefined && { application }),
    })
    let end: SessionEnd = 'target-unreachable'
    try {
      const ask: PostgresAsk = {
        database: selected.database ?? startUp.database,
        settings: startUp.settings,
        minor,
        readOnly: session.readOnly,
      }
      end = await this.#carry(session, selected.resource, ask)
    } finally {
      session.close(end)
    }
  }

  /** Connects to the target while watching the client, and hands both to the relay. */
  async #carry(session: Session<PostgresAsk, PostgresTarget>, resource: PostgresResource, ask: PostgresAsk): Promise<SessionEnd> {
    const client = this.#socket
    const leaving = watchForLeaving(client)
    let target: PostgresTarget | undefined
    let sql: SqlSession
    let maskKey: Uint8Array | undefined
    try {
      maskKey = await this.#options.maskKey?.()
      target = await session.connect(ask, AbortSignal.any([leaving.signal, session.signal]))
      if (session.breakGlass) target = { ...target, notices: [breakGlassNotice(session.breakGlass), ...target.notices] }
      sql = await this.#options.sql({ run: session.run, resource, database: ask.database, target, readOnly: ask.readOnly })
    } catch (error) {
      target?.socket.destroy()
      if (leaving.signal.aborted) {
        client.destroy()
        return 'client-lost'
      }
      this.#refuse(session.signal.aborted ? session.signal.reason : error)
      return session.signal.aborted ? 'ended' : 'target-unreachable'
    } finally {
      leaving.stop()
    }
    if (client.destroyed || target.socket.destroyed) {
      target.socket.destroy()
      sql.close()
      if (client.destroyed) return 'client-lost'
      this.#refuse(new DoorError('GS_POSTGRES_FAILED', 'The target closed the connection at once.'))
      return 'target-closed'
    }
    const { guard, cancels, log, analyzer } = this.#options
    const { database } = ask
    return relay({
      client,
      rest: takeRest(client),
      session,
      guard,
      target,
      minor: ask.minor,
      cancels,
      log,
      sql,
      database,
      ...(maskKey && { maskKey }),
      ...(analyzer && { analyzer }),
    })
  }

  /** PostgreSQL protocol 55.2.1: a newer minor version or an unknown option is answered with what we have. 3.1 does not exist. */
  #agreeOnVersion({ major, minor, protocolOptions }: Extract<Greeted['packet'], { kind: 'startup' }>): 0 | 2 {
    if (major !== 3) throw new DoorError('GS_POSTGRES_VERSION')
    const agreed = minor >= NEWEST_MINOR ? NEWEST_MINOR : 0
    if (agreed !== minor || protocolOptions.length > 0) this.#socket.write(buildNegotiateProtocolVersion(agreed, protocolOptions))
    return agreed
  }

  async #identify({ socket, tls }: Greeted, startUp: StartUp): Promise<Run> {
    const { throttle, authenticator, onRefused, onForeignPassword } = this.#options
    const throttled = throttle.check(this.#address)
    if (throttled) throw throttled
    try {
      return await logIn(socket, tls, startUp, authenticator)
    } catch (error) {
      if (error instanceof CodedError && error.code !== 'GS_POSTGRES_TLS_REQUIRED') {
        throttle.failed(this.#address)
        onRefused({ code: error.code, address: this.#address })
        if (error.code === 'GS_IDENTITY_CREDENTIAL_FOREIGN') onForeignPassword(this.#address)
      }
      throw error
    }
  }

  #leave(why: string): void {
    this.#options.log.debug({}, why)
    this.#socket.destroy()
  }

  #refuse(error: unknown): void {
    const spoken = speakable(error)
    const { log } = this.#options
    // A socket that broke says so by an error of its own, and nobody is left to hear why.
    if (spoken.cause === undefined || this.#socket.destroyed) log.debug({ code: spoken.code }, 'A PostgreSQL connection was refused')
    else log.warn({ code: spoken.code, err: spoken.cause }, 'A PostgreSQL connection failed')
    refuse(this.#socket, spoken)
  }
}

function addressOf({ remoteAddress = 'unknown', remotePort = 0 }: Socket): string {
  return remoteAddress.includes(':') ? `[${remoteAddress}]:${remotePort}` : `${remoteAddress}:${remotePort}`
}

import { randomBytes } from 'node:crypto'
import type { EndedWhy } from './child.ts'
import { McpHostError } from './errors.ts'
import { HostSession, type SessionParts } from './session.ts'

/** A process that ends sooner without an answer counts as failed; ms. */
const EARLY_MS = 10_000
const BACK_OFF_MS = 500
const BACK_OFF_MOST_MS = 30_000

/** How one server does. */
export interface ServerHealth {
  readonly name: string
  readonly sessions: number
  /** Processes in a row that ended before they answered anything. */
  readonly failures: number
  /** Until when it is not started again, ms since the epoch; only while it is not. */
  readonly backingOffUntil?: number
}

export type HostedServerParts = Omit<SessionParts, 'id' | 'ended' | 'answered' | 'fields'>

/** One configured server and its processes. */
export class HostedServer {
  readonly #parts: HostedServerParts
  readonly #sessions = new Map<string, HostSession>()
  readonly #all = new Set<HostSession>()
  #failures = 0
  #until = 0
  #isStopping = false

  constructor(parts: HostedServerParts) {
    this.#parts = parts
  }

  get health(): ServerHealth {
    const { name } = this.#parts.settings
    return { name, sessions: this.#all.size, failures: this.#failures, ...(this.#until > Date.now() && { backingOffUntil: this.#until }) }
  }

  get messageBytes(): number {
    return this.#parts.settings.messageBytes
  }

  /** @throws McpHostError GS_MCP_HOST_NO_SESSION */
  find(id: string): HostSession {
    const session = this.#sessions.get(id)
    if (!session) throw new McpHostError('GS_MCP_HOST_NO_SESSION')
    return session
  }

  /** A process for a client, or for one request of the dialect without sessions. @throws McpHostError GS_MCP_HOST_STOPPING, _BACKING_OFF, _FULL, _NOT_STARTED */
  start(isSession: boolean): HostSession {
    const { settings, log } = this.#parts
    if (this.#isStopping) throw new McpHostError('GS_MCP_HOST_STOPPING')
    if (this.#until > Date.now()) throw new McpHostError('GS_MCP_HOST_BACKING_OFF')
    if (this.#all.size >= settings.sessions) throw new McpHostError('GS_MCP_HOST_FULL')
    const id = isSession ? randomBytes(24).toString('base64url') : undefined
    // Not the id itself, which opens the session.
    const fields = { server: settings.name, process: randomBytes(4).toString('hex') }
    try {
      const session = new HostSession({
        ...{ ...this.#parts, id, fields },
        answered: () => {
          this.#failures = 0
        },
        ended: (ended, why) => this.#ended(ended, why, fields),
      })
      this.#all.add(session)
      if (id !== undefined) this.#sessions.set(id, session)
      log.info(
        { ...fields, ...(session.pid !== undefined && { pid: session.pid }) },
        isSession ? 'a session begins' : 'a request without a session begins',
      )
      return session
    } catch (cause) {
      log.error({ ...fields, reason: cause instanceof Error ? cause.message : '' }, 'a server cannot be started')
      this.#failed()
      throw new McpHostError('GS_MCP_HOST_NOT_STARTED', undefined, { cause })
    }
  }

  /** Ends all of them, and starts no more. */
  async stop(): Promise<void> {
    this.#isStopping = true
    await Promise.all([...this.#all].map((session) => session.end()))
  }

  #ended(session: HostSession, why: EndedWhy, fields: object): void {
    this.#all.delete(session)
    if (session.id !== undefined) this.#sessions.delete(session.id)
    const ms = Date.now() - session.startedAt
    this.#parts.log.info({ ...fields, why, ms }, 'a process ended')
    if (!session.hasAnswered && !session.wasEnded && ms < EARLY_MS) this.#failed()
  }

  #failed(): void {
    const pause = Math.min(BACK_OFF_MOST_MS, BACK_OFF_MS * 2 ** Math.min(this.#failures, 10))
    this.#failures++
    // The first one may have been chance.
    if (this.#failures > 1) this.#until = Date.now() + pause
  }
}

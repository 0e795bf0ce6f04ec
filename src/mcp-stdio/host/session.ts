import type { ServerResponse } from 'node:http'
import { errorMessage, type Message, type MessageId, progressTokenOf, readMessage } from '../wire/message.ts'
import { Child, type ChildParts, type EndedWhy } from './child.ts'
import { McpHostError } from './errors.ts'
import { type Kept, Outlet } from './outlet.ts'

/** What is kept of what was sent, for clients that lost their connection: events and their characters. */
const KEPT_EVENTS = 500
const KEPT_CHARACTERS = 8 * 1024 * 1024
/** How long a connection may be silent; ms. */
const SILENCE_MS = 15_000
/** The stream of a GET is this one. */
const OWN = '0'

export interface SessionParts extends ChildParts {
  /** Undefined: of the dialect that has none; the process ends with its one request. */
  readonly id: string | undefined
  /** Once, when its process is gone. */
  readonly ended: (session: HostSession, why: EndedWhy) => void
  /** It answered for the first time. */
  readonly answered: () => void
}

/** What a request may be answered with. */
export interface Accepted {
  readonly json: boolean
  readonly stream: boolean
}

interface Pending {
  readonly outlet: Outlet
  readonly progressToken: MessageId | undefined
}

/** One process and the client that it is for. */
export class HostSession {
  readonly id: string | undefined
  readonly startedAt = Date.now()
  readonly #parts: SessionParts
  readonly #child: Child
  readonly #pending = new Map<MessageId, Pending>()
  readonly #outlets = new Map<string, Outlet>()
  readonly #own: Outlet
  readonly #silence: NodeJS.Timeout
  #idle: NodeJS.Timeout | undefined
  readonly #kept: Kept[] = []
  #keptCharacters = 0
  #names = 0
  #over: EndedWhy | undefined
  #hasAnswered = false
  #wasEnded = false

  /** @throws where its process cannot have a home */
  constructor(parts: SessionParts) {
    this.id = parts.id
    this.#parts = parts
    this.#own = this.#outlet(OWN, { json: false, stream: true })
    this.#child = new Child(parts, { line: (line) => this.#hear(line), ended: (why) => this.#gone(why) })
    this.#silence = setInterval(() => this.#comment(), SILENCE_MS)
    this.#rest()
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  get hasAnswered(): boolean {
    return this.#hasAnswered
  }

  /** Whether its process was told to end. */
  get wasEnded(): boolean {
    return this.#wasEnded
  }

  /** Whether anybody waits for something. */
  get isUsed(): boolean {
    return this.#pending.size > 0 || this.#own.isAttached
  }

  /**
   * Passes a message on, and answers the request that it came with. @param gone where it is given: the client of a request went away before its answer
   * @throws McpHostError GS_MCP_HOST_DUPLICATE, GS_MCP_HOST_NOT_READING, GS_MCP_HOST_ENDED
   */
  post(message: Message, response: ServerResponse, accepted: Accepted, gone?: () => void): void {
    if (this.#over) throw this.#why()
    if (message.kind === 'request' && this.#pending.has(message.id)) throw new McpHostError('GS_MCP_HOST_DUPLICATE')
    if (!this.#child.write(message.text)) throw new McpHostError('GS_MCP_HOST_NOT_READING')
    if (message.kind !== 'request') {
      if (message.kind === 'notification' && message.method === 'notifications/cancelled') this.#cancelled(message.params.requestId)
      response.writeHead(202).end()
      this.#rest()
      return
    }
    const outlet = this.#outlet(String(++this.#names), accepted)
    this.#pending.set(message.id, { outlet, progressToken: progressTokenOf(message) })
    outlet.attach(response, () => {
      if (!outlet.isOver) gone?.()
      this.#rest()
    })
    this.#rest()
  }

  /** What the server says of itself, or what a client missed. @param lastEvent as it was given with an event @returns false where there is no such stream */
  listen(response: ServerResponse, lastEvent: string | undefined): boolean {
    const [name = OWN, number] = lastEvent === undefined ? [OWN] : (/^(\d{1,15})-(\d{1,15})$/.exec(lastEvent)?.slice(1) ?? [''])
    const outlet = name === OWN ? this.#own : this.#outlets.get(name)
    if (!outlet) return false
    outlet.attach(response, () => this.#rest())
    outlet.stream()
    for (const kept of this.#kept)
      if (kept.outlet === outlet && (number === undefined ? outlet.owes(kept) : kept.number > Number(number))) outlet.repeat(kept)
    if (outlet.isOver) response.end()
    this.#rest()
    return true
  }

  /** Ends its process. Resolves once that is gone. */
  async end(): Promise<void> {
    this.#wasEnded = true
    await this.#child.end()
  }

  #hear(line: Buffer): void {
    const message = readMessage(line)
    if (!message) this.#child.noMessage(line)
    else if (message.kind === 'answer') this.#answer(message)
    else this.#say(message)
  }

  #say(message: Message & { readonly kind: 'request' | 'notification' }): void {
    const token = message.kind === 'notification' && message.method === 'notifications/progress' ? message.params.progressToken : undefined
    this.#route(token).send(message.text, false)
  }

  #answer(message: Message & { readonly kind: 'answer' }): void {
    const pending = message.id === undefined ? undefined : this.#pending.get(message.id)
    // To nothing that was asked, or twice.
    if (!pending) return
    this.#pending.delete(message.id!)
    if (!this.#hasAnswered) {
      this.#hasAnswered = true
      this.#parts.answered()
    }
    pending.outlet.send(message.text, true)
    this.#forget(pending.outlet)
    if (this.id === undefined && this.#pending.size === 0) void this.end()
    this.#rest()
  }

  /** Nothing on standard output says to which request it belongs, but for progress: else it goes where somebody listens, on the newest stream first. */
  #route(token: unknown): Outlet {
    const hearing = [...this.#pending.values()].filter(({ outlet }) => outlet.canHear && outlet.isAttached)
    const named = token === undefined ? undefined : hearing.find(({ progressToken }) => progressToken === token)
    return named?.outlet ?? hearing.at(-1)?.outlet ?? this.#own
  }

  #cancelled(id: unknown): void {
    const pending = typeof id === 'string' || typeof id === 'number' ? this.#pending.get(id) : undefined
    if (!pending) return
    // A server need not answer it; one that does all the same answers nobody.
    this.#pending.delete(id as MessageId)
    pending.outlet.end()
    this.#forget(pending.outlet)
  }

  #outlet(name: string, { json, stream }: Accepted): Outlet {
    const outlet = new Outlet({
      ...{ name, mayBeJson: json, mayBeStream: stream },
      headers: this.id === undefined ? {} : { 'mcp-session-id': this.id },
      keep: (kept) => this.#keep(kept),
      pressure: (isHigh) => (isHigh ? this.#child.pause() : this.#child.resume()),
    })
    if (name !== OWN) this.#outlets.set(name, outlet)
    return outlet
  }

  #keep(kept: Kept): void {
    this.#kept.push(kept)
    kept.outlet.kept++
    this.#keptCharacters += kept.text.length
    while (this.#kept.length > KEPT_EVENTS || (this.#keptCharacters > KEPT_CHARACTERS && this.#kept.length > 1)) {
      const { outlet, text } = this.#kept.shift()!
      outlet.kept--
      this.#keptCharacters -= text.length
      this.#forget(outlet)
    }
  }

  /** Once all is said, and nothing of it could be said again. */
  #forget(outlet: Outlet): void {
    if (outlet.isOver && outlet.kept === 0) this.#outlets.delete(outlet.name)
  }

  #comment(): void {
    for (const { outlet } of this.#pending.values()) outlet.comment()
    this.#own.comment()
  }

  /** Counts from now how long nobody has used it. */
  #rest(): void {
    clearTimeout(this.#idle)
    if (this.#over || this.isUsed) return
    this.#idle = setTimeout(() => {
      this.#parts.log.info(this.#parts.fields, 'a session was not used any more')
      void this.end()
    }, this.#parts.settings.idle)
  }

  #gone(why: EndedWhy): void {
    this.#over = why
    clearTimeout(this.#idle)
    clearInterval(this.#silence)
    const error = this.#why()
    for (const [id, { outlet }] of this.#pending) outlet.send(errorMessage(id, error), true)
    this.#pending.clear()
    this.#own.end()
    this.#parts.ended(this, why)
  }

  #why(): McpHostError {
    if (this.#over === 'not started') return new McpHostError('GS_MCP_HOST_NOT_STARTED')
    return new McpHostError(this.#over === 'too large' ? 'GS_MCP_HOST_TOO_LARGE' : 'GS_MCP_HOST_ENDED')
  }
}

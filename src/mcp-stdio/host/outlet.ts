import type { ServerResponse } from 'node:http'
import { eventText } from '../wire/events.ts'

/** A message that was sent on a stream, or is to be. */
export interface Kept {
  readonly outlet: Outlet
  readonly number: number
  readonly text: string
}

export interface OutletParts {
  /** In ids of its events. */
  readonly name: string
  /** Whether it is one answer as JSON as long as nothing else is said. */
  readonly mayBeJson: boolean
  readonly mayBeStream: boolean
  /** Status and headers of what it answers with. */
  readonly headers: Readonly<Record<string, string>>
  /** Keeps what is sent, for whoever comes again. */
  readonly keep: (kept: Kept) => void
  /** Nobody takes what is sent, or somebody does again. */
  readonly pressure: (isHigh: boolean) => void
}

const PLAIN = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' } as const

/** One way to the client: the answer to a POST, or the stream of a GET. It outlives its connection, so that a client that lost it can come again. */
export class Outlet {
  readonly name: string
  /** Of its messages, how many are kept. */
  kept = 0
  readonly #parts: OutletParts
  #response: ServerResponse | undefined
  #numbers = 0
  #delivered = 0
  #isOver = false

  constructor(parts: OutletParts) {
    this.#parts = parts
    this.name = parts.name
  }

  get isAttached(): boolean {
    return this.#response !== undefined
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** @param response its head not sent yet. @param gone the client went away, or all was said */
  attach(response: ServerResponse, gone: () => void): void {
    this.#response?.end()
    this.#response = response
    response.on('close', () => {
      if (this.#response !== response) return
      this.#response = undefined
      this.#parts.pressure(false)
      gone()
    })
  }

  /** Says a message again, or one that nobody was there for. */
  repeat({ number, text }: Kept): void {
    this.stream()
    this.#response?.write(eventText(text, `${this.name}-${number}`))
    this.#delivered = Math.max(this.#delivered, number)
  }

  /** Whether nobody has heard it yet. */
  owes({ number }: Kept): boolean {
    return number > this.#delivered
  }

  /** @param text one line. @param isLast whether it is the answer */
  send(text: string, isLast: boolean): void {
    const number = ++this.#numbers
    const response = this.#response
    if (isLast) this.#isOver = true
    if (response && isLast && !response.headersSent && this.#parts.mayBeJson) {
      this.#delivered = number
      response.writeHead(200, { ...PLAIN, ...this.#parts.headers, 'content-type': 'application/json' }).end(text)
      return
    }
    this.#parts.keep({ outlet: this, number, text })
    if (!response) return
    this.stream()
    this.#delivered = number
    if (!response.write(eventText(text, `${this.name}-${number}`))) {
      this.#parts.pressure(true)
      response.once('drain', () => this.#parts.pressure(false))
    }
    if (isLast) response.end()
  }

  /** Begins the stream, where one may be. */
  stream(): void {
    if (!this.#response || this.#response.headersSent || !this.#parts.mayBeStream) return
    this.#response.writeHead(200, { ...PLAIN, ...this.#parts.headers, 'content-type': 'text/event-stream' })
    this.#response.flushHeaders()
  }

  /** Keeps a connection open that nothing is said on. */
  comment(): void {
    this.stream()
    if (this.#response?.headersSent) this.#response.write(': still here\n\n')
  }

  /** Ends without an answer. */
  end(): void {
    this.#isOver = true
    this.stream()
    if (this.#response && !this.#response.headersSent) this.#response.writeHead(202, { ...PLAIN, ...this.#parts.headers })
    this.#response?.end()
  }

  get canHear(): boolean {
    return this.#parts.mayBeStream
  }
}

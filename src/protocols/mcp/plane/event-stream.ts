import type { Readable } from 'node:stream'
import type { HttpTarget } from '../../http/index.ts'
import { McpError } from '../errors.ts'
import { SseDecoder, type SseEvent, SseTooLong, writeEvent } from '../message/index.ts'
import type { Answering } from './answering.ts'
import type { Live } from './live.ts'
import { messagesPlace } from './place.ts'
import type { Talk } from './talk.ts'

/** A server's stream of events, as its client gets it. */
export class EventStream {
  readonly #talk: Talk
  readonly #answering: Answering
  readonly #target: HttpTarget
  /** Of the old dialect, whose answers all come here. */
  #conversation: Live | undefined

  constructor(talk: Talk, answering: Answering, target: HttpTarget) {
    this.#talk = talk
    this.#answering = answering
    this.#target = target
  }

  /** @throws McpError GS_MCP_ANSWER where something in it is not understood: the rest is not shown */
  async *shown(body: Readable): AsyncGenerator<Buffer> {
    const decoder = new SseDecoder()
    try {
      for await (const chunk of body) {
        for (const event of decoder.push(chunk as Buffer)) {
          const shown = await this.#shown(event)
          if (shown) yield shown
        }
      }
    } catch (error) {
      if (error instanceof SseTooLong)
        throw new McpError('GS_MCP_ANSWER', 'An event of the MCP server is larger than what the gateway passes on.')
      throw error
    }
  }

  /** Nothing more can be said on it. */
  close(): void {
    if (this.#conversation?.inject === this.#say) this.#conversation.inject = undefined
    this.#conversation = undefined
  }

  readonly #say = (message: Buffer): void => void this.#talk.exchange.answer.write(writeEvent({ event: 'message', data: message }))

  async #shown(event: SseEvent): Promise<Buffer | undefined> {
    const head = { retry: event.retry, id: this.#sealedId(event.id) }
    const { data } = event
    // A sign of life, or an event that only says where a stream can be taken up again.
    if (data === undefined || (data.length === 0 && event.event !== 'endpoint')) return writeEvent({ ...head, ...(data && { data }) })
    const text = Buffer.from(this.#target.redact(data.toString('latin1')), 'latin1')
    // Only of the stream that the old dialect opens: elsewhere it is an event that nobody knows.
    if (event.event === 'endpoint' && this.#talk.exchange.request.method === 'GET')
      return writeEvent({ ...head, event: 'endpoint', data: this.#endpoint(text.toString()) })
    // Clients of MCP know no others (WHATWG HTML §9.2.6: none is `message`).
    const message = event.event === '' || event.event === 'message' ? await this.#answering.take(text) : undefined
    if (message !== undefined) return writeEvent({ ...head, event: event.event, data: message })
    return event.id === undefined && event.retry === undefined ? undefined : writeEvent(head)
  }

  #sealedId(id: string | undefined): string | undefined {
    return id === undefined || id === '' ? id : this.#talk.sealed.seal('event', this.#talk.whose, id)
  }

  /** MCP 2024-11-05, "HTTP with SSE": the first event says where messages go; it has to lead here. */
  #endpoint(said: string): Buffer {
    const { exchange, sealed, whose, path, live } = this.#talk
    const place = messagesPlace(said, { base: this.#target.base, path }, exchange.request.base, sealed, whose)
    if (place === undefined)
      throw new McpError('GS_MCP_ANSWER', 'The MCP server wants messages to be sent elsewhere than below its own address.')
    this.close()
    this.#conversation = live.of(whose.run, whose.resource, place.token)
    this.#conversation.inject = this.#say
    this.#answering.conversation = this.#conversation
    return Buffer.from(place.url)
  }
}

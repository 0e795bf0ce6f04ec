import type { IncomingMessage } from 'node:http'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { CodedError } from '../../operations/index.ts'
import { LineReader, LineTooLong } from '../wire/line-reader.ts'
import { errorMessage, isObject, type Message, type MessageId, ownVersion, readMessage } from '../wire/message.ts'
import { collect, eventsOf, problemIn } from './answer.ts'
import { McpBridgeError } from './errors.ts'
import { type Exchange, mirrored } from './exchange.ts'
import { ParameterHeaders } from './parameter-headers.ts'

/** Bytes of a message, either way. */
export const MESSAGE_BYTES = 4 * 1024 * 1024
/** Requests that wait for an answer at once. */
const WAITING = 500
/** How often a stream that broke off is asked for again before its request is given up. */
const RESUMES = 5
const AGAIN_MS = 1_000
const AGAIN_MOST_MS = 30_000
/** How long what was asked for may still be answered once the input has ended; ms. */
const LAST_ANSWERS_MS = 10_000
/** How long the end of the session may take; ms. */
const GOODBYE_MS = 2_000
const STREAM = 'text/event-stream'

export interface BridgeParts {
  readonly exchange: Exchange
  readonly input: Readable
  readonly output: Writable
  /** Something that no answer can say: one sentence. */
  readonly remark: (sentence: string) => void
  /** Ends the bridge as the end of the input does. */
  readonly signal: AbortSignal
}

interface Waiting {
  readonly stop: AbortController
  /** Of the stateless dialect: it ends with its stream. */
  readonly stateless: boolean
  cancelled: boolean
  /** Resolves once it was answered, or given up. */
  readonly over: PromiseWithResolvers<void>
}

/** Messages, one per line, passed on to a server in streamable HTTP and back. Every dialect is: it knows ids, methods and sessions, and nothing else. */
export class Bridge {
  readonly #parts: BridgeParts
  readonly #waiting = new Map<MessageId, Waiting>()
  readonly #ending = new AbortController()
  readonly #parameters = new ParameterHeaders()
  #session: string | undefined
  #version: string | undefined
  #listens: AbortController | undefined

  constructor(parts: BridgeParts) {
    this.#parts = parts
  }

  /** Until the input ends, or nobody reads the output any more. @throws McpBridgeError GS_MCP_BRIDGE_LINE where a line is too long to be told from what follows */
  async run(): Promise<void> {
    const { input, output, signal } = this.#parts
    const stopped = Promise.withResolvers<void>()
    const stop = () => {
      input.destroy()
      stopped.resolve()
    }
    signal.addEventListener('abort', stop, { once: true })
    output.on('error', stop)
    const lines = new LineReader(MESSAGE_BYTES)
    try {
      for await (const chunk of input) for (const line of lines.push(chunk as Buffer)) this.#take(line)
      if (!signal.aborted) await Promise.race([this.#answered(), stopped.promise])
    } catch (cause) {
      if (cause instanceof LineTooLong) throw new McpBridgeError('GS_MCP_BRIDGE_LINE', undefined, { cause })
      if (!input.destroyed) throw cause
    } finally {
      signal.removeEventListener('abort', stop)
      await this.#end()
    }
  }

  /** All that the client still waits for is answered, or has had its time: who pipes requests in reads their answers behind the end of them. */
  async #answered(): Promise<void> {
    const timer = new AbortController()
    const open = [...this.#waiting.values()].filter(({ cancelled }) => !cancelled).map(({ over }) => over.promise)
    const late = wait(LAST_ANSWERS_MS, undefined, { signal: timer.signal }).catch(() => undefined)
    await Promise.race([Promise.all(open), late])
    timer.abort()
  }

  #take(line: Buffer): void {
    if (line.length === 0) return
    const message = readMessage(line)
    if (!message) {
      const { code, message: why, next } = new McpBridgeError('GS_MCP_BRIDGE_LINE')
      void this.#write(errorMessage(null, { code, message: why, next }, -32700))
      return
    }
    if (message.kind === 'request') return void this.#request(message)
    if (message.kind === 'notification' && message.method === 'notifications/cancelled' && this.#cancel(message.params.requestId)) return
    void this.#tell(message)
  }

  async #request(message: Message & { kind: 'request' }): Promise<void> {
    const { id } = message
    if (this.#waiting.size >= WAITING) return this.#refuse(id, new McpBridgeError('GS_MCP_BRIDGE_TOO_MANY'))
    const waiting: Waiting = {
      stop: new AbortController(),
      stateless: ownVersion(message) !== undefined,
      cancelled: false,
      over: Promise.withResolvers(),
    }
    // An id that comes twice is the client's mistake, and the server's to refuse.
    if (!this.#waiting.has(id)) this.#waiting.set(id, waiting)
    try {
      await this.#ask(message, waiting)
    } catch (error) {
      if (this.#ending.signal.aborted || waiting.cancelled) return
      await this.#refuse(id, error)
    } finally {
      if (this.#waiting.get(id) === waiting) this.#waiting.delete(id)
      waiting.over.resolve()
    }
  }

  async #ask(message: Message & { kind: 'request' }, waiting: Waiting): Promise<void> {
    const signal = AbortSignal.any([this.#ending.signal, waiting.stop.signal])
    const isFirst = message.method === 'initialize'
    if (isFirst) this.#forget()
    const response = await this.#parts.exchange.ask({ method: 'POST', headers: this.#headers(message), body: message.text, signal })
    const status = response.statusCode ?? 0
    if (status < 200 || status > 299) return this.#refused(response, message.id)
    const session = response.headers['mcp-session-id']
    if (isFirst && typeof session === 'string') this.#session = session
    const hears = (answer: Message) => {
      if (answer.kind !== 'answer' || answer.id !== message.id) return false
      if (message.method === 'tools/list') this.#parameters.listed(answer.result)
      if (isFirst && isObject(answer.result) && typeof answer.result.protocolVersion === 'string')
        this.#version = answer.result.protocolVersion
      return true
    }
    if (response.headers['content-type']?.startsWith(STREAM)) return this.#stream(response, hears, waiting, signal)
    const answer = readMessage(Buffer.from(await collect(response, MESSAGE_BYTES)))
    if (!answer || !hears(answer)) throw new McpBridgeError('GS_MCP_BRIDGE_BAD_ANSWER')
    await this.#write(answer.text)
  }

  /** Passes on what a stream brings, until it has brought the answer; one that breaks off before is asked for from there on, where the server says how. */
  async #stream(first: IncomingMessage, hears: (answer: Message) => boolean, waiting: Waiting, signal: AbortSignal): Promise<void> {
    let response = first
    let last: string | undefined
    let pause = AGAIN_MS
    for (let resumes = 0; ; resumes++) {
      try {
        for await (const { id, data, retry } of eventsOf(response, MESSAGE_BYTES)) {
          last = id ?? last
          pause = retry ?? pause
          const message = data === undefined ? undefined : readMessage(Buffer.from(data))
          if (!message) continue
          await this.#write(message.text)
          if (hears(message)) return void response.destroy()
        }
      } catch (error) {
        if (signal.aborted || error instanceof CodedError) throw error
      }
      // A server need not answer what was cancelled.
      if (waiting.cancelled) return
      if (last === undefined || resumes === RESUMES) throw new McpBridgeError('GS_MCP_BRIDGE_BROKEN_OFF')
      await wait(Math.min(pause, AGAIN_MOST_MS), undefined, { signal })
      response = await this.#parts.exchange.ask({
        method: 'GET',
        headers: { ...this.#headers(), accept: STREAM, 'last-event-id': last },
        signal,
      })
      if (response.statusCode !== 200) {
        response.destroy()
        throw new McpBridgeError('GS_MCP_BRIDGE_BROKEN_OFF')
      }
    }
  }

  /** A notification or an answer: nobody waits for what becomes of it. */
  async #tell(message: Message): Promise<void> {
    try {
      const signal = this.#ending.signal
      const response = await this.#parts.exchange.ask({ method: 'POST', headers: this.#headers(message), body: message.text, signal })
      const status = response.statusCode ?? 0
      response.resume()
      if (status >= 400) this.#parts.remark(`The gateway did not take a message of the client (HTTP ${status}).`)
      else if (message.kind === 'notification' && message.method === 'notifications/initialized') void this.#listen()
    } catch (error) {
      if (!this.#ending.signal.aborted)
        this.#parts.remark(error instanceof CodedError ? error.message : 'A message of the client could not be sent.')
    }
  }

  /** What a server says of itself, outside of every request (MCP 2025-11-25, "Listening for Messages from the Server"). */
  async #listen(): Promise<void> {
    this.#listens?.abort()
    const stop = new AbortController()
    this.#listens = stop
    const signal = AbortSignal.any([this.#ending.signal, stop.signal])
    let last: string | undefined
    for (let pause = AGAIN_MS; !signal.aborted; ) {
      try {
        const resume = last === undefined ? {} : { 'last-event-id': last }
        const response = await this.#parts.exchange.ask({
          method: 'GET',
          headers: { ...this.#headers(), accept: STREAM, ...resume },
          signal,
        })
        // 405: there is none here.
        if (response.statusCode !== 200 || !response.headers['content-type']?.startsWith(STREAM)) {
          response.destroy()
          if ((response.statusCode ?? 0) < 500) return
        } else {
          for await (const { id, data, retry } of eventsOf(response, MESSAGE_BYTES)) {
            last = id ?? last
            pause = retry ?? AGAIN_MS
            const message = data === undefined ? undefined : readMessage(Buffer.from(data))
            if (message) await this.#write(message.text)
          }
        }
      } catch {
        // As where it ends by itself: it is asked for again.
      }
      await wait(Math.min(pause, AGAIN_MOST_MS), undefined, { signal }).catch(() => undefined)
      pause *= 2
    }
  }

  /** In the stateless dialect a request is cancelled by giving up its stream. @returns whether that is all */
  #cancel(id: unknown): boolean {
    const waiting = typeof id === 'string' || typeof id === 'number' ? this.#waiting.get(id) : undefined
    if (!waiting) return false
    waiting.cancelled = true
    if (waiting.stateless) waiting.stop.abort()
    return waiting.stateless
  }

  /** Passes on a refusal that is an answer. @throws CodedError for one that is not */
  async #refused(response: IncomingMessage, id: MessageId): Promise<void> {
    const status = response.statusCode ?? 0
    const body = Buffer.from(await collect(response, MESSAGE_BYTES).catch(() => ''))
    const answer = readMessage(body)
    if (answer?.kind === 'answer' && answer.id === id) return this.#write(answer.text)
    if (status === 404 && this.#session !== undefined) {
      this.#forget()
      throw new McpBridgeError('GS_MCP_BRIDGE_SESSION_OVER')
    }
    throw problemIn(body) ?? new McpBridgeError('GS_MCP_BRIDGE_BAD_ANSWER', `The gateway answered with HTTP ${status}.`)
  }

  #headers(message?: Message): Readonly<Record<string, string>> {
    return {
      'content-type': 'application/json',
      accept: `application/json, ${STREAM}`,
      ...(this.#session !== undefined && { 'mcp-session-id': this.#session }),
      ...(this.#version !== undefined && { 'mcp-protocol-version': this.#version }),
      ...(message && mirrored(message)),
      ...(message?.kind === 'request' && message.method === 'tools/call' && ownVersion(message) !== undefined
        ? this.#parameters.of(message.params)
        : {}),
    }
  }

  #forget(): void {
    this.#listens?.abort()
    this.#session = undefined
    this.#version = undefined
  }

  async #refuse(id: MessageId, error: unknown): Promise<void> {
    const { code, message, next } =
      error instanceof CodedError ? error : new McpBridgeError('GS_MCP_BRIDGE_BROKEN_OFF', undefined, { cause: error })
    await this.#write(errorMessage(id, { code, message, next }))
  }

  /** @param text one line */
  async #write(text: string): Promise<void> {
    const { output } = this.#parts
    if (output.destroyed || output.write(`${text}\n`)) return
    await new Promise<void>((resolve) => {
      const done = () => {
        output.off('drain', done).off('close', done).off('error', done)
        resolve()
      }
      output.on('drain', done).on('close', done).on('error', done)
    })
  }

  async #end(): Promise<void> {
    const headers = this.#headers()
    const session = this.#session
    this.#ending.abort()
    if (session !== undefined) {
      const signal = AbortSignal.timeout(GOODBYE_MS)
      await this.#parts.exchange.ask({ method: 'DELETE', headers, signal }).then(
        (response) => void response.resume(),
        () => undefined,
      )
    }
    this.#parts.exchange.close()
  }
}

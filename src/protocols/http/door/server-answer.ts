import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { endToEnd, firstOf } from '../headers.ts'
import type { DoorAnswer } from '../plane.ts'
import type { HeaderPairs } from '../target.ts'

/** A client that is told no before it has sent everything has so long to read that, ms: closing over unread bytes would take our words with it. */
const LINGER_MS = 1_000
/** So much of a body that nobody wanted is read away to keep a connection, bytes. */
const READ_AWAY = 65_536

export interface AnswerTo {
  readonly message: IncomingMessage
  readonly response: ServerResponse
  /** What the client wants to upgrade to, and what came behind its head. */
  readonly upgrade?: { readonly protocol: string; readonly socket: Duplex; readonly head: Buffer } | undefined
  /** Whether the name is ours: then it is one origin for what many targets say. */
  readonly ownName: () => boolean
  /** Bytes of the request's body; undefined: not known. */
  readonly bodyLength: () => number | undefined
  /** Whether the client still waits for leave to send its body (100-continue): then it may never send it. */
  readonly waits: () => boolean
  /** Whether the connection ends with this answer. */
  readonly last: () => boolean
}

/** Never passed on: it would send clients around the gateway. */
const NEVER: ReadonlySet<string> = new Set(['alt-svc', 'content-length'])
/** Where the name is ours, these would be about every resource, and the gateway itself. */
const OF_THE_NAME: ReadonlySet<string> = new Set([
  ...NEVER,
  ...['set-cookie', 'set-cookie2', 'strict-transport-security', 'public-key-pins', 'clear-site-data', 'service-worker-allowed'],
])

/** RFC 6265 §5.2.3: for a whole domain, a cookie would go to its other names too, which are other resources and perhaps the gateway. */
const ofOneName = (name: string, value: string): string =>
  /^set-cookie2?$/i.test(name) ? value.replace(/;[\t ]*domain[\t ]*(?:=[^;]*)?(?=;|$)/gi, '') : value

/** One answer on a connection of Node's server. */
export class ServerAnswer implements DoorAnswer {
  readonly #to: AnswerTo
  #begun = false
  #left: number | undefined
  #flushed = false
  #upgraded = false
  readonly #over = Promise.withResolvers<void>()

  constructor(to: AnswerTo) {
    this.#to = to
    to.response.once('finish', () => this.#over.resolve())
    to.response.once('close', () => this.#over.resolve())
    to.response.on('error', () => undefined)
  }

  get begun(): boolean {
    return this.#begun
  }

  get upgraded(): boolean {
    return this.#upgraded
  }

  /** Resolves once all of it is written, or nobody is there to read it. Where a stream came of it, once that has ended. */
  get over(): Promise<void> {
    return this.#over.promise
  }

  inform(status: number, headers: HeaderPairs): void {
    const { socket } = this.#to.response
    if (this.#begun || !socket?.writable || status <= 101 || status >= 200) return
    const lines = endToEnd(headers, OF_THE_NAME).map(([name, value]) => `${name}: ${value}\r\n`)
    socket.write(`HTTP/1.1 ${status} Interim\r\n${lines.join('')}\r\n`, 'latin1')
  }

  begin(status: number, headers: HeaderPairs): void {
    if (this.#begun) return
    this.#begun = true
    const { response, message, ownName } = this.#to
    if (response.destroyed || !response.socket) return
    const own = ownName()
    const sent = endToEnd(headers, own ? OF_THE_NAME : NEVER).flatMap(([name, value]) => [name, ofOneName(name, value)])
    const length = firstOf(headers, 'content-length')
    const isEmpty = status === 204 || status === 304
    if (length !== undefined && status !== 204) sent.push('Content-Length', length)
    if (length !== undefined && !isEmpty && message.method !== 'HEAD') this.#left = Number(length)
    // Design: what agents write must not run as a page of ours.
    if (own) sent.push('Content-Security-Policy', 'sandbox', 'X-Content-Type-Options', 'nosniff')
    if (this.#to.last() || !this.#mayReadAway()) sent.push('Connection', 'close')
    response.sendDate = firstOf(headers, 'date') === undefined
    response.writeHead(status, sent)
    // With the first piece of the body where that comes at once, and not much later where it does not.
    setImmediate(() => {
      if (!this.#flushed && !response.destroyed && response.socket) response.flushHeaders()
    })
  }

  write(chunk: Uint8Array): Promise<void> | undefined {
    const { response } = this.#to
    if (chunk.length === 0 || response.destroyed || !response.socket) return undefined
    this.#flushed = true
    if (this.#left !== undefined) {
      this.#left -= chunk.length
      // More than was said would be taken for the next answer.
      if (this.#left < 0) {
        this.cut()
        return undefined
      }
    }
    if (response.write(chunk)) return undefined
    return new Promise((resolve) => {
      const done = () => {
        response.off('drain', done).off('close', done)
        resolve()
      }
      response.on('drain', done).on('close', done)
    })
  }

  end(trailers: HeaderPairs = []): void {
    const { response, message, upgrade } = this.#to
    if (this.#left !== undefined && this.#left > 0) {
      this.cut()
      return
    }
    this.#flushed = true
    if (response.destroyed || !response.socket) {
      this.#over.resolve()
      return
    }
    const passed = endToEnd(trailers, OF_THE_NAME)
    if (passed.length > 0) response.addTrailers(passed.map(([name, value]): [string, string] => [name, value]))
    const end = () => {
      response.end()
      if (upgrade) {
        response.detachSocket(upgrade.socket as Parameters<ServerResponse['detachSocket']>[0])
        upgrade.socket.end()
        this.#over.resolve()
      }
    }
    if (message.complete || upgrade || this.#to.waits()) {
      end()
      return
    }
    response.flushHeaders()
    const timer = setTimeout(end, LINGER_MS)
    message.once('close', () => clearTimeout(timer))
    message.once('end', () => {
      clearTimeout(timer)
      end()
    })
    message.resume()
  }

  cut(): void {
    const { response, message, upgrade } = this.#to
    upgrade?.socket.destroy()
    message.socket.destroy()
    response.destroy()
    this.#over.resolve()
  }

  upgrade(headers: HeaderPairs): { readonly socket: Duplex; readonly head: Uint8Array } {
    const { upgrade, response } = this.#to
    if (!upgrade || this.#begun) throw new TypeError('nobody asked for an upgrade that is still to be answered')
    const { socket, head, protocol } = upgrade
    this.#begun = true
    this.#upgraded = true
    response.detachSocket(socket as Parameters<ServerResponse['detachSocket']>[0])
    const lines = endToEnd(headers, OF_THE_NAME).map(([name, value]) => `${name}: ${value}\r\n`)
    if (socket.closed) this.#over.resolve()
    else socket.once('close', () => this.#over.resolve())
    if (socket.writable)
      socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n${lines.join('')}\r\n`, 'latin1')
    return { socket, head }
  }

  /** Whether what is left of the request's body is little. */
  #mayReadAway(): boolean {
    const { message, bodyLength, upgrade, waits } = this.#to
    if (upgrade || waits()) return false
    return message.complete || (bodyLength() ?? READ_AWAY + 1) <= READ_AWAY
  }
}

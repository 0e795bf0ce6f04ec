import { StreamError } from './errors.ts'
import { opcodes, type WebSocketVisitor } from './websocket.ts'

/** Of an exec or attach (k8s.io/apimachinery, remotecommand): the first three are the numbers of the files. */
export const channels = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4 } as const
/** v5: its content is the number of the channel that is closed. */
const CLOSE = 255
const ZERO = 0x30
const NO_BYTES = new Uint8Array(0)

export interface ChannelVisitor {
  /** A piece of what was sent on a channel. */
  content(channel: number, bytes: Uint8Array, start: number, end: number): void
  /** The message that this was part of is over. */
  messageEnd(channel: number): void
  /** Nothing more is sent on it. */
  closed(channel: number): void
  /** A Close frame. */
  end(): void
}

export interface ChannelOptions {
  /** A digit for the channel, and base64 behind it. */
  readonly base64: boolean
  /** Channels may be closed one by one (v5). */
  readonly closes: boolean
  /** Channels that may be sent on in this direction. */
  readonly allowed: (channel: number) => boolean
  /** Channels that may be closed in this direction: clients close those that they are sent things on, too. */
  readonly mayClose: (channel: number) => boolean
  /**
   * Whether a message may come in several frames. The API server's own library takes each frame of a client for a message, others join them: in
   * that direction it cannot be told for sure what is on which channel.
   */
  readonly fragments: boolean
}

/** The channel sub-protocols of Kubernetes in one direction: the first byte of each message says on which channel the rest is. */
export class ChannelReader implements WebSocketVisitor {
  readonly #options: ChannelOptions
  readonly #visitor: ChannelVisitor
  /** -1: it has not come. */
  #channel = -1
  readonly #closed = new Set<number>()
  #closing: number | undefined
  /** base64 that does not make bytes yet, and whether it has ended. */
  #quad = ''
  #padded = false

  constructor(options: ChannelOptions, visitor: ChannelVisitor) {
    this.#options = options
    this.#visitor = visitor
  }

  message(_text: boolean, whole: boolean): void {
    if (!whole && !this.#options.fragments) throw unclear('a message of a client comes in several frames')
    this.#channel = -1
    this.#closing = undefined
    this.#quad = ''
    this.#padded = false
  }

  continues(): void {
    // What was on its channel goes on.
  }

  content(bytes: Uint8Array, start: number, end: number): void {
    let at = start
    if (this.#channel < 0) {
      if (at === end) return
      this.#begin(bytes[at++]!)
    }
    if (at === end) return
    if (this.#channel === CLOSE) this.#readClose(bytes, at, end)
    else if (this.#options.base64) this.#decode(bytes, at, end)
    else this.#visitor.content(this.#channel, bytes, at, end)
  }

  messageEnd(): void {
    // Peers ignore a message without a channel.
    if (this.#channel < 0) return
    if (this.#quad !== '') throw unclear('the base64 of a message is cut off')
    if (this.#channel !== CLOSE) this.#visitor.messageEnd(this.#channel)
    else {
      if (this.#closing === undefined) throw unclear('a message closes no channel')
      this.#closed.add(this.#closing)
      this.#visitor.closed(this.#closing)
    }
  }

  control(opcode: number): void {
    if (opcode === opcodes.close) this.#visitor.end()
  }

  #begin(byte: number): void {
    const { base64, closes, allowed } = this.#options
    this.#channel = base64 ? byte - ZERO : byte
    if (this.#channel === CLOSE && closes) return
    if (this.#channel < 0 || this.#channel >= CLOSE || !allowed(this.#channel))
      throw unclear('something came on a channel that there is not')
    if (this.#closed.has(this.#channel)) throw unclear('something came on a channel that was closed')
  }

  #readClose(bytes: Uint8Array, at: number, end: number): void {
    const channel = bytes[at]!
    if (this.#closing !== undefined || end - at > 1 || !this.#options.mayClose(channel)) throw unclear('a message closes no channel')
    this.#closing = channel
  }

  /** RFC 4648 §4, with padding, and nothing between the characters. */
  #decode(bytes: Uint8Array, at: number, end: number): void {
    if (this.#padded) throw unclear('a message goes on behind its base64')
    const text = this.#quad + Buffer.from(bytes.buffer, bytes.byteOffset + at, end - at).toString('latin1')
    const whole = text.length - (text.length % 4)
    const quads = text.slice(0, whole)
    this.#quad = text.slice(whole)
    if (!BASE64.test(quads) || !CHARACTERS.test(this.#quad)) throw unclear('the base64 of a message is none')
    this.#padded = quads.endsWith('=')
    if (this.#padded && this.#quad !== '') throw unclear('a message goes on behind its base64')
    const decoded = whole === 0 ? NO_BYTES : Buffer.from(quads, 'base64')
    if (decoded.length > 0) this.#visitor.content(this.#channel, decoded, 0, decoded.length)
  }
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/
const CHARACTERS = /^[A-Za-z0-9+/]*=?$/

function unclear(reason: string): StreamError {
  return new StreamError('GS_K8S_CHANNEL', reason)
}

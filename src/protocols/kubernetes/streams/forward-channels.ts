import { ChannelReader, type ChannelVisitor, opcodes, StreamError, WebSocketReader, webSocketFrame } from '../wire/index.ts'
import type { AgreedStream } from './agreed.ts'
import type { StreamEvents, StreamReader } from './stream-events.ts'

const POLICY_VIOLATION = Buffer.from([0x03, 0xf0])

interface Forwarded {
  readonly port: number
  sent: number
  received: number
  /** Bytes of the port that are to come before anything else, on the channel for data and on that for errors. */
  readonly port16: [number, number]
}

/** A port-forward over the channels of a WebSocket: two for each port, for data and for errors; the target begins each with the port, two bytes. */
export class ForwardChannels implements StreamReader {
  readonly #client: WebSocketReader
  readonly #target: WebSocketReader
  readonly #events: StreamEvents
  readonly #forwarded: readonly Forwarded[]

  constructor({ ports, base64 }: AgreedStream, events: StreamEvents) {
    this.#events = events
    this.#forwarded = ports.map((port) => ({ port, sent: 0, received: 0, port16: [2, 2] }))
    const all = (channel: number) => channel < 2 * ports.length
    const both = { base64, closes: false, mayClose: () => false }
    const more = { messageEnd: () => undefined, closed: () => undefined, end: () => undefined }
    const fromClient: ChannelVisitor = {
      ...more,
      content: (channel, bytes, start, end) => {
        this.#forwarded[channel >> 1]!.sent += end - start
        events.content('sent', (channel >> 1) + 1, bytes, start, end)
      },
    }
    const fromTarget: ChannelVisitor = { ...more, content: (channel, bytes, start, end) => this.#received(channel, bytes, start, end) }
    this.#client = new WebSocketReader(
      true,
      new ChannelReader({ ...both, allowed: (channel) => all(channel) && channel % 2 === 0, fragments: false }, fromClient),
    )
    this.#target = new WebSocketReader(false, new ChannelReader({ ...both, allowed: all, fragments: true }, fromTarget))
    for (const [at, port] of ports.entries()) events.opened(at + 1, port)
  }

  #received(channel: number, bytes: Uint8Array, from: number, end: number): void {
    const forwarded = this.#forwarded[channel >> 1]!
    const which = (channel & 1) as 0 | 1
    let start = from
    for (; forwarded.port16[which] > 0 && start < end; start++) {
      // Little-endian.
      const expected = forwarded.port16[which] === 2 ? forwarded.port & 0xff : forwarded.port >> 8
      if (bytes[start] !== expected) throw new StreamError('GS_K8S_CHANNEL', 'the target names another port than was asked for')
      forwarded.port16[which]--
    }
    if (start === end) return
    if (which === 0) forwarded.received += end - start
    this.#events.content(which === 0 ? 'received' : 'forward-error', (channel >> 1) + 1, bytes, start, end)
  }

  fromClient(bytes: Uint8Array): void {
    this.#client.push(bytes)
  }

  fromTarget(bytes: Uint8Array): void {
    this.#target.push(bytes)
  }

  get atBoundary(): boolean {
    return this.#target.atBoundary && !this.#target.closed
  }

  lastWord(): Uint8Array {
    return webSocketFrame(opcodes.close, POLICY_VIOLATION)
  }

  end(): void {
    for (const [at, { sent, received }] of this.#forwarded.entries()) this.#events.closed(at + 1, { sent, received })
  }
}

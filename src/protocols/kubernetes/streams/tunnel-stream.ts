import { opcodes, StreamError, WebSocketReader, type WebSocketVisitor, webSocketFrame } from '../wire/index.ts'
import type { AgreedStream } from './agreed.ts'
import { SpdyStream } from './spdy-stream.ts'
import type { StreamEvents, StreamReader } from './stream-events.ts'

const POLICY_VIOLATION = Buffer.from([0x03, 0xf0])

/** SPDY in the messages of a WebSocket: where messages begin and end says nothing. */
export class TunnelStream implements StreamReader {
  readonly #spdy: SpdyStream
  readonly #client: WebSocketReader
  readonly #target: WebSocketReader

  constructor(agreed: AgreedStream, events: StreamEvents) {
    this.#spdy = new SpdyStream(agreed, events)
    this.#client = new WebSocketReader(true, through(this.#spdy.client))
    this.#target = new WebSocketReader(false, through(this.#spdy.target))
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
    this.#spdy.end()
  }
}

function through(spdy: SpdyStream['client']): WebSocketVisitor {
  return {
    message: (text) => {
      if (text) throw new StreamError('GS_K8S_CHANNEL', 'SPDY comes in messages of text')
    },
    continues: () => undefined,
    content: (bytes, start, end) => spdy.push(bytes, start, end),
    messageEnd: () => undefined,
    control: () => undefined,
  }
}

import type { TextMasking } from '../../../masking/index.ts'
import type { MaskCount } from '../../../operations/index.ts'
import type { ExchangeRecorder, RecordedStream, StreamExit } from '../../../recording/index.ts'
import type { AgreedStream } from './agreed.ts'
import { ChannelStream } from './channel-stream.ts'
import { ForwardChannels } from './forward-channels.ts'
import { Rewriting } from './rewriting.ts'
import { SpdyStream } from './spdy-stream.ts'
import type { StreamEvents, StreamReader } from './stream-events.ts'
import { TunnelStream } from './tunnel-stream.ts'

export interface TapOptions {
  readonly agreed: AgreedStream
  /** Absent where the session is not recorded. */
  readonly recorder?: ExchangeRecorder | undefined
  /** Makes what masks a text, for each of what a command writes; absent where nothing is masked. */
  readonly masking?: (() => TextMasking) | undefined
}

/**
 * Reads along both directions of a stream: what of them is let go on, and what is recorded. Whatever throws here ends the stream, as nothing may go
 * on that cannot be read.
 */
export class StreamTap {
  readonly #reader: StreamReader
  readonly #record: RecordedStream | undefined
  readonly #rewriting: Rewriting | undefined
  readonly #now: () => number
  #exit: StreamExit | undefined
  #connections = 0
  #isEnded = false
  /** What the target sent last could not be read, so the client has not got it: nobody knows in the middle of what it is. */
  #isUnread = false

  /** @param now ms, of a clock that does not go back */
  constructor({ agreed, recorder, masking }: TapOptions, now: () => number) {
    const { carrier, protocol, action, tty, ports } = agreed
    this.#now = now
    this.#record = recorder?.stream({ carrier, protocol, action, tty, ...(ports.length > 0 && { ports }) })
    // In base64 what stands for a find could not lie where it was; offeredProtocols sees to that.
    const isMasked = masking !== undefined && action !== 'portforward' && !agreed.base64
    this.#rewriting = isMasked ? new Rewriting(masking, (name, bytes) => this.#record?.content(name, 0, bytes, 0, bytes.length)) : undefined
    this.#reader = readerOf(agreed, this.#events())
  }

  /** @returns what goes on to the target. @throws StreamError */
  fromClient(bytes: Uint8Array): Uint8Array {
    this.#reader.fromClient(bytes)
    return bytes
  }

  /** @param bytes may be changed where they lie. @returns what goes on to the client now. @throws StreamError */
  fromTarget(bytes: Uint8Array): readonly Uint8Array[] {
    this.#rewriting?.begin(bytes)
    this.#isUnread = true
    this.#reader.fromTarget(bytes)
    this.#isUnread = false
    return this.#rewriting ? this.#rewriting.release() : [bytes]
  }

  /** Bytes that wait to go to the client. */
  get waiting(): number {
    return this.#rewriting?.waiting ?? 0
  }

  /** When `expire` is to be called; undefined: nothing waits. */
  get deadline(): number | undefined {
    return this.#rewriting?.deadline
  }

  /** @returns what goes on because it has waited as long as it may */
  expire(): readonly Uint8Array[] {
    return this.#rewriting?.expire(this.#now()) ?? []
  }

  /** The target sends nothing more. @returns what waited */
  targetEnded(): readonly Uint8Array[] {
    return this.#rewriting?.end() ?? []
  }

  /** What a client can be told before it is cut off; undefined where it is in the middle of something. */
  lastWord(message: string): Uint8Array | undefined {
    return !this.#isUnread && this.waiting === 0 && this.#reader.atBoundary ? this.#reader.lastWord(message) : undefined
  }

  /** It is over. @param reason a code, where it did not end by itself */
  end(reason?: string): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#reader.end()
    this.#record?.end(reason)
  }

  get exit(): StreamExit | undefined {
    return this.#exit
  }

  /** Connections that were forwarded. */
  get connections(): number {
    return this.#connections
  }

  masked(): readonly MaskCount[] {
    return this.#rewriting?.counts() ?? []
  }

  #events(): StreamEvents {
    const record = this.#record
    const rewriting = this.#rewriting
    return {
      content: (name, connection, bytes, start, end) => {
        if (rewriting && (name === 'stdout' || name === 'stderr')) rewriting.content(name, start, end, this.#now())
        else record?.content(name, connection, bytes, start, end)
      },
      resized: (columns, rows) => record?.resized(columns, rows),
      exited: (exit) => {
        this.#exit = exit
        record?.exited(exit)
      },
      opened: (connection, port) => {
        this.#connections++
        record?.opened(connection, port)
      },
      closed: (connection, end) => record?.closed(connection, end),
    }
  }
}

function readerOf(agreed: AgreedStream, events: StreamEvents): StreamReader {
  if (agreed.form === 'tunnel') return new TunnelStream(agreed, events)
  if (agreed.form === 'spdy') return new SpdyStream(agreed, events)
  return agreed.action === 'portforward' ? new ForwardChannels(agreed, events) : new ChannelStream(agreed, events)
}

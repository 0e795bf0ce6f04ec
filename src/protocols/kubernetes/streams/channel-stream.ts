import { ChannelReader, type ChannelVisitor, channels, opcodes, WebSocketReader, webSocketFrame } from '../wire/index.ts'
import type { AgreedStream } from './agreed.ts'
import { ExitStatus } from './exit-status.ts'
import { failedStatus } from './last-word.ts'
import type { StreamEvents, StreamReader } from './stream-events.ts'
import { TerminalSizes } from './terminal-sizes.ts'

const CHANNELS: ReadonlySet<number> = new Set(Object.values(channels))
const NORMAL_CLOSURE = Buffer.from([0x03, 0xe8])

/** An exec or attach over the channels of a WebSocket. */
export class ChannelStream implements StreamReader {
  readonly #client: WebSocketReader
  readonly #target: WebSocketReader
  readonly #exit: ExitStatus
  readonly #agreed: AgreedStream

  constructor(agreed: AgreedStream, events: StreamEvents) {
    const { base64, version } = agreed
    this.#agreed = agreed
    this.#exit = new ExitStatus(version, (exit) => events.exited(exit))
    const sizes = new TerminalSizes((columns, rows) => events.resized(columns, rows))
    const both = { base64, closes: version >= 5, mayClose: (channel: number) => CHANNELS.has(channel) }
    const fromClient: ChannelVisitor = {
      content: (channel, bytes, start, end) => {
        if (channel === channels.stdin) events.content('stdin', 0, bytes, start, end)
        else sizes.push(bytes.subarray(start, end))
      },
      ...NOTHING_MORE,
    }
    const fromTarget: ChannelVisitor = {
      ...NOTHING_MORE,
      content: (channel, bytes, start, end) => {
        if (channel === channels.error) this.#exit.push(bytes.subarray(start, end))
        else events.content(channel === channels.stdout ? 'stdout' : 'stderr', 0, bytes, start, end)
      },
      messageEnd: (channel) => {
        if (channel === channels.error) this.#exit.mayBeWhole()
      },
    }
    const isSent = (channel: number) => channel === channels.stdin || channel === channels.resize
    const isShown = (channel: number) => channel === channels.stdout || channel === channels.stderr || channel === channels.error
    this.#client = new WebSocketReader(true, new ChannelReader({ ...both, allowed: isSent, fragments: false }, fromClient))
    this.#target = new WebSocketReader(false, new ChannelReader({ ...both, allowed: isShown, fragments: true }, fromTarget))
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

  lastWord(message: string): Uint8Array {
    const { base64, version } = this.#agreed
    const said = version >= 4 ? failedStatus(message) : Buffer.from(message)
    const payload = base64
      ? Buffer.from(`${channels.error}${said.toString('base64')}`)
      : Buffer.concat([Buffer.from([channels.error]), said])
    return Buffer.concat([webSocketFrame(base64 ? opcodes.text : opcodes.binary, payload), webSocketFrame(opcodes.close, NORMAL_CLOSURE)])
  }

  end(): void {
    this.#exit.end()
  }
}

const NOTHING_MORE = { messageEnd: () => undefined, closed: () => undefined, end: () => undefined }

import { type SpdyHeaders, SpdyReader, type SpdyVisitor, StreamError, spdyControl, spdyData } from '../wire/index.ts'
import type { AgreedStream } from './agreed.ts'
import { ExitStatus } from './exit-status.ts'
import { failedStatus } from './last-word.ts'
import type { StreamEvents, StreamReader } from './stream-events.ts'
import { TerminalSizes } from './terminal-sizes.ts'

/** Streams that may be open at once. */
const MOST_OPEN = 4096
/** Streams that are over and still known: what was on its way when they ended may come yet. */
const MOST_OVER = 4096
const GO_AWAY = 7

type Side = 'client' | 'target'

interface Known {
  readonly type: 'error' | 'stdin' | 'stdout' | 'stderr' | 'resize' | 'data'
  /** Of a port-forward, from 1. */
  readonly connection: number
  /** Who sends nothing more on it. */
  readonly ended: Set<Side>
}

interface Connection {
  readonly request: string
  readonly port: number
  sent: number
  received: number
  /** Streams of it that are not over. */
  open: number
}

/** An exec, attach or port-forward over streams of SPDY: each says by its headers what it is for. */
export class SpdyStream implements StreamReader {
  readonly client: SpdyReader
  readonly target: SpdyReader
  readonly #agreed: AgreedStream
  readonly #events: StreamEvents
  readonly #streams = new Map<number, Known>()
  readonly #over = new Map<number, Known>()
  readonly #connections = new Map<number, Connection>()
  readonly #requests = new Map<string, number>()
  readonly #exit: ExitStatus
  readonly #sizes: TerminalSizes
  #lastStream = 0
  #lastConnection = 0

  constructor(agreed: AgreedStream, events: StreamEvents) {
    this.#agreed = agreed
    this.#events = events
    this.#exit = new ExitStatus(agreed.version, (exit) => events.exited(exit))
    this.#sizes = new TerminalSizes((columns, rows) => events.resized(columns, rows))
    this.client = new SpdyReader(this.#visitor('client'))
    this.target = new SpdyReader(this.#visitor('target'))
  }

  fromClient(bytes: Uint8Array): void {
    this.client.push(bytes, 0, bytes.length)
  }

  fromTarget(bytes: Uint8Array): void {
    this.target.push(bytes, 0, bytes.length)
  }

  get atBoundary(): boolean {
    return this.target.atBoundary
  }

  lastWord(message: string): Uint8Array | undefined {
    const ending = Buffer.alloc(8)
    ending.writeUInt32BE(this.#lastStream, 0)
    const goAway = spdyControl(GO_AWAY, 0, ending)
    const said = this.#agreed.version >= 4 ? failedStatus(message) : Buffer.from(message)
    for (const [stream, { type, ended }] of this.#streams)
      if (type === 'error' && !ended.has('target')) return Buffer.concat([spdyData(stream, said, true), goAway])
    return goAway
  }

  end(): void {
    this.#exit.end()
    for (const [connection, { sent, received }] of this.#connections) this.#events.closed(connection, { sent, received })
    this.#connections.clear()
  }

  #visitor(side: Side): SpdyVisitor {
    return {
      opened: (stream, headers, ends, oneWay) => {
        // Clients of Kubernetes open streams, servers do not; each has a higher number than the one before.
        if (side !== 'client' || stream % 2 === 0 || stream <= this.#lastStream) throw broken('a stream is opened that cannot be')
        this.#lastStream = stream
        this.#open(stream, headers)
        if (ends) this.#ended(stream, 'client')
        if (oneWay) this.#ended(stream, 'target')
      },
      content: (stream, bytes, start, end) => this.#content(stream, side, bytes, start, end),
      ended: (stream) => this.#ended(stream, side),
      reset: (stream) => {
        const known = this.#streams.get(stream)
        known?.ended.add(side)
        if (known) this.#close(stream, known)
      },
    }
  }

  #open(stream: number, headers: SpdyHeaders): void {
    if (this.#streams.size >= MOST_OPEN) throw new StreamError('GS_K8S_STREAM_LIMIT', 'more streams are open than are read at once')
    const type = first(headers, 'streamtype')
    const isForward = this.#agreed.action === 'portforward'
    if (!isTypeOf(type, isForward)) throw new StreamError('GS_K8S_CHANNEL', 'a stream is for something that is not understood')
    const connection = isForward ? this.#connect(stream, type, headers) : 0
    this.#streams.set(stream, { type, connection, ended: new Set() })
  }

  /** The two streams of a connection have one request id; without one, that for data has the number behind that for errors. */
  #connect(stream: number, type: Known['type'], headers: SpdyHeaders): number {
    const port = Number(/^\d{1,5}$/.exec(first(headers, 'port'))?.[0])
    if (!(port >= 1 && port <= 65_535)) throw new StreamError('GS_K8S_CHANNEL', 'a stream forwards to no port')
    const id = first(headers, 'requestid')
    const request = id === '' ? `#${type === 'error' ? stream : stream - 2}` : id
    const known = this.#requests.get(request)
    if (known !== undefined) {
      const one = this.#connections.get(known)!
      if (one.port !== port) throw new StreamError('GS_K8S_CHANNEL', 'the streams of one connection name two ports')
      one.open++
      return known
    }
    const connection = ++this.#lastConnection
    this.#requests.set(request, connection)
    this.#connections.set(connection, { request, port, sent: 0, received: 0, open: 1 })
    this.#events.opened(connection, port)
    return connection
  }

  #content(stream: number, side: Side, bytes: Uint8Array, start: number, end: number): void {
    const known = this.#streams.get(stream) ?? this.#over.get(stream)
    if (!known || known.ended.has(side)) throw broken('data belongs to no stream on which it may come')
    if (start === end) return
    const { type, connection } = known
    if (type === 'data') {
      const counts = this.#connections.get(connection)
      if (counts) counts[side === 'client' ? 'sent' : 'received'] += end - start
      this.#events.content(side === 'client' ? 'sent' : 'received', connection, bytes, start, end)
      return
    }
    const isSent = type === 'stdin' || type === 'resize'
    if (isSent !== (side === 'client')) throw new StreamError('GS_K8S_CHANNEL', 'something came on a stream the wrong way')
    if (type === 'resize') this.#sizes.push(bytes.subarray(start, end))
    else if (type !== 'error') this.#events.content(type, 0, bytes, start, end)
    else if (connection > 0) this.#events.content('forward-error', connection, bytes, start, end)
    else {
      this.#exit.push(bytes.subarray(start, end))
      // Clients leave as soon as they know, without waiting for the end of the stream.
      this.#exit.mayBeWhole()
    }
  }

  #ended(stream: number, side: Side): void {
    const known = this.#streams.get(stream)
    if (!known) return
    known.ended.add(side)
    if (known.type === 'error' && known.connection === 0 && side === 'target') this.#exit.end()
    if (known.ended.size === 2) this.#close(stream, known)
  }

  #close(stream: number, known: Known): void {
    this.#streams.delete(stream)
    this.#over.set(stream, known)
    if (this.#over.size > MOST_OVER) {
      for (const oldest of this.#over.keys()) {
        this.#over.delete(oldest)
        break
      }
    }
    const connection = this.#connections.get(known.connection)
    if (!connection || --connection.open > 0) return
    this.#connections.delete(known.connection)
    this.#requests.delete(connection.request)
    this.#events.closed(known.connection, { sent: connection.sent, received: connection.received })
  }
}

const EXEC = ['error', 'stdin', 'stdout', 'stderr', 'resize']
const FORWARD = ['error', 'data']

function isTypeOf(type: string, isForward: boolean): type is Known['type'] {
  return (isForward ? FORWARD : EXEC).includes(type)
}

/** The first of its values, as the other end takes it. */
function first(headers: SpdyHeaders, name: string): string {
  return headers.get(name)?.split('\0', 1)[0] ?? ''
}

function broken(reason: string): StreamError {
  return new StreamError('GS_K8S_SPDY', reason)
}

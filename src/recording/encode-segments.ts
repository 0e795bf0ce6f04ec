import { constants, zstdCompressSync } from 'node:zlib'
import { type Found, leakedDoors, mayHoldOwn, redactOwn } from '../redaction/index.ts'
import type { CopyEnd } from './copy-sent.ts'
import type { RecordingHeader } from './events.ts'
import { Lines, lineStart } from './lines.ts'
import type { Encoded, EncodeOrder, Order } from './messages.ts'
import { readTape, type TapeVisitor } from './tape.ts'
import type { MakeTranscriber, Transcriber } from './transcriber.ts'

/** Beyond this the next levels cost several times as much for some per cent. */
const LEVEL = { params: { [constants.ZSTD_c_compressionLevel]: 2 } }

const NO_BYTES = new Uint8Array(0)
const OP = lineStart('op')
const [CAPPED, COPY_CAPPED] = [lineStart('capped'), lineStart('copy-sent-capped')]

/** From tapes to compressed lines, for all sessions, one after the other: the work of the recording's thread. */
export class SegmentEncoder implements TapeVisitor {
  readonly #makers: Readonly<Record<string, MakeTranscriber>>
  readonly #lines = new Lines()
  /** A message may go on in the next segment of its session. */
  readonly #sessions = new Map<string, Transcriber>()
  #current: Transcriber | undefined
  #found: Found[] = []
  /** Of what comes next; undefined where that has been said. */
  #operation: number | undefined

  /** @param makers by protocol */
  constructor(makers: Readonly<Record<string, MakeTranscriber>>) {
    this.#makers = makers
  }

  /** @returns the segment, for a tape */
  take(order: Order): Encoded | undefined {
    if ('forget' in order) {
      this.#sessions.delete(order.forget)
      return undefined
    }
    try {
      return this.#encode(order)
    } catch (error) {
      // A fault of ours costs one segment of one session.
      this.#lines.take()
      this.#sessions.delete(order.session)
      return { n: order.n, content: new Uint8Array(0), events: 0, bytes: 0, leaked: [], fault: (error as Error).message }
    }
  }

  #encode({ n, session, protocol, segment, started, tape }: EncodeOrder): Encoded {
    const lines = this.#lines
    this.#found = []
    this.#operation = undefined
    // Decided once per segment; a value of an earlier one that goes on here is looked at too.
    lines.redact = mayHoldOwn(tape) || this.#sessions.get(session)?.carries ? this.#redact : undefined
    lines.line({ gatescribe: 1, protocol, session, segment, started } satisfies RecordingHeader)
    this.#current = this.#transcriber(session, protocol)
    readTape(tape, this)
    this.#current?.pause()
    const { events, length } = lines
    const content = zstdCompressSync(lines.take(), LEVEL)
    const alone = new Uint8Array(content.buffer as ArrayBuffer, content.byteOffset, content.byteLength).slice()
    return { n, content: alone, events, bytes: length, leaked: leakedDoors(this.#found) }
  }

  #transcriber(session: string, protocol: string): Transcriber | undefined {
    const known = this.#sessions.get(session)
    if (known) return known
    const made = this.#makers[protocol]?.(this.#lines)
    if (made) this.#sessions.set(session, made)
    return made
  }

  readonly #redact = (value: Uint8Array): Uint8Array => {
    const { content, found } = redactOwn(value)
    this.#found.push(...found)
    return content
  }

  bytes(ms: number, whole: boolean, bytes: Uint8Array): void {
    this.#lines.ms = ms
    this.#sayOperation()
    this.#current?.bytes?.(bytes, whole)
  }

  op(operation: number): void {
    // Said with the first of its answers, when that was shown.
    this.#operation = operation
  }

  #sayOperation(): void {
    if (this.#operation === undefined) return
    this.#lines.begin(OP).json(this.#operation).end()
    this.#operation = undefined
  }

  capped(ms: number, rows: number, bytes: number, digest: Uint8Array): void {
    this.#lines.ms = ms
    this.#sayOperation()
    this.#lines
      .begin(CAPPED)
      .json({ rows, bytes, sha256: Buffer.from(digest).toString('hex') })
      .end()
  }

  copy(ms: number, content: Uint8Array): void {
    this.#lines.ms = ms
    this.#sayOperation()
    // A credential of ours may be cut in two here, and be whole in what is made of it.
    this.#lines.redact = this.#redact
    this.#current?.copy?.(content)
  }

  copyEnd(ms: number, how: CopyEnd, reason: Uint8Array): void {
    this.#lines.ms = ms
    // Without an end that is said, there may be something held back to be said all the same.
    if (how !== 'over' || this.#current?.carries) this.#sayOperation()
    this.#current?.copyEnd?.(how, reason)
  }

  copyCapped(ms: number, rows: number, bytes: number, digest: Uint8Array): void {
    this.#lines.ms = ms
    this.#sayOperation()
    this.#current?.copyEnd?.('over', NO_BYTES)
    this.#lines
      .begin(COPY_CAPPED)
      .json({ rows, bytes, sha256: Buffer.from(digest).toString('hex') })
      .end()
  }

  masks(names: readonly (string | null)[]): void {
    this.#current?.masks?.(names)
  }

  told(ms: number, what: number, connection: number, content: Uint8Array): void {
    this.#lines.ms = ms
    this.#sayOperation()
    // A credential of ours may be cut in two here, and be whole in what is made of it.
    this.#lines.redact = this.#redact
    this.#current?.told?.(what, connection, content)
  }
}

import { CONTENT, type ContentName, told } from './exchange-codes.ts'
import type { AnswerHead, ForwardEnd, RecordedToolCall, RequestHead, StreamExit, StreamHead } from './exchange-events.ts'
import { type Beyond, KeptResult } from './kept-result.ts'
import type { Reel } from './reel.ts'
import type { RecordingCap } from './settings.ts'

/** How often what may be kept of something that lasts begins anew, ms. */
const REFILL_MS = 60_000

const NAMES = Object.keys(CONTENT)

/** The body of one answer, as its client gets it. */
export interface RecordedBody {
  /** The next piece, cut anywhere, behind masks and without an encoding where there is one without. */
  add(bytes: Uint8Array): void
  /** @param how `cut`: it broke off, and the client knows */
  end(how: 'complete' | 'cut'): void
}

/** What is said on the channels of one exec, attach or port-forward. */
export interface RecordedStream {
  /** @param connection of a port-forward, from 1; otherwise 0 */
  content(name: Exclude<ContentName, 'body'>, connection: number, bytes: Uint8Array, start: number, end: number): void
  /** The terminal has another size. */
  resized(columns: number, rows: number): void
  exited(exit: StreamExit): void
  /** A connection is forwarded to this port. */
  opened(connection: number, port: number): void
  closed(connection: number, end: ForwardEnd): void
  /** @param reason a code, where it did not end by itself */
  end(reason?: string): void
}

/**
 * Takes down the requests of one session, what its client is answered, and what is said on streams, in order: one exchange at a time. Costs each
 * piece a comparison and a copy, or a digest; encoding, compression and encryption come later, elsewhere.
 */
export class ExchangeRecorder {
  readonly reel: Reel
  readonly #cap: RecordingCap
  readonly #stdin: boolean
  readonly #kept = new Map<string, Kept>()
  #operation = 0
  #taken = -1

  /** @param stdin whether what a client sends to commands is kept, and not only counted */
  constructor(reel: Reel, cap: RecordingCap, stdin: boolean) {
    this.reel = reel
    this.#cap = cap
    this.#stdin = stdin
  }

  /** Write to the client within `whenShown`. */
  get strict(): boolean {
    return this.reel.strict
  }

  /** As `Reel.crowded`. */
  get crowded(): boolean {
    return this.reel.crowded
  }

  /** As `Reel.onRoom`. */
  onRoom(call: () => void): void {
    this.reel.onRoom(call)
  }

  /** As `Reel.onLost`. */
  onLost(call: () => void): void {
    this.reel.onLost(call)
  }

  /** As `Reel.whenShown`. */
  whenShown(call: () => void): void {
    this.reel.whenShown(call)
  }

  /** A request, before it is forwarded or refused. @param operation its number in its session; 0: it has none */
  request(operation: number, request: RequestHead): void {
    this.#endContent()
    this.#operation = operation
    this.#taken = -1
    this.#json(told.request, request)
  }

  /** What it is answered, refusals of ours too. */
  answer(answer: AnswerHead): RecordedBody {
    this.#json(told.answer, answer)
    let bytes = 0
    return {
      add: (piece) => {
        bytes += piece.length
        this.#content('body', 0, piece, 0, piece.length)
      },
      end: (how) => {
        this.#endContent()
        this.#json(told.bodyEnd, how === 'cut' ? { bytes, cut: true } : { bytes })
      },
    }
  }

  /** It became a stream (101). */
  stream(stream: StreamHead): RecordedStream {
    this.#json(told.stream, stream)
    return {
      content: (name, connection, bytes, start, end) => this.#content(name, connection, bytes, start, end),
      resized: (columns, rows) => this.#json(told.resize, [columns, rows]),
      exited: (exit) => {
        this.#endContent()
        this.#json(told.exit, exit)
      },
      opened: (connection, port) => this.#json(told.forward, [connection, port]),
      closed: (connection, end) => {
        this.#endContent(connection)
        this.#json(told.forwardEnd, [connection, end])
      },
      end: (reason) => {
        this.#endContent()
        this.#json(told.streamEnd, reason === undefined ? {} : { reason })
      },
    }
  }

  /** What the answer of a model wants called, once that is over. */
  toolCalls(calls: readonly RecordedToolCall[]): void {
    if (calls.length > 0) this.#json(told.toolCalls, calls)
  }

  /** Nothing comes any more: what is not kept of something that was under way is told. */
  end(): void {
    this.#endContent()
  }

  #content(name: ContentName, connection: number, bytes: Uint8Array, start: number, end: number): void {
    if (end === start) return
    const key = `${name} ${connection}`
    let kept = this.#kept.get(key)
    const now = this.reel.now()
    if (kept && now - kept.since >= REFILL_MS) {
      this.#endOne(kept)
      kept = undefined
    }
    if (!kept) {
      const cap = name === 'stdin' && !this.#stdin ? { ...this.#cap, bytes: 0 } : this.#cap
      kept = { name, connection, since: now, result: new KeptResult(cap) }
      this.#kept.set(key, kept)
    }
    const until = start + kept.result.keepsOf(end - start, 0)
    if (until > start) {
      this.#op()
      this.reel.tape.told(now, CONTENT[name], connection, bytes, start, until)
      this.reel.keep()
    }
    if (until < end) {
      kept.result.leaveOut(bytes, until, end, 0)
      kept.result.digest()
    }
  }

  /** @param connection only what belongs to it */
  #endContent(connection?: number): void {
    const ended = connection === undefined ? [...this.#kept.keys()] : NAMES.map((name) => `${name} ${connection}`)
    for (const key of ended) {
      const kept = this.#kept.get(key)
      if (!kept) continue
      this.#kept.delete(key)
      this.#endOne(kept)
    }
  }

  #endOne({ name, connection, result }: Kept): void {
    const beyond: Beyond | undefined = result.end()
    if (!beyond) return
    const sha256 = Buffer.from(beyond.digest).toString('hex')
    this.#json(told.capped, { of: name, ...(connection > 0 && { connection }), bytes: beyond.bytes, sha256 })
  }

  #json(what: number, value: unknown): void {
    this.#op()
    const json = Buffer.from(JSON.stringify(value))
    this.reel.tape.told(this.reel.now(), what, 0, json, 0, json.length)
    this.reel.keep()
  }

  /** Each segment says which operation it begins with. */
  #op(): void {
    const { taken, tape } = this.reel
    if (this.#taken === taken) return
    this.#taken = taken
    tape.op(this.#operation)
  }
}

/** What is kept of one thing that comes in pieces, since some moment. */
interface Kept {
  readonly name: ContentName
  readonly connection: number
  /** ms since the session began. */
  readonly since: number
  readonly result: KeptResult
}

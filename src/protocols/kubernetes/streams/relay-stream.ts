import type { Duplex } from 'node:stream'
import { type Findings, TextMasking } from '../../../masking/index.ts'
import { CodedError, type MaskCount } from '../../../operations/index.ts'
import type { ExchangeRecorder, StreamExit } from '../../../recording/index.ts'
import type { AgreedStream } from './agreed.ts'
import { StreamTap } from './tap.ts'

/** How long the beginning of a find may be held back: people who type wait for what comes. Ms. */
const [HOLD_MS, HOLD_TTY_MS] = [100, 20]
/** Bytes that wait, with what stands behind them, before the target is not read. */
const MOST_WAITING = 1024 * 1024
/** A client that sends nothing more is waited for so long, ms: in none of these protocols half of the connection is of use. */
const LINGER_MS = 10_000
/** How long a client that is told why it is cut off has to read that, ms. */
const LAST_WORD_MS = 250

export interface RelayedStream {
  /** Paused, with nothing listening; what came behind the request, or the 101. */
  readonly client: Duplex
  readonly target: Duplex
  readonly head: { readonly client?: Uint8Array; readonly target?: Uint8Array }
  readonly agreed: AgreedStream
  /** Absent where the session is not recorded. */
  readonly recorder?: ExchangeRecorder | undefined
  /** What is looked for in what commands write, and what stands for it; absent where nothing is masked. */
  readonly findings?: Findings | undefined
  /** Of the operator `hash`. */
  readonly maskKey?: Uint8Array | undefined
  /** Counts bytes that go to the client. @returns why they must not, where they must not */
  readonly charge: (bytes: number) => CodedError | undefined
  /** Aborts where the stream must end now. Its reason is said to the client where that can be, if it is a CodedError. */
  readonly signal: AbortSignal
}

export interface StreamEnd {
  /** ended — both sides closed it; cut — one of them left in the middle; refused — it was ended here, `error` says why. */
  readonly how: 'ended' | 'cut' | 'refused'
  readonly error?: CodedError
  readonly exit?: StreamExit
  /** Bytes as on the wire. */
  readonly toClient: number
  readonly toTarget: number
  /** Connections that were forwarded. */
  readonly connections: number
  readonly masked: readonly MaskCount[]
}

/**
 * Carries an exec, attach or port-forward until it is over, reading along. Nothing goes on that is not understood, or that is not recorded where it is
 * to be. Who does not keep up slows the others down. Never rejects; both connections are ended when it resolves.
 */
export function relayStream(stream: RelayedStream): Promise<StreamEnd> {
  return new Promise((resolve) => new StreamRelay(stream, resolve).start())
}

class StreamRelay {
  readonly #stream: RelayedStream
  readonly #resolve: (end: StreamEnd) => void
  readonly #tap: StreamTap
  #expiry: NodeJS.Timeout | undefined
  #linger: NodeJS.Timeout | undefined
  #toClient = 0
  #toTarget = 0
  /** What the client is shown durably only, and has not been yet. */
  #held = 0
  #over = false
  readonly #ended = { client: false, target: false }

  constructor(stream: RelayedStream, resolve: (end: StreamEnd) => void) {
    this.#stream = stream
    this.#resolve = resolve
    const { agreed, recorder, findings, maskKey } = stream
    const hold = agreed.tty ? HOLD_TTY_MS : HOLD_MS
    const masking = findings && (() => new TextMasking(findings, maskKey, hold))
    this.#tap = new StreamTap({ agreed, recorder, masking }, () => performance.now())
  }

  start(): void {
    const { client, target, head, recorder, signal } = this.#stream
    for (const socket of [client, target]) socket.on('error', () => this.#finish('cut'))
    if (signal.aborted) {
      this.#refuse(signal.reason)
      return
    }
    signal.addEventListener('abort', this.#aborted, { once: true })
    recorder?.onRoom(() => this.#flow())
    recorder?.onLost(() => this.#refuse(new Error('what is to be shown cannot be recorded')))
    // Half of a connection may end before the other.
    for (const socket of [client, target]) socket.allowHalfOpen = true
    if (head.client?.length) this.#fromClient(head.client)
    if (head.target?.length) this.#fromTarget(Buffer.from(head.target))
    if (this.#over) return
    client.on('data', (bytes: Buffer) => this.#fromClient(bytes))
    target.on('data', (bytes: Buffer) => this.#fromTarget(bytes))
    client.on('end', () => this.#clientEnded())
    target.on('end', () => this.#targetEnded())
    for (const socket of [client, target]) {
      socket.on('drain', () => this.#flow())
      socket.on('close', () => this.#finish(this.#ended.client && this.#ended.target ? 'ended' : 'cut'))
    }
    this.#flow()
  }

  #fromClient(bytes: Uint8Array): void {
    if (this.#over) return
    try {
      const next = this.#tap.fromClient(bytes)
      this.#toTarget += next.length
      this.#stream.target.write(next)
    } catch (error) {
      this.#refuse(error)
      return
    }
    this.#flow()
  }

  #fromTarget(bytes: Uint8Array): void {
    if (this.#over) return
    const refusal = this.#stream.charge(bytes.length)
    if (refusal) {
      this.#refuse(refusal)
      return
    }
    try {
      this.#show(this.#tap.fromTarget(bytes))
    } catch (error) {
      this.#refuse(error)
      return
    }
    this.#flow()
  }

  /** Strictly, once it is durable. */
  #show(pieces: readonly Uint8Array[]): void {
    this.#expireLater()
    if (pieces.length === 0) return
    const { client, recorder } = this.#stream
    const size = pieces.reduce((sum, { length }) => sum + length, 0)
    const write = () => {
      this.#held -= size
      if (this.#over || client.destroyed) return
      this.#toClient += size
      client.cork()
      for (const piece of pieces) client.write(piece)
      client.uncork()
      this.#flow()
    }
    this.#held += size
    if (recorder?.strict) recorder.whenShown(write)
    else write()
  }

  #expireLater(): void {
    const { deadline } = this.#tap
    if (deadline === undefined || this.#expiry) return
    this.#expiry = setTimeout(
      () => {
        this.#expiry = undefined
        if (this.#over) return
        this.#show(this.#tap.expire())
        this.#flow()
      },
      Math.max(0, deadline - performance.now()),
    )
  }

  /** Reads each side while the other takes what comes. */
  #flow(): void {
    if (this.#over) return
    const { client, target, recorder } = this.#stream
    const isCrowded = recorder?.crowded === true
    set(client, !isCrowded && !target.writableNeedDrain)
    set(target, !isCrowded && !client.writableNeedDrain && this.#tap.waiting + this.#held <= MOST_WAITING)
  }

  #clientEnded(): void {
    this.#ended.client = true
    if (this.#over) return
    this.#stream.target.end()
    this.#linger = setTimeout(() => this.#finish('cut'), LINGER_MS)
  }

  #targetEnded(): void {
    this.#ended.target = true
    if (this.#over) return
    try {
      this.#show(this.#tap.targetEnded())
    } catch (error) {
      this.#refuse(error)
      return
    }
    const { client, recorder } = this.#stream
    if (recorder?.strict) recorder.whenShown(() => client.end())
    else client.end()
  }

  readonly #aborted = (): void => this.#refuse(this.#stream.signal.reason)

  /** Ends it from here. */
  #refuse(reason: unknown): void {
    if (this.#over) return
    const error = reason instanceof CodedError ? reason : undefined
    const { client, target } = this.#stream
    const word = error && this.#held === 0 && !client.writableNeedDrain ? this.#tap.lastWord(`${error.message} ${error.next}`) : undefined
    this.#settle('refused', error)
    target.destroy()
    if (word === undefined) client.destroy()
    else {
      client.end(word)
      client.resume()
      const timer = setTimeout(() => client.destroy(), LAST_WORD_MS)
      client.once('close', () => clearTimeout(timer))
    }
  }

  #finish(found: 'ended' | 'cut'): void {
    if (this.#over) return
    // Who knows how its command ended may leave as it likes.
    const how = this.#tap.exit ? 'ended' : found
    const { client, target } = this.#stream
    this.#settle(how)
    // What was written goes on; nothing more comes back.
    for (const socket of [client, target])
      if (how === 'cut') socket.destroy()
      else socket.end()
  }

  #settle(how: StreamEnd['how'], error?: CodedError): void {
    this.#over = true
    clearTimeout(this.#expiry)
    clearTimeout(this.#linger)
    this.#stream.signal.removeEventListener('abort', this.#aborted)
    this.#tap.end(error?.code ?? (how === 'ended' ? undefined : how))
    const { exit, connections } = this.#tap
    this.#resolve({
      how,
      ...(error && { error }),
      ...(exit && { exit }),
      ...{ toClient: this.#toClient, toTarget: this.#toTarget, connections, masked: this.#tap.masked() },
    })
  }
}

function set(socket: Duplex, reads: boolean): void {
  if (reads) socket.resume()
  else socket.pause()
}

import type { TextMasking } from '../../../masking/index.ts'
import type { ContentName } from '../../../recording/index.ts'

/** A part of a chunk that waits to be settled. */
interface Part {
  readonly chunk: Waiting
  start: number
  readonly end: number
}

interface Waiting {
  readonly bytes: Uint8Array
  /** Up to here it went on. */
  at: number
}

interface Channel {
  readonly name: 'stdout' | 'stderr'
  readonly masking: TextMasking
  readonly parts: Part[]
}

/** Told what the client is shown, once that is known. */
export type Shown = (name: Exclude<ContentName, 'body'>, bytes: Uint8Array) => void

/**
 * Masks what commands write, where it lies: what stands for a find is as long as it was, so frames around it stay as they are. Bytes go on in
 * their order; what comes behind bytes that are not settled waits with them.
 */
export class Rewriting {
  readonly #channels: ReadonlyMap<string, Channel>
  readonly #shown: Shown
  #waiting: Waiting[] = []
  #waitingBytes = 0

  /** @param shown told in the order in which it was settled */
  constructor(masking: () => TextMasking, shown: Shown) {
    this.#shown = shown
    this.#channels = new Map((['stdout', 'stderr'] as const).map((name) => [name, { name, masking: masking(), parts: [] }]))
  }

  /** Bytes that wait, with what stands behind them. */
  get waiting(): number {
    return this.#waitingBytes
  }

  /** When `expire` is to be called, by the clock of `push`; undefined: nothing waits. */
  get deadline(): number | undefined {
    let first: number | undefined
    for (const { masking } of this.#channels.values()) {
      const { deadline } = masking
      if (deadline !== undefined && (first === undefined || deadline < first)) first = deadline
    }
    return first
  }

  /** The next chunk; then `content` for what is in it, then `release`. It may be changed where it lies. */
  begin(bytes: Uint8Array): void {
    this.#waiting.push({ bytes, at: 0 })
    this.#waitingBytes += bytes.length
  }

  /** @param now ms */
  content(name: 'stdout' | 'stderr', start: number, end: number, now: number): void {
    const channel = this.#channels.get(name)!
    const chunk = this.#waiting.at(-1)!
    channel.parts.push({ chunk, start, end })
    // Its own copy: detectors look back at what was there, and not at what stands for it.
    this.#settle(channel, channel.masking.push(Uint8Array.from(chunk.bytes.subarray(start, end)), now))
  }

  /** @returns what may go on */
  release(): readonly Uint8Array[] {
    const first = this.#firstUnsettled()
    const released: Uint8Array[] = []
    while (this.#waiting.length > 0) {
      const [next] = this.#waiting as [Waiting]
      const held = first.get(next)
      const until = held ?? next.bytes.length
      if (until > next.at) released.push(next.bytes.subarray(next.at, until))
      this.#waitingBytes -= until - next.at
      next.at = until
      if (held !== undefined) break
      this.#waiting.shift()
    }
    return released
  }

  /** Lets go on what has waited as long as it may. */
  expire(now: number): readonly Uint8Array[] {
    for (const channel of this.#channels.values()) this.#settle(channel, channel.masking.expire(now))
    return this.release()
  }

  /** Nothing more comes. */
  end(): readonly Uint8Array[] {
    for (const channel of this.#channels.values()) this.#settle(channel, channel.masking.end())
    return this.release()
  }

  /** Finds so far. */
  counts() {
    return [...this.#channels.values()].flatMap(({ masking }) => masking.counts())
  }

  /** Puts what is settled in the places of what came. */
  #settle({ name, parts }: Channel, settled: Uint8Array): void {
    if (settled.length === 0) return
    for (let at = 0; at < settled.length; ) {
      const [part] = parts as [Part]
      const size = Math.min(part.end - part.start, settled.length - at)
      part.chunk.bytes.set(settled.subarray(at, at + size), part.start)
      part.start += size
      at += size
      if (part.start === part.end) parts.shift()
    }
    this.#shown(name, settled)
  }

  #firstUnsettled(): ReadonlyMap<Waiting, number> {
    const first = new Map<Waiting, number>()
    for (const { parts } of this.#channels.values()) {
      const [part] = parts
      if (part) first.set(part.chunk, Math.min(part.start, first.get(part.chunk) ?? Number.POSITIVE_INFINITY))
    }
    return first
  }
}

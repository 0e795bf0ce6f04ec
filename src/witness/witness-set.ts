import { appendSignatures, type Hash, type NoteVerifier, parseCheckpoint, parseNote, publicKeyOf } from '../tlog/index.ts'
import { type SeenCheckpoint, seenCheckpoint, submitCheckpoint, type WitnessDoor } from './client.ts'
import { WitnessError } from './errors.ts'
import { Unwitnessed } from './unwitnessed.ts'
import { systemClock, type WitnessClock } from './witness-clock.ts'

export interface WitnessSetOptions {
  /** Of the log. */
  readonly origin: string
  /** Present and former keys of the log. */
  readonly logKeys: readonly NoteVerifier[]
  readonly witnesses: readonly WitnessDoor[]
  /** How many of them make a quorum: 1 to all. */
  readonly need: number
  /** The proof from `from` to `to` entries (RFC 6962 §2.1.2). */
  readonly consistency: (from: number, to: number) => Promise<readonly Hash[]>
  /** The newest note with a quorum, where one was kept from an earlier start. */
  readonly witnessed?: string | undefined
  /** Told of each newest note that has its quorum, again when one more witness cosigned it. Must not throw. */
  readonly onWitnessed?: (note: string) => void
  /** Told when a witness begins to fail, or fails otherwise, and when it is well again (without an error). Must not throw. */
  readonly onChange?: (witness: string, error: WitnessError | undefined) => void
  readonly clock?: WitnessClock
}

/** How it stands with one witness. */
export interface WitnessState {
  /** Key name. */
  readonly name: string
  readonly url: string
  /** Size of the newest checkpoint that it cosigned since the start; undefined where none. */
  readonly size: number | undefined
  /** POSIX seconds, as the witness says; undefined where none. */
  readonly time: number | undefined
  /** Why it did not cosign when it was asked last. */
  readonly error: WitnessError | undefined
}

/** What one witness said when it was asked what it has seen. */
export type WitnessMemory = { readonly name: string; readonly url: string } & (
  | { readonly known: 'checkpoint'; readonly seen: SeenCheckpoint }
  /** It never cosigned for this log. */
  | { readonly known: 'nothing' }
  | { readonly known: 'unanswered'; readonly error: WitnessError }
)

/** Between two rounds; between two that were asked for; and for all answers of one. Milliseconds. */
const ROUND_MS = 10_000
const ASKED_ROUND_MS = 1_000
const ANSWERS_MS = 8_000
const MAX_WITNESSES = 32

interface Member {
  readonly door: WitnessDoor
  size: number | undefined
  time: number | undefined
  error: WitnessError | undefined
  /** What it cosigned last: text of the note, and the line. */
  cosigned: { readonly text: string; readonly line: string } | undefined
}

interface Round {
  readonly aborting: AbortController
  readonly done: Promise<void>
}

/**
 * Obtains cosignatures from N of M witnesses, beside the log's own work. All are asked for the same checkpoint at the same time, in
 * rounds, because only cosignatures of one checkpoint add up to a quorum.
 */
export class WitnessSet {
  readonly #options: WitnessSetOptions
  readonly #clock: WitnessClock
  readonly #members: readonly Member[]
  readonly #unwitnessed: Unwitnessed
  #witnessed: string | undefined
  #newest: string | undefined
  #round: Round | undefined
  #lastRound = Number.NEGATIVE_INFINITY
  #timer: { readonly at: number; cancel(): void } | undefined
  #waiting: (() => void)[] = []
  #closed = false

  /** @throws RangeError where the number needed is not 1 to all, there are more than 32, or two witnesses have one key. @throws TlogError for a broken note */
  constructor(options: WitnessSetOptions) {
    const { witnesses, need, witnessed } = options
    if (!Number.isInteger(need) || need < 1 || need > witnesses.length)
      throw new RangeError(`${need} of ${witnesses.length} witnesses cannot be a quorum.`)
    if (witnesses.length > MAX_WITNESSES) throw new RangeError(`A note has no room for more than ${MAX_WITNESSES} witnesses.`)
    if (new Set(witnesses.map(({ verifier }) => publicKeyOf(verifier))).size < witnesses.length)
      throw new RangeError('Two witnesses have the same key.')
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#members = witnesses.map((door) => ({ door, size: undefined, time: undefined, error: undefined, cosigned: undefined }))
    this.#witnessed = witnessed
    this.#unwitnessed = new Unwitnessed(witnessed === undefined ? 0 : sizeOf(witnessed))
  }

  /** The newest note that a quorum cosigned: signatures of the log, then those of witnesses. */
  get witnessed(): string | undefined {
    return this.#witnessed
  }

  /** Milliseconds since the oldest checkpoint was published that is not witnessed yet; 0 where all are. */
  get unwitnessedMs(): number {
    return this.#unwitnessed.age(this.#clock.now())
  }

  get states(): readonly WitnessState[] {
    return this.#members.map(({ door, size, time, error }) => ({ name: door.verifier.name, url: door.url, size, time, error }))
  }

  /** Tells of a new checkpoint; it is submitted when the next round is due. @param note signed by the log. @throws TlogError */
  published(note: string): void {
    this.#unwitnessed.published(sizeOf(note), this.#clock.now())
    this.#newest = note
    this.#schedule(ROUND_MS)
  }

  /**
   * Submits the newest checkpoint without waiting for the next round; calls within a second are answered together. Resolves when
   * every witness has answered or failed, whatever it said.
   */
  submitNow(): Promise<void> {
    if (this.#closed || this.#newest === undefined) return Promise.resolve()
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      this.#schedule(ASKED_ROUND_MS)
    })
  }

  /** Asks every witness what it has seen of this log; what it says is verified. Compare it before the first signature after a start. */
  compareAtStart(): Promise<readonly WitnessMemory[]> {
    const { origin, logKeys } = this.#options
    return Promise.all(
      this.#members.map(async ({ door }): Promise<WitnessMemory> => {
        const witness = { name: door.verifier.name, url: door.url }
        try {
          const seen = await this.#within(ANSWERS_MS, (signal) => seenCheckpoint(door, origin, logKeys, signal))
          return seen === undefined ? { ...witness, known: 'nothing' } : { ...witness, known: 'checkpoint', seen }
        } catch (error) {
          if (!(error instanceof WitnessError)) throw error
          return { ...witness, known: 'unanswered', error }
        }
      }),
    )
  }

  /** Ends what is under way. Nothing is told afterwards. */
  async close(): Promise<void> {
    this.#closed = true
    this.#timer?.cancel()
    this.#round?.aborting.abort()
    await this.#round?.done
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  /** Sees to it that a round begins at the latest so long after the last one. */
  #schedule(distance: number): void {
    if (this.#closed || this.#round !== undefined) return
    const now = this.#clock.now()
    const at = Math.max(now, this.#lastRound + distance)
    if (this.#timer !== undefined && this.#timer.at <= at) return
    this.#timer?.cancel()
    this.#timer = { at, ...this.#clock.after(at - now, () => this.#begin()) }
  }

  #begin(): void {
    this.#timer = undefined
    const note = this.#newest
    if (this.#closed || note === undefined || this.#round !== undefined) return
    this.#lastRound = this.#clock.now()
    const waiting = this.#waiting.splice(0)
    const aborting = new AbortController()
    const done = this.#submit(note, aborting.signal).finally(() => {
      this.#round = undefined
      for (const resolve of waiting) resolve()
      if (this.#waiting.length > 0) this.#schedule(ASKED_ROUND_MS)
      else if (this.#newest !== note || this.#members.some(({ error }) => error !== undefined)) this.#schedule(ROUND_MS)
    })
    this.#round = { aborting, done }
  }

  async #submit(note: string, signal: AbortSignal): Promise<void> {
    const size = sizeOf(note)
    this.#unwitnessed.submitted(size)
    await Promise.all(
      this.#members.map(async (member) => {
        const error = await this.#ask(member, note, size, signal)
        if (this.#closed) return
        const changed = member.error?.code !== error?.code
        member.error = error
        if (changed) this.#options.onChange?.(member.door.verifier.name, error)
        if (error === undefined) this.#count(note, size)
      }),
    )
  }

  async #ask(member: Member, note: string, size: number, signal: AbortSignal): Promise<WitnessError | undefined> {
    const { text } = parseNote(note)
    if (member.cosigned?.text === text) return undefined
    const { consistency } = this.#options
    const known = member.size === undefined ? {} : { lastKnown: member.size }
    try {
      const { line, time } = await this.#within(
        ANSWERS_MS,
        (timeout) => submitCheckpoint(member.door, note, (from) => consistency(from, size), { ...known, signal: timeout }),
        signal,
      )
      Object.assign(member, { size, time, cosigned: { text, line } })
      return undefined
    } catch (error) {
      if (error instanceof WitnessError) return error
      // The proof could not be made; the witness is not to blame, and is asked again.
      return new WitnessError(
        'GS_WITNESS_UNREACHABLE',
        'The witness could not be asked, because the proof from what it saw cannot be made.',
        {
          cause: error,
        },
      )
    }
  }

  #count(note: string, size: number): void {
    const { text } = parseNote(note)
    const lines = this.#members.flatMap(({ cosigned }) => (cosigned?.text === text ? [cosigned.line] : []))
    if (lines.length < this.#options.need) return
    const witnessed = appendSignatures(note, lines)
    if (witnessed === this.#witnessed) return
    this.#witnessed = witnessed
    this.#unwitnessed.witnessed(size)
    this.#options.onWitnessed?.(witnessed)
  }

  /** Gives up after a while, or when `signal` aborts, even where what was begun does not. */
  async #within<Answer>(milliseconds: number, ask: (signal: AbortSignal) => Promise<Answer>, signal?: AbortSignal): Promise<Answer> {
    const late = new AbortController()
    const timer = this.#clock.after(milliseconds, () => late.abort())
    const ending = signal ? AbortSignal.any([signal, late.signal]) : late.signal
    const ended = new Promise<never>((_, reject) => {
      ending.addEventListener('abort', () => reject(new WitnessError('GS_WITNESS_UNREACHABLE', undefined, { cause: ending.reason })))
    })
    try {
      return await Promise.race([ask(ending), ended])
    } finally {
      timer.cancel()
    }
  }
}

function sizeOf(note: string): number {
  return parseCheckpoint(parseNote(note).text).size
}

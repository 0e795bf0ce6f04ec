import type { Admission } from '../../../guard/index.ts'
import { Refusal } from '../../../operations/index.ts'
import type { ExchangeRecorder, RecordedBody } from '../../../recording/index.ts'
import { firstOf } from '../headers.ts'
import type { Exchange } from '../plane.ts'
import type { UpstreamAnswer } from '../target.ts'
import type { BodyChange, ChangedAnswer } from './change.ts'

/** An answer on its way from the target to the client, at the pace of the slowest of target, client and recording. */
export class Passing {
  readonly #exchange: Exchange
  readonly #admission: Admission
  readonly #answer: UpstreamAnswer
  readonly #changed: ChangedAnswer
  readonly #change: BodyChange | undefined
  readonly #recorder: ExchangeRecorder | undefined
  #recording: RecordedBody | undefined
  #timer: NodeJS.Timeout | undefined
  /** Why it cannot go on. */
  #failed: { readonly reason: unknown } | undefined
  /** What waits, if something does. */
  #waits: ((reason: unknown) => void) | undefined

  /** @param signal its reason is what `pass` throws where it aborts */
  constructor(exchange: Exchange, admission: Admission, answer: UpstreamAnswer, changed: ChangedAnswer, signal: AbortSignal) {
    this.#exchange = exchange
    this.#admission = admission
    this.#answer = answer
    this.#changed = changed
    this.#change = changed.body
    this.#recorder = exchange.session.exchanges
    if (signal.aborted) this.#fail(signal.reason)
    else signal.addEventListener('abort', () => this.#fail(signal.reason), { once: true })
    this.#recorder?.onLost(() => this.#fail(new Refusal('GS_TRAIL_UNAVAILABLE')))
  }

  /** @throws the Refusal that a limit speaks, what a change throws, the signal's reason, or why the target's answer broke off */
  async pass(): Promise<void> {
    const { status, body, trailers } = this.#answer
    const { headers } = this.#changed
    const client = this.#exchange.answer
    this.#recording = this.#recorder?.answer({
      status,
      type: firstOf(headers, 'content-type'),
      encoding: firstOf(headers, 'content-encoding'),
    })
    let how: 'complete' | 'cut' = 'cut'
    try {
      await this.#mayShow()
      client.begin(status, headers)
      for await (const chunk of body) await this.#take(chunk as Buffer)
      clearTimeout(this.#timer)
      const rest = this.#change?.end()
      if (rest && rest.length > 0) await this.#write(rest)
      how = 'complete'
      this.#recording?.end(how)
      await this.#mayShow()
      client.end(trailers())
    } finally {
      clearTimeout(this.#timer)
      if (how === 'cut') this.#recording?.end(how)
      for (const [mask, what, count] of this.#change?.counts?.() ?? []) this.#admission.masked(mask, what, count)
    }
  }

  async #take(chunk: Buffer): Promise<void> {
    clearTimeout(this.#timer)
    const refusal = this.#admission.charge(0, chunk.length)
    if (refusal) throw refusal
    const change = this.#change
    if (!change) return this.#write(chunk)
    const passed = change.push(chunk, performance.now())
    if (passed.length > 0) await this.#write(passed)
    this.#watch()
  }

  /** What a change keeps back is shown when its time is over, while nothing else comes. */
  #watch(): void {
    const { deadline } = this.#change ?? {}
    if (deadline === undefined) return
    this.#timer = setTimeout(
      () => {
        // Nothing is being written: this runs only while the next chunk is waited for, and what it writes is not waited for.
        try {
          const due = this.#change?.expire?.(performance.now())
          if (due && due.length > 0) this.#write(due).catch((error: unknown) => this.#fail(error))
          this.#watch()
        } catch (error) {
          this.#fail(error)
        }
      },
      Math.max(1, deadline - performance.now()),
    )
  }

  async #write(bytes: Uint8Array): Promise<void> {
    this.#recording?.add(bytes)
    await this.#mayShow()
    const recorder = this.#recorder
    if (recorder?.crowded) await this.#until((resume) => recorder.onRoom(resume))
    const slow = this.#exchange.answer.write(bytes)
    if (slow) await this.#until((resume) => void slow.then(resume))
    else if (this.#failed) throw this.#failed.reason
  }

  /** Within strict recordings, what is shown is recorded before. */
  async #mayShow(): Promise<void> {
    const recorder = this.#recorder
    if (recorder?.strict) await this.#until((resume) => recorder.whenShown(resume))
    else if (this.#failed) throw this.#failed.reason
  }

  #until(start: (resume: () => void) => void): Promise<void> {
    if (this.#failed) return Promise.reject(this.#failed.reason)
    return new Promise((resolve, reject) => {
      this.#waits = reject
      start(() => {
        this.#waits = undefined
        resolve()
      })
    })
  }

  #fail(reason: unknown): void {
    this.#failed ??= { reason }
    this.#waits?.(reason)
    // Whoever waits for the next chunk is told too.
    this.#answer.body.destroy(reason instanceof Error ? reason : undefined)
  }
}

/** The same for an answer that a plane asked for itself, such as one to an upgrade that did not come about. As `Passing.pass`. */
export function passAnswer(
  exchange: Exchange,
  admission: Admission,
  answer: UpstreamAnswer,
  changed: ChangedAnswer,
  signal: AbortSignal,
): Promise<void> {
  return new Passing(exchange, admission, answer, changed, signal).pass()
}

import type { DoorAnswer } from '../../http/index.ts'
import { SSE_KEEP_ALIVE } from '../stream/sse.ts'

export interface KeepAliveTimes {
  /** Until then a "no" still has a status of its own; ms. */
  readonly first: number
  /** ms. */
  readonly every: number
}

export const KEEP_ALIVE_TIMES: KeepAliveTimes = { first: 15_000, every: 10_000 }

/**
 * Tells a client that waits for a stream of events that somebody is there, while a person is asked: by comments, which the SDKs read over. Once it has
 * begun, the answer's status is 200, whatever comes of it.
 */
export class KeepAlive {
  readonly #answer: Pick<DoorAnswer, 'begun' | 'begin' | 'write'>
  readonly #times: KeepAliveTimes
  #timer: NodeJS.Timeout | undefined
  #begun = false

  constructor(answer: Pick<DoorAnswer, 'begun' | 'begin' | 'write'>, times: KeepAliveTimes = KEEP_ALIVE_TIMES) {
    this.#answer = answer
    this.#times = times
  }

  /** Whether the answer is a stream that was begun here. */
  get begun(): boolean {
    return this.#begun
  }

  start(): void {
    this.#timer ??= setTimeout(() => this.#tell(), this.#times.first)
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #tell(): void {
    if (!this.#begun) {
      this.#begun = true
      this.#answer.begin(200, [
        ['content-type', 'text/event-stream; charset=utf-8'],
        ['cache-control', 'no-store'],
      ])
    }
    void this.#answer.write(SSE_KEEP_ALIVE)
    this.#timer = setTimeout(() => this.#tell(), this.#times.every)
  }
}

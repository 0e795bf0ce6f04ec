import type { DoorAnswer } from '../../http/index.ts'
import { SSE_KEEP_ALIVE } from '../stream/sse.ts'

/** Until then a "no" still has a status of its own; ms. */
const FIRST_MS = 15_000
const EVERY_MS = 10_000

/**
 * Tells a client that waits for a stream of events that somebody is there, while a person is asked: by comments, which the SDKs read over. Once it has
 * begun, the answer's status is 200, whatever comes of it.
 */
export class KeepAlive {
  readonly #answer: Pick<DoorAnswer, 'begun' | 'begin' | 'write'>
  #timer: NodeJS.Timeout | undefined
  #begun = false

  constructor(answer: Pick<DoorAnswer, 'begun' | 'begin' | 'write'>) {
    this.#answer = answer
  }

  /** Whether the answer is a stream that was begun here. */
  get begun(): boolean {
    return this.#begun
  }

  /** @param first ms from now */
  start(first = FIRST_MS): void {
    this.#timer ??= setTimeout(() => this.#tell(), first)
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
    this.#timer = setTimeout(() => this.#tell(), EVERY_MS)
  }
}

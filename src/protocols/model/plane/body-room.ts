import type { RunId } from '../../../operations/index.ts'
import { ModelError } from '../errors.ts'

/** Smaller bodies are held by the hundred without being felt, bytes. */
const SMALL = 256 * 1024
/** What all requests may hold at once, and those of one run; bytes. Each is read, put together and recorded, which takes three times as much. */
const ROOM = 192 * 1024 * 1024
const ROOM_OF_RUN = 96 * 1024 * 1024
/** Until then a request waits for those before it, ms. */
const PATIENCE_MS = 10_000

interface Waiting {
  readonly run: RunId
  readonly bytes: number
  readonly come: () => void
}

/** Room for the bodies of requests, so that a job that sends many large ones at once takes no more memory than that. */
export class BodyRoom {
  readonly #byRun = new Map<RunId, number>()
  readonly #waiting = new Set<Waiting>()
  readonly #patience: number
  #held = 0

  /** @param patience ms */
  constructor(patience: number = PATIENCE_MS) {
    this.#patience = patience
  }

  /**
   * To be asked before a body is read; first come, first served, but for runs that have their share.
   * @param bytes the most that it may have
   * @returns gives it back; to be called once
   * @throws ModelError GS_MODEL_BODY_TOO_LARGE where there is no room for long; the signal's reason
   */
  async take(run: RunId, bytes: number, signal: AbortSignal): Promise<() => void> {
    if (bytes <= SMALL) return () => {}
    if (!this.#fits(run, bytes)) await this.#turn(run, bytes, signal)
    else this.#hold(run, bytes)
    return () => {
      this.#hold(run, -bytes)
      for (const each of this.#waiting) {
        if (!this.#fits(each.run, each.bytes)) continue
        this.#waiting.delete(each)
        this.#hold(each.run, each.bytes)
        each.come()
      }
    }
  }

  #turn(run: RunId, bytes: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', left)
        this.#waiting.delete(waiting)
      }
      const waiting: Waiting = {
        ...{ run, bytes },
        come() {
          done()
          resolve()
        },
      }
      const left = () => {
        done()
        reject(signal.reason as Error)
      }
      const timer = setTimeout(() => {
        done()
        reject(
          new ModelError(
            'GS_MODEL_BODY_TOO_LARGE',
            'So much is being sent to models at once that there is no room for a request of this size.',
          ),
        )
      }, this.#patience)
      if (signal.aborted) return left()
      signal.addEventListener('abort', left)
      this.#waiting.add(waiting)
    })
  }

  #fits(run: RunId, bytes: number): boolean {
    return this.#held + bytes <= ROOM && (this.#byRun.get(run) ?? 0) + bytes <= ROOM_OF_RUN
  }

  #hold(run: RunId, bytes: number): void {
    this.#held += bytes
    const held = (this.#byRun.get(run) ?? 0) + bytes
    if (held > 0) this.#byRun.set(run, held)
    else this.#byRun.delete(run)
  }
}

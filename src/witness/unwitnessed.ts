/**
 * Since when there are checkpoints that no quorum has cosigned. Only what was submitted can be cosigned, one checkpoint at a time, so
 * two moments are enough however many checkpoints there were.
 */
export class Unwitnessed {
  #witnessed: number
  #submitted: number
  /** When the oldest one beyond the witnessed size came, and the oldest beyond the submitted one. */
  #oldest: number | undefined
  #behind: number | undefined

  /** @param witnessed size of the newest checkpoint that has its quorum */
  constructor(witnessed: number) {
    this.#witnessed = witnessed
    this.#submitted = witnessed
  }

  published(size: number, now: number): void {
    if (size > this.#witnessed) this.#oldest ??= now
    if (size > this.#submitted) this.#behind ??= now
  }

  submitted(size: number): void {
    if (size <= this.#submitted) return
    this.#submitted = size
    this.#behind = undefined
  }

  /** The submitted checkpoint has its quorum. */
  witnessed(size: number): void {
    if (size <= this.#witnessed) return
    this.#witnessed = size
    this.#oldest = this.#behind
  }

  /** Milliseconds; 0 where all are witnessed. */
  age(now: number): number {
    return this.#oldest === undefined ? 0 : now - this.#oldest
  }
}

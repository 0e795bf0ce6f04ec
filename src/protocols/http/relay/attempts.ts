/** So many are remembered; the oldest goes first. */
const MOST = 1_000

/** Attempts that came to nothing, until they are made again. */
export class Attempts<Kept> {
  readonly #failed = new Map<string, { readonly kept: Kept; readonly at: number }>()
  readonly #within: number
  readonly #now: () => number

  /**
   * @param within how long one is remembered, ms
   * @param now ms, of any clock that goes forward
   */
  constructor(within: number, now: () => number) {
    this.#within = within
    this.#now = now
  }

  /** Forgets it. @param key what tells one from any other. @returns undefined where none of that key is remembered */
  take(key: string): Kept | undefined {
    const before = this.#failed.get(key)
    this.#failed.delete(key)
    return before && this.#now() - before.at <= this.#within ? before.kept : undefined
  }

  /** It was refused, or failed. @param kept whatever is to be known of it, when it is made again */
  failed(key: string, kept: Kept): void {
    this.#failed.delete(key)
    this.#failed.set(key, { kept, at: this.#now() })
    if (this.#failed.size > MOST) this.#failed.delete(this.#failed.keys().next().value as string)
  }
}

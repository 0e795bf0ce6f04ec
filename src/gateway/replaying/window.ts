/** What a session said under ascending numbers, the last of it: a long session takes no more room than a busy one. */
export class Window<T, Key = number> {
  readonly #most: number
  readonly #byNumber = new Map<Key, T>()

  /** @param most how many are kept */
  constructor(most: number) {
    this.#most = most
  }

  set(number: Key, value: T): void {
    this.#byNumber.delete(number)
    this.#byNumber.set(number, value)
    if (this.#byNumber.size <= this.#most) return
    for (const oldest of this.#byNumber.keys()) {
      this.#byNumber.delete(oldest)
      break
    }
  }

  get(number: Key): T | undefined {
    return this.#byNumber.get(number)
  }
}

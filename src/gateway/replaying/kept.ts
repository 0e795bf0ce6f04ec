/** What was used last, as long as all of it is not too large. */
export class Kept<Key, Value> {
  readonly #most: number
  readonly #values = new Map<Key, { readonly value: Value; readonly bytes: number }>()
  #bytes = 0

  /** @param most bytes */
  constructor(most: number) {
    this.#most = most
  }

  get(key: Key): Value | undefined {
    const kept = this.#values.get(key)
    if (kept === undefined) return undefined
    this.#values.delete(key)
    this.#values.set(key, kept)
    return kept.value
  }

  /** The newest stays, however large it is. @param bytes that it takes, roughly */
  set(key: Key, value: Value, bytes: number): void {
    this.#bytes += bytes - (this.#values.get(key)?.bytes ?? 0)
    this.#values.delete(key)
    this.#values.set(key, { value, bytes })
    for (const [oldest, { bytes: freed }] of this.#values) {
      if (this.#bytes <= this.#most || oldest === key) return
      this.#values.delete(oldest)
      this.#bytes -= freed
    }
  }
}

/** Keeps what was used lately: what was not used while half of the room was filled is forgotten. */
export class Generations<V> {
  readonly #half: number
  #young = new Map<string, V>()
  #old = new Map<string, V>()
  #filled = 0

  /** @param room what all that is kept may come to, in the unit of `put` */
  constructor(room: number) {
    this.#half = room / 2
  }

  get(key: string): V | undefined {
    const young = this.#young.get(key)
    if (young !== undefined) return young
    const old = this.#old.get(key)
    if (old !== undefined) this.#young.set(key, old)
    return old
  }

  /** @param size what it takes of the room */
  put(key: string, value: V, size: number): void {
    if (this.#filled + size > this.#half) {
      this.#old = this.#young
      this.#young = new Map()
      this.#filled = 0
    }
    this.#filled += size
    this.#young.set(key, value)
  }
}

/** What was loaded, and how long it is good. */
export interface Loaded<Value> {
  readonly value: Value
  /** Milliseconds since the epoch. */
  readonly until: number
}

/** A value that is loaded when it is asked for and kept while it is good. Who asks while it is being loaded waits for the same one. */
export class Kept<Value> {
  readonly #load: () => Promise<Loaded<Value>>
  readonly #now: () => number
  #kept: (Loaded<Value> & { readonly text: string }) | undefined
  #loading: Promise<Value> | undefined

  /** @param now milliseconds since the epoch */
  constructor(load: () => Promise<Loaded<Value>>, now: () => number) {
    this.#load = load
    this.#now = now
  }

  /** The same object for as long as what is loaded has not changed. @throws what loading throws; it is tried again the next time */
  get(): Promise<Value> {
    if (this.#kept && this.#now() < this.#kept.until) return Promise.resolve(this.#kept.value)
    this.#loading ??= this.#anew().finally(() => {
      this.#loading = undefined
    })
    return this.#loading
  }

  /** What was loaded last. */
  get current(): Value | undefined {
    return this.#kept?.value
  }

  /** The next `get` loads. */
  expire(): void {
    if (this.#kept) this.#kept = { ...this.#kept, until: 0 }
  }

  async #anew(): Promise<Value> {
    const { value, until } = await this.#load()
    const text = JSON.stringify(value)
    const kept = this.#kept?.text === text ? this.#kept.value : value
    this.#kept = { value: kept, until, text }
    return kept
  }
}

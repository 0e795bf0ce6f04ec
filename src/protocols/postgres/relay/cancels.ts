import { timingSafeEqual } from 'node:crypto'

interface Entry {
  readonly key: Uint8Array
  readonly cancel: () => void
}

/**
 * Who may cancel what. A client proves itself with the pair that its session was given in BackendKeyData: the target's
 * process id and a random key of ours. Two targets may use the same process id, so a pid leads to a list.
 */
export class CancelRegistry {
  readonly #entries = new Map<number, Entry[]>()

  /**
   * Makes a session reachable for CancelRequest.
   * @param cancel called for each request that carries the right pair
   * @returns takes the session out again
   */
  register(processId: number, key: Uint8Array, cancel: () => void): () => void {
    const entry: Entry = { key, cancel }
    const list = this.#entries.get(processId)
    if (list) list.push(entry)
    else this.#entries.set(processId, [entry])
    return () => this.#remove(processId, entry)
  }

  /** Handles one CancelRequest. A pair that nobody holds has no effect and, like every other, no answer. */
  cancel(processId: number, key: Uint8Array): void {
    for (const entry of this.#entries.get(processId) ?? []) {
      // The length of a key is public; its bytes are compared in constant time.
      if (entry.key.length === key.length && timingSafeEqual(entry.key, key)) entry.cancel()
    }
  }

  #remove(processId: number, entry: Entry): void {
    const rest = this.#entries.get(processId)?.filter((other) => other !== entry) ?? []
    if (rest.length > 0) this.#entries.set(processId, rest)
    else this.#entries.delete(processId)
  }
}

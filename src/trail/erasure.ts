import type { KeyRing } from './key-ring.ts'
import type { KeyStore } from './key-store.ts'
import type { PayloadStore } from './payload-store.ts'
import type { EntryDraft, Recorded, Trail } from './trail.ts'
import type { WriteAhead } from './write-ahead.ts'

/** Remembers, in the key store, what an erasure was about until all of it is gone. */
const UNDER_WAY = 'erasing'

export interface ErasureParts {
  readonly store: KeyStore
  readonly keys: KeyRing
  readonly payloads: PayloadStore
  readonly log: Pick<WriteAhead, 'roll'>
  readonly trail: Pick<Trail, 'durable' | 'publish'>
}

type Also = (keys: readonly string[]) => void | Promise<void>

/**
 * Destroys payload keys and removes what they sealed: recorded first, then the words of the index, the keys, the sealed payloads beside the
 * log, and the segments of the write-ahead file that held them. Interrupted anywhere, `finish` does the same again.
 */
export class Erasure {
  readonly #parts: ErasureParts

  constructor(parts: ErasureParts) {
    this.#parts = parts
  }

  async erase(keys: readonly string[], entry: EntryDraft, also: Also): Promise<Recorded> {
    const { store, trail, log } = this.#parts
    store.set(UNDER_WAY, JSON.stringify(keys))
    // The entry begins a segment, so that those before it go when it is published.
    log.roll()
    let recorded: Recorded
    try {
      recorded = await trail.durable(entry)
    } catch (error) {
      // Not recorded, so not done.
      store.set(UNDER_WAY, undefined)
      throw error
    }
    await this.#destroy(keys, also)
    return recorded
  }

  async finish(also: Also): Promise<number> {
    const text = this.#parts.store.setting(UNDER_WAY)
    if (text === undefined) return 0
    const keys = JSON.parse(text) as string[]
    this.#parts.log.roll()
    await this.#parts.trail.durable({ kind: 'erased', fields: { scope: 'unfinished', keys: keys.length } })
    await this.#destroy(keys, also)
    return keys.length
  }

  async #destroy(keys: readonly string[], also: Also): Promise<void> {
    const { store, trail, payloads } = this.#parts
    // Whatever these keys sealed is in the payload store from here on, and, released by the second, no longer in a segment.
    await trail.publish()
    await trail.publish()
    await also(keys)
    this.#parts.keys.destroy(keys)
    payloads.remove(keys)
    store.set(UNDER_WAY, undefined)
  }
}

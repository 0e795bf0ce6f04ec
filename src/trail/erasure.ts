import { randomBytes } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { AsideLogs } from './aside-logs.ts'
import { TrailError } from './errors.ts'
import type { KeyRing } from './key-ring.ts'
import type { KeyStore } from './key-store.ts'
import type { PublishClock } from './publish-clock.ts'
import { SEGMENT_HEADER_BYTES } from './segment.ts'
import type { EntryDraft, EraseAlso, Recorded, Trail } from './trail.ts'
import type { WriteAhead } from './write-ahead.ts'

/** In the key store, from before an erasure is recorded until all of it is gone. */
const UNDER_WAY = 'erasing'

interface UnderWay {
  /** Stands in its entry. */
  readonly id: string
  /** The log that it is recorded in, and an index that its entry has at least. */
  readonly log: string
  readonly from: number
  /** The last segment that may hold what the keys sealed. */
  readonly upTo: number
  /** Whether the entry is known to be durable; else the log says. */
  readonly recorded: boolean
  readonly keys: readonly string[]
}

/** Errors after which an entry is surely not in the log. */
const NOT_WRITTEN: readonly string[] = ['GS_TRAIL_FULL', 'GS_TRAIL_ENTRY']

/** Keys that are destroyed before others have their turn. */
const DESTROYED_AT_ONCE = 256

export interface ErasureParts {
  readonly store: KeyStore
  readonly keys: KeyRing
  readonly publishing: Pick<PublishClock, 'erase'>
  readonly log: Pick<WriteAhead, 'roll' | 'end'>
  readonly trail: Pick<Trail, 'durable' | 'name' | 'publish' | 'read' | 'whenDurable'>
  readonly aside: Pick<AsideLogs, 'erase'>
}

/**
 * Destroys payload keys and removes what they sealed. Recorded first, then the keys, so that nothing can be read, or derived anew, while the rest
 * goes: segments of the write-ahead file, sealed payloads beside the log, and whatever else was made of them. What is recorded is done, and what
 * is not is not: interrupted anywhere, the next start, or the next erasure, goes on.
 */
export class Erasure {
  readonly #parts: ErasureParts
  #last: Promise<unknown> = Promise.resolve()

  constructor(parts: ErasureParts) {
    this.#parts = parts
  }

  erase(keys: readonly string[], entry: EntryDraft, also: EraseAlso): Promise<Recorded> {
    return this.#inTurn(async () => {
      await this.#finish(also)
      return this.#erase(keys, entry, also)
    })
  }

  finish(also: EraseAlso): Promise<number> {
    return this.#inTurn(() => this.#finish(also))
  }

  async #erase(keys: readonly string[], { fields, ...draft }: EntryDraft, also: EraseAlso): Promise<Recorded> {
    const { store, trail, log } = this.#parts
    // All that they sealed is then in segments before the one that the entry begins, which go when it is published.
    await this.#settled()
    const id = `era_${randomBytes(8).toString('hex')}`
    const { entries: from, segment, offset } = log.end
    const upTo = offset > SEGMENT_HEADER_BYTES ? segment : segment - 1
    const underWay: UnderWay = { id, log: trail.name, from, upTo, recorded: false, keys }
    this.#remember(underWay)
    let recorded: Recorded
    try {
      if (!log.roll()) throw new TrailError('GS_TRAIL_FULL', 'There is no room for the segment that an erasure has to begin.')
      recorded = await trail.durable({ ...draft, fields: { ...fields, erasure: id } })
    } catch (error) {
      if (error instanceof TrailError && NOT_WRITTEN.includes(error.code)) store.set(UNDER_WAY, undefined)
      throw error
    }
    await this.#destroy(underWay, also)
    return recorded
  }

  async #finish(also: EraseAlso): Promise<number> {
    const { store, trail } = this.#parts
    const text = store.setting(UNDER_WAY)
    if (text === undefined) return 0
    let underWay = JSON.parse(text) as UnderWay
    const { id, keys, log } = underWay
    if (log !== trail.name) {
      // Another log has begun since: nobody knows any more how far the one before it came.
      await trail.durable({ kind: 'erased', fields: { erasure: id, scope: 'unfinished', keys: keys.length, log } })
      underWay = { ...underWay, upTo: 0 }
    } else if (!underWay.recorded && !(await this.#isRecorded(underWay))) {
      store.set(UNDER_WAY, undefined)
      return 0
    }
    await this.#destroy(underWay, also)
    return keys.length
  }

  async #isRecorded({ id, from }: UnderWay): Promise<boolean> {
    const { trail, log } = this.#parts
    const { entries } = log.end
    for await (const { index, kind, fields } of trail.read({ from })) {
      if (index >= entries) break
      if (kind === 'erased' && fields.erasure === id) return true
    }
    return false
  }

  /** @throws TrailError GS_TRAIL_ERASING */
  async #destroy(underWay: UnderWay, also: EraseAlso): Promise<void> {
    const { store, trail, keys: ring, publishing, aside, log } = this.#parts
    const { id, keys, upTo } = underWay
    try {
      this.#remember({ ...underWay, recorded: true })
      await destroyInTurns(ring, keys)
      await this.#settled()
      // There was no room for a segment that the entry could begin.
      if (log.end.segment <= upTo) {
        log.roll()
        await trail.durable({ kind: 'erased', fields: { erasure: id, scope: 'unfinished', keys: keys.length } })
        if (log.end.segment <= upTo) throw new TrailError('GS_TRAIL_FULL')
      }
      // Whatever they sealed is in the payload store from here on, and, released by the second, no longer in a segment.
      await trail.publish()
      await trail.publish()
      await publishing.erase(keys)
      await aside.erase(keys)
      await also(keys)
      store.set(UNDER_WAY, undefined)
    } catch (cause) {
      throw new TrailError('GS_TRAIL_ERASING', undefined, { cause })
    }
  }

  #remember(underWay: UnderWay): void {
    this.#parts.store.set(UNDER_WAY, JSON.stringify(underWay))
  }

  /** @throws TrailError where what is staged cannot be written */
  #settled(): Promise<void> {
    return new Promise((resolve, reject) => this.#parts.trail.whenDurable((error) => (error ? reject(error) : resolve())))
  }

  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(task)
    this.#last = mine.catch(() => undefined)
    return mine
  }
}

/** As `KeyRing.destroy`, in portions: that of thousands at once would keep everybody waiting. */
export async function destroyInTurns(ring: Pick<KeyRing, 'destroy'>, keys: readonly string[]): Promise<void> {
  for (let at = 0; at < keys.length; at += DESTROYED_AT_ONCE) {
    ring.destroy(keys.slice(at, at + DESTROYED_AT_ONCE))
    await nextTurn()
  }
}

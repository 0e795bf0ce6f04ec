import { type ParsedEntry, parseEntry } from './entry.ts'
import { payloadNonce } from './entry-writer.ts'
import { TrailError } from './errors.ts'
import type { KeyRing } from './key-ring.ts'
import type { FoundPayload } from './payload-store.ts'
import type { StoredEntry, StoredPayload } from './trail.ts'

export interface FoundEntry {
  readonly index: number
  readonly entry: Buffer
  /** In order of their places; what has been erased is missing. */
  readonly payloads: () => readonly FoundPayload[]
}

/** An entry as readers see it. It is parsed when first asked what it says, its payloads are looked for and opened when asked for. */
export function storedEntry(record: FoundEntry, origin: string, keys: Pick<KeyRing, 'find'>): StoredEntry {
  let known: ParsedEntry | undefined
  const parsed = () => {
    known ??= parseEntry(record.entry)
    return known
  }

  function payloads(): readonly StoredPayload[] {
    const { id, kind, commitments } = parsed()
    const names = Object.keys(commitments).sort()
    if (names.length === 0) return []
    const found = new Map(record.payloads().map((payload) => [payload.place, payload]))
    for (const place of found.keys()) if (place >= names.length) throw mismatch('has more payloads than it commits to')
    return names.map((name, place) => {
      const payload = found.get(place)
      const key = payload && keys.find(payload.key)
      if (!payload || !key) return { name, key: payload?.key, content: undefined, salt: undefined }
      let content: Buffer
      try {
        content = key.open({ origin, id, kind, name, nonce: payloadNonce(id, place) }, payload.sealed)
      } catch (cause) {
        throw mismatch(`has a payload ${name} that cannot be opened`, { cause })
      }
      if (key.commitment(id, name, content) !== commitments[name]) throw mismatch(`has a payload ${name} that is not what it commits to`)
      // Disclosed seldom, and another hash of its own.
      return {
        name,
        key: key.id,
        content,
        get salt() {
          return key.salt(id, name)
        },
      }
    })
  }

  function mismatch(why: string, options?: ErrorOptions): TrailError {
    return new TrailError('GS_TRAIL_PAYLOAD', `Entry ${parsed().id} ${why}.`, options)
  }

  return {
    index: record.index,
    bytes: record.entry,
    payloads,
    get id() {
      return parsed().id
    },
    get kind() {
      return parsed().kind
    },
    get at() {
      return parsed().at
    },
    get fields() {
      return parsed().fields
    },
    get commitments() {
      return parsed().commitments
    },
  }
}

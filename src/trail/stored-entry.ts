import { parseEntry } from './entry.ts'
import { payloadNonce } from './entry-writer.ts'
import { TrailError } from './errors.ts'
import type { KeyRing } from './key-ring.ts'
import type { IndexedRecord } from './log-reader.ts'
import type { StoredEntry, StoredPayload } from './trail.ts'

/** An entry as readers see it; its payloads are opened only when asked for. */
export function storedEntry(record: IndexedRecord, origin: string, keys: KeyRing): StoredEntry {
  const { id, kind, at, fields, commitments } = parseEntry(record.entry)

  function payloads(): readonly StoredPayload[] {
    const names = Object.keys(commitments).sort()
    if (names.length !== record.payloads.length) throw mismatch('has another number of payloads than it commits to')
    return record.payloads.map(({ key: keyId, sealed }, place) => {
      const name = names[place] as string
      const key = keys.find(keyId)
      if (!key) return { name, content: undefined }
      let content: Buffer
      try {
        content = key.open({ origin, id, kind, name, nonce: payloadNonce(id, place) }, sealed)
      } catch (cause) {
        throw mismatch(`has a payload ${name} that cannot be opened`, { cause })
      }
      if (key.commitment(id, name, content) !== commitments[name]) throw mismatch(`has a payload ${name} that is not what it commits to`)
      return { name, content }
    })
  }

  function mismatch(why: string, options?: ErrorOptions): TrailError {
    return new TrailError('GS_TRAIL_PAYLOAD', `Entry ${id} ${why}.`, options)
  }

  return { index: record.index, id, kind, at, fields, commitments, bytes: record.entry, payloads }
}

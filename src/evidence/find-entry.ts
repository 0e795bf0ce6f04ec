import type { StoredEntry } from '../trail/index.ts'
import { Breather } from './breather.ts'
import { EvidenceError } from './errors.ts'
import type { EvidenceTrail } from './scope.ts'

/**
 * @param ref index, which is looked up, or id `<boot>.<n>`, which is searched for from the start: ids of different boots have no order
 * @throws EvidenceError GS_EVIDENCE_NOT_FOUND; TrailError
 */
export async function findEntry(trail: Pick<EvidenceTrail, 'read' | 'proven'>, ref: string, signal?: AbortSignal): Promise<StoredEntry> {
  if (/^\d+$/.test(ref)) return entryAt(trail, Number(ref))
  const breather = new Breather()
  for await (const entry of trail.read()) {
    signal?.throwIfAborted()
    if (Buffer.from(entry.bytes.buffer, entry.bytes.byteOffset, entry.bytes.byteLength).includes(`"id":"${ref}"`) && entry.id === ref)
      return entry
    await breather.breathe()
  }
  throw new EvidenceError('GS_EVIDENCE_NOT_FOUND', `The log holds no entry ${ref}.`)
}

/** @throws EvidenceError GS_EVIDENCE_NOT_FOUND */
export async function entryAt(trail: Pick<EvidenceTrail, 'read' | 'proven'>, index: number): Promise<StoredEntry> {
  for await (const entry of trail.read({ from: index })) {
    if (entry.index === index) return entry
    break
  }
  const isPruned = index < trail.proven.minimum
  throw new EvidenceError('GS_EVIDENCE_NOT_FOUND', isPruned ? `Entry ${index} has been pruned.` : `The log holds no entry ${index} yet.`)
}

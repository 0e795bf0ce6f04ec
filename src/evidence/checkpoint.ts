import { parseCheckpoint, parseNote } from '../tlog/index.ts'
import { EvidenceError } from './errors.ts'
import type { EvidenceTrail } from './scope.ts'

export interface Covering {
  /** The note. */
  readonly checkpoint: string
  readonly size: number
}

/**
 * A checkpoint that covers an entry: the newest that witnesses cosigned, where that does, else the newest.
 * @throws EvidenceError GS_EVIDENCE_UNSIGNED; TrailError where the log cannot be published
 */
export async function covering(trail: Pick<EvidenceTrail, 'name' | 'publish' | 'witnessed'>, index: number): Promise<Covering> {
  const { checkpoint: newest } = await trail.publish()
  for (const checkpoint of [await trail.witnessed(), newest]) {
    if (checkpoint === undefined) continue
    const { origin, size } = parseCheckpoint(parseNote(checkpoint).text)
    if (origin === trail.name && size > index) return { checkpoint, size }
  }
  throw new EvidenceError('GS_EVIDENCE_UNSIGNED')
}

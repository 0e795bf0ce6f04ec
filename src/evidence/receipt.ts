import { inclusionProof } from '../tlog/index.ts'
import type { StoredEntry } from '../trail/index.ts'
import { covering } from './checkpoint.ts'
import { EvidenceError } from './errors.ts'
import { entryAt } from './find-entry.ts'
import { document, encoded, textOf } from './prove.ts'
import type { EvidenceTrail } from './scope.ts'

/** Where a run stands. */
export interface Places {
  readonly state: string
  readonly began: Place | undefined
  readonly ended: Place | undefined
}

interface Place {
  readonly log: string
  readonly index: number
}

/**
 * Where start and end of a run stand in this log.
 * @throws EvidenceError GS_EVIDENCE_RUN_LIVE, GS_EVIDENCE_RUN_ENDING, GS_EVIDENCE_RUN_ELSEWHERE
 */
export function placesInLog(log: string, { state, began, ended }: Places): { readonly first: number; readonly end: number } {
  if (state === 'live') throw new EvidenceError('GS_EVIDENCE_RUN_LIVE')
  if (began?.log !== log || (ended && ended.log !== log)) throw new EvidenceError('GS_EVIDENCE_RUN_ELSEWHERE')
  if (!ended) throw new EvidenceError('GS_EVIDENCE_RUN_ENDING')
  return { first: began.index, end: ended.index }
}

/**
 * That a run began and ended, and what it came to: docs/evidence.md, "A receipt".
 * @param first index of its `run.start`
 * @param end index of its `run.end`
 * @throws EvidenceError GS_EVIDENCE_NOT_FOUND where these have been pruned, GS_EVIDENCE_UNSIGNED; TrailError
 */
export async function receipt(trail: EvidenceTrail, run: string, { first, end }: { first: number; end: number }): Promise<string> {
  const [start, over] = [await entryAt(trail, first), await entryAt(trail, end)]
  for (const [entry, kind] of [[start, 'run.start'] as const, [over, 'run.end'] as const])
    if (entry.kind !== kind || entry.fields.run !== run) throw new EvidenceError('GS_EVIDENCE_RUN_ELSEWHERE')
  const { checkpoint, size } = await covering(trail, end)
  const leaf = async (entry: StoredEntry) => ({
    index: entry.index,
    bytes: textOf(entry),
    proof: (await inclusionProof(entry.index, size, trail.tile)).map((hash) => encoded(hash, 'base64')),
  })
  const log = { origin: trail.name, checkpoint, start: await leaf(start), end: await leaf(over) }
  return document({ gatescribe: 'run-receipt', version: 1, run, logs: [log] })
}

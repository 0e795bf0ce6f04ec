import type { StoredEntry } from '../trail/index.ts'
import { EvidenceError } from './errors.ts'
import { encoded } from './prove.ts'
import type { EvidenceTrail, Scope } from './scope.ts'
import { select } from './select.ts'
import type { Stretch } from './stretches.ts'
import { TileSet } from './tile-set.ts'
import { MAX_MEMBER } from './ustar.ts'

/** What a bundle will hold: all that must be known before its first byte. */
export interface Survey {
  readonly scope: Scope
  /** Whether payloads go along, opened. */
  readonly payloads: boolean
  /** What is read: nothing of the scope stands outside. */
  readonly within: Stretch
  readonly entries: number
  /** Index of the first entry and of the last. */
  readonly first: number
  readonly last: number
  /** RFC 3339, of the last entry. */
  readonly newest: string
  /** Bytes of the lines of entries, and of payloads. */
  readonly bytes: { readonly entries: number; readonly payloads: number }
  readonly tiles: TileSet
}

/**
 * Reads what a bundle will hold, and counts.
 * @param from nothing of the scope stands before this index
 * @throws EvidenceError GS_EVIDENCE_NOT_FOUND where that is nothing, GS_EVIDENCE_TOO_LARGE; TrailError; the signal's reason
 */
export async function survey(trail: EvidenceTrail, scope: Scope, payloads: boolean, from = 0, signal?: AbortSignal): Promise<Survey> {
  const { size } = await trail.publish()
  const within: Stretch = [Math.max(from, trail.proven.minimum), size]
  const tiles = new TileSet()
  const bytes = { entries: 0, payloads: 0 }
  let entries = 0
  let first: number | undefined
  let newest: StoredEntry | undefined
  for await (const entry of select(trail, scope, within, signal)) {
    first ??= entry.index
    newest = entry
    entries++
    tiles.add(entry.index)
    bytes.entries += entryLine(entry).byteLength
    if (payloads) bytes.payloads += payloadLines(entry).byteLength
  }
  if (first === undefined || !newest)
    throw new EvidenceError('GS_EVIDENCE_NOT_FOUND', 'Nothing in the log is of this run, session or time.')
  if (Math.max(bytes.entries, bytes.payloads) > MAX_MEMBER) throw new EvidenceError('GS_EVIDENCE_TOO_LARGE')
  return { scope, payloads, within, entries, first, last: newest.index, newest: newest.at, bytes, tiles }
}

/** Index, space and entry as stored. */
export function entryLine({ index, bytes }: StoredEntry): Buffer {
  return Buffer.concat([Buffer.from(`${index} `), bytes, Buffer.from('\n')])
}

/** A line of JSON for each payload of an entry. @throws TrailError GS_TRAIL_PAYLOAD */
export function payloadLines(entry: StoredEntry): Buffer {
  const lines = entry.payloads().map(({ name, salt, content }) => {
    const what = salt && content ? { salt: encoded(salt, 'base64url'), content: encoded(content, 'base64') } : ({ erased: true } as const)
    return `${JSON.stringify({ entry: entry.index, name, ...what })}\n`
  })
  return Buffer.from(lines.join(''))
}

import { zstdDecompressSync } from 'node:zlib'
import type { StoredEntry, Trail } from '../trail/index.ts'
import type { RecordedEvent, RecordingHeader } from './events.ts'
import type { ReadRecordingOptions, RecordedSegment } from './recorded-segment.ts'

const KIND = Buffer.from('"kind":"recording.segment"')
const GAP = Buffer.from('"kind":"gap"')
const CLOSE = Buffer.from('"kind":"session.close"')
/** A segment holds a MiB of what was shown, and what its lines take more; beyond this it is none of ours. */
const LONGEST = 64 * 1024 * 1024

/**
 * What a session's client saw, in order. Opens payloads: whoever calls it has recorded that they are read.
 * @param session `ses_…`
 * @throws TrailError where a payload is not what its entry commits to; RangeError where it is no segment
 */
export async function* readRecording(
  trail: Pick<Trail, 'read'>,
  session: string,
  options: ReadRecordingOptions = {},
): AsyncGenerator<RecordedSegment> {
  const name = Buffer.from(`"${session}"`)
  for await (const entry of trail.read({ from: 0, ...options })) {
    const bytes = Buffer.from(entry.bytes.buffer, entry.bytes.byteOffset, entry.bytes.byteLength)
    // Most entries are neither, and are not parsed. Kinds and ids need no escapes in JSON.
    const isOurs = (bytes.includes(KIND) || bytes.includes(GAP) || bytes.includes(CLOSE)) && bytes.includes(name)
    if (!isOurs || entry.fields.session !== session) continue
    if (entry.kind === 'session.close') return
    const segment = entry.fields.segment
    if (typeof segment !== 'number') continue
    yield recordedSegment(entry, segment)
  }
}

/** What an entry commits to that has the field `segment`. @throws TrailError, RangeError as above */
export function recordedSegment(entry: StoredEntry, segment: number): RecordedSegment {
  const { index, id, at } = entry
  const known = { segment, index, entry: id, at }
  if (entry.kind === 'gap') return { ...known, events: [], missing: 'gap' }
  const content = entry.payloads().find(({ name }) => name === 'segment')?.content
  if (content === undefined) return { ...known, events: [], missing: 'gone' }
  return { ...known, ...linesOf(content) }
}

/** @throws RangeError */
function linesOf(content: Uint8Array): { readonly header: RecordingHeader; readonly events: readonly RecordedEvent[] } {
  const text = zstdDecompressSync(content, { maxOutputLength: LONGEST }).toString('utf8')
  const [first, ...lines] = text.split('\n')
  const header = JSON.parse(first ?? '') as RecordingHeader
  if (header.gatescribe !== 1) throw new RangeError('a segment of a recording has a format that this version does not know')
  return { header, events: lines.filter((line) => line !== '').map((line) => JSON.parse(line) as RecordedEvent) }
}

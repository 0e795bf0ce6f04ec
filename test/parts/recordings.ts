import type { LocalClient } from '../../src/api/local/index.ts'
import { type PostgresEvent, type RecordedSegment, readRecording } from '../../src/recording/index.ts'
import type { EntryFields, EntryId, EntryKind, StoredEntry } from '../../src/trail/index.ts'
import { readTrail } from './recorded.ts'

type EntryAnswer = Awaited<ReturnType<typeof readTrail>>[number]

/** A session's recording, read from outside: from the entries that an operator is shown. */
export async function recordingOf(operator: LocalClient, session: string): Promise<RecordedSegment[]> {
  return await recordingIn(await readTrail(operator), session)
}

/** The same of entries that are at hand. */
export async function recordingIn(entries: readonly EntryAnswer[], session: string): Promise<RecordedSegment[]> {
  const trail = {
    async *read() {
      for (const entry of entries) yield storedOf(entry)
    },
  }
  const segments: RecordedSegment[] = []
  for await (const segment of readRecording(trail, session)) segments.push(segment)
  return segments
}

/** What stands in its segments, in order. */
export function eventsOf(segments: readonly RecordedSegment[]): readonly PostgresEvent[] {
  return segments.flatMap(({ events }) => events as readonly PostgresEvent[])
}

/** The sessions that these entries tell of, in the order in which they began. */
export function sessionsOf(entries: readonly EntryAnswer[]): string[] {
  return entries.filter(({ kind }) => kind === 'session.open').map(({ fields }) => String(fields.session))
}

function storedOf({ index, id, kind, at, fields, payloads = [] }: EntryAnswer): StoredEntry {
  return {
    index,
    id: id as EntryId,
    kind: kind as EntryKind,
    at,
    fields: fields as EntryFields,
    commitments: {},
    bytes: Buffer.from(JSON.stringify({ kind, fields })),
    payloads: () =>
      payloads.map(({ name, encoding, content }) => ({
        name,
        content: encoding === 'erased' ? undefined : Buffer.from(content, encoding === 'base64' ? 'base64' : 'utf8'),
      })),
  }
}

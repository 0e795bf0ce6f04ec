import type { TranscriptLine } from '../../api/local/index.ts'
import { Breather } from '../../evidence/index.ts'
import { type RecordedSegment, recordedSegment } from '../../recording/index.ts'
import type { Trail } from '../../trail/index.ts'
import { OpenedPast, outcomes, Said } from './said.ts'
import { ending } from './session-facts.ts'

export interface TranscriptOptions {
  readonly session: string
  /** Index of its `session.open`. */
  readonly opened: number
  readonly follow: boolean
  /** Whether segments are opened. */
  readonly recording: boolean
  /** The entries of another session of its run that brought what it refers to. */
  readonly brought?: ConstructorParameters<typeof OpenedPast>[1]
}

/** Requests for approval that are remembered. */
const ASKED = 4_096
const APPROVAL = Buffer.from('"kind":"approval.')
/** Entries of a session that are shown as they are. */
const TOLD = /^(approval\..*|credential\..*|gap|session\.killed|breakglass\..*)$/

/**
 * What happened in one session, in the order of the log, up to its end. Opens payloads: whoever calls it has recorded that they are read.
 * @throws TrailError; RangeError where a segment is none
 */
export async function* transcript(
  trail: Pick<Trail, 'read'>,
  { session, opened: from, follow, recording, brought }: TranscriptOptions,
  signal: AbortSignal,
): AsyncGenerator<TranscriptLine> {
  const name = Buffer.from(`"${session}"`)
  const said = new Said(new OpenedPast(trail, brought))
  /** Requests for approval of this session: who decided names only the request. */
  const asked = new Set<string>()
  const breather = new Breather()
  for await (const entry of trail.read({ from, follow, signal })) {
    await breather.breathe()
    const bytes = Buffer.from(entry.bytes.buffer, entry.bytes.byteOffset, entry.bytes.byteLength)
    // Most entries are of others, and are not even parsed: an id needs no escapes in JSON.
    const isAbout = asked.size > 0 && bytes.includes(APPROVAL) && asked.has(String(entry.fields.approval))
    if (!isAbout && (!bytes.includes(name) || entry.fields.session !== session)) continue
    const { kind, fields, index, at } = entry
    if (kind === 'approval.asked' && asked.size < ASKED) asked.add(String(fields.approval))
    const place = { entry: index, at }
    if (kind === 'operation.intent') yield* said.operations(entry)
    else if (kind === 'operation.outcome') yield* outcomes(entry)
    else if (kind === 'session.close') {
      yield { closed: { ...place, ...ending(fields) } }
      return
    } else if (typeof fields.segment === 'number') {
      if (recording) yield segmentLine(recordedSegment(entry, fields.segment))
    } else if (TOLD.test(kind)) yield { told: { kind, ...place, fields: fields as Record<string, never> } }
  }
}

function segmentLine({ segment, index, at, header, events, missing }: RecordedSegment): TranscriptLine {
  return {
    segment: {
      ...{ segment, entry: index, at, events: events.map((event) => [...event]) },
      ...(header && { started: header.started }),
      ...(missing && { missing }),
    },
  }
}

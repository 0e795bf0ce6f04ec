import type { RunTranscriptLine } from '../../api/local/index.ts'

/** One thing that happened, or that was told of. */
export interface Moment {
  /** ms since the epoch. */
  readonly at: number
  readonly line: RunTranscriptLine
}

/** Spans are sent once they have ended, and then gathered: so long their place in time is kept open, ms. */
const OPEN_MS = 60_000
/** What is kept at most; beyond that, the oldest is told. */
const KEPT = 10_000

/**
 * Lines in the order of time, each span by itself and at its beginning. What comes later than it can be waited for stands where it comes.
 * @param waits false: as they come, for whoever follows
 */
export async function* inTime(lines: AsyncIterable<RunTranscriptLine>, waits: boolean): AsyncGenerator<Moment> {
  const waiting: Moment[] = []
  for await (const line of lines) {
    for (const moment of momentsOf(line)) {
      if (!waits) yield moment
      else waiting.splice(waiting.findLastIndex(({ at }) => at <= moment.at) + 1, 0, moment)
    }
    const newest = timeOf(line)
    while (waiting.length > KEPT || (waiting[0] && waiting[0].at <= newest - OPEN_MS)) yield waiting.shift() as Moment
  }
  yield* waiting
}

function* momentsOf(line: RunTranscriptLine): Generator<Moment> {
  if (!('spans' in line) || line.spans.claimed === undefined) {
    yield { at: timeOf(line), line }
    return
  }
  const { claimed, ...spans } = line.spans
  for (const span of claimed) yield { at: Date.parse(span.start), line: { spans: { ...spans, other: 0, dropped: 0, claimed: [span] } } }
  // What was not kept is told where the entry stands.
  if (spans.other + spans.dropped > 0) yield { at: timeOf(line), line: { spans: { ...spans, claimed: [] } } }
}

function timeOf(line: RunTranscriptLine): number {
  if ('run' in line) return Date.parse(line.run.startedAt)
  if ('session' in line) return Date.parse(line.session.openedAt)
  const [told] = Object.values(line) as { readonly at: string }[]
  return Date.parse(told?.at ?? '')
}

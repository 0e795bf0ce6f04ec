import type { RunTranscriptLine } from '../../api/local/index.ts'
import { traceIdOf } from '../../operations/index.ts'

/** What of a run is asked for. */
export interface Choice {
  /** Kinds of resources, and `spans`; absent: everything. */
  readonly planes?: ReadonlySet<string> | undefined
  /** What a client says belongs to this trace. */
  readonly trace?: string | undefined
}

/** Operations whose outcomes are waited for, at most. */
const KEPT = 10_000

/** Lines that are asked for, and the run itself with how it began and ended. */
export async function* chosen(lines: AsyncIterable<RunTranscriptLine>, { planes, trace }: Choice): AsyncGenerator<RunTranscriptLine> {
  const sessions = new Set<string>()
  const operations = new Set<string>()
  const isOf = (session: unknown) => planes === undefined || sessions.has(String(session))
  for await (const line of lines) {
    if ('session' in line) {
      if (planes?.has(line.session.protocol)) sessions.add(line.session.id)
      if (trace === undefined && isOf(line.session.id)) yield line
    } else if ('operation' in line) {
      const { session, n, claims } = line.operation
      if (!isOf(session) || (trace !== undefined && traceIdOf(claims?.traceparent ?? '') !== trace)) continue
      if (trace !== undefined) keep(operations, `${session} ${n}`)
      yield line
    } else if ('outcome' in line) {
      const { session, n } = line.outcome
      if (isOf(session) && (trace === undefined || operations.delete(`${session} ${n}`))) yield line
    } else if ('closed' in line) {
      if (trace === undefined && isOf(line.closed.session)) yield line
      sessions.delete(line.closed.session)
    } else if ('spans' in line) {
      if (planes !== undefined && !planes.has('spans')) continue
      const { claimed = [], ...spans } = line.spans
      const ofTrace = claimed.filter((span) => span.trace === trace)
      if (trace === undefined) yield line
      else if (ofTrace.length > 0) yield { spans: { ...spans, other: 0, dropped: 0, claimed: ofTrace } }
    } else if ('told' in line) {
      if (trace === undefined && (planes === undefined || isOf(line.told.fields.session))) yield line
    } else yield line
  }
}

function keep(known: Set<string>, name: string): void {
  known.add(name)
  if (known.size > KEPT) known.delete(known.values().next().value as string)
}

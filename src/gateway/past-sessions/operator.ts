import type { PastSessionAnswer, PastSessionOperator, RunTranscriptLine, TranscriptLine } from '../../api/local/index.ts'
import { GatewayError } from '../errors.ts'
import type { Rooms } from '../rooms.ts'
import { broughtLinks } from './brought-links.ts'
import { openingOf } from './opening.ts'
import { requestsOf } from './requests-of.ts'
import { runFacts, startOf } from './run-start.ts'
import { runTranscript } from './run-transcript.ts'
import { clientOf, recordingOf, sessionFacts } from './session-facts.ts'
import { transcript } from './transcript.ts'

type Parts = Pick<Rooms, 'readings' | 'records' | 'runs' | 'searching' | 'trail'>

/** Sessions as the trail tells of them, for one viewer. What is read is recorded before it is. */
export function pastSessionOperator({ readings, records, runs, searching, trail }: Parts, viewer: string): PastSessionOperator {
  const isLive = (session: string) => runs.sessions().some(({ id }) => id === session)
  const closeOf = async (session: string, size: number) => {
    const page = await searching.search({ session, kind: 'session.close' }, { limit: 1 }, size)
    return page.entries[0] === undefined ? undefined : searching.entry(page.entries[0])
  }
  return {
    async pastSessions({ state, limit, cursor, ...where }) {
      const filter = { kind: 'session.open', ...present(where) }
      const told = { ...filter, ...(state && { state }) }
      const size = await records.logSearched(viewer, { search: true, opened: false, limit, on: cursor !== undefined, filter: told }, {})
      const sessions: PastSessionAnswer[] = []
      let next = cursor
      // What is live, or not, is known only once it is looked at: pages of the index are read until there are enough.
      do {
        const asked = { limit: limit - sessions.length, ...(next !== undefined && { cursor: next }) }
        const page = await searching.search(filter, asked, size)
        for (const index of page.entries) {
          const opened = await searching.entry(index)
          if (opened === undefined) continue
          const id = String(opened.fields.session)
          const live = isLive(id)
          const facts = sessionFacts(opened, live ? undefined : await closeOf(id, size), live, trail)
          if (state === undefined || facts.state === state) sessions.push(facts)
        }
        next = page.next
      } while (next !== undefined && sessions.length < limit)
      return { sessions, ...(next !== undefined && { next }) }
    },
    async transcript({ session, follow, recording }, signal) {
      // Where it stands is looked up first: what is refused is not recorded as something that was seen.
      const opened = await openingOf(session, { searching, trail }, trail.proven.size, signal)
      if (opened === undefined) throw new GatewayError('GS_GATEWAY_NO_SESSION')
      const there = recordingOf(opened.fields, trail)
      if (recording === 'true' && there === 'none') throw new GatewayError('GS_GATEWAY_NOT_RECORDED')
      if (recording === 'true' && there === 'gone') throw new GatewayError('GS_GATEWAY_RECORDING_GONE')
      const shown = recording !== 'false' && there === 'recorded'
      if (shown) await records.recordingViewed(viewer, session, follow)
      else await readings.begin(viewer, { from: opened.index, follow, opened: true, filter: { session } })
      const facts = sessionFacts(opened, undefined, isLive(session), trail)
      const client = clientOf(opened)
      const brought = broughtLinks({ searching, trail }, signal)
      const lines = transcript(trail, { session, opened: opened.index, follow, recording: shown, brought }, signal)
      return withFirst<TranscriptLine>({ session: { ...facts, ...(client && { client }) } }, lines)
    },
    async runTranscript({ run, follow }, signal) {
      const start = await startOf(run, { searching, trail }, trail.proven.size, signal)
      if (start === undefined) throw new GatewayError('GS_GATEWAY_NO_RUN')
      await readings.begin(viewer, { from: start.index, follow, opened: true, filter: { run } })
      const brought = broughtLinks({ searching, trail }, signal)
      const lines = runTranscript(trail, { run, started: start.index, follow, brought }, signal)
      return withFirst<RunTranscriptLine>({ run: runFacts(start, runs.run(run)?.state) }, lines)
    },
    requestsOf: (entry, signal) => requestsOf(entry, trail, broughtLinks({ searching, trail }, signal)),
  }
}

async function* withFirst<Line>(first: Line, lines: AsyncIterable<Line>): AsyncGenerator<Line> {
  yield first
  yield* lines
}

function present<T extends object>(query: T): { [Name in keyof T]?: Exclude<T[Name], undefined> } {
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined)) as never
}

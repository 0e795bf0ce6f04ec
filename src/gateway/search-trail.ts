import type { TrailFound, TrailSearch } from '../api/local/index.ts'
import type { EntryFields, StoredEntry } from '../trail/index.ts'
import type { Rooms } from './rooms.ts'

type Parts = Pick<Rooms, 'records' | 'searching' | 'trail'>

/** Recorded first, then searched, then read from the log: what is shown is the log's word, not the index's. */
export async function searchTrail({ records, searching, trail }: Parts, viewer: string, asked: TrailSearch): Promise<TrailFound> {
  const query = { ...asked.query, ...(asked.query.who === undefined ? {} : { who: pseudonymOf(asked.query.who, trail) }) }
  const { text, action, object, ...filter } = query
  const said = { search: true, opened: asked.opened, limit: asked.limit, on: asked.cursor !== undefined, filter: whole(filter) }
  const size = await records.logSearched(viewer, said, { text, action, object })
  const page = await searching.search(query, asked, size)
  const entries: StoredEntry[] = []
  for (const index of page.entries) {
    const entry = await searching.entry(index)
    if (entry) entries.push(entry)
  }
  return { ...page, entries, size }
}

/** A pseudonym has no colon in it; a subject may. */
function pseudonymOf(who: string, trail: Parts['trail']): string {
  const colon = who.indexOf(':')
  return colon === -1 ? who : trail.pseudonym(who.slice(0, colon), who.slice(colon + 1))
}

/** An entry holds no fractions, and nothing that is not there. */
function whole(filter: Record<string, string | number | boolean | undefined>): EntryFields {
  const said = Object.entries(filter).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, typeof value === 'number' ? Math.trunc(value) : value] as const],
  )
  return Object.fromEntries(said)
}

import type { StoredEntry, Trail } from '../../trail/index.ts'
import type { Searching } from '../searching/index.ts'

const OPEN = Buffer.from('"kind":"session.open"')

/**
 * The `session.open` of a session: the search index knows where it stands; what it does not know yet is read.
 * @param size how far the log goes
 * @returns undefined where the log has none, or no more
 */
export async function openingOf(
  session: string,
  { searching, trail }: { readonly searching: Searching; readonly trail: Pick<Trail, 'read'> },
  size: number,
  signal: AbortSignal,
): Promise<StoredEntry | undefined> {
  const page = await searching.search({ session, kind: 'session.open', oldest: true }, { limit: 1 }, size).catch(() => undefined)
  const [index] = page?.entries ?? []
  const entry = index === undefined ? undefined : await searching.entry(index)
  if (entry?.fields.session === session) return entry
  const name = Buffer.from(`"${session}"`)
  for await (const candidate of trail.read({ from: page?.indexed ?? 0, signal })) {
    const bytes = Buffer.from(candidate.bytes.buffer, candidate.bytes.byteOffset, candidate.bytes.byteLength)
    if (bytes.includes(OPEN) && bytes.includes(name) && candidate.kind === 'session.open' && candidate.fields.session === session)
      return candidate
  }
  return undefined
}

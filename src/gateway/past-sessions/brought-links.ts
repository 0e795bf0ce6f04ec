import type { StoredEntry, Trail } from '../../trail/index.ts'
import type { Searching } from '../searching/index.ts'
import { openingOf } from './opening.ts'

const BRINGS = Buffer.from('"history.')

/** Finds the entries of a session that brought what its run says again and again, in order; none where the log has no more of it. */
export function broughtLinks(
  { searching, trail }: { readonly searching: Searching; readonly trail: Pick<Trail, 'read' | 'proven'> },
  signal: AbortSignal,
): (session: string) => Promise<readonly StoredEntry[]> {
  return async (session) => {
    const opened = await openingOf(session, { searching, trail }, trail.proven.size, signal)
    if (opened === undefined) return []
    const name = Buffer.from(`"${session}"`)
    const brought: StoredEntry[] = []
    for await (const entry of trail.read({ from: opened.index, signal })) {
      const bytes = Buffer.from(entry.bytes.buffer, entry.bytes.byteOffset, entry.bytes.byteLength)
      if (!bytes.includes(name) || entry.fields.session !== session) continue
      if (entry.kind === 'session.close') break
      if (entry.kind === 'operation.intent' && bytes.includes(BRINGS)) brought.push(entry)
    }
    return brought
  }
}

import type { EntryFields, StoredEntry } from '../../trail/index.ts'
import type { TrailFilter } from './operator.ts'

/**
 * Says of each entry, in order, whether a filter keeps it. An operation names only its session, and `session.open` says whose
 * run that is (what does not change is said once), so sessions of the run are remembered as they are passed.
 */
export function trailFilter({ kind, run, session }: TrailFilter): (entry: Pick<StoredEntry, 'kind' | 'fields'>) => boolean {
  const sessionsOfRun = new Set<string>()
  return (entry) => {
    const named = { run: text(entry.fields, 'run'), session: text(entry.fields, 'session') }
    if (run !== undefined && named.run === run && named.session !== undefined) sessionsOfRun.add(named.session)
    if (kind !== undefined && !matchesKind(entry.kind, kind)) return false
    if (session !== undefined && named.session !== session) return false
    return run === undefined || named.run === run || (named.session !== undefined && sessionsOfRun.has(named.session))
  }
}

/** `operation` means `operation.intent` and `operation.outcome`. */
function matchesKind(kind: string, asked: string): boolean {
  return kind === asked || kind.startsWith(`${asked}.`)
}

function text(fields: EntryFields, name: string): string | undefined {
  const value = fields[name]
  return typeof value === 'string' ? value : undefined
}

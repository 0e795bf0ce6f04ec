import type { StoredEntry } from '../trail/index.ts'
import type { About } from './about.ts'
import type { ExportFilter } from './settings.ts'

/**
 * Whether an entry passes each field of a filter. An entry of a session that nobody knows any more, because retention took its beginning, passes: a filter
 * is there so that a receiver gets less, not so that it misses something.
 */
export function passes({ kinds, resources, decisions }: ExportFilter, { kind }: Pick<StoredEntry, 'kind'>, about: About): boolean {
  if (kinds && !kinds.some((wanted) => isOfKind(kind, wanted))) return false
  const isUnknown = about.session !== undefined && about.resource === undefined
  if (isUnknown) return true
  if (resources && (about.resource === undefined || !resources.includes(about.resource))) return false
  return !decisions || about.decisions.some(({ effect }) => decisions.includes(effect))
}

/** `operation.*` means all that begin with `operation.`. */
function isOfKind(kind: string, wanted: string): boolean {
  return wanted.endsWith('.*') ? kind.startsWith(wanted.slice(0, -1)) : kind === wanted
}

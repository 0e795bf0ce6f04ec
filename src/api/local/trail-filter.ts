import { Belonging } from '../../evidence/index.ts'
import type { StoredEntry } from '../../trail/index.ts'
import type { TrailFilter } from './operator.ts'

/** Says of each entry, in order, whether a filter keeps it. */
export function trailFilter({ kind, ...to }: TrailFilter): (entry: Pick<StoredEntry, 'kind' | 'fields'>) => boolean {
  const belonging = new Belonging(to)
  return (entry) => belonging.has(entry.fields) && (kind === undefined || matchesKind(entry.kind, kind))
}

/** `operation` means `operation.intent` and `operation.outcome`. */
function matchesKind(kind: string, asked: string): boolean {
  return kind === asked || kind.startsWith(`${asked}.`)
}

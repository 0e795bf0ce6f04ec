import type { Found, SecretKind } from './redacted.ts'

/** What an entry says of one of its payloads, without any of its content: `[payload, kind, how many]`. */
export type RedactedRow = readonly [payload: string, kind: SecretKind | 'other', count: number]

/** Rows of one payload: an entry that holds hundreds of payloads has room for so many. */
const MOST_ROWS = 2

/** @param payload its name in the entry. @param found what was taken out of it; kinds beyond two are added up as `other` */
export function redactedRows(payload: string, found: readonly Found[]): RedactedRow[] {
  const rows = found.slice(0, MOST_ROWS).map(({ kind, count }): RedactedRow => [payload, kind, count])
  const others = found.slice(MOST_ROWS).reduce((sum, { count }) => sum + count, 0)
  return others === 0 ? rows : [...rows, [payload, 'other', others]]
}

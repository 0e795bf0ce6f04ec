import type { Understood } from '../../../src/protocols/postgres/sql/index.ts'
import { type Missing, missingFrom, type Seen } from '../../parts/server-did.ts'

/**
 * What the server locks although neither a row is read or written nor a relation altered; facts need not say it.
 *
 * - EXPLAIN plans a write, and does not do it.
 * - COMMENT, GRANT, REVOKE, SECURITY LABEL and statistics objects change what is said of a relation.
 * - CREATE FUNCTION checks its body.
 * - DISCARD drops what only the session itself could see.
 */
const TOUCHES_NO_ROWS: ReadonlySet<string> = new Set([
  'define/comment',
  'admin/grant',
  'admin/revoke',
  'admin/security label',
  'define/create statistics',
  'define/alter statistics',
  'define/drop statistics',
  'define/create function',
  'define/create procedure',
  'session/discard',
])
/** Functions of pg_catalog that say how something is defined open it for that. */
const TELLS_OF_DEFINITIONS =
  /^pg_catalog\.(pg_get_\w+|satisfies_hash_partition|pg_partition_\w+|pg_index\w*_has_property|has_\w+_privilege)$/

/** What the server did and the facts do not say, unless they say that they do not know. */
export function missing({ facts: { effects, sql } }: Understood, seen: readonly Seen[], text: string): Missing | undefined {
  if (!sql || effects.some((effect) => effect.class === 'opaque')) return undefined
  const touchesNone = effects.some((effect) => TOUCHES_NO_ROWS.has(`${effect.class}/${effect.action}`))
  const explains = effects.some((effect) => effect.action === 'explain')
  const tells = sql.functions?.some((name) => TELLS_OF_DEFINITIONS.test(name)) === true
  const mattered = seen.flatMap((one) => {
    if (explains) return [{ ...one, written: false }]
    if (touchesNone) return []
    return tells && one.modes.every((mode) => mode === 'AccessShareLock') ? [] : [one]
  })
  return missingFrom(sql, mattered, /\bFOR\b/i.test(text))
}

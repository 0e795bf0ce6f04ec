import { type Facts, type Mask, type MaskedUse, maskedColumns, type Resource, type SqlFacts, touchedColumn } from '../operations/index.ts'
import type { Asker } from './asker.ts'
import { maskedFieldUse } from './masked-fields.ts'

/** Why masks refuse an operation, and which. */
export interface MaskedRefusal {
  readonly use: MaskedUse
  readonly masks: readonly Mask[]
}

/**
 * The database that an asker is connected to, as the target calls it.
 * @returns undefined where that is not known: then masks of every database are about it
 */
export function databaseOf({ resource, session }: Pick<Asker, 'resource' | 'session'>): string | undefined {
  if (session?.database === undefined || resource.databases === undefined) return undefined
  return resource.databases.get(session.database) ?? session.database
}

/**
 * Whether an operation does with a masked column or field what its mask does not let it: choose, order or group by it, let it decide whether it fails,
 * store what it holds elsewhere, or write it.
 * Where that is not known, it is refused too, unless it is known to read and write nothing.
 *
 * @param facts undefined: nothing is known of it
 * @param database undefined: not known
 */
export function maskedUse(
  masks: readonly Mask[],
  facts: Facts | undefined,
  database: string | undefined,
  kind: Resource['kind'],
): MaskedRefusal | undefined {
  if (isConnectionOnly(facts)) return undefined
  const refused = kind === 'kubernetes' ? maskedFieldUse(masks, facts) : kind === 'postgres' ? maskedColumnUse(masks, facts, database) : []
  const [first] = refused
  return first && { use: first.use, masks: refused.map(({ mask }) => mask) }
}

function maskedColumnUse(masks: readonly Mask[], facts: Facts | undefined, database: string | undefined) {
  return masks.flatMap((mask) => {
    const columns = maskedColumns(mask, database)
    const use = columns.length === 0 ? undefined : useOf(mask, columns, facts ?? NO_FACTS)
    return use === undefined ? [] : [{ mask, use }]
  })
}

const NO_FACTS: Facts = { effects: [] }

/** What drivers do to be connected touches no data. */
const isConnectionOnly = (facts: Facts | undefined) => facts?.effects.every((effect) => effect.class === 'session') === true

function useOf(
  { predicates, unmaskedWrite }: Mask,
  masked: readonly string[],
  { effects, sql = NOTHING_KNOWN }: Facts,
): MaskedUse | undefined {
  const { columns, reads, writes } = sql
  if (columns === undefined) return reads?.length === 0 && writes?.length === 0 ? undefined : 'unknown'
  // That a statement fails tells as much as that a row is there.
  if (!predicates && touchedColumn(masked, [...columns.predicate, ...(columns.tests ?? [])]) !== undefined) return 'predicate'
  if (columns.sources === undefined) {
    if (!effects.every((effect) => READING.has(effect.class))) return 'unknown'
  } else if (touchedColumn(masked, columns.sources) !== undefined) return 'source'
  return !unmaskedWrite && touchedColumn(masked, columns.written) !== undefined ? 'written' : undefined
}

const NOTHING_KNOWN: SqlFacts = { statements: 1 }
/** Classes by which nothing is stored. */
const READING: ReadonlySet<string> = new Set(['session', 'read', 'statistics', 'backend'])

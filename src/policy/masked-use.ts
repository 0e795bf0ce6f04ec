import type { Facts, Mask, MaskedUse, SqlFacts } from '../operations/index.ts'
import type { Asker } from './asker.ts'

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
 * Whether an operation does with a masked column what its mask does not let it: choose, order or group by it, store what it holds elsewhere, or write it.
 * Where that is not known, it is refused too, unless it is known to read and write nothing.
 *
 * @param facts undefined: nothing is known of it
 * @param database undefined: not known
 */
export function maskedUse(masks: readonly Mask[], facts: Facts | undefined, database: string | undefined): MaskedRefusal | undefined {
  const covering = masks.flatMap((mask) => {
    const columns = columnsIn(mask, database)
    return columns.length > 0 ? [{ mask, columns }] : []
  })
  if (covering.length === 0 || isConnectionOnly(facts)) return undefined
  const refused = covering.flatMap(({ mask, columns }) => {
    const use = useOf(mask, columns, facts ?? NO_FACTS)
    return use === undefined ? [] : [{ mask, use }]
  })
  const [first] = refused
  return first && { use: first.use, masks: refused.map(({ mask }) => mask) }
}

/** Columns of a mask that are in a database, as `schema.relation.column`; of every database where it is not known which. */
function columnsIn({ columns }: Mask, database: string | undefined): readonly string[] {
  if (database === undefined) return columns.map((column) => column.slice(column.indexOf('.') + 1))
  return columns.flatMap((column) => (column.startsWith(`${database}.`) ? column.slice(database.length + 1) : []))
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
  if (!predicates && touches(masked, columns.predicate)) return 'predicate'
  if (columns.sources === undefined) {
    if (!effects.every((effect) => READING.has(effect.class))) return 'unknown'
  } else if (touches(masked, columns.sources)) return 'source'
  return !unmaskedWrite && touches(masked, columns.written) ? 'written' : undefined
}

const NOTHING_KNOWN: SqlFacts = { statements: 1 }
/** Classes by which nothing is stored. */
const READING: ReadonlySet<string> = new Set(['session', 'read', 'statistics', 'backend'])

const relationOf = (column: string) => column.slice(0, column.lastIndexOf('.'))
const isWhole = (column: string) => column.endsWith('.*')

/** `*` on either side is every column of its relation. */
function touches(masked: readonly string[], used: readonly string[]): boolean {
  return masked.some((column) =>
    used.some((other) => column === other || ((isWhole(column) || isWhole(other)) && relationOf(column) === relationOf(other))),
  )
}

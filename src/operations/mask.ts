/** What a value is replaced by. `fixed`: by this text, where the type has room for it. */
export type MaskOperator = 'redact' | 'null' | 'partial' | 'hash' | { readonly fixed: string }

/** Of a conversation with a model: what is sent to it, and what it answers. */
export type MaskDirection = 'prompt' | 'answer'

/** What an asker does not see, and what is shown instead. Plain values: equal for everybody about whom it holds. */
export interface Mask {
  /** Unique among masks; stands in refusals and in the trail. */
  readonly name: string
  /** `database.schema.relation.column`, the database as the target calls it; `*` for the column is every column of the relation. */
  readonly columns: readonly string[]
  /** What of objects of Kubernetes: `objectFields` reads each of them. Absent: nothing. */
  readonly fields?: readonly string[]
  /** Detectors that look at what no column names: built-in ones, and those of `patterns`. */
  readonly detect: readonly string[]
  /** Patterns of the user's among `detect`, in RE2 syntax. */
  readonly patterns: readonly { readonly name: string; readonly pattern: string }[]
  readonly as: MaskOperator
  /** At models: what goes there, what comes from there; absent: both. */
  readonly directions?: readonly MaskDirection[]
  /** At models: what becomes of images, sound and files in base64, which no detector reads; absent: they pass. */
  readonly binary?: 'pass' | 'refuse'
  /** Whether who does not see a column or field may write it. */
  readonly unmaskedWrite: boolean
  /** Whether a column or field may stand in predicates, orderings, groupings and tests: what it holds can be told from what comes back. */
  readonly predicates: boolean
}

/**
 * Why a mask refuses an operation: a column or field is what rows or objects are chosen, ordered or grouped by; its value would be stored where it is
 * not masked; it is written; or it cannot be told whether one of these is so.
 */
export type MaskedUse = 'predicate' | 'source' | 'written' | 'unknown'

/** How often a mask was applied, without values: its name, the column or detector, cells or places. */
export type MaskCount = readonly [mask: string, what: string, count: number]

/**
 * Columns of a mask that are in a database, as facts name them: `schema.relation.column`.
 * @param database as the target calls it; undefined: not known, then those of every database
 */
export function maskedColumns({ columns }: Pick<Mask, 'columns'>, database: string | undefined): readonly string[] {
  if (database === undefined) return columns.flatMap(withoutDatabase)
  return columns.flatMap((column) => (column.startsWith(`${database}.`) ? column.slice(database.length + 1) : []))
}

/**
 * The first of the masked columns that is among others; `*` on either side is every column of its relation. Statistics hold values of any column.
 * @returns undefined where none is
 */
export function touchedColumn(masked: readonly string[], others: readonly string[]): string | undefined {
  const touched = masked.find((column) => others.some((other) => column === other || isAmong(column, other) || isAmong(other, column)))
  return touched ?? (others.some((other) => STATISTICS.test(other)) ? masked[0] : undefined)
}

/** Values of columns, their lengths and their order in pg_statistic, pg_statistic_ext_data and the views on them. */
const STATISTICS =
  /^pg_catalog\.pg_stat(s|s_ext|s_ext_exprs|istic|istic_ext_data)\.(most_common_\w+|\w*histogram\w*|range_\w+|avg_width|correlation|sta(values|numbers)\d|stawidth|stxd\w+|\*)$/

/** Of names with dots it cannot be told where their relation ends: then it is rather among them. */
const isAmong = (column: string, whole: string) => whole.endsWith('.*') && column.startsWith(whole.slice(0, -1))

/** What may be behind the name of the database, which may have dots in it. */
function withoutDatabase(column: string): string[] {
  const parts = column.split('.')
  return parts.slice(3).map((_, at) => parts.slice(at + 1).join('.'))
}

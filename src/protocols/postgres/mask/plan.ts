import { type Findings, findingsOf } from '../../../masking/index.ts'
import { type Mask, maskedColumns, type SqlFacts, touchedColumn } from '../../../operations/index.ts'
import type { OutputColumn } from '../sql/index.ts'
import type { ResultField } from '../wire/row-description.ts'
import { type CellType, cellType } from './cell-types.ts'
import { isDelimitable, isUtf8Name } from './copy-format.ts'
import type { ColumnPlan, MaskCatalog, MaskPlan } from './types.ts'

/** What there is to know of a result before its first row. */
export interface PlanningParts {
  readonly masks: readonly Mask[]
  /** As the target calls it; undefined: not known, then masks of every database are about it. */
  readonly database: string | undefined
  /** What the statement's text says of its columns; undefined: it cannot be told. */
  readonly outputs: readonly OutputColumn[] | undefined
  /** What may flow into any of them, where only their number is not known. */
  readonly anyOutput?: OutputColumn | undefined
  /** As the server describes them, in the formats that are bound. */
  readonly fields: readonly ResultField[]
  readonly catalog: MaskCatalog
  /** `client_encoding`; undefined: not known. */
  readonly encoding: string | undefined
}

/** Counted as a column where it is not known which ones flow into an expression. */
const EXPRESSION = 'expression'

/**
 * Says what is to be done to each column of a result. Where the server hands a stored column through, that decides; elsewhere the text of
 * the statement does. An expression that a masked column flows into, or of which it cannot be told, is masked whole.
 *
 * @returns undefined where rows may pass as they are
 * @throws MaskingError where a pattern of a mask cannot be used
 */
export function planMasks({ masks, database, outputs, anyOutput, fields, catalog, encoding }: PlanningParts): MaskPlan | undefined {
  const { covering, findings } = readMasks(masks, database)
  const fitting = outputs?.length === fields.length ? outputs : undefined
  const unicode = encoding !== undefined && isUtf8Name(encoding)
  const columns = fields.map((field, at): ColumnPlan | undefined => {
    const cell = cellType(field, !isDelimitable(encoding), catalog.labels(field.type))
    const covered = coveredBy(covering, field, fitting ? fitting[at] : anyOutput, catalog)
    if (covered) return { ...covered, cell }
    return findings && maySpeak(cell, findings) ? { how: 'found', findings, cell, unicode } : undefined
  })
  return columns.some((column) => column !== undefined) ? { columns } : undefined
}

/**
 * Whether a message about a statement may tell something that a mask covers.
 * @param sql undefined: nothing is known of it
 */
export function readsMasked(masks: readonly Mask[], database: string | undefined, sql: Pick<SqlFacts, 'columns'> | undefined): boolean {
  const { covering } = readMasks(masks, database)
  if (covering.length === 0) return false
  const used = sql?.columns
  if (used?.sources === undefined) return true
  const all = [...used.output, ...used.predicate, ...used.written, ...used.sources, ...(used.tests ?? [])]
  return covering.some(({ columns }) => touchedColumn(columns, all) !== undefined)
}

/** Whether an analyzer is asked about anything of this result. */
export function isAnalyzed({ columns }: MaskPlan): boolean {
  return columns.some((column) => column?.how === 'found' && column.findings.entities !== undefined)
}

/** What the detectors of masks look for; undefined where none has any. */
export function findingsIn(masks: readonly Mask[]): Findings | undefined {
  return readMasks(masks, undefined).findings
}

interface Covering {
  readonly mask: Mask
  /** As facts name them. */
  readonly columns: readonly string[]
}
interface ReadMasks {
  readonly covering: readonly Covering[]
  readonly findings: Findings | undefined
}

/** Lists of masks are few, and the same object for everybody about whom they hold. */
const known = new WeakMap<readonly Mask[], Map<string | undefined, ReadMasks>>()

function readMasks(masks: readonly Mask[], database: string | undefined): ReadMasks {
  let byDatabase = known.get(masks)
  if (byDatabase === undefined) {
    byDatabase = new Map()
    known.set(masks, byDatabase)
  }
  let read = byDatabase.get(database)
  if (read === undefined) {
    const covering = masks.map((mask) => ({ mask, columns: maskedColumns(mask, database) })).filter(({ columns }) => columns.length > 0)
    read = { covering, findings: findingsOf(masks) }
    // Only the names of databases that exist come here, but a client chooses among them.
    if (byDatabase.size < 64) byDatabase.set(database, read)
  }
  return read
}

type Covered = { readonly how: 'value' | 'whole'; readonly mask: Mask; readonly what: string }

function coveredBy(
  covering: readonly Covering[],
  { table, column }: ResultField,
  output: OutputColumn | undefined,
  catalog: MaskCatalog,
): Covered | undefined {
  const [first] = covering
  if (first === undefined) return undefined
  const origin = table === 0 ? undefined : catalog.origin(table, column)
  if (origin) return touching(covering, origin, 'value')
  const unsure: Covered = { how: 'whole', mask: first.mask, what: EXPRESSION }
  if (output === undefined) return unsure
  const touched = touching(covering, output.from, output.plain && output.certain ? 'value' : 'whole')
  return touched ?? (output.certain ? undefined : unsure)
}

/** The first mask of the configuration that covers one of these. */
function touching(covering: readonly Covering[], names: readonly string[], how: Covered['how']): Covered | undefined {
  for (const { mask, columns } of covering) {
    const what = touchedColumn(columns, names)
    if (what !== undefined) return { how, mask, what }
  }
  return undefined
}

/** Whether detectors have something to look at. */
function maySpeak({ kind }: CellType, { masks }: Findings): boolean {
  if (kind === 'address') return masks.has('ip')
  return kind !== 'plain' && kind !== 'uuid'
}

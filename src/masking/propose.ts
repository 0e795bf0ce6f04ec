import type { ColumnHint } from './column-hints.ts'
import type { Detector } from './detector.ts'

/** What a sample of one column came to: counts, never a value. */
export interface ColumnSample {
  /** `database.schema.relation.column` */
  readonly column: string
  /** Values that were looked at: neither NULL nor empty. */
  readonly values: number
  /** Values in which a detector found something. */
  readonly found: Readonly<Record<string, number>>
  readonly hint?: ColumnHint | undefined
  /** Of the values, those that an analyzer was asked about and answered: what `found` has of it is counted among these. Absent: it was not asked. */
  readonly analyzed?: number | undefined
}

export type ProposedOperator = 'partial' | 'redact'

export interface ProposedColumn extends ColumnSample {
  /** Whether a person should look before it is masked: little was found, or only the name speaks for it. */
  readonly doubtful: boolean
}

/** A mask as it would stand in the configuration. */
export interface ProposedMask {
  readonly name: string
  readonly resource: string
  readonly as: ProposedOperator
  /** The certain ones first. */
  readonly columns: readonly ProposedColumn[]
}

/** Of the values of a column, a detector finds something in this share at least, or the column is doubtful. */
const LIKELY = 0.1
/** Of so few values a share says little. */
const FEW = 5

/** What people go on working with, knowing which one it is: a part of it stays to be seen. */
const PARTLY: ReadonlySet<string> = new Set([
  ...(['email', 'phone', 'ip', 'person'] satisfies (Detector | ColumnHint)[]),
  ...['presidio/PERSON', 'presidio/EMAIL_ADDRESS', 'presidio/PHONE_NUMBER', 'presidio/IP_ADDRESS'],
])

/**
 * Masks for what a sample found, one per way of masking. Pure; nothing is proposed for a column of which neither values nor name say anything.
 * @param resource its name, which the names of the masks begin with
 */
export function proposeMasks(resource: string, samples: readonly ColumnSample[]): readonly ProposedMask[] {
  const speaking = samples.filter(({ found, hint }) => hint !== undefined || Object.keys(found).length > 0)
  const proposed = speaking.map((sample) => ({ ...sample, doubtful: isDoubtful(sample) }))
  return (['partial', 'redact'] as const).flatMap((as) => {
    const columns = proposed.filter((column) => operatorFor(column) === as).sort(certainFirst)
    return columns.length === 0 ? [] : [{ name: `${resource}-${as === 'partial' ? 'contacts' : 'secrets'}`, resource, as, columns }]
  })
}

function isDoubtful(sample: ColumnSample): boolean {
  const found = Object.entries(sample.found)
  if (found.length === 0) return true
  if (sample.hint !== undefined) return false
  return found.every(([what, count]) => {
    const among = lookedAt(sample, what)
    return count < among * LIKELY || (among < FEW && count < 2)
  })
}

/** Among how many values a detector, or an analyzer, found what it did. */
export function lookedAt({ values, analyzed = 0 }: Pick<ColumnSample, 'values' | 'analyzed'>, what: string): number {
  return what.startsWith('presidio/') ? analyzed : values
}

/** Where several things speak, the stricter way wins. */
function operatorFor({ found, hint }: ColumnSample): ProposedOperator {
  const said = Object.keys(found)
  const all = said.length > 0 ? said : [hint ?? '']
  return all.every((each) => PARTLY.has(each)) ? 'partial' : 'redact'
}

function certainFirst(a: ProposedColumn, b: ProposedColumn): number {
  if (a.doubtful !== b.doubtful) return a.doubtful ? 1 : -1
  return a.column < b.column ? -1 : 1
}

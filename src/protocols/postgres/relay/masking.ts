import type { Analyses } from '../../../masking/index.ts'
import { type Mask, Refusal } from '../../../operations/index.ts'
import type { Catalog } from '../catalog/index.ts'
import { type CopyFormat, copyFormat, copyMasker, type MaskCatalog, maskCatalog, planMasks, rowMasker } from '../mask/index.ts'
import type { StatementFacts } from '../sql/statement-facts.ts'
import { frontend } from '../wire/codes.ts'
import { HEADER_BYTES } from '../wire/framer.ts'
import { readRowDescription } from '../wire/row-description.ts'
import { copiedFields } from './copied-columns.ts'
import { type Expected, statementOf } from './expected.ts'
import type { Flight, MaskedResult } from './flight.ts'
import { changesReading, type Reading } from './reading.ts'

export interface MaskingOptions {
  /** The newest there is of the target's database. */
  readonly catalog: () => Catalog | undefined
  /** As the target calls it; undefined: not known. */
  readonly database: string | undefined
  /** Of the operator `hash`. */
  readonly key: Uint8Array | undefined
  /** Of an analyzer that masks ask; undefined: nobody can be asked. */
  readonly analyses: Analyses | undefined
  readonly reading: Pick<Reading, 'encoding'>
}

/** Holds what the server says of a result against what its client is not to see, before the first row comes. */
export class Masking {
  /** What messages are masked by. */
  readonly messages: Pick<MaskingOptions, 'database' | 'key' | 'analyses' | 'reading'>
  readonly #options: MaskingOptions
  #catalog: { readonly of: Catalog | undefined; readonly asked: MaskCatalog } | undefined

  constructor(options: MaskingOptions) {
    this.#options = options
    this.messages = options
  }

  /**
   * RowDescription of what this operation answers with.
   * @param of what the RowDescription answers
   * @returns names of the masks that columns go through as a whole, one for each column; undefined where there are none
   * @throws WireError
   */
  described(flight: Flight, of: Expected, bytes: Uint8Array, start: number, end: number): readonly (string | null)[] | undefined {
    const { masks } = flight
    if (!masks) return undefined
    // In a Query, a second one before the statement's end is of what a rewrite rule adds, which its text does not say.
    const isAdded = of.type === frontend.query && flight.result !== undefined
    const statement = isAdded ? undefined : (statementOf(of) ?? flight.statements[0])
    const plan = planMasks({
      ...this.#of(masks, statement),
      outputs: statement?.outputs,
      anyOutput: statement?.anyOutput,
      fields: readRowDescription(bytes, start, end),
    })
    if (!plan) {
      flight.resultBegins('raw')
      return undefined
    }
    const rows = rowMasker(plan, this.#options.key, this.#options.analyses)
    flight.resultBegins({ rows, counts: () => rows.counts() })
    return plan.columns.map((column) => (column === undefined || column.how === 'found' ? null : column.mask.name))
  }

  /**
   * CopyOutResponse: overall format, then the format of each column (PostgreSQL protocol, "Message Formats").
   * @returns why nothing of it may be passed, where it cannot be told what is masked
   */
  copyOut(flight: Flight, of: Expected, bytes: Uint8Array, start: number, end: number): Refusal | undefined {
    const { masks } = flight
    if (!masks) return undefined
    const statement = statementOf(of)
    const binary = bytes[start + HEADER_BYTES] !== 0
    const width = end - start < HEADER_BYTES + 3 ? 0 : (bytes[start + HEADER_BYTES + 1]! << 8) | bytes[start + HEADER_BYTES + 2]!
    const common = this.#of(masks, statement)
    const encoding = statement?.copyTo?.encoding ?? common.encoding
    const outputs = statement?.outputs?.length === width ? statement.outputs : undefined
    const plan = planMasks({
      ...common,
      outputs,
      anyOutput: statement?.anyOutput,
      encoding,
      fields: copiedFields(outputs, width, binary, this.#options.catalog()),
    })
    if (!plan) {
      flight.resultBegins('raw')
      return undefined
    }
    const format: CopyFormat | undefined = binary ? { format: 'binary' } : statement?.copyTo && copyFormat(statement.copyTo, encoding)
    if (!format || (format.format === 'binary') !== binary) return unreadableCopy()
    const copy = copyMasker(plan, format, this.#options.key, this.#options.analyses)
    const result: MaskedResult = { copy, counts: () => copy.counts() }
    flight.resultBegins(result)
    return undefined
  }

  #of(masks: readonly Mask[], statement: StatementFacts | undefined) {
    const catalog = this.#options.catalog()
    if (!this.#catalog || this.#catalog.of !== catalog) this.#catalog = { of: catalog, asked: maskCatalog(catalog) }
    // What the statement itself does to it may hold in the middle of its rows.
    const isCertain = statement !== undefined && !changesReading([statement])
    return {
      masks,
      database: this.#options.database,
      catalog: this.#catalog.asked,
      encoding: isCertain ? this.#options.reading.encoding : undefined,
    }
  }
}

/** What is said of rows of which nobody knows what of them is masked. */
export function notDescribed(): Refusal {
  return new Refusal('GS_OPERATION_NOT_UNDERSTOOD', { reason: 'It cannot be told which columns of this result are masked.' })
}

function unreadableCopy(): Refusal {
  return new Refusal('GS_OPERATION_NOT_SUPPORTED', {
    reason: 'Masked columns cannot be told apart in what this COPY sends.',
    next: 'Copy in client_encoding UTF8 with plain options, or use SELECT.',
  })
}

/** What is said of a row that is not read because of its length. @param longest bytes */
export function rowTooLong(longest: number): Refusal {
  return new Refusal('GS_LIMIT_EXCEEDED', {
    reason: `A row with masked columns is longer than the ${longest} bytes up to which it can be masked.`,
    next: 'Select fewer columns of it, or parts of the long ones.',
  })
}

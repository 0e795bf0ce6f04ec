import { isAscii } from 'node:buffer'
import { type Analyses, keptByPartial, PARTLY_HIDDEN } from '../../../masking/index.ts'
import type { MaskCount } from '../../../operations/index.ts'
import { hidden, type Masked, maskFinds, maskValue, standsFor } from './mask-cell.ts'
import { maskOf } from './mask-of.ts'
import type { Slab } from './slab.ts'
import type { ColumnPlan, MaskPlan } from './types.ts'

/** Masks cells of one result by its plan, and counts what was masked. */
export class CellMasking {
  readonly #columns: MaskPlan['columns']
  readonly #key: Uint8Array | undefined
  readonly #analyses: Analyses | undefined
  /** By column: what stands for each of its values; undefined where that depends on the value. */
  readonly #constants: readonly (Uint8Array | null | undefined)[]
  /** By column: whether all that is shown of a value is its end. */
  readonly #partial: readonly boolean[]
  /** By column: cells. */
  readonly #cells: number[]
  /** By detector: places. */
  readonly #found = new Map<string, number>()
  readonly #count = (detector: string): void => {
    this.#found.set(detector, (this.#found.get(detector) ?? 0) + 1)
  }

  /** @param analyses of the analyzer, where masks ask for something; without it, nothing is shown of what it would be asked about */
  constructor({ columns }: MaskPlan, key: Uint8Array | undefined, analyses?: Analyses) {
    this.#columns = columns
    this.#key = key
    this.#analyses = analyses
    this.#constants = columns.map((plan) => {
      if (plan?.how === 'whole') return hidden(plan.mask.as, plan.cell)
      return plan?.how === 'value' ? standsFor(plan.mask.as, plan.cell) : undefined
    })
    this.#partial = columns.map(
      (plan) =>
        plan?.how === 'value' &&
        plan.mask.as === 'partial' &&
        plan.cell.kind === 'text' &&
        plan.cell.longest === undefined &&
        !plan.cell.filled,
    )
    this.#cells = columns.map(() => 0)
  }

  get width(): number {
    return this.#columns.length
  }

  /** Whether anything is done to cells of this column. */
  concerns(column: number): boolean {
    return this.#columns[column] !== undefined
  }

  /** What stands for each value of a column, NULLs apart; undefined where that depends on the value. Counted where it is shown. */
  constant(column: number): Uint8Array | null | undefined {
    return this.#constants[column]
  }

  /** Whether what stands for a value of a column is its end behind `PARTLY_HIDDEN`, or only that. */
  isPartial(column: number): boolean {
    return this.#partial[column] as boolean
  }

  /** @param content of a cell that is not NULL, as the type's own form has it */
  mask(column: number, content: Uint8Array): Masked {
    const plan = this.#columns[column]
    if (plan === undefined) return 'unchanged'
    if (plan.how === 'found') {
      return maskFinds(content, plan.findings, plan.cell, this.#key, this.#count, this.#analysesOf(plan, content))
    }
    this.counted(column)
    const constant = this.#constants[column]
    return constant === undefined && plan.how === 'value' ? maskValue(content, plan.mask.as, plan.cell, this.#key) : (constant ?? null)
  }

  /**
   * Writes what stands for a cell that is not NULL, its length before it.
   * @param from where the cell stands in `bytes` @param to its end
   * @returns false where it stays as it is; then nothing was written
   */
  writeSized(column: number, bytes: Uint8Array, from: number, to: number, out: Slab): boolean {
    const constant = this.#constants[column]
    if (constant !== undefined) {
      this.counted(column)
      sized(constant, out)
      return true
    }
    if (this.#partial[column] === true) {
      this.counted(column)
      const kept = keptByPartial(bytes, from, to)
      out.word(PARTLY_HIDDEN.length + to - kept)
      out.add(PARTLY_HIDDEN)
      out.copy(bytes, kept, to)
      return true
    }
    const masked = this.mask(column, bytes.subarray(from, to))
    if (masked === 'unchanged') return false
    sized(masked, out)
    return true
  }

  /** In an encoding that is not known to be UTF-8, only ASCII is a text that can be asked about. */
  #analysesOf({ findings, unicode }: Extract<ColumnPlan, { how: 'found' }>, content: Uint8Array): Analyses | undefined {
    return findings.entities !== undefined && (unicode || isAscii(content)) ? this.#analyses : undefined
  }

  /** Of a NULL: whether an expression is NULL may say whatever it was made to say, of a column it is no secret. */
  maskNull(column: number): Uint8Array | null {
    const plan = this.#columns[column]
    if (plan?.how !== 'whole') return null
    this.counted(column)
    return this.#constants[column] as Uint8Array | null
  }

  /** Of a cell that is too long to be looked at: nothing of it is shown. */
  maskUnseen(column: number): Uint8Array | null {
    const plan = this.#columns[column] as ColumnPlan
    if (plan.how === 'found') this.#count(TOO_LONG)
    else this.counted(column)
    return hidden(plan.how === 'found' ? 'redact' : plan.mask.as, plan.cell)
  }

  /** A cell of this column was masked as a whole. */
  counted(column: number): void {
    this.#cells[column] = (this.#cells[column] as number) + 1
  }

  counts(): readonly MaskCount[] {
    const counts = new Map<string, [mask: string, what: string, count: number]>()
    const add = (mask: string, what: string, count: number) => {
      const key = `${mask} ${what}`
      const same = counts.get(key)
      if (same) same[2] += count
      else if (count > 0) counts.set(key, [mask, what, count])
    }
    for (const [at, plan] of this.#columns.entries()) {
      if (plan && plan.how !== 'found') add(plan.mask.name, plan.what, this.#cells[at] as number)
    }
    const looking = this.#columns.find((plan) => plan?.how === 'found')
    if (looking?.how === 'found') {
      for (const [detector, count] of this.#found) {
        const mask = maskOf(looking.findings, detector)
        if (mask) add(mask.name, detector, count)
      }
    }
    return [...counts.values()]
  }
}

/** Int32 length, and the content; -1 is NULL (PostgreSQL protocol, DataRow). */
export function sized(content: Uint8Array | null, out: Slab): void {
  out.word(content === null ? -1 : content.length)
  if (content !== null) out.add(content)
}

/** Counted instead of a detector where nothing could be looked for. */
const TOO_LONG = 'too-long'

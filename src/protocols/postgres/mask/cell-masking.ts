import type { MaskCount } from '../../../operations/index.ts'
import { hidden, type Masked, maskFinds, maskValue } from './mask-cell.ts'
import type { ColumnPlan, MaskPlan } from './types.ts'

/** Masks cells of one result by its plan, and counts what was masked. */
export class CellMasking {
  readonly #columns: MaskPlan['columns']
  readonly #key: Uint8Array | undefined
  /** By column: cells. */
  readonly #cells: number[]
  /** By detector: places. */
  readonly #found = new Map<string, number>()
  readonly #count = (detector: string): void => {
    this.#found.set(detector, (this.#found.get(detector) ?? 0) + 1)
  }

  constructor({ columns }: MaskPlan, key: Uint8Array | undefined) {
    this.#columns = columns
    this.#key = key
    this.#cells = columns.map(() => 0)
  }

  get width(): number {
    return this.#columns.length
  }

  /** Whether anything is done to cells of this column. */
  concerns(column: number): boolean {
    return this.#columns[column] !== undefined
  }

  /** @param content of a cell that is not NULL, as the type's own form has it */
  mask(column: number, content: Uint8Array): Masked {
    const plan = this.#columns[column]
    if (plan === undefined) return 'unchanged'
    if (plan.how === 'found') return maskFinds(content, plan.findings, plan.cell, this.#key, this.#count)
    this.#counted(column)
    return plan.how === 'value' ? maskValue(content, plan.mask.as, plan.cell, this.#key) : hidden(plan.mask.as, plan.cell)
  }

  /** Of a NULL: whether an expression is NULL may say whatever it was made to say, of a column it is no secret. */
  maskNull(column: number): Uint8Array | null {
    const plan = this.#columns[column]
    if (plan?.how !== 'whole') return null
    this.#counted(column)
    return hidden(plan.mask.as, plan.cell)
  }

  /** Of a cell that is too long to be looked at: nothing of it is shown. */
  maskUnseen(column: number): Uint8Array | null {
    const plan = this.#columns[column] as ColumnPlan
    if (plan.how === 'found') this.#count(TOO_LONG)
    else this.#counted(column)
    return hidden(plan.how === 'found' ? 'redact' : plan.mask.as, plan.cell)
  }

  #counted(column: number): void {
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
        const mask = looking.findings.masks.get(detector) ?? looking.findings.masks.values().next().value
        if (mask) add(mask.name, detector, count)
      }
    }
    return [...counts.values()]
  }
}

/** Counted instead of a detector where nothing could be looked for. */
const TOO_LONG = 'too-long'

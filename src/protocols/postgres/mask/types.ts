import type { Analyses, Findings } from '../../../masking/index.ts'
import type { Mask, MaskCount } from '../../../operations/index.ts'
import type { CellType } from './cell-types.ts'
import type { Range } from './slab.ts'

/** What is asked of the catalog of a target's database. */
export interface MaskCatalog {
  /**
   * The columns that a value of this column may come from, the column itself first: as `schema.relation.column`, also of its parents and children.
   * Undefined where the relation is not known, or is none whose rows are stored under its own name: a view, a foreign table, one with rewrite rules.
   *
   * @param table oid @param column attnum
   */
  origin(table: number, column: number): readonly string[] | undefined
  /** Labels of an enum type; undefined where it is none, or they are not known. */
  labels(type: number): readonly string[] | undefined
}

/** How one column of a result is treated. */
export type ColumnPlan =
  /** The value is replaced by what the mask's operator makes of it. `what`: the column, as facts name it. */
  | { readonly how: 'value'; readonly mask: Mask; readonly what: string; readonly cell: CellType }
  /** A masked value may be part of it, or it cannot be told: nothing of it is shown, whatever the operator. */
  | { readonly how: 'whole'; readonly mask: Mask; readonly what: string; readonly cell: CellType }
  /** What detectors find in it is replaced. `unicode`: its text is known to be UTF-8. */
  | { readonly how: 'found'; readonly findings: Findings; readonly cell: CellType; readonly unicode: boolean }

/** What is to be done to each row of one result; one per field. Undefined for what passes as it is. */
export interface MaskPlan {
  readonly columns: readonly (ColumnPlan | undefined)[]
}

/** How the content of a COPY TO is written. */
export type CopyFormat =
  | { readonly format: 'binary' }
  | {
      readonly format: 'text' | 'csv'
      /** A single byte, as the next two, which count in CSV only. */
      readonly delimiter: number
      readonly quote: number
      readonly escape: number
      /** What stands for NULL, in the encoding of the content. */
      readonly null: Uint8Array
      /** The first line names columns. */
      readonly header: boolean
    }

/** Rewrites the rows of one result. */
export interface RowMasking {
  /**
   * @param start of a whole DataRow message in `bytes` @param end behind it
   * @returns a whole DataRow message, in memory that is not used for anything else; one behind the other, where they can be. The object is the
   *   same each time, and says where the newest one is
   * @throws WireError where it is not well-formed, or has another number of columns than the plan
   */
  row(bytes: Uint8Array, start: number, end: number): Range
  /** What was applied so far, in the order of the columns. */
  counts(): readonly MaskCount[]
  /** Where an analyzer is asked: reads rows that come next without doing anything, so that `analyses` is asked of the texts in them. */
  readonly ahead?: (analyses: Analyses) => Pick<RowMasking, 'row'>
}

/** Rewrites the content of one COPY TO. */
export interface CopyMasking {
  /**
   * @param start in `bytes`, of the content of the next CopyData message, or of the next part of it @param end behind it
   * @returns a CopyData message with what may go on, in memory as `RowMasking.row` has it; undefined: nothing yet. A whole row in is a whole row out.
   * @throws WireError where the content is not what its format says
   */
  push(bytes: Uint8Array, start: number, end: number): Range | undefined
  /** CopyDone. @throws WireError where it comes within a row */
  end(): void
  counts(): readonly MaskCount[]
  /** As of rows: reads on from here, and leaves this as it is. */
  readonly ahead?: (analyses: Analyses) => Pick<CopyMasking, 'push'>
}

import type { Mask, MaskCount } from '../../../operations/index.ts'

/** What may flow into one output column of a statement. */
export interface OutputColumn {
  /** Base columns as `schema.relation.column`, `*` for a whole row; sorted. */
  readonly from: readonly string[]
  /** Exactly one column, handed through unchanged. */
  readonly plain: boolean
  /** Made by nothing but columns, constants and code whose flow is known. */
  readonly certain: boolean
}

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
  /** The value is replaced by the mask's operator. */
  | { readonly how: 'value'; readonly mask: Mask; readonly what: string; readonly cell: CellType }
  /** What a masked value may be part of, or what cannot be told: nothing of it is shown, whatever the operator. */
  | { readonly how: 'whole'; readonly mask: Mask; readonly what: string; readonly cell: CellType }
  /** What detectors find in it is replaced. */
  | { readonly how: 'found'; readonly cell: CellType; readonly masks: readonly Mask[] }

/** What a replacement has to decode as. */
export interface CellType {
  readonly type: number
  /** Characters that the column has room for; undefined: any number. */
  readonly longest: number | undefined
  readonly binary: boolean
  /** Of an enum, where they are known. */
  readonly labels: readonly string[] | undefined
}

/** What is to be done to each row of one result; one per field. Undefined for what passes as it is. */
export interface MaskPlan {
  readonly columns: readonly (ColumnPlan | undefined)[]
}

/** How the content of a COPY TO is written. */
export type CopyFormat =
  | { readonly format: 'binary' }
  | {
      readonly format: 'text' | 'csv'
      /** Single bytes. */
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
   * @returns a whole DataRow message of its own
   * @throws WireError where it is not well-formed, or has another number of columns than the plan
   */
  row(bytes: Uint8Array, start: number, end: number): Uint8Array
  /** What was applied so far, in no order. */
  counts(): readonly MaskCount[]
}

/** Rewrites the content of one COPY TO. */
export interface CopyMasking {
  /**
   * @param content of the next CopyData message, or the next part of one
   * @returns what may go on, at most one CopyData message of it; empty: nothing yet. A whole row in is a whole row out.
   * @throws WireError where the content is not what its format says
   */
  push(content: Uint8Array): Uint8Array
  /** CopyDone. @returns what was still held; mostly nothing @throws WireError where it ends within a row */
  end(): Uint8Array
  counts(): readonly MaskCount[]
}

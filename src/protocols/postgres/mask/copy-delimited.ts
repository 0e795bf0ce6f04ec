import { keptByPartial, PARTLY_HIDDEN } from '../../../masking/index.ts'
import { WireError } from '../wire/errors.ts'
import type { CellMasking } from './cell-masking.ts'
import { type Delimited, isNull, meansItself, readDelimited, writeDelimited } from './delimited-cell.ts'
import { HeldCell } from './held-cell.ts'
import type { Slab } from './slab.ts'

const BACKSLASH = 0x5c
const NEWLINE = 0x0a

/** The content of a COPY TO in text or CSV (PostgreSQL, COPY, "File Formats"). A server that speaks the protocol ends lines with `\n`. */
export class DelimitedCopy {
  readonly #cells: CellMasking
  readonly #format: Delimited
  /** By column: what stands for each of its values, as it is written. */
  readonly #constants: readonly (Uint8Array | undefined)[]
  #held = new HeldCell()
  #column = 0
  /** The line that names columns is under way, or nothing of it has come. */
  #header: boolean
  /** Behind an odd number of backslashes (text), or of escapes within quotes (CSV). */
  #escaped = false
  #quoted = false
  /** No backslash (text) or quote (CSV) has come in this cell: it stands for itself. */
  #plain = true
  #begun = false

  constructor(cells: CellMasking, format: Delimited) {
    this.#cells = cells
    this.#format = format
    this.#header = format.header
    this.#constants = Array.from({ length: cells.width }, (_, column) => {
      const constant = cells.constant(column)
      return constant === undefined ? undefined : writeDelimited(constant, format)
    })
  }

  push(content: Uint8Array, start: number, end: number, out: Slab): void {
    const { format, delimiter, quote, escape: escaping } = this.#format
    const isText = format === 'text'
    let escaped = this.#escaped
    let quoted = this.#quoted
    let plain = this.#plain
    let masked = this.#isMasked
    if (end > start) this.#begun = true
    /** From here on nothing was given on; in a cell that is masked, it begins here. */
    let from = start
    for (let at = start; at < end; at++) {
      const byte = content[at] as number
      if (isText) {
        if (escaped) {
          escaped = false
          continue
        }
        if (byte === BACKSLASH) {
          escaped = true
          plain = false
          continue
        }
      } else {
        // Where both are the same, two in a row end and begin.
        const escapes = escaping !== quote && byte === escaping
        if (escapes && quoted) escaped = !escaped
        if (byte === quote) {
          plain = false
          if (!escaped) quoted = !quoted
        }
        if (!escapes) escaped = false
        if (quoted) continue
      }
      if (byte !== delimiter && byte !== NEWLINE) continue
      if (masked) {
        this.#masked(content, from, at, plain, out)
        from = at
      }
      this.#next(byte === NEWLINE)
      if (byte === NEWLINE) this.#begun = at + 1 < end
      plain = true
      masked = this.#isMasked
      if (!masked) continue
      out.copy(content, from, at + 1)
      from = at + 1
    }
    if (masked) this.#held.add(content.subarray(from, end))
    else out.copy(content, from, end)
    this.#escaped = escaped
    this.#quoted = quoted
    this.#plain = plain
  }

  /** Another one that goes on from here, and leaves this one as it is. @param cells of the other */
  ahead(cells: CellMasking): DelimitedCopy {
    const other = new DelimitedCopy(cells, this.#format)
    other.#held = this.#held.copy()
    other.#column = this.#column
    other.#header = this.#header
    other.#escaped = this.#escaped
    other.#quoted = this.#quoted
    other.#plain = this.#plain
    other.#begun = this.#begun
    return other
  }

  end(): void {
    if (this.#begun) throw malformed()
  }

  get #isMasked(): boolean {
    return !this.#header && this.#cells.concerns(this.#column)
  }

  #next(line: boolean): void {
    if (line ? this.#column !== this.#cells.width - 1 : this.#column >= this.#cells.width - 1) throw malformed()
    this.#column = line ? 0 : this.#column + 1
    if (line) this.#header = false
  }

  /** Writes what stands for a cell. @param from of its last bytes @param plain whether all of it stands for itself, unless for NULL */
  #masked(content: Uint8Array, from: number, to: number, plain: boolean, out: Slab): void {
    const column = this.#column
    if (plain && this.#held.isEmpty && !isNull(content, from, to, this.#format)) {
      const constant = this.#constants[column]
      if (constant !== undefined) {
        this.#cells.counted(column)
        out.add(constant)
        return
      }
      if (this.#cells.isPartial(column) && this.#partial(content, from, to, out)) return
    }
    const raw = this.#held.take(content.subarray(from, to))
    if (raw === undefined) {
      out.add(writeDelimited(this.#cells.maskUnseen(column), this.#format))
      return
    }
    const cell = readDelimited(raw, this.#format)
    const masked = cell === null ? this.#cells.maskNull(column) : this.#cells.mask(column, cell)
    out.add(masked === 'unchanged' ? raw : writeDelimited(masked, this.#format))
  }

  /** @returns false where what is shown has to be written in another way than as it is */
  #partial(content: Uint8Array, from: number, to: number, out: Slab): boolean {
    const kept = keptByPartial(content, from, to)
    if (!meansItself(PARTLY_HIDDEN, content, kept, to, this.#format)) return false
    this.#cells.counted(this.#column)
    out.add(PARTLY_HIDDEN)
    out.copy(content, kept, to)
    return true
  }
}

const malformed = () => new WireError('The content of a COPY is not what its format says.')

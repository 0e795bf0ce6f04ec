import { WireError } from '../wire/errors.ts'
import type { CellMasking } from './cell-masking.ts'
import { type Delimited, readDelimited, writeDelimited } from './delimited-cell.ts'
import { HeldCell } from './held-cell.ts'

const BACKSLASH = 0x5c
const NEWLINE = 0x0a

/** The content of a COPY TO in text or CSV (PostgreSQL, COPY, "File Formats"). A server that speaks the protocol ends lines with `\n`. */
export class DelimitedCopy {
  readonly #cells: CellMasking
  readonly #format: Delimited
  readonly #held = new HeldCell()
  #column = 0
  /** The line that names columns is under way, or nothing of it has come. */
  #header: boolean
  /** Behind an odd number of backslashes (text), or of escapes within quotes (CSV). */
  #escaped = false
  #quoted = false
  #begun = false

  constructor(cells: CellMasking, format: Delimited) {
    this.#cells = cells
    this.#format = format
    this.#header = format.header
  }

  push(content: Uint8Array): Uint8Array {
    const parts: Uint8Array[] = []
    /** From here on nothing was given on; in a cell that is masked, it begins here. */
    let from = 0
    for (let at = 0; at < content.length; at++) {
      this.#begun = true
      const byte = content[at] as number
      if (!this.#ends(byte)) continue
      if (this.#isMasked) {
        parts.push(this.#masked(content.subarray(from, at)))
        from = at
      }
      this.#next(byte === NEWLINE)
      if (!this.#isMasked) continue
      parts.push(content.subarray(from, at + 1))
      from = at + 1
    }
    const rest = content.subarray(from)
    if (this.#isMasked) this.#held.add(rest)
    else parts.push(rest)
    return parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts)
  }

  end(): void {
    if (this.#begun) throw malformed()
  }

  get #isMasked(): boolean {
    return !this.#header && this.#cells.concerns(this.#column)
  }

  /** Whether a byte ends a cell, rather than being part of it. */
  #ends(byte: number): boolean {
    const { format, delimiter, quote, escape: escaping } = this.#format
    if (format === 'text') {
      if (this.#escaped) {
        this.#escaped = false
        return false
      }
      this.#escaped = byte === BACKSLASH
    } else {
      // Where both are the same, two in a row end and begin.
      const escapes = escaping !== quote && byte === escaping
      if (escapes && this.#quoted) this.#escaped = !this.#escaped
      if (byte === quote && !this.#escaped) this.#quoted = !this.#quoted
      if (!escapes) this.#escaped = false
      if (this.#quoted) return false
    }
    return byte === delimiter || byte === NEWLINE
  }

  #next(line: boolean): void {
    if (line ? this.#column !== this.#cells.width - 1 : this.#column >= this.#cells.width - 1) throw malformed()
    this.#column = line ? 0 : this.#column + 1
    if (!line) return
    this.#header = false
    this.#begun = false
  }

  /** @param last bytes of a cell @returns how it stands in the content */
  #masked(last: Uint8Array): Uint8Array {
    const raw = this.#held.take(last)
    if (raw === undefined) return writeDelimited(this.#cells.maskUnseen(this.#column), this.#format)
    const cell = readDelimited(raw, this.#format)
    const masked = cell === null ? this.#cells.maskNull(this.#column) : this.#cells.mask(this.#column, cell)
    return masked === 'unchanged' ? raw : writeDelimited(masked, this.#format)
  }
}

const malformed = () => new WireError('The content of a COPY is not what its format says.')

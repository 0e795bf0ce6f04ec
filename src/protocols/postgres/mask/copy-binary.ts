import { WireError } from '../wire/errors.ts'
import type { CellMasking } from './cell-masking.ts'
import { HeldCell } from './held-cell.ts'

/** Of the file header: signature, flags, length of the extension (COPY, "Binary Format"). */
const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1')
const HEADER_BYTES = SIGNATURE.length + 8
/** Rows have oids in front, and bits of which nobody knows what they would change. */
const CRITICAL_FLAGS = 0xffff0000
const TRAILER = -1

/** What the bytes are that come next. `cell`: of one that is masked; `through`: of anything else. */
type Part = 'header' | 'columns' | 'length' | 'cell' | 'through' | 'nothing'

/** The content of a COPY TO in binary. */
export class BinaryCopy {
  readonly #cells: CellMasking
  readonly #held = new HeldCell()
  readonly #word = Buffer.alloc(HEADER_BYTES)
  #part: Part = 'header'
  /** Bytes of it that are still to come. */
  #left = HEADER_BYTES
  /** Of a header, number or length: bytes that have come. */
  #read = 0
  #column = 0

  constructor(cells: CellMasking) {
    this.#cells = cells
  }

  push(content: Uint8Array): Uint8Array {
    const parts: Uint8Array[] = []
    let at = 0
    while (at < content.length) {
      if (this.#part === 'nothing') throw malformed()
      const piece = content.subarray(at, at + this.#left)
      at += piece.length
      this.#left -= piece.length
      if (this.#part === 'through') parts.push(piece)
      else if (this.#part === 'cell') this.#cell(piece, parts)
      else {
        this.#word.set(piece, this.#read)
        this.#read += piece.length
        if (this.#left === 0) this.#numbers(parts)
      }
      if (this.#left === 0 && (this.#part === 'through' || this.#part === 'cell')) this.#behindCell()
    }
    return parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts)
  }

  end(): void {
    if (this.#part !== 'nothing') throw malformed()
  }

  /** A header, number of columns or length is whole. */
  #numbers(parts: Uint8Array[]): void {
    const word = Buffer.from(this.#word.subarray(0, this.#read))
    this.#read = 0
    if (this.#part === 'length') this.#length(word, parts)
    else {
      parts.push(word)
      if (this.#part === 'header') this.#header(word)
      else this.#columns(word.readInt16BE(0))
    }
  }

  #header(word: Buffer): void {
    const extension = word.readInt32BE(HEADER_BYTES - 4)
    if (!word.subarray(0, SIGNATURE.length).equals(SIGNATURE) || extension < 0) throw malformed()
    if ((word.readUInt32BE(SIGNATURE.length) & CRITICAL_FLAGS) !== 0) throw malformed()
    this.#column = this.#cells.width
    this.#expect('through', extension)
  }

  #columns(columns: number): void {
    if (columns !== TRAILER && columns !== this.#cells.width) throw malformed()
    this.#column = 0
    if (columns === TRAILER) this.#expect('nothing', 0)
    else this.#behindCell()
  }

  #length(word: Buffer, parts: Uint8Array[]): void {
    const length = word.readInt32BE(0)
    if (length < -1) throw malformed()
    const masked = length >= 0 && this.#cells.concerns(this.#column)
    const shown = length < 0 ? this.#cells.maskNull(this.#column) : null
    if (shown !== null) parts.push(lengthOf(shown), shown)
    else if (!masked) parts.push(word)
    this.#column += 1
    this.#expect(masked ? 'cell' : 'through', Math.max(0, length))
    // One without bytes is whole already.
    if (masked && length === 0) this.#cell(new Uint8Array(0), parts)
  }

  /** Behind a cell, or the header's extension: the next cell, or the next row. */
  #behindCell(): void {
    if (this.#column < this.#cells.width) this.#expect('length', 4)
    else this.#expect('columns', 2)
  }

  #expect(part: Part, bytes: number): void {
    this.#part = part
    this.#left = bytes
  }

  #cell(piece: Uint8Array, parts: Uint8Array[]): void {
    if (this.#left > 0) {
      this.#held.add(piece)
      return
    }
    const raw = this.#held.take(piece)
    const column = this.#column - 1
    const masked = raw === undefined ? this.#cells.maskUnseen(column) : this.#cells.mask(column, raw)
    const content = masked === 'unchanged' ? (raw as Uint8Array) : masked
    parts.push(lengthOf(content))
    if (content) parts.push(content)
  }
}

function lengthOf(content: Uint8Array | null): Buffer {
  const length = Buffer.alloc(4)
  length.writeInt32BE(content === null ? -1 : content.length)
  return length
}

const malformed = () => new WireError('The content of a COPY is not what its format says.')

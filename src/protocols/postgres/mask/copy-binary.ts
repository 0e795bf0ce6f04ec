import { WireError } from '../wire/errors.ts'
import { type CellMasking, sized } from './cell-masking.ts'
import { HeldCell } from './held-cell.ts'
import type { Slab } from './slab.ts'

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
  #held = new HeldCell()
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

  push(content: Uint8Array, start: number, end: number, out: Slab): void {
    let at = start
    while (at < end) {
      if (this.#part === 'nothing') throw malformed()
      const stop = Math.min(end, at + this.#left)
      this.#left -= stop - at
      if (this.#part === 'through') out.copy(content, at, stop)
      else if (this.#part === 'cell') this.#cell(content, at, stop, out)
      else {
        for (let each = at; each < stop; each++) this.#word[this.#read++] = content[each] as number
        if (this.#left === 0) this.#numbers(out)
      }
      if (this.#left === 0 && (this.#part === 'through' || this.#part === 'cell')) this.#behindCell()
      at = stop
    }
  }

  end(): void {
    if (this.#part !== 'nothing') throw malformed()
  }

  /** Another one that reads on from here, and leaves this as it is. */
  ahead(cells: CellMasking): BinaryCopy {
    const copy = new BinaryCopy(cells)
    copy.#held = this.#held.copy()
    copy.#word.set(this.#word)
    copy.#part = this.#part
    copy.#left = this.#left
    copy.#read = this.#read
    copy.#column = this.#column
    return copy
  }

  /** A header, number of columns or length is whole. */
  #numbers(out: Slab): void {
    const word = this.#word
    const bytes = this.#read
    this.#read = 0
    if (this.#part === 'length') {
      this.#length(word.readInt32BE(0), out)
      return
    }
    out.copy(word, 0, bytes)
    if (this.#part === 'header') this.#header(word)
    else this.#columns(word.readInt16BE(0))
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

  #length(length: number, out: Slab): void {
    if (length < -1) throw malformed()
    const masked = length >= 0 && this.#cells.concerns(this.#column)
    if (length < 0) sized(this.#cells.maskNull(this.#column), out)
    else if (!masked) out.word(length)
    this.#column += 1
    this.#expect(masked ? 'cell' : 'through', Math.max(0, length))
    // One without bytes is whole already.
    if (masked && length === 0) this.#cell(NOTHING, 0, 0, out)
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

  #cell(content: Uint8Array, from: number, to: number, out: Slab): void {
    if (this.#left > 0) {
      this.#held.add(content.subarray(from, to))
      return
    }
    const column = this.#column - 1
    const raw = this.#held.take(content.subarray(from, to))
    if (raw === undefined) sized(this.#cells.maskUnseen(column), out)
    else if (!this.#cells.writeSized(column, raw, 0, raw.length, out)) sized(raw, out)
  }
}

const NOTHING = new Uint8Array(0)

const malformed = () => new WireError('The content of a COPY is not what its format says.')

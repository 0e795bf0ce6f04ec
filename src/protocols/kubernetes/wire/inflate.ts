import { StreamError } from './errors.ts'

/** How far a copy reaches back (RFC 1951 §2). Bytes. */
const WINDOW = 32 * 1024
const LONGEST_CODE = 15

/** §3.2.5: what is added to 3, and more bits, for the symbols 257 to 285; the same for distances. */
const LENGTH_BASE = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258]
const LENGTH_BITS = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0]
const DISTANCE_BASE = Array.from({ length: 30 }, (_, code) => (code < 2 ? code + 1 : 1 + ((2 + (code & 1)) << ((code >> 1) - 1))))
const DISTANCE_BITS = Array.from({ length: 30 }, (_, code) => (code < 2 ? 0 : (code >> 1) - 1))
/** §3.2.7. */
const CODE_LENGTH_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

/** Codes by their length: how many there are, and their symbols in order (§3.2.2). */
interface Codes {
  readonly counts: readonly number[]
  readonly symbols: readonly number[]
}

/**
 * DEFLATE (RFC 1951), a piece after the other of one stream that never ends: each piece is whole blocks, as flushed by its writer. Not zlib's,
 * because a codec keeps no handles and does not wait: what is kept between pieces is a window and at most seven bits.
 */
export class Inflater {
  readonly #window = new Uint8Array(WINDOW)
  #windowAt = 0
  /** Bytes that were ever written to the window. */
  #written = 0
  #input: Uint8Array = new Uint8Array(0)
  #at = 0
  #bits = 0
  #count = 0
  #output: number[] = []
  #limit = 0

  /** @param dictionary what stands before everything else */
  constructor(dictionary: Uint8Array) {
    for (const byte of dictionary) this.#remember(byte)
  }

  /**
   * @param limit bytes that may come out of it
   * @throws StreamError GS_K8S_SPDY where it is none, or ends within a block; GS_K8S_STREAM_LIMIT
   */
  inflate(piece: Uint8Array, limit: number): Uint8Array {
    this.#input = piece
    this.#at = 0
    this.#output = []
    this.#limit = limit
    // Fewer than three bits are no block: what fills up the last byte, or the beginning of the next one.
    while ((piece.length - this.#at) * 8 + this.#count >= 3) this.#block()
    return Uint8Array.from(this.#output)
  }

  #block(): void {
    if (this.#take(1) === 1) throw broken('the compression of headers has ended')
    const type = this.#take(2)
    if (type === 0) this.#stored()
    else if (type === 1) this.#compressed(FIXED, FIXED_DISTANCES)
    else if (type === 2) {
      const [lengths, distances] = this.#dynamic()
      this.#compressed(lengths, distances)
    } else throw broken('a block of compressed headers has a type that there is not')
  }

  #stored(): void {
    this.#take(this.#count % 8)
    const length = this.#take(16)
    if ((length ^ 0xffff) !== this.#take(16)) throw broken('a stored block of headers has two lengths')
    for (let left = length; left > 0; left--) this.#put(this.#take(8))
  }

  #compressed(lengths: Codes, distances: Codes): void {
    for (;;) {
      const symbol = this.#symbol(lengths)
      if (symbol < 256) this.#put(symbol)
      else if (symbol === 256) return
      else {
        const code = symbol - 257
        if (code >= LENGTH_BASE.length) throw broken('a length of compressed headers is none')
        const length = LENGTH_BASE[code]! + this.#take(LENGTH_BITS[code]!)
        const far = this.#symbol(distances)
        if (far >= DISTANCE_BASE.length) throw broken('a distance of compressed headers is none')
        this.#copy(length, DISTANCE_BASE[far]! + this.#take(DISTANCE_BITS[far]!))
      }
    }
  }

  #copy(length: number, distance: number): void {
    if (distance > Math.min(this.#written, WINDOW)) throw broken('compressed headers reach back behind their beginning')
    for (let left = length; left > 0; left--) this.#put(this.#window[(this.#windowAt - distance + WINDOW) % WINDOW]!)
  }

  #dynamic(): readonly [Codes, Codes] {
    const literals = this.#take(5) + 257
    const distances = this.#take(5) + 1
    const given = this.#take(4) + 4
    if (literals > 286 || distances > 30) throw broken('compressed headers have more codes than there are')
    const order = new Array<number>(19).fill(0)
    for (let at = 0; at < given; at++) order[CODE_LENGTH_ORDER[at]!] = this.#take(3)
    const codes = codesOf(order)
    const lengths: number[] = []
    while (lengths.length < literals + distances) {
      const symbol = this.#symbol(codes)
      if (symbol < 16) lengths.push(symbol)
      else {
        const previous = symbol === 16 ? lengths.at(-1) : 0
        if (previous === undefined) throw broken('compressed headers repeat what was not')
        const times = symbol === 16 ? 3 + this.#take(2) : symbol === 17 ? 3 + this.#take(3) : 11 + this.#take(7)
        for (let left = times; left > 0; left--) lengths.push(previous)
      }
    }
    if (lengths.length > literals + distances) throw broken('compressed headers have more codes than there are')
    return [codesOf(lengths.slice(0, literals)), codesOf(lengths.slice(literals))]
  }

  /** Codes of one length follow each other, and the first of the next length stands behind the last of this one. */
  #symbol({ counts, symbols }: Codes): number {
    let code = 0
    let first = 0
    let index = 0
    for (let length = 1; length <= LONGEST_CODE; length++) {
      code |= this.#take(1)
      const count = counts[length]!
      if (code - first < count) return symbols[index + code - first]!
      index += count
      first = (first + count) << 1
      code <<= 1
    }
    throw broken('a code of compressed headers is none')
  }

  #take(bits: number): number {
    while (this.#count < bits) {
      if (this.#at === this.#input.length) throw broken('compressed headers end within a block')
      this.#bits |= this.#input[this.#at++]! << this.#count
      this.#count += 8
    }
    const value = this.#bits & ((1 << bits) - 1)
    this.#bits >>>= bits
    this.#count -= bits
    return value
  }

  #put(byte: number): void {
    if (this.#output.length >= this.#limit) throw new StreamError('GS_K8S_STREAM_LIMIT', 'headers are longer than any that are read')
    this.#output.push(byte)
    this.#remember(byte)
  }

  #remember(byte: number): void {
    this.#window[this.#windowAt] = byte
    this.#windowAt = (this.#windowAt + 1) % WINDOW
    this.#written++
  }
}

/** @param lengths of each symbol's code; 0: it has none */
function codesOf(lengths: readonly number[]): Codes {
  const counts = new Array<number>(LONGEST_CODE + 1).fill(0)
  for (const length of lengths) if (length > 0) counts[length]!++
  let left = 1
  for (let length = 1; length <= LONGEST_CODE; length++) {
    left = left * 2 - counts[length]!
    if (left < 0) throw broken('compressed headers have more codes than there is room for')
  }
  const symbols: number[] = []
  for (let length = 1; length <= LONGEST_CODE; length++) {
    for (let symbol = 0; symbol < lengths.length; symbol++) if (lengths[symbol] === length) symbols.push(symbol)
  }
  return { counts, symbols }
}

/** §3.2.6. */
const FIXED = codesOf(Array.from({ length: 288 }, (_, symbol) => (symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8)))
const FIXED_DISTANCES = codesOf(new Array<number>(30).fill(5))

function broken(reason: string): StreamError {
  return new StreamError('GS_K8S_SPDY', reason)
}

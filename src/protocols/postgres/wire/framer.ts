import { WireError } from './errors.ts'

/** Type byte and length word in front of every message after start-up. */
export const HEADER_BYTES = 5

/** PostgreSQL's own limit (MaxAllocSize): neither side can make a longer message, so a longer length is hostile. */
const LONGEST_MESSAGE = 0x3fff_ffff

/** What a framer tells of the bytes it is given, in order. Every byte is told exactly once. */
export interface MessageVisitor {
  /**
   * A whole message: `bytes[start]` is its type, `end` is one past its last byte. `bytes` is the chunk itself, or, for an
   * assembled message that was cut, a buffer that is the visitor's to keep.
   * @returns false to stop behind this message
   */
  message(type: number, bytes: Uint8Array, start: number, end: number): boolean
  /** A piece of a message that is not assembled. The first piece holds its header. */
  piece(type: number, bytes: Uint8Array, start: number, end: number, first: boolean): void
  /** A message that would have to be assembled and is too long for it. Its bytes are dropped. */
  oversize(type: number): void
}

export interface FramerLimits {
  /** Types whose messages are assembled when they arrive in pieces. */
  readonly assembled: readonly number[]
  /** Longest message, in bytes with its header, that is assembled. */
  readonly limit: number
  /** Asked where a message of another type is cut. @returns up to how many bytes it is assembled; 0: it passes in pieces, as all do without this */
  readonly now?: (type: number) => number
}

/**
 * Finds messages in a byte stream without copying it: it looks at headers where they lie. What it carries over from one
 * chunk to the next is a cut header (at most 4 bytes) or one message that must be assembled (at most `limit`).
 */
export class Framer {
  readonly #visitor: MessageVisitor
  readonly #assembled = new Uint8Array(256)
  readonly #limit: number
  readonly #now: (type: number) => number
  readonly #header = new Uint8Array(HEADER_BYTES)
  #headerBytes = 0
  /** Of the message that is passing in pieces or being dropped. */
  #type = 0
  #dropping = false
  #left = 0
  /** The message being assembled: grows with what really arrived, never with what was announced. */
  #carry: Uint8Array | undefined
  #carried = 0
  #total = 0
  #stopped = false

  constructor(visitor: MessageVisitor, limits: FramerLimits) {
    this.#visitor = visitor
    this.#limit = limits.limit
    this.#now = limits.now ?? NOTHING
    for (const type of limits.assembled) this.#assembled[type] = 1
  }

  /** Whether everything told so far ends with a whole message. */
  get atBoundary(): boolean {
    return this.#headerBytes === 0 && this.#left === 0 && this.#carry === undefined
  }

  /** Whether a message that passes in pieces is under way. */
  get passing(): boolean {
    return this.#left > 0 && !this.#dropping
  }

  /**
   * Visits the messages in the next bytes of the stream.
   * @returns how many bytes were consumed: all, unless the visitor stopped
   * @throws WireError for a length that no message has
   */
  push(chunk: Uint8Array): number {
    const size = chunk.length
    let at = 0
    this.#stopped = false
    while (at < size && !this.#stopped) {
      if (this.#left > 0) at = this.#pass(chunk, at)
      else if (this.#carry) at = this.#assemble(chunk, at)
      else if (this.#headerBytes > 0 || size - at < HEADER_BYTES) at = this.#cutHeader(chunk, at)
      else at = this.#frame(chunk, at)
    }
    return at
  }

  /** A header that lies whole in the chunk. */
  #frame(chunk: Uint8Array, start: number): number {
    const type = chunk[start]!
    const end = start + 1 + this.#length(type, chunk, start + 1)
    const assembled = this.#assembled[type] === 1
    if (end <= chunk.length && !(assembled && end - start > this.#limit)) {
      this.#stopped = !this.#visitor.message(type, chunk, start, end)
      return end
    }
    const limit = assembled ? this.#limit : this.#now(type)
    if (limit > 0) return this.#begin(type, chunk, start, end - start, limit)
    this.#type = type
    this.#left = end - chunk.length
    this.#visitor.piece(type, chunk, start, chunk.length, true)
    return chunk.length
  }

  #length(type: number, bytes: Uint8Array, at: number): number {
    const length = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
    if (length < 4 || length > LONGEST_MESSAGE) {
      throw new WireError(`A message of type 0x${type.toString(16).padStart(2, '0')} has a length that no message can have.`)
    }
    return length
  }

  /** A header that is cut, or whose first bytes came earlier: completed in a buffer of its own. */
  #cutHeader(chunk: Uint8Array, from: number): number {
    let at = from
    while (this.#headerBytes < HEADER_BYTES && at < chunk.length) this.#header[this.#headerBytes++] = chunk[at++]!
    if (this.#headerBytes < HEADER_BYTES) return at
    this.#headerBytes = 0
    const header = this.#header.slice()
    const type = header[0]!
    const total = 1 + this.#length(type, header, 1)
    if (total === HEADER_BYTES) this.#stopped = !this.#visitor.message(type, header, 0, HEADER_BYTES)
    else {
      const limit = this.#assembled[type] === 1 ? this.#limit : this.#now(type)
      if (limit > 0) this.#begin(type, header, 0, total, limit)
      else {
        this.#type = type
        this.#left = total - HEADER_BYTES
        this.#visitor.piece(type, header, 0, HEADER_BYTES, true)
      }
    }
    return at
  }

  /** Starts a message that is cut and must be assembled, or dropped where it is too long. The header is consumed. */
  #begin(type: number, bytes: Uint8Array, start: number, total: number, limit: number): number {
    const end = start + HEADER_BYTES
    this.#type = type
    if (total > limit) {
      this.#dropping = true
      this.#left = total - HEADER_BYTES
      this.#visitor.oversize(type)
      return end
    }
    this.#total = total
    this.#carry = new Uint8Array(Math.min(total, 1024))
    this.#carry.set(bytes.subarray(start, end))
    this.#carried = HEADER_BYTES
    return end
  }

  #assemble(chunk: Uint8Array, from: number): number {
    const taken = Math.min(this.#total - this.#carried, chunk.length - from)
    const carry = this.#room(this.#carried + taken)
    carry.set(chunk.subarray(from, from + taken), this.#carried)
    this.#carried += taken
    if (this.#carried === this.#total) {
      this.#carry = undefined
      this.#stopped = !this.#visitor.message(this.#type, carry, 0, this.#total)
    }
    return from + taken
  }

  /** Doubles, so that a message in n pieces costs n, not n². */
  #room(needed: number): Uint8Array {
    let carry = this.#carry!
    if (carry.length < needed) {
      const larger = new Uint8Array(Math.min(this.#total, Math.max(needed, carry.length * 2)))
      larger.set(carry.subarray(0, this.#carried))
      carry = larger
      this.#carry = larger
    }
    return carry
  }

  #pass(chunk: Uint8Array, from: number): number {
    const end = Math.min(chunk.length, from + this.#left)
    this.#left -= end - from
    if (this.#dropping) this.#dropping = this.#left > 0
    else if (end > from) this.#visitor.piece(this.#type, chunk, from, end, false)
    return end
  }
}

const NOTHING = (): number => 0

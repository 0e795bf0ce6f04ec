import { StreamError } from './errors.ts'

/** RFC 6455 §5.2. */
export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

/** A frame may be this long: what Kubernetes' own server takes. Bytes. */
export const LONGEST_FRAME = 32 * 1024 * 1024
/** §5.5. */
const LONGEST_CONTROL = 125
const LONGEST_HEADER = 14
const SHORTEST_PLAIN = 1024
const NO_BYTES = new Uint8Array(0)

/** What is told about the frames of one direction. */
export interface WebSocketVisitor {
  /** A message begins. @param whole whether it ends with this frame */
  message(text: boolean, whole: boolean): void
  /** It goes on in another frame. */
  continues(): void
  /**
   * A piece of it, cut anywhere. Where frames are not masked it lies in the chunk that was pushed, at its place; where they are, in memory that is
   * used again for the next one.
   */
  content(bytes: Uint8Array, start: number, end: number): void
  /** It is over. */
  messageEnd(): void
  /** A control frame, whole; no other data comes behind `close`. */
  control(opcode: number, payload: Uint8Array): void
}

/**
 * Reads the frames of one direction of a WebSocket without extensions, as they come (RFC 6455 §5). Holds a header and the payload of a
 * control frame at most.
 */
export class WebSocketReader {
  readonly #masked: boolean
  readonly #visitor: WebSocketVisitor
  readonly #header = new Uint8Array(LONGEST_HEADER)
  #have = 0
  #opcode = 0
  #final = false
  /** Bytes of the payload that are to come; -1 while the header is read. */
  #left = -1
  #maskAt = 0
  /** What was unmasked last. */
  #plain = Buffer.alloc(0)
  /** A message was begun and is not over. */
  #within = false
  #control = NO_BYTES
  #controlAt = 0
  #closed = false

  /** @param masked whether it is what a client sends: its frames are masked, those of a server are not (§5.1) */
  constructor(masked: boolean, visitor: WebSocketVisitor) {
    this.#masked = masked
    this.#visitor = visitor
  }

  /** Whether no frame and no message is under way. */
  get atBoundary(): boolean {
    return this.#have === 0 && this.#left < 0 && !this.#within
  }

  /** Whether a Close frame came: nothing may come behind it. */
  get closed(): boolean {
    return this.#closed
  }

  /** @throws StreamError GS_K8S_WEBSOCKET, GS_K8S_STREAM_LIMIT */
  push(bytes: Uint8Array): void {
    let at = 0
    while (at < bytes.length) at = this.#left < 0 ? this.#readHeader(bytes, at) : this.#readPayload(bytes, at)
  }

  #readHeader(bytes: Uint8Array, from: number): number {
    if (this.#closed) throw broken('a frame came behind a Close frame')
    const header = this.#header
    let at = from
    let length = headerLength(header, this.#have)
    while (at < bytes.length && this.#have < length) {
      header[this.#have++] = bytes[at++]!
      length = headerLength(header, this.#have)
    }
    if (this.#have === length) this.#begin()
    return at
  }

  #begin(): void {
    const header = this.#header
    const [first, second] = [header[0]!, header[1]!]
    if ((first & 0x70) !== 0) throw broken('a frame has a bit of an extension that was not agreed on')
    if (((second & 0x80) !== 0) !== this.#masked)
      throw broken(this.#masked ? 'a frame of a client is not masked' : 'a frame of a server is masked')
    const size = payloadLength(header)
    this.#opcode = first & 0x0f
    this.#final = (first & 0x80) !== 0
    this.#maskAt = 0
    if (this.#opcode >= opcodes.close) this.#beginControl(size)
    else this.#beginData(size)
    this.#left = size
    if (size === 0) this.#end()
  }

  #beginControl(size: number): void {
    if (this.#opcode > opcodes.pong) throw broken('a frame has an opcode that means nothing')
    if (!this.#final || size > LONGEST_CONTROL) throw broken('a control frame is cut, or too long')
    if (this.#opcode === opcodes.close && size === 1) throw broken('a Close frame has half of a code')
    this.#control = new Uint8Array(size)
    this.#controlAt = 0
  }

  #beginData(size: number): void {
    if (this.#opcode > opcodes.binary) throw broken('a frame has an opcode that means nothing')
    if ((this.#opcode === opcodes.continuation) !== this.#within)
      throw broken('a frame goes on with no message, or begins one within another')
    if (size > LONGEST_FRAME) throw new StreamError('GS_K8S_STREAM_LIMIT', 'a frame is longer than any that is read')
    if (this.#within) this.#visitor.continues()
    else this.#visitor.message(this.#opcode === opcodes.text, this.#final)
    this.#within = true
  }

  #readPayload(bytes: Uint8Array, at: number): number {
    const size = Math.min(this.#left, bytes.length - at)
    const isControl = this.#opcode >= opcodes.close
    if (!this.#masked && !isControl) this.#visitor.content(bytes, at, at + size)
    else {
      const plain = this.#masked ? this.#unmasked(bytes, at, size) : bytes.subarray(at, at + size)
      if (!isControl) this.#visitor.content(plain, 0, size)
      else {
        this.#control.set(plain, this.#controlAt)
        this.#controlAt += size
      }
    }
    this.#left -= size
    if (this.#left === 0) this.#end()
    return at + size
  }

  #end(): void {
    this.#have = 0
    this.#left = -1
    if (this.#opcode >= opcodes.close) {
      this.#closed = this.#opcode === opcodes.close
      this.#visitor.control(this.#opcode, this.#control)
      this.#control = NO_BYTES
    } else if (this.#final) {
      this.#within = false
      this.#visitor.messageEnd()
    }
  }

  /** §5.3. The key stands at the end of the header. */
  #unmasked(bytes: Uint8Array, from: number, size: number): Uint8Array {
    const key = this.#header.subarray(this.#have - 4, this.#have)
    const mask = this.#maskAt
    this.#maskAt = (mask + size) & 3
    // Memory of its own begins at a word.
    if (this.#plain.length < size) this.#plain = Buffer.allocUnsafeSlow(Math.max(size, SHORTEST_PLAIN))
    const plain = this.#plain
    plain.set(bytes.subarray(from, from + size))
    const turned = Uint8Array.from({ length: 4 }, (_, at) => key[(mask + at) & 3]!)
    const [wordKey] = new Int32Array(turned.buffer)
    const words = new Int32Array(plain.buffer, 0, size >> 2)
    for (let at = 0; at < words.length; at++) words[at]! ^= wordKey!
    for (let at = size & ~3; at < size; at++) plain[at]! ^= turned[at & 3]!
    return plain.subarray(0, size)
  }
}

/** As far as so many bytes of it say. */
function headerLength(header: Uint8Array, have: number): number {
  if (have < 2) return 2
  const length = header[1]! & 0x7f
  const extended = length === 126 ? 2 : length === 127 ? 8 : 0
  return 2 + extended + ((header[1]! & 0x80) === 0 ? 0 : 4)
}

function payloadLength(header: Uint8Array): number {
  const short = header[1]! & 0x7f
  if (short < 126) return short
  const bytes = short === 126 ? 2 : 8
  let length = 0
  for (let at = 2; at < 2 + bytes; at++) length = length * 256 + header[at]!
  // The shortest form is the only one (§5.2): of two forms, two readers may take different ones.
  if (length < (bytes === 2 ? 126 : 65_536)) throw broken('a length is not in its shortest form')
  if (length > Number.MAX_SAFE_INTEGER) throw new StreamError('GS_K8S_STREAM_LIMIT', 'a frame is longer than any that is read')
  return length
}

function broken(reason: string): StreamError {
  return new StreamError('GS_K8S_WEBSOCKET', reason)
}

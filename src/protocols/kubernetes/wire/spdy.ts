import { StreamError } from './errors.ts'
import { HeaderBlocks, type SpdyHeaders } from './spdy-headers.ts'

/** SPDY/3, 2.6: types of control frames. */
const types = { synStream: 1, synReply: 2, rstStream: 3, settings: 4, ping: 6, goAway: 7, headers: 8, windowUpdate: 9 } as const
/** Frames that have one length. Some readers take as many bytes whatever the frame says, and would see the rest as frames. */
const FIXED_LENGTHS: Readonly<Record<number, number>> = {
  [types.rstStream]: 8,
  [types.ping]: 4,
  [types.goAway]: 8,
  [types.windowUpdate]: 8,
}
/** The shortest of those that have several. */
const SHORTEST: Readonly<Record<number, number>> = { [types.synStream]: 10, [types.synReply]: 4, [types.headers]: 4, [types.settings]: 4 }
/** Before the settings, how many there are. */
const COUNT_BYTES = 4
const VERSION = 3
const HEADER_BYTES = 8
/** Of what stands in a control frame. Bytes. */
const LONGEST_CONTROL = 32 * 1024
const [FIN, UNIDIRECTIONAL] = [1, 2]
const NO_BYTES = new Uint8Array(0)

/** What is told about the frames of one direction. */
export interface SpdyVisitor {
  /** @param ends the sender sends nothing on it. @param oneWay the receiver does not */
  opened(stream: number, headers: SpdyHeaders, ends: boolean, oneWay: boolean): void
  /** A piece of the data of a frame, cut anywhere, at its place in what was pushed. */
  content(stream: number, bytes: Uint8Array, start: number, end: number): void
  /** The sender sends nothing more on it. */
  ended(stream: number): void
  /** It is over for both. */
  reset(stream: number): void
}

/**
 * Reads the frames of one direction of SPDY/3.1, as they come. Holds one control frame at most. Stricter than some that read it too, so that it
 * never sees frames at other places than they do.
 */
export class SpdyReader {
  readonly #visitor: SpdyVisitor
  readonly #blocks = new HeaderBlocks()
  readonly #header = Buffer.alloc(HEADER_BYTES)
  #have = 0
  /** Bytes of the frame that are to come behind its header; -1 while that is read. */
  #left = -1
  /** Of data; 0 where it is a control frame. */
  #stream = 0
  #flags = 0
  #control = NO_BYTES
  #controlAt = 0

  constructor(visitor: SpdyVisitor) {
    this.#visitor = visitor
  }

  /** Whether no frame is under way. */
  get atBoundary(): boolean {
    return this.#have === 0 && this.#left < 0
  }

  /** @throws StreamError GS_K8S_SPDY, GS_K8S_STREAM_LIMIT */
  push(bytes: Uint8Array, start: number, end: number): void {
    let at = start
    while (at < end) at = this.#left < 0 ? this.#readHeader(bytes, at, end) : this.#readContent(bytes, at, end)
  }

  #readHeader(bytes: Uint8Array, from: number, end: number): number {
    let at = from
    while (at < end && this.#have < HEADER_BYTES) this.#header[this.#have++] = bytes[at++]!
    if (this.#have === HEADER_BYTES) this.#begin()
    return at
  }

  #begin(): void {
    const first = this.#header.readUInt32BE(0)
    const size = this.#header.readUIntBE(5, 3)
    this.#flags = this.#header[4]!
    this.#stream = 0
    if (first >= 0x80000000) this.#beginControl((first >>> 16) & 0x7fff, first & 0xffff, size)
    else {
      if (first === 0) throw broken('data belongs to no stream')
      if ((this.#flags & ~FIN) !== 0) throw broken('data has a flag that there is not')
      this.#stream = first
    }
    this.#left = size
    if (size === 0) this.#end()
  }

  #beginControl(version: number, type: number, size: number): void {
    if (version !== VERSION) throw broken('a frame is of another version')
    if (!KNOWN.has(type)) throw broken('a frame has a type that there is not')
    if (size > LONGEST_CONTROL) throw new StreamError('GS_K8S_STREAM_LIMIT', 'a control frame is longer than any that is read')
    if (FIXED_LENGTHS[type] !== undefined && size !== FIXED_LENGTHS[type]) throw broken('a control frame has another length than it has')
    if (size < (SHORTEST[type] ?? 0)) throw broken('a control frame is too short for what it is')
    this.#control = new Uint8Array(size)
    this.#controlAt = 0
  }

  #readContent(bytes: Uint8Array, at: number, end: number): number {
    const size = Math.min(this.#left, end - at)
    if (this.#stream > 0) this.#visitor.content(this.#stream, bytes, at, at + size)
    else {
      this.#control.set(bytes.subarray(at, at + size), this.#controlAt)
      this.#controlAt += size
      // Known before the frame is whole: by then its other reader would be past it.
      if (this.#header.readUInt16BE(2) === types.settings && this.#controlAt >= COUNT_BYTES) countSettings(this.#control)
    }
    this.#left -= size
    if (this.#left === 0) this.#end()
    return at + size
  }

  #end(): void {
    this.#have = 0
    this.#left = -1
    if (this.#stream === 0) this.#readControl()
    else if ((this.#flags & FIN) !== 0) this.#visitor.ended(this.#stream)
  }

  #readControl(): void {
    const type = this.#header.readUInt16BE(2)
    const content = Buffer.from(this.#control.buffer)
    this.#control = NO_BYTES
    switch (type) {
      case types.synStream: {
        if ((this.#flags & ~(FIN | UNIDIRECTIONAL)) !== 0) throw broken('a stream is not opened as streams are')
        const headers = this.#blocks.read(content.subarray(10))
        this.#visitor.opened(idOf(content), headers, (this.#flags & FIN) !== 0, (this.#flags & UNIDIRECTIONAL) !== 0)
        return
      }
      case types.synReply:
      case types.headers:
        if ((this.#flags & ~FIN) !== 0) throw broken('headers have a flag that there is not')
        this.#blocks.read(content.subarray(4))
        if ((this.#flags & FIN) !== 0) this.#visitor.ended(idOf(content))
        return
      case types.rstStream:
        this.#visitor.reset(idOf(content))
        return
      case types.settings:
        if (content.length < 4 || (content.length - 4) / 8 !== content.readUInt32BE(0))
          throw broken('settings have another length than they have')
        return
      default:
        // PING, GOAWAY and WINDOW_UPDATE say nothing of what is sent.
        if (this.#flags !== 0) throw broken('a control frame has a flag that there is not')
    }
  }
}

const KNOWN: ReadonlySet<number> = new Set(Object.values(types))

/** 2.6.4: a number of entries, of eight bytes each. */
function countSettings(content: Uint8Array): void {
  const count = Buffer.from(content.buffer).readUInt32BE(0)
  if (content.length !== COUNT_BYTES + 8 * count) throw broken('settings have another length than they have')
}

/** The highest bit has no meaning: some readers take it for part of the number. */
function idOf(content: Buffer): number {
  const stream = content.readUInt32BE(0)
  if (stream === 0 || stream >= 0x80000000) throw broken('a frame is about no stream')
  return stream
}

function broken(reason: string): StreamError {
  return new StreamError('GS_K8S_SPDY', reason)
}

import { Gathered } from '../../http/index.ts'

/**
 * Server-sent events (WHATWG HTML §9.2), as far as MCP uses them: bytes in, events out, and back. A stream is read whatever its pieces and whatever
 * ends its lines; it is written with one form only.
 */
export interface SseEvent {
  /** Of its type; '' where it has none, which means `message`. */
  readonly event: string
  /** Lines joined by a line feed; undefined: it has none, and no client dispatches it. */
  readonly data: Buffer | undefined
  /** Undefined: it has none. '' forgets the last one. */
  readonly id: string | undefined
  /** Milliseconds; undefined: it says nothing of it. */
  readonly retry: number | undefined
}

/** A comment: nothing but a sign of life. */
export const KEEP_ALIVE = Buffer.from(': keep-alive\n\n')

const [LF, CR, COLON, SPACE] = [0x0a, 0x0d, 0x3a, 0x20] as const
/** What of a stream may be unfinished: an event. Bytes. */
export const LONGEST_EVENT = 16 * 1024 * 1024
const LONGEST_ID = 4_096
const LINE_FEED = Buffer.of(LF)

/** Thrown where an event is longer than what is read. */
export class SseTooLong extends Error {}

export class SseDecoder {
  readonly #longest: number
  /** Of the line that is not complete. */
  #begun: Gathered | undefined
  #bytes = 0
  #afterCr = false
  #first = true
  #event = ''
  #data: Gathered | undefined
  #id: string | undefined
  #retry: number | undefined
  #some = false

  /** @param longest bytes of one event */
  constructor(longest = LONGEST_EVENT) {
    this.#longest = longest
  }

  /** @returns the events that are complete now; a comment is one with nothing in it @throws SseTooLong */
  push(chunk: Uint8Array): SseEvent[] {
    const events: SseEvent[] = []
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
    let from = 0
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at]
      if (byte !== LF && byte !== CR) {
        this.#afterCr = false
        continue
      }
      if (byte === LF && this.#afterCr) {
        this.#afterCr = false
        from = at + 1
        continue
      }
      this.#afterCr = byte === CR
      this.#line(this.#whole(bytes.subarray(from, at)), events)
      from = at + 1
    }
    this.#keep(bytes.subarray(from))
    return events
  }

  #keep(piece: Buffer): void {
    if (piece.length === 0) return
    this.#count(piece.length)
    this.#begun ??= new Gathered()
    this.#begun.add(piece)
  }

  #count(bytes: number): void {
    this.#bytes += bytes
    if (this.#bytes > this.#longest) throw new SseTooLong()
  }

  #whole(rest: Buffer): Buffer {
    this.#count(rest.length)
    this.#begun?.add(rest)
    const line = this.#begun?.bytes ?? rest
    this.#begun = undefined
    if (!this.#first) return line
    this.#first = false
    return line.length >= 3 && line[0] === 0xef && line[1] === 0xbb && line[2] === 0xbf ? line.subarray(3) : line
  }

  #line(line: Buffer, events: SseEvent[]): void {
    if (line.length === 0) {
      this.#dispatch(events)
      return
    }
    this.#some = true
    const colon = line.indexOf(COLON)
    if (colon === 0) return
    const name = (colon < 0 ? line : line.subarray(0, colon)).toString()
    const from = colon < 0 ? line.length : line[colon + 1] === SPACE ? colon + 2 : colon + 1
    const value = line.subarray(from)
    if (name === 'data') {
      if (this.#data) this.#data.add(LINE_FEED)
      else this.#data = new Gathered()
      this.#data.add(value)
    } else if (name === 'event') this.#event = value.toString()
    else if (name === 'id' && !value.includes(0) && value.length <= LONGEST_ID) this.#id = value.toString()
    else if (name === 'retry' && /^\d{1,9}$/.test(value.toString())) this.#retry = Number(value.toString())
  }

  #dispatch(events: SseEvent[]): void {
    if (this.#some) {
      events.push({ event: this.#event, data: this.#data?.bytes, id: this.#id, retry: this.#retry })
    }
    this.#event = ''
    this.#data = undefined
    this.#id = undefined
    this.#retry = undefined
    this.#some = false
    this.#bytes = 0
  }
}

/** Its text. What has nothing to say is a comment. */
export function writeEvent({ event, data, id, retry }: Partial<SseEvent>): Buffer {
  const lines: (string | Buffer)[] = []
  // Nothing of a line's end can stand within a line.
  if (event !== undefined && event !== '') lines.push(`event: ${oneLine(event)}\n`)
  if (id !== undefined) lines.push(`id: ${oneLine(id)}\n`)
  if (retry !== undefined) lines.push(`retry: ${retry}\n`)
  if (data !== undefined) lines.push('data: ', onLines(data), '\n')
  if (lines.length === 0) return KEEP_ALIVE
  return Buffer.concat([...lines.map((each) => (typeof each === 'string' ? Buffer.from(each) : each)), Buffer.of(LF)])
}

const oneLine = (text: string): string => text.replace(/[\r\n]/g, ' ')

function onLines(data: Buffer): Buffer {
  if (!data.includes(LF) && !data.includes(CR)) return data
  return Buffer.from(data.toString('latin1').replace(/\r\n|\r|\n/g, '\ndata: '), 'latin1')
}

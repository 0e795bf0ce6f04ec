/** One event of a stream (WHATWG HTML §9.2.6), as far as MCP uses them. */
export interface StreamEvent {
  readonly id: string | undefined
  /** Undefined where it has none: it only tells its id, or how long to wait. */
  readonly data: string | undefined
  /** ms to wait before the stream is asked for again. */
  readonly retry: number | undefined
}

/** An event or a line of one is longer than it may be. */
export class EventTooLong extends Error {}

/** Bytes in, events out (WHATWG HTML §9.2.6): lines end with LF, CR or CRLF, an empty one ends an event; what is not ended yet is kept, within the limit. */
export class EventReader {
  readonly #limit: number
  readonly #decoder = new TextDecoder('utf-8')
  #rest = ''
  #afterReturn = false
  #data: string[] = []
  #size = 0
  #id: string | undefined
  #retry: number | undefined
  #said = false

  /** @param limit UTF-16 code units of one event */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** @returns the events that end in this chunk. @throws EventTooLong; then nothing more may be pushed */
  push(chunk: Uint8Array): readonly StreamEvent[] {
    let text = this.#decoder.decode(chunk, { stream: true })
    if (this.#afterReturn && text.length > 0) {
      this.#afterReturn = false
      if (text.startsWith('\n')) text = text.slice(1)
    }
    if (text.endsWith('\r')) this.#afterReturn = true
    const lines = (this.#rest + text).split(/\r\n|\n|\r/)
    this.#rest = lines.pop()!
    if (this.#rest.length + this.#size > this.#limit) throw new EventTooLong(`an event has more than ${this.#limit} characters`)
    const events: StreamEvent[] = []
    for (const line of lines) {
      const event = this.#line(line)
      if (event) events.push(event)
    }
    return events
  }

  #line(line: string): StreamEvent | undefined {
    if (line === '') return this.#end()
    this.#size += line.length
    if (this.#size > this.#limit) throw new EventTooLong(`an event has more than ${this.#limit} characters`)
    const colon = line.indexOf(':')
    // A comment keeps the connection open.
    if (colon === 0) return undefined
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(line.charAt(colon + 1) === ' ' ? colon + 2 : colon + 1)
    if (field === 'data') this.#data.push(value)
    else if (field === 'id' && !value.includes('\0')) this.#id = value
    else if (field === 'retry' && /^\d{1,9}$/.test(value)) this.#retry = Number(value)
    else return undefined
    this.#said = true
    return undefined
  }

  #end(): StreamEvent | undefined {
    const event = this.#said
      ? { id: this.#id, data: this.#data.length === 0 ? undefined : this.#data.join('\n'), retry: this.#retry }
      : undefined
    this.#data = []
    this.#size = 0
    this.#id = undefined
    this.#retry = undefined
    this.#said = false
    return event
  }
}

/** @param data one line */
export function eventText(data: string, id: string): string {
  return `id: ${id}\ndata: ${data}\n\n`
}

import { CONTENT, type ContentName, told } from './exchange-codes.ts'
import type { ContentCapped } from './exchange-events.ts'
import { HeldTail } from './held-tail.ts'
import { type Lines, lineStart } from './lines.ts'
import type { Transcriber } from './transcriber.ts'

/** Event per number; what comes in pieces, first. */
const CONTENT_STARTS = new Map<number, Uint8Array>(Object.entries(CONTENT).map(([name, what]) => [what, lineStart(name)]))
const NO_CONNECTION: ReadonlySet<number> = new Set([told.body, told.stdin, told.stdout, told.stderr])
const JSON_STARTS = new Map<number, Uint8Array>([
  [told.request, lineStart('request')],
  [told.answer, lineStart('answer')],
  [told.bodyEnd, lineStart('body-end')],
  [told.stream, lineStart('stream')],
  [told.resize, lineStart('resize')],
  [told.exit, lineStart('exit')],
  [told.forward, lineStart('forward')],
  [told.forwardEnd, lineStart('forward-end')],
  [told.capped, lineStart('content-capped')],
  [told.streamEnd, lineStart('stream-end')],
  [told.toolCalls, lineStart('tool-calls')],
])
const OVER: ReadonlySet<number> = new Set([told.request, told.answer, told.bodyEnd, told.stream, told.exit, told.streamEnd, told.toolCalls])
const GAP = lineStart('gap')
const TEXT = new TextDecoder()

/** Makes lines of what was said in HTTP, on the channels of streams too (docs/recording.md). Frames were taken off before. */
export class ExchangeTranscriber implements Transcriber {
  readonly #lines: Lines
  /** Ends of what may go on, by what it is and its connection. */
  readonly #tails = new Map<string, Tail>()

  constructor(lines: Lines) {
    this.#lines = lines
  }

  get carries(): boolean {
    for (const { tail } of this.#tails.values()) if (tail.holds) return true
    return false
  }

  told(what: number, connection: number, content: Uint8Array): void {
    if (CONTENT_STARTS.has(what)) {
      const key = `${what} ${connection}`
      let tail = this.#tails.get(key)
      if (!tail) {
        tail = { what, connection, tail: new HeldTail() }
        this.#tails.set(key, tail)
      }
      this.#say(tail, tail.tail.take(content))
      return
    }
    const start = JSON_STARTS.get(what)
    if (OVER.has(what)) this.#end([...this.#tails.keys()])
    else if (what === told.forwardEnd) {
      const [of] = JSON.parse(TEXT.decode(content)) as [number]
      this.#end(Object.values(CONTENT).map((each) => `${each} ${of}`))
    } else if (what === told.capped) {
      // What is not kept of it stands behind what is.
      const { of, connection: whose = 0 } = JSON.parse(TEXT.decode(content)) as ContentCapped
      this.#end([`${CONTENT[of as ContentName]} ${whose}`])
    }
    if (!start) this.#lines.begin(GAP).json('something that this version does not know').end()
    else this.#lines.begin(start).written(content).end()
  }

  pause(): void {
    for (const { tail } of this.#tails.values()) tail.copy()
  }

  #end(keys: readonly string[]): void {
    for (const key of keys) {
      const tail = this.#tails.get(key)
      if (!tail) continue
      this.#tails.delete(key)
      this.#say(tail, tail.tail.end(this.#lines.redact))
    }
  }

  #say({ what, connection }: Tail, content: Uint8Array): void {
    if (content.length === 0) return
    const lines = this.#lines.begin(CONTENT_STARTS.get(what)!)
    if (!NO_CONNECTION.has(what)) lines.json(connection)
    lines.said(content, 0, content.length).end()
  }
}

interface Tail {
  readonly what: number
  readonly connection: number
  readonly tail: HeldTail
}

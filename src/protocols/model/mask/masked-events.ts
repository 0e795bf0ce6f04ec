import type { Findings } from '../../../masking/index.ts'
import type { Json } from '../../../operations/index.ts'
import { readable } from '../answer/judging.ts'
import { ModelError } from '../errors.ts'
import { type SseEvent, sseEvent } from '../stream/sse.ts'
import { type Finds, MaskedStrings } from './mask-string.ts'
import { endedBy, type Piece, piecesOf } from './pieces.ts'
import { MaskedArguments, type MaskedPieces, MaskedProse } from './text-stream.ts'
import { SAID_AGAIN, saidBy } from './texts.ts'

const DONE = '[DONE]'
/** Texts of one answer at one time. */
const MOST_TEXTS = 4_096
/** Objects in objects, of one event. */
const DEEPEST = 200

interface Running {
  readonly pieces: MaskedPieces
  /** An event with more of it. */
  more: (text: string) => SseEvent
}

/** Masks an answer that comes as events: each text of it is one, however many events bring it. */
export class MaskedEvents {
  readonly #findings: Findings
  readonly #key: Uint8Array | undefined
  readonly #found: Finds
  readonly #strings: MaskedStrings
  readonly #running = new Map<string, Running>()
  #letThrough = 0

  constructor(findings: Findings, key: Uint8Array | undefined, found: Finds) {
    this.#findings = findings
    this.#key = key
    this.#found = found
    this.#strings = new MaskedStrings(findings, key, found)
  }

  get deadline(): number | undefined {
    let first: number | undefined
    for (const { pieces } of this.#running.values()) {
      if (pieces.deadline !== undefined && (first === undefined || pieces.deadline < first)) first = pieces.deadline
    }
    return first
  }

  /** Bytes that went on because they could not be held any longer. */
  get letThrough(): number {
    let sum = this.#letThrough
    for (const { pieces } of this.#running.values()) sum += pieces.letThrough
    return sum
  }

  /** @returns what may be shown now */
  event(event: SseEvent, now: number): readonly SseEvent[] {
    if (event.data === undefined || event.data === '') return [event]
    if (event.data === DONE) return [...this.end(), event]
    // Its own: whoever reads the event besides sees it as it came.
    const said = readable(event.data, parsed(event.data))
    if (said === undefined) return [...this.end(), this.#unread(event, event.data)]
    if (typeof said === 'string') return [this.#unread(event, said, JSON.stringify)]
    const found = piecesOf(said)
    if (found.length > MOST_TEXTS) throw new ModelError('GS_MODEL_ANSWER_UNREADABLE')
    const ended = endedBy(said)
    const own = new Set(found.map(({ of }) => of))
    const before = this.#end(ended, own)
    let changed = false
    for (const piece of found) {
      // The last piece of a text comes with its end.
      const last = ended.some((prefix) => piece.of.startsWith(prefix))
      const shown = this.#push(event.name, piece, now, last)
      if (shown === piece.text) continue
      piece.holder[piece.member] = shown
      changed = true
    }
    if (this.#maskOthers(said, found)) changed = true
    return [...before, changed ? sseEvent(event.name, JSON.stringify(said)) : event]
  }

  /** One that is no message of an API. */
  #unread(event: SseEvent, text: string, write = (masked: string) => masked): SseEvent {
    const masked = this.#strings.text(Buffer.from(JSON.stringify(text)), undefined)
    return masked ? sseEvent(event.name, write(JSON.parse(Buffer.from(masked).toString()) as string).replaceAll('\n', ' ')) : event
  }

  expire(now: number): readonly SseEvent[] {
    const events: SseEvent[] = []
    for (const { pieces, more } of this.#running.values()) {
      if (pieces.deadline === undefined || pieces.deadline > now) continue
      const text = pieces.expire(now)
      if (text !== '') events.push(more(text))
    }
    return events
  }

  end(): readonly SseEvent[] {
    return this.#end([''], NONE)
  }

  #push(name: string, piece: Piece, now: number, last: boolean): string {
    const running = this.#running.get(piece.of) ?? this.#begin(piece)
    running.more = (text) => sseEvent(name, JSON.stringify(piece.more(text)))
    const shown = running.pieces.push(piece.text, now)
    return last ? shown + this.#over(piece.of, running) : shown
  }

  #begin(piece: Piece): Running {
    if (this.#running.size >= MOST_TEXTS) throw new ModelError('GS_MODEL_ANSWER_UNREADABLE')
    const pieces = piece.kind === 'arguments' ? new MaskedArguments(this.#strings) : new MaskedProse(this.#findings, this.#key, this.#found)
    const running: Running = { pieces, more: () => sseEvent('', '') }
    this.#running.set(piece.of, running)
    return running
  }

  #over(of: string, { pieces }: Running): string {
    const rest = pieces.end()
    this.#letThrough += pieces.letThrough
    this.#running.delete(of)
    return rest
  }

  #end(prefixes: readonly string[], but: ReadonlySet<string>): readonly SseEvent[] {
    if (prefixes.length === 0) return []
    const events: SseEvent[] = []
    for (const [of, running] of [...this.#running]) {
      if (but.has(of) || !prefixes.some((prefix) => of.startsWith(prefix))) continue
      const rest = this.#over(of, running)
      if (rest !== '') events.push(running.more(rest))
    }
    return events
  }

  /** What is no piece of a text is one by itself. @returns whether something was changed */
  #maskOthers(said: Json, pieces: readonly Piece[]): boolean {
    const others = new Others(this.#strings, pieces)
    others.within(said, [])
    return others.changed
  }
}

/** Masks the strings of an event that are no pieces. */
class Others {
  changed = false
  readonly #strings: MaskedStrings
  readonly #pieces: readonly Piece[]

  constructor(strings: MaskedStrings, pieces: readonly Piece[]) {
    this.#strings = strings
    this.#pieces = pieces
  }

  within(value: Json, path: readonly string[]): void {
    if (typeof value !== 'object' || value === null) return
    if (path.length > DEEPEST) throw new ModelError('GS_MODEL_ANSWER_UNREADABLE')
    const entries: [string | number, Json][] = Array.isArray(value) ? [...value.entries()] : Object.entries(value)
    const holder = value as { [name: string | number]: Json }
    for (const [name, each] of entries) {
      const here = [...path, typeof name === 'number' ? '*' : name]
      if (typeof name === 'string' && SAID_AGAIN.has(name) && each !== null) {
        holder[name] = Array.isArray(each) ? [] : null
        this.changed = true
      } else if (typeof each === 'string') {
        if (this.#pieces.some(({ holder: of, member }) => of === holder && member === name)) continue
        const masked = this.#masked(each, here, typeof name === 'string' ? name : undefined)
        if (masked === undefined) continue
        holder[name] = masked
        this.changed = true
      } else this.within(each, here)
    }
  }

  #masked(value: string, path: readonly string[], name: string | undefined): string | undefined {
    const said = saidBy(value, path)
    if (said !== 'text' && said !== 'arguments') return undefined
    const token = Buffer.from(JSON.stringify(value))
    const masked = said === 'arguments' ? this.#strings.embedded(token, name) : this.#strings.text(token, name)
    return masked && (JSON.parse(Buffer.from(masked).toString()) as string)
  }
}

const NONE: ReadonlySet<string> = new Set()

function parsed(data: string): Json | undefined {
  try {
    return JSON.parse(data) as Json
  } catch {
    return undefined
  }
}

import { MaskingError } from './errors.ts'

/** A place in a JSON text, and what is done with what stands there. */
export interface JsonPlace {
  /** Whether anything is done here or below; where not, not even names are read. */
  readonly live: boolean
  /** Where the value of a member is. */
  member(name: string): JsonPlace
  /** Where every element is. */
  element(): JsonPlace
  /**
   * What stands for a string, number, truth value or null. Absent: nothing is done with it, and it is not held.
   * @param token as the text has it, a string with its quotes @param name of the member that it is, if it is one
   * @returns JSON; undefined: what is there
   */
  readonly replace?: ((token: Uint8Array, name: string | undefined) => Uint8Array | undefined) | undefined
}

/** Nothing is done there. */
export const NOTHING_THERE: JsonPlace = { live: false, member: () => NOTHING_THERE, element: () => NOTHING_THERE }

/** Objects in objects. The API server's own are far from that. */
const DEEPEST = 200
/** A value that is looked at is held whole; etcd has no larger ones. Bytes. */
export const LONGEST_TOKEN = 4 * 1024 * 1024
/** Bytes of a name that is read, and of a number. */
const LONGEST_NAME = 64 * 1024
const LONGEST_LITERAL = 4096

const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a] as const
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_ARRAY, CLOSE_ARRAY] = [0x7b, 0x7d, 0x5b, 0x5d] as const
const LITERAL = /^(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)$/

/** What may come next. */
type Next = 'value' | 'element or end' | 'name or end' | 'name' | 'colon' | 'comma or end' | 'nothing'
/** What is being read. */
type Token = 'name' | 'string' | 'literal'

interface Level {
  readonly place: JsonPlace
  readonly isList: boolean
}

/**
 * Rewrites values of a JSON text (RFC 8259) that comes in pieces, by where they stand. Everything else goes on byte by byte as it came: numbers keep
 * their digits, strings their escapes, members their order and number. Held is one value at most, and only where something may be done with it.
 * What is not JSON ends it, before anything of that goes on which could be read in two ways.
 */
export class JsonRewriter {
  readonly #root: JsonPlace
  readonly #many: boolean
  readonly #levels: Level[] = []
  #next: Next = 'value'
  /** Of the value that comes next. */
  #place: JsonPlace
  #name: string | undefined
  #token: Token | undefined
  /** Pieces of the token so far that other pushes brought. */
  #held: Uint8Array[] = []
  #heldBytes = 0
  #escaped = false

  /** @param many whether one text may follow another, as in a stream of lines */
  constructor(root: JsonPlace, { many = false }: { readonly many?: boolean } = {}) {
    this.#root = root
    this.#place = root
    this.#many = many
  }

  /**
   * @returns what may go on; it may be a part of `chunk` itself
   * @throws MaskingError GS_MASK_NOT_JSON
   */
  push(chunk: Uint8Array): Uint8Array {
    const out: Uint8Array[] = []
    let from = 0
    let at = 0
    /** Where the token begins in this chunk. */
    let start = 0
    const end = chunk.length
    while (at < end) {
      if (this.#token === undefined) {
        at = this.#structure(chunk, at)
        if (this.#token === undefined) continue
        start = at
        if (this.#holds()) {
          out.push(chunk.subarray(from, start))
          from = start
        }
        if (this.#token !== 'literal') at++
        continue
      }
      const stop = this.#token === 'literal' ? literalEnd(chunk, at) : this.#stringEnd(chunk, at)
      at = stop < 0 ? end : stop
      if (stop < 0) break
      if (this.#token === 'name') this.#named(chunk, start, at)
      else if (this.#token === 'literal' || this.#holds()) {
        const whole = this.#whole(chunk.subarray(start, at))
        if (this.#token === 'literal') checkLiteral(whole)
        const replaced = this.#place.replace?.(whole, this.#name)
        // As it is, and all of it is here, it goes on with what follows.
        if (this.#holds() && (replaced !== undefined || this.#heldBytes > 0)) {
          out.push(replaced ?? whole)
          from = at
        }
      }
      this.#ended()
      start = at
    }
    if (this.#token === undefined) out.push(chunk.subarray(from))
    else {
      const keeps = this.#holds()
      if (!keeps) out.push(chunk.subarray(from))
      if (keeps || this.#token !== 'string') this.#keep(chunk.subarray(start))
    }
    return joined(out)
  }

  /** Nothing more comes. @throws MaskingError GS_MASK_NOT_JSON where the text is not whole */
  end(): Uint8Array {
    let rest: Uint8Array = NOTHING
    if (this.#token === 'literal' && this.#levels.length === 0) {
      const whole = this.#whole(NOTHING)
      checkLiteral(whole)
      if (this.#holds()) rest = this.#place.replace?.(whole, this.#name) ?? whole
      this.#ended()
    }
    const isWhole = this.#next === 'nothing' || (this.#many && this.#next === 'value' && this.#levels.length === 0)
    if (this.#token !== undefined || !isWhole) throw notJson('it ends within a value')
    return rest
  }

  /** Whether nothing of a text has come, or the last one was whole. */
  get between(): boolean {
    return this.#levels.length === 0 && this.#token === undefined
  }

  /** Whether the token that is read must not go on yet. */
  #holds(): boolean {
    return this.#token !== 'name' && this.#place.replace !== undefined
  }

  /** Reads marks and blanks. @returns where a token begins, or the end */
  #structure(chunk: Uint8Array, from: number): number {
    for (let at = from; at < chunk.length; at++) {
      const byte = chunk[at] as number
      if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) continue
      if (this.#next === 'nothing') {
        if (!this.#many) throw notJson('something follows it')
        this.#begin()
      }
      switch (byte) {
        case QUOTE:
          if (this.#next === 'name' || this.#next === 'name or end') this.#token = 'name'
          else this.#value('string')
          return at
        case OPEN_OBJECT:
        case OPEN_ARRAY:
          this.#value(undefined)
          this.#open(byte === OPEN_ARRAY)
          break
        case CLOSE_OBJECT:
        case CLOSE_ARRAY:
          this.#close(byte === CLOSE_ARRAY)
          break
        case COMMA:
          this.#comma()
          break
        case COLON:
          if (this.#next !== 'colon') throw notJson('a colon stands where none may be')
          this.#next = 'value'
          break
        default:
          this.#value('literal')
          return at
      }
    }
    return chunk.length
  }

  #begin(): void {
    this.#next = 'value'
    this.#place = this.#root
    this.#name = undefined
  }

  #value(token: 'string' | 'literal' | undefined): void {
    if (this.#next !== 'value' && this.#next !== 'element or end') throw notJson('a value stands where none may be')
    this.#token = token
  }

  #open(isList: boolean): void {
    if (this.#levels.length === DEEPEST) throw notJson(`it is deeper than ${DEEPEST}`)
    const place = this.#place
    this.#levels.push({ place, isList })
    this.#next = isList ? 'element or end' : 'name or end'
    this.#name = undefined
    if (isList) this.#place = place.element()
  }

  #close(isList: boolean): void {
    const level = this.#levels.pop()
    const ends = this.#next === 'comma or end' || this.#next === (isList ? 'element or end' : 'name or end')
    if (level?.isList !== isList || !ends) throw notJson('a bracket stands where none may be')
    this.#valueEnded()
  }

  #comma(): void {
    const level = this.#levels.at(-1)
    if (level === undefined || this.#next !== 'comma or end') throw notJson('a comma stands where none may be')
    this.#next = level.isList ? 'value' : 'name'
    this.#name = undefined
    if (level.isList) this.#place = level.place.element()
  }

  #valueEnded(): void {
    this.#next = this.#levels.length === 0 ? 'nothing' : 'comma or end'
  }

  /** @returns one past the quote that closes it; negative: it has not come */
  #stringEnd(chunk: Uint8Array, from: number): number {
    for (let at = from; at < chunk.length; at++) {
      const byte = chunk[at] as number
      if (this.#escaped) this.#escaped = false
      else if (byte === BACKSLASH) this.#escaped = true
      else if (byte === QUOTE) return at + 1
      else if (byte < 0x20) throw notJson('a control character stands in a string')
    }
    return -1
  }

  #keep(piece: Uint8Array): void {
    this.#heldBytes += piece.length
    this.#held.push(Uint8Array.from(piece))
    const longest = this.#token === 'string' ? LONGEST_TOKEN : this.#token === 'name' ? LONGEST_NAME : LONGEST_LITERAL
    if (this.#heldBytes > longest) throw notJson(`a ${this.#token} of it is longer than ${longest} bytes`)
  }

  #whole(last: Uint8Array): Uint8Array {
    if (this.#held.length === 0) return last
    return Buffer.concat([...this.#held, last])
  }

  #named(chunk: Uint8Array, start: number, end: number): void {
    const { place } = this.#levels.at(-1) as Level
    if (!place.live) {
      this.#place = NOTHING_THERE
      return
    }
    this.#name = this.#held.length === 0 ? nameOf(chunk, start, end) : textOf(this.#whole(chunk.subarray(start, end)))
    this.#place = place.member(this.#name)
  }

  #ended(): void {
    if (this.#token === 'name') this.#next = 'colon'
    else this.#valueEnded()
    this.#token = undefined
    if (this.#held.length === 0) return
    this.#held = []
    this.#heldBytes = 0
  }
}

/** Names are few, and the same over and over: a text that is known already costs no new one. */
const KNOWN_NAMES = 1024
const LONGEST_KNOWN = 48
const knownNames: ({ readonly token: Uint8Array; readonly text: string } | undefined)[] = new Array(KNOWN_NAMES)

/** The characters of a name that is at hand. @throws MaskingError GS_MASK_NOT_JSON */
function nameOf(chunk: Uint8Array, start: number, end: number): string {
  if (end - start > LONGEST_KNOWN) return textOf(chunk.subarray(start, end))
  let mixed = 0
  for (let at = start; at < end; at++) mixed = (Math.imul(mixed, 31) + (chunk[at] as number)) | 0
  const slot = (mixed ^ (mixed >>> 16)) & (KNOWN_NAMES - 1)
  const known = knownNames[slot]
  if (known !== undefined && isSame(known.token, chunk, start, end)) return known.text
  const token = Uint8Array.from(chunk.subarray(start, end))
  const text = textOf(token)
  knownNames[slot] = { token, text }
  return text
}

function isSame(token: Uint8Array, chunk: Uint8Array, start: number, end: number): boolean {
  if (token.length !== end - start) return false
  for (let at = 0; at < token.length; at++) if (token[at] !== chunk[start + at]) return false
  return true
}

function checkLiteral(token: Uint8Array): void {
  if (token.length > LONGEST_LITERAL || !LITERAL.test(asText(token))) throw notJson('a word of it means nothing')
}

/** The characters of a JSON string. @throws MaskingError GS_MASK_NOT_JSON */
export function textOf(token: Uint8Array): string {
  const text = asText(token)
  if (!text.includes('\\')) return text.slice(1, -1)
  try {
    return JSON.parse(text) as string
  } catch {
    throw notJson('a string of it has an escape that means nothing')
  }
}

const asText = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()

const NOTHING: Uint8Array = new Uint8Array(0)

function literalEnd(chunk: Uint8Array, from: number): number {
  for (let at = from; at < chunk.length; at++) {
    const byte = chunk[at] as number
    const goesOn =
      (byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x7a) || byte === 0x2e || byte === 0x2d || byte === 0x2b || byte === 0x45
    if (!goesOn) return at
  }
  return -1
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const some = parts.filter(({ length }) => length > 0)
  if (some.length === 0) return NOTHING
  return some.length === 1 ? (some[0] as Uint8Array) : Buffer.concat(some)
}

function notJson(why: string): MaskingError {
  return new MaskingError('GS_MASK_NOT_JSON', `What has to be masked is not JSON that can be read: ${why}.`)
}

import { latin1 } from '../characters.ts'
import { isMark, markOf, type SecretKind } from '../redacted.ts'
import { type NamedKind, Names } from '../secret-names.ts'
import { Spans } from '../spans.ts'
import type { Lexed } from './lexer.ts'
import { readUnicodeName } from './literal.ts'
import {
  NUMBER,
  type Numbers,
  numbers,
  OPERATOR,
  PARAMETER,
  PUNCTUATION,
  QUOTED,
  QUOTED_UNICODE,
  STRING,
  type Tokens,
  WORD,
} from './tokens.ts'

/** How a text came to be read as SQL. */
export interface Situation {
  /** Literals that it stands in. */
  readonly depth: number
  /** It is certain to be run as SQL: what cannot be read is doubt. Elsewhere it may be a sentence that begins like a statement. */
  readonly code: boolean
  /** The body of a DO: nothing comes from outside, so the password that it sets stands in it somewhere. */
  readonly once: boolean
}

/** Looks at other tokens, per token of the text; whoever needs more made the text to keep us busy. */
const LOOKS_PER_TOKEN = 16
const LOOKS_AT_LEAST = 20_000

const ROLES = new Set(['role', 'user', 'group'])

/** One text of SQL, its tokens, how its brackets fit together, and what has been found in it so far. Numbers are those of tokens. */
export class Reading {
  readonly bytes: Uint8Array
  readonly tokens: Tokens
  readonly situation: Situation
  readonly spans = new Spans()
  /** Numbers of the parameters that stand where a secret belongs; `0`: all. */
  readonly parameters = new Set<number>()
  /** Tokens in which a trigger stands. */
  readonly hot: Numbers
  /** The bracket that a token stands in, or -1. */
  readonly enclosing: Numbers
  /** For a bracket that opens, the one that closes it, or the number of tokens. */
  readonly closing: Numbers
  /** For a bracket that closes, the one that it closes, or itself. */
  readonly opening: Numbers
  doubt = false
  /** Too much was asked. Nothing more need be looked at, and nothing that was found is enough. */
  exhausted = false
  readonly #names = new Names()
  #looks: number
  /** The statement that was looked through for a role, how far, and whether it makes or changes one. */
  #role = { statement: -1, until: 0, found: false }

  constructor(bytes: Uint8Array, { tokens }: Lexed, situation: Situation) {
    this.bytes = bytes
    this.tokens = tokens
    this.situation = situation
    this.hot = numbers(tokens.count)
    this.enclosing = numbers(tokens.count)

    this.closing = numbers(tokens.count).fill(tokens.count)
    this.opening = numbers(tokens.count)
    this.#looks = LOOKS_AT_LEAST + LOOKS_PER_TOKEN * tokens.count
    this.#matchBrackets()
  }

  #matchBrackets(): void {
    const open: number[] = []
    for (let at = 0; at < this.tokens.count; at++) {
      this.enclosing[at] = open.at(-1) ?? -1
      if (this.tokens.kinds[at] !== PUNCTUATION) continue
      const byte = this.bytes[this.tokens.starts[at] as number]
      if (byte === 0x28 || byte === 0x5b) open.push(at)
      else if (byte === 0x29 || byte === 0x5d) {
        const bracket = open.pop()
        this.opening[at] = bracket ?? at
        if (bracket !== undefined) this.closing[bracket] = at
        this.enclosing[at] = open.at(-1) ?? -1
      }
    }
  }

  /** @returns false once too much was asked: then there is doubt, and nothing more need be looked at */
  look(): boolean {
    if (this.#looks-- > 0) return true
    this.exhausted = true
    return false
  }

  kind(at: number): number {
    return at >= 0 && at < this.tokens.count ? (this.tokens.kinds[at] as number) : 0
  }

  isString(at: number): boolean {
    return this.kind(at) >= STRING
  }

  isName(at: number): boolean {
    const kind = this.kind(at)
    return kind === WORD || kind === QUOTED || kind === QUOTED_UNICODE
  }

  /** The name at a token, quoted or not, in lower case, one character per byte; empty where there is none. */
  name(at: number): string {
    const kind = this.kind(at)
    if (kind !== WORD && kind !== QUOTED && kind !== QUOTED_UNICODE) return ''
    const raw = this.bytes.subarray(this.tokens.opens[at], this.tokens.closes[at])
    const text = kind === QUOTED_UNICODE ? latin1(readUnicodeName(raw)) : latin1(raw)
    return text.toLowerCase()
  }

  /** What kind of secret goes by the name at a token. */
  kindOfName(at: number): NamedKind | undefined {
    const name = this.name(at)
    return name === '' ? undefined : this.#names.kindOf(name)
  }

  /** Whether `CREATE` or `ALTER` and `ROLE`, `USER` or `GROUP` stand between the first token of a statement and this one. */
  isOfRole(at: number, statement: number): boolean {
    const role = this.#role
    if (role.statement !== statement) this.#role = { statement, until: statement, found: false }
    for (; this.#role.until < at && !this.#role.found; this.#role.until++) {
      const verb = this.word(this.#role.until)
      if (verb !== 'create' && verb !== 'alter') continue
      const object = this.word(this.#role.until + 1)
      const mapping = object === 'user' && this.word(this.#role.until + 2) === 'mapping'
      this.#role.found = ROLES.has(object) && !mapping
    }
    return this.#role.found
  }

  /** The key word at a token, in lower case; empty where there is none. */
  word(at: number): string {
    return this.kind(at) === WORD && (this.tokens.ends[at] as number) - (this.tokens.starts[at] as number) <= 32 ? this.name(at) : ''
  }

  /** The bracket, comma, semicolon, dot or colon at a token; empty where there is none. */
  sign(at: number): string {
    return this.kind(at) === PUNCTUATION ? String.fromCharCode(this.bytes[this.tokens.starts[at] as number] as number) : ''
  }

  operator(at: number): string {
    if (this.kind(at) !== OPERATOR) return ''
    return latin1(this.bytes, this.tokens.starts[at], Math.min(this.tokens.ends[at] as number, (this.tokens.starts[at] as number) + 8))
  }

  /** The first part of a qualified name whose last part is here. */
  qualified(at: number): number {
    let first = at
    while (this.sign(first - 1) === '.' && this.isName(first - 2) && this.look()) first -= 2
    return first
  }

  /** One past the last token before the semicolon, or the bracket that closes what this stands in. */
  endOfStatement(from: number): number {
    let at = from
    while (at < this.tokens.count && this.look()) {
      const sign = this.sign(at)
      if (sign === ';' || sign === ')') return at
      at = sign === '(' || sign === '[' ? Math.min((this.closing[at] as number) + 1, this.tokens.count) : at + 1
    }
    return at
  }

  /** What stands at a token is secret: a literal, a parameter; a number only where `numbers` says so. */
  redact(at: number, kind: SecretKind, numbers = false): void {
    const { tokens } = this
    if (this.isString(at)) {
      const [open, close] = [tokens.opens[at] as number, tokens.closes[at] as number]
      // The one character of `UESCAPE '!'` is no secret.
      const escapes = close - open === 1 && this.word(at - 1) === 'uescape'
      if (!escapes && !isMark(this.bytes, open, close)) this.spans.add(open, close, kind)
    } else if (this.kind(at) === PARAMETER) {
      this.parameters.add(Number(latin1(this.bytes, (tokens.starts[at] as number) + 1, tokens.ends[at])))
    }
    if (numbers && this.kind(at) === NUMBER) this.redactWords(at, at + 1, kind)
  }

  /** Literals and parameters from here up to there, one past the last. */
  redactAll(from: number, end: number, kind: SecretKind): void {
    for (let at = from; at < end && this.look(); at++) this.redact(at, kind)
  }

  /** What stands without quotes gets a mark in quotes, so that it stays a statement. */
  redactWords(from: number, end: number, kind: SecretKind): void {
    const by = Buffer.concat([Buffer.from("'"), markOf(kind), Buffer.from("'")])
    this.spans.replace(this.tokens.starts[from] as number, this.tokens.ends[end - 1] as number, by, [{ kind, count: 1 }])
  }
}

/** A node of a stored tree: its type, and its fields by name. */
export interface RuleNode {
  readonly type: string
  readonly fields: ReadonlyMap<string, RuleValue>
}

/** A token stands for itself, `<>` for nothing. */
export type RuleValue = RuleNode | readonly RuleValue[] | string

/** Deeper than this a tree is not followed. */
const MOST_DEPTH = 1_000

/**
 * Reads a pg_node_tree as PostgreSQL writes it (nodes/outfuncs.c, nodes/read.c): `{TYPE :field value …}`, `(value …)`, and tokens that end
 * at a blank or a bracket that no backslash stands before. What a field holds besides its first value (the bytes of a constant) is left out.
 *
 * @returns undefined where it is none
 */
export function readRuleTree(text: string): RuleValue | undefined {
  const reader = new Reader(text)
  try {
    const value = reader.value()
    return reader.atEnd ? value : undefined
  } catch (error) {
    if (error instanceof NotATree) return undefined
    throw error
  }
}

class NotATree extends Error {}

class Reader {
  readonly #text: string
  #at = 0
  #depth = 0

  constructor(text: string) {
    this.#text = text
  }

  get atEnd(): boolean {
    this.#skip()
    return this.#at === this.#text.length
  }

  value(): RuleValue {
    const next = this.#peek()
    if (next === '{') return this.#nested(() => this.#node())
    if (next === '(') return this.#nested(() => this.#list())
    return this.#token()
  }

  #nested<Value>(read: () => Value): Value {
    this.#depth += 1
    if (this.#depth > MOST_DEPTH) throw new NotATree()
    this.#at += 1
    const value = read()
    this.#depth -= 1
    return value
  }

  #node(): RuleNode {
    const type = this.#token()
    const fields = new Map<string, RuleValue>()
    while (this.#peek() !== '}') {
      const name = this.#token()
      if (!name.startsWith(':')) throw new NotATree()
      // A text may begin with a colon too: the first value is one whatever it looks like.
      fields.set(name.slice(1), this.value())
      while (this.#peek() !== '}' && this.#peek() !== ':') this.value()
    }
    this.#at += 1
    return { type, fields }
  }

  #list(): readonly RuleValue[] {
    const values: RuleValue[] = []
    while (this.#peek() !== ')') values.push(this.value())
    this.#at += 1
    return values
  }

  /** Brackets of a node or a list are tokens of their own (pg_strtok). */
  #token(): string {
    this.#skip()
    const from = this.#at
    const text = this.#text
    let at = from
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (code === BACKSLASH) at++
      else if (ENDS.has(code)) break
    }
    if (at === from) throw new NotATree()
    this.#at = Math.min(at, text.length)
    return text.slice(from, this.#at)
  }

  #peek(): string {
    this.#skip()
    if (this.#at >= this.#text.length) throw new NotATree()
    return this.#text[this.#at] as string
  }

  #skip(): void {
    while (this.#at < this.#text.length && BLANKS.has(this.#text.charCodeAt(this.#at))) this.#at++
  }
}

const BACKSLASH = 0x5c
const BLANKS: ReadonlySet<number> = new Set([0x20, 0x0a, 0x09])
const ENDS: ReadonlySet<number> = new Set([...BLANKS, ...[...'(){}'].map((bracket) => bracket.charCodeAt(0))])

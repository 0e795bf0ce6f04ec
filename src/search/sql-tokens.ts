/** A token that says something about what a statement does: comments, strings, numbers and operators are passed over. */
export interface SqlToken {
  /** `word`: not quoted, in lower case. `quoted`: an identifier in quotes, in lower case too. `mark`: one of `( ) ; , .` */
  readonly kind: 'word' | 'quoted' | 'mark'
  readonly text: string
}

/** Longer names are cut. */
const LONGEST_NAME = 256

// PostgreSQL 4.1.1 and 4.1.5: letters and underscores begin a name, digits and dollars go on with it; anything beyond ASCII is a letter.
const NAME = /[a-z_\u0080-\uffff][a-z0-9_$\u0080-\uffff]*/iy
const DOLLAR = /\$(?:[a-z_\u0080-\uffff][a-z0-9_\u0080-\uffff]*)?\$/iy
const NUMBER = /\d[\w.]*/y

/**
 * The tokens of a SQL text, in time linear to its length. Text that no server would take gives tokens too: an open quote reaches to the end.
 * @param most characters that are looked at
 */
export function* sqlTokens(whole: string, most: number): Generator<SqlToken> {
  const text = whole.length > most ? whole.slice(0, most) : whole
  for (let at = 0; at < text.length; ) {
    const character = text[at] as string
    if (text.startsWith('--', at)) at = after(text, '\n', at)
    else if (text.startsWith('/*', at)) at = afterComment(text, at)
    else if (character === "'") at = afterString(text, at, false)
    else if (character === '"') {
      const end = afterQuoted(text, at)
      yield {
        kind: 'quoted',
        text: text
          .slice(at + 1, end - 1)
          .replaceAll('""', '"')
          .slice(0, LONGEST_NAME)
          .toLowerCase(),
      }
      at = end
    } else if (character === '$') {
      const tag = match(DOLLAR, text, at)
      at = tag === undefined ? at + 1 : after(text, tag, at + tag.length)
    } else if (/[0-9]/.test(character)) at += (match(NUMBER, text, at) as string).length
    else {
      const name = match(NAME, text, at)
      if (name === undefined) {
        if ('();,.'.includes(character)) yield { kind: 'mark', text: character }
        at++
      } else if (text[at + name.length] === "'" && /^(e|b|x|n)$/i.test(name)) {
        at = afterString(text, at + name.length, /^e$/i.test(name))
      } else if (/^u$/i.test(name) && /^&["']/.test(text.slice(at + 1, at + 3))) {
        // U&"d\0061ta": what is in the quotes is taken as it is written.
        at += 2
      } else {
        yield { kind: 'word', text: name.slice(0, LONGEST_NAME).toLowerCase() }
        at += name.length
      }
    }
  }
}

function match(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0]
}

/** Behind the next `end`; the end of the text where there is none. */
function after(text: string, end: string, from: number): number {
  const found = text.indexOf(end, from)
  return found === -1 ? text.length : found + end.length
}

/** Comments are nested in PostgreSQL (4.1.5). */
function afterComment(text: string, from: number): number {
  const edge = /\/\*|\*\//g
  edge.lastIndex = from
  let depth = 0
  for (let found = edge.exec(text); found; found = edge.exec(text)) {
    depth += found[0] === '/*' ? 1 : -1
    if (depth === 0) return edge.lastIndex
  }
  return text.length
}

function afterString(text: string, from: number, escapes: boolean): number {
  for (let at = from + 1; at < text.length; at++) {
    if (escapes && text[at] === '\\') at++
    else if (text[at] === "'") {
      if (text[at + 1] !== "'") return at + 1
      at++
    }
  }
  return text.length
}

function afterQuoted(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] !== '"') continue
    if (text[at + 1] !== '"') return at + 1
    at++
  }
  // As if it were closed, so that the caller can cut both quotes off.
  return text.length + 1
}

/**
 * The statements of a psql script, as psql splits them: it knows quotes, dollar quotes, comments, brackets and the bodies of SQL functions.
 * Backslash commands and copied data are passed over; variables stay as they are written.
 */
export function statementsOf(script: string): readonly string[] {
  const all: string[] = []
  let text = ''
  let at = 0
  let depth = 0
  let body = 0
  const take = (end: number) => {
    text += script.slice(at, end)
    at = end
  }
  const end = () => {
    const statement = text.trim()
    if (statement) all.push(statement)
    text = ''
    depth = 0
    body = 0
    if (COPIED.test(statement)) at = behindCopied(script, at)
  }
  while (at < script.length) {
    const rest = script.slice(at, at + 80)
    const character = script[at]!
    const word = /^[A-Za-z_\x80-\uffff][\w$\x80-\uffff]*/.exec(rest)?.[0]
    const tag = /^\$(?:[A-Za-z_]\w*)?\$/.exec(rest)?.[0]
    if (rest.startsWith('--')) at = orEnd(script, script.indexOf('\n', at))
    else if (rest.startsWith('/*')) take(behindComment(script, at))
    else if (character === "'") take(behindString(script, at, /(?:^|[^\w$])e$/i.test(text)))
    else if (character === '"') take(behind(script, '"', at + 1))
    else if (tag !== undefined) take(behind(script, tag, at + tag.length))
    else if (rest.startsWith('\\;')) {
      text += ';'
      at += 2
    } else if (character === '\\') {
      at = orEnd(script, script.indexOf('\n', at))
      if (SENDS.test(rest)) end()
    } else if (word !== undefined) {
      if (ROUTINE.test(text)) body += /^(?:begin|case)$/i.test(word) ? 1 : /^end$/i.test(word) && body > 0 ? -1 : 0
      take(at + word.length)
    } else {
      if (character === '(') depth += 1
      else if (character === ')') depth -= 1
      take(at + 1)
      if (character === ';' && depth <= 0 && body === 0) end()
    }
  }
  end()
  return all
}

const COPIED = /^copy\b[\s\S]*\bfrom\s+stdin\b/i
const ROUTINE = /^\s*create\s+(?:or\s+replace\s+)?(?:function|procedure)\b/i
/** Backslash commands that send what stands before them. */
const SENDS = /^\\(?:g|gx|gset|gexec|gdesc|crosstabview|watch)\b/

const orEnd = (script: string, at: number): number => (at < 0 ? script.length : at)

const behind = (script: string, what: string, from: number): number => {
  const at = script.indexOf(what, from)
  return at < 0 ? script.length : at + what.length
}

function behindComment(script: string, start: number): number {
  let depth = 0
  for (let at = start; at < script.length; at += 1) {
    if (script.startsWith('/*', at)) {
      depth += 1
      at += 1
    } else if (script.startsWith('*/', at)) {
      depth -= 1
      at += 1
      if (depth === 0) return at + 1
    }
  }
  return script.length
}

function behindString(script: string, start: number, escapes: boolean): number {
  for (let at = start + 1; at < script.length; at += 1) {
    if (escapes && script[at] === '\\') at += 1
    else if (script[at] === "'") {
      if (script[at + 1] !== "'") return at + 1
      at += 1
    }
  }
  return script.length
}

function behindCopied(script: string, from: number): number {
  const end = script.indexOf('\n\\.', from)
  return end < 0 ? from : orEnd(script, script.indexOf('\n', end + 1))
}

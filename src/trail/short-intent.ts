/** What an intent says of its session and operations. */
export interface ShortIntent {
  readonly session: string
  /** Their numbers. */
  readonly operations: readonly number[]
}

/** `{"at":"`, 30 characters of time, `","id":"` */
const ID_AT = 45
const KIND = '","kind":"operation.intent","ops":[['
const SESSION = ',"session":"'
/** Neither quote nor backslash, and the same in ASCII, Latin-1 and UTF-8. */
const PLAIN = /^[\x21\x23-\x5b\x5d-\x7e]+$/

const [COMMA, CLOSES, ZERO, NINE] = [0x2c, 0x5d, 0x30, 0x39]

/**
 * Reads an intent in the form that most of them have: no field before its operations, rows of numbers only, the session last. Nine of ten entries of
 * a busy log are such, and parsing all of one would cost whoever follows them more than everything else.
 *
 * It relies on the entry being canonical, as everything is that has a right MAC: names come in order, so that what stands directly behind `kind` is a field
 * of the entry itself, and so is what stands directly before the last brace.
 *
 * @returns undefined where it has another form, or is no intent: then it must be parsed
 */
export function shortIntent(entry: Buffer): ShortIntent | undefined {
  const text = entry.toString('latin1')
  const kindAt = text.indexOf('"', ID_AT)
  if (kindAt === -1 || !text.startsWith(KIND, kindAt) || !text.endsWith('"}')) return undefined
  const sessionAt = text.lastIndexOf('"', text.length - 3) + 1
  if (!text.startsWith(SESSION, sessionAt - SESSION.length)) return undefined
  const session = text.slice(sessionAt, -2)
  const operations = PLAIN.test(session) ? firstNumbers(text, kindAt + KIND.length) : undefined
  return operations && { session, operations }
}

/** The first number of each row, from within the first one on. */
function firstNumbers(text: string, from: number): readonly number[] | undefined {
  const numbers: number[] = []
  let isFirst = true
  for (let at = from; ; at++) {
    const begin = at
    while (isDigit(text.charCodeAt(at))) at++
    if (at === begin) return undefined
    if (isFirst) numbers.push(Number(text.slice(begin, at)))
    isFirst = false
    if (text.charCodeAt(at) === COMMA) continue
    if (text.charCodeAt(at) !== CLOSES) return undefined
    if (text.charCodeAt(at + 1) === CLOSES) return numbers
    if (!text.startsWith(',[', at + 1)) return undefined
    isFirst = true
    at += 2
  }
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE
}

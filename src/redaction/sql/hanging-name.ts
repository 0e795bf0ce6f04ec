import { latin1, NAME, runEnd, runStart } from '../characters.ts'
import { kindOfName } from '../secret-names.ts'
import { eachTrigger, triggers } from '../triggers.ts'

/** What may stand between a name and what is put there later. */
const BETWEEN = /^["'\]]?\s{0,16}(:=|=>|==|=|:|\bto\b|like)?\s{0,16}[E(]?["']?/i
/** `%L`, `%1$s`, `$1`, `?`, `{}`, or nothing. */
const PLACE = /^(%(\d+\$)?-?\d*[sILlvd]|%\(|\$\d|\?|\{|$)/

/** Whether a text names a secret and leaves the place of its value open: at its end, or with a placeholder. */
export function hangingName(content: Uint8Array): boolean {
  let hanging = false
  let asked = -1
  eachTrigger(content, 'text', (number, end) => {
    if (hanging || triggers[number]?.trigger !== 'name' || end <= asked) return
    const nameEnd = runEnd(content, end, NAME, 64)
    asked = nameEnd
    const start = runStart(content, nameEnd, NAME, 64)
    // One word alone is a word, a password perhaps: `'tea-secret' || salt`.
    if (start === 0 && nameEnd === content.length) return
    const behind = latin1(content, nameEnd, Math.min(content.length, nameEnd + 64))
    if (!PLACE.test(behind.slice(BETWEEN.exec(behind)?.[0].length ?? 0))) return
    hanging = kindOfName(latin1(content, start, nameEnd)) !== undefined
  })
  return hanging
}

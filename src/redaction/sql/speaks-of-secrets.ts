import { latin1, NAME, runEnd, runStart } from '../characters.ts'
import { isInMark } from '../redacted.ts'
import { Names } from '../secret-names.ts'
import { eachTrigger, triggers } from '../triggers.ts'

/** Whether any word of a text, wherever it stands, names a secret or a function of secrets, or hides what it says. */
export function speaksOfSecrets(text: Uint8Array): boolean {
  const names = new Names()
  let speaks = false
  let asked = -1
  eachTrigger(text, 'sql', (number, end) => {
    if (speaks || end <= asked) return
    const { trigger, text: word } = triggers[number] as (typeof triggers)[number]
    if (trigger === 'construct' || (trigger === 'spelling' && word !== 'word')) speaks = true
    else if (trigger === 'name') {
      asked = runEnd(text, end, NAME, 64)
      const start = runStart(text, asked, NAME, 64)
      const name = latin1(text, start, asked)
      speaks = !isInMark(text, start) && (names.kindOf(name) !== undefined || name.includes('passw'))
    }
  })
  return speaks
}

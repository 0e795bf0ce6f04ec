import { hash } from 'node:crypto'
import { type Fields, fieldsOf, isText, parseFields } from './json.ts'
import { decode } from './note.ts'
import { fail } from './verdict.ts'

/** Holds payloads against what their entries commit to; both come in the same order. @param lines of JSON */
export function checkPayloads(lines: Iterator<Buffer>) {
  const count = { matched: 0, erased: 0 }
  let bad: number | undefined
  let line: Fields | undefined
  const read = () => {
    const { done, value } = lines.next()
    return done ? undefined : parseFields(value)
  }
  return {
    see(index: number, entry: Fields): void {
      for (line ??= read(); line?.entry === index; line = read()) {
        if (line.erased !== true && !isCommitted(entry, line)) bad ??= index
        count[line.erased === true ? 'erased' : 'matched']++
      }
    },
    end(): string {
      if (bad !== undefined) fail(`entry ${bad} does not commit to a payload of it`, bad)
      if (line ?? read()) fail('payloads are out of order, or of an entry that is not here')
      return `${count.matched} are what their entries commit to; ${count.erased} are erased`
    },
  }
}

/** Whether the entry commits to it by SHA-256(salt ‖ content). @throws Unusable where one of them is not well encoded */
export function isCommitted(entry: Fields, payload: unknown): boolean {
  const { name, salt, content } = fieldsOf(payload)
  const [salted, bytes] = [decode(salt, 'base64url'), decode(content)]
  const commitment = isText(name) ? fieldsOf(entry.payloads)[name] : undefined
  return salted.length === 32 && hash('sha256', Buffer.concat([salted, bytes]), 'base64url') === commitment
}

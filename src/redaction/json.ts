import type { ValueContext } from './harmless-value.ts'
import { type Found, NOTHING_FOUND, type Redacted, sumOf } from './redacted.ts'
import { redactText } from './text.ts'
import { mayHoldSecrets } from './triggers.ts'

/**
 * Writes a value as JSON with each of its strings redacted for itself, so that what comes out is JSON.
 * @param value of strings, numbers, arrays and plain objects
 * @param context as for `redactText`
 */
export function redactJson(value: unknown, context: ValueContext = 'anything'): Redacted {
  const text = Buffer.from(JSON.stringify(value))
  // Names of members look like secrets too, such as `maxTokens`: that they hold none is nearly always so.
  if (!mayHoldSecrets(text, 'text') || !holdsSecrets(value, context)) return { content: text, found: NOTHING_FOUND, whole: false }
  const found: (readonly Found[])[] = []
  const written = JSON.stringify(value, (_, each: unknown) => {
    if (typeof each !== 'string') return each
    const redacted = redactText(Buffer.from(each), context)
    found.push(redacted.found)
    return redacted.found.length === 0 ? each : Buffer.from(redacted.content).toString()
  })
  return { content: Buffer.from(written), found: sumOf(found), whole: false }
}

/** Whether something is found in one of its strings. */
function holdsSecrets(value: unknown, context: ValueContext): boolean {
  const waiting = [value]
  while (waiting.length > 0) {
    const next = waiting.pop()
    if (typeof next === 'string') {
      if (redactText(Buffer.from(next), context).found.length > 0) return true
    } else if (typeof next === 'object' && next !== null) for (const each of Object.values(next)) waiting.push(each)
  }
  return false
}

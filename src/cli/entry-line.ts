import type { EntryAnswer } from '../api/local/index.ts'
import { moneyText } from '../operations/index.ts'

type Json = EntryAnswer['fields'][string]

/** What an entry is about comes first; the others keep the order of the entry. */
const FIRST = ['session', 'run', 'resource']
/** Characters: a digest is cut, an id is not. `trail show` and --json have all of it. */
const LONGEST_VALUE = 40

/** One entry as one line: position, time, kind, and its fields, the rows of operations in words. Not yet harmless. */
export function entryLine({ index, at, kind, fields }: EntryAnswer): string {
  const names = [...FIRST.filter((name) => name in fields), ...Object.keys(fields).filter((name) => !FIRST.includes(name))]
  const words = names.map((name) => fieldWords(kind, name, fields[name] ?? null))
  return [String(index).padStart(6), at.replace(/(\.\d{3})\d*Z$/, '$1Z'), kind.padEnd(17), ...words].join('  ').trimEnd()
}

function fieldWords(kind: string, name: string, value: Json): string {
  if (Array.isArray(value)) {
    if (kind === 'operation.intent' && name === 'ops') return value.map(operationWords).join('; ')
    if (kind === 'operation.intent' && name === 'decisions') return value.map(decisionWords).join('; ')
    if (kind === 'operation.intent' && name === 'retries') return value.map(retryWords).join('; ')
    if (kind === 'operation.outcome' && name === 'outcomes') return value.map(outcomeWords).join('; ')
    if (kind === 'operation.intent' && name === 'claims') return value.map(claimsWords).join('; ')
    if (kind === 'operation.outcome' && name === 'masked') return value.map(maskedWords).join('; ')
    if (kind === 'operation.outcome' && name === 'usage') return value.map(usageWords).join('; ')
  }
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return `${name}=${typeof value === 'string' && text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE / 2)}…` : text}`
}

// The rows are those of src/trail/operation-entries.ts; a row of another shape (a newer gateway) is shown as it is.

function operationWords(row: Json): string {
  if (!isRow(row, 3)) return JSON.stringify(row)
  const [n, statement, decision, form = 'bind'] = row
  return `#${n} ${form} of statement ${statement} by decision ${decision}`
}

function decisionWords(row: Json): string {
  if (!isRow(row, 3)) return JSON.stringify(row)
  const [decision, effect, rules] = row
  const named = Array.isArray(rules) && rules.length > 0 ? ` (${rules.join(', ')})` : ''
  return `decision ${decision}: ${effect}${named}`
}

function retryWords(row: Json): string {
  if (!isRow(row, 3)) return JSON.stringify(row)
  const [n, session, operation] = row
  return `#${n} tries #${operation} of ${session} again`
}

function claimsWords(row: Json): string {
  if (!isRow(row, 2)) return JSON.stringify(row)
  const [n, claims] = row
  return `#${n} claims.${claims}`
}

function outcomeWords(row: Json): string {
  if (!isRow(row, 5)) return JSON.stringify(row)
  const [n, status, rows, bytes, microseconds, code] = row
  const took = typeof microseconds === 'number' ? ` ${(microseconds / 1000).toFixed(1)} ms` : ''
  return `#${n} ${status}${code ? ` ${code}` : ''}, ${rows} rows, ${bytes} bytes,${took}`
}

function maskedWords(row: Json): string {
  if (!isRow(row, 4)) return JSON.stringify(row)
  const [n, mask, what, count] = row
  return mask === '' ? `#${n} masked ${count} more` : `#${n} masked ${count} of ${what} (${mask})`
}

function usageWords(row: Json): string {
  if (!isRow(row, 4)) return JSON.stringify(row)
  const [n, input, output, cached, micros, currency] = row
  const money = typeof micros === 'number' && typeof currency === 'string' ? `, ${moneyText({ micros, currency })}` : ''
  return `#${n} ${input} tokens in${cached === 0 ? '' : ` (${cached} cached)`}, ${output} out${money}`
}

function isRow(value: Json, least: number): value is Json[] {
  return Array.isArray(value) && value.length >= least
}

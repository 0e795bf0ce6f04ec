import type { StoredEntry } from '../trail/index.ts'
import { claimsBy } from './claims.ts'
import { numbersOf, RECORDED, rowsOf, SEARCHED } from './deriver.ts'
import { payloadTexts } from './payload-text.ts'
import type { Plan } from './query.ts'
import { FACTS } from './recorded-facts.ts'
import type { SearchIndex, SubjectFacts } from './search-index.ts'
import { collectWords, sequence } from './words.ts'

/** Whether the payloads of an entry hold the words that are searched for, and in the order that is asked for. */
export function textMatches(entry: StoredEntry, { words, sequences }: Pick<Plan, 'words' | 'sequences'>): boolean {
  if (entry.kind === RECORDED) return false
  const texts = entry
    .payloads()
    .filter(({ name }) => (entry.kind !== SEARCHED.kind || name !== SEARCHED.name) && !FACTS.test(name))
    .flatMap(({ name, content }) => (content ? payloadTexts(name, content, Number.POSITIVE_INFINITY) : []))
  const held = new Set<string>()
  for (const text of texts) collectWords(text, held, Number.POSITIVE_INFINITY)
  if (!words.every((word) => held.has(word))) return false
  return sequences.every((wanted) => texts.some((text) => follows(text, wanted)))
}

/** Whether the words stand in the text, one after the other. */
function follows(text: string, wanted: readonly string[]): boolean {
  // The last words that were read, as many as are wanted.
  const last: string[] = []
  for (const word of sequence(text)) {
    if (last.push(word) > wanted.length) last.shift()
    if (last.length === wanted.length && last.every((each, at) => each === wanted[at])) return true
  }
  return false
}

/** Whether one operation of an intent meets everything that is asked of an operation: an entry may hold those of a whole read. */
export async function operationMatches(
  entry: StoredEntry,
  wanted: NonNullable<Plan['operation']>,
  index: Pick<SearchIndex, 'facts' | 'statement'>,
  form: (name: string) => string,
): Promise<boolean> {
  const session = entry.fields.session
  if (entry.kind !== 'operation.intent' || typeof session !== 'string') return true
  const facts: Pick<SubjectFacts, 'effects' | 'decidedOn'> = (await index.facts(session)) ?? { effects: {} }
  for (const [n, statement, decision, name = 'bind'] of rowsOf(entry.fields.ops)) {
    if (wanted.effect !== undefined && (typeof decision !== 'number' || facts.effects[decision] !== wanted.effect)) continue
    const terms = typeof name === 'string' ? [form(name)] : []
    for (const number of numbersOf(statement, decision, facts, claimsBy(entry.fields, n)))
      terms.push(...((await index.statement(session, number))?.terms ?? []))
    if (wanted.groups.every((group) => group.terms.some((term) => terms.includes(term)))) return true
  }
  return false
}

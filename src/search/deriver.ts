import type { EntryFields, EntryValue, StoredEntry } from '../trail/index.ts'
import { CLAIMS, claimsBy, claimsNumber, SPANS, tracesIn } from './claims.ts'
import type { Delta } from './delta.ts'
import type { Facts } from './facts.ts'
import { payloadTexts } from './payload-text.ts'
import { FACTS, recordedFacts } from './recorded-facts.ts'
import type { SubjectFacts } from './search-index.ts'
import { entryTime, leafStamp } from './stamp.ts'
import { type StatementFacts, statementFacts } from './statement-facts.ts'
import type { Term, Terms } from './terms.ts'
import { collectWords } from './words.ts'

/** Raised whenever the same entry comes to other terms than before: an index of another form is built again. */
export const FORM = 2

/** How much of one payload is looked at. What has more is marked, and a search opens it to be sure. */
const TEXT_BYTES = 1 << 20
const WORDS = 16_384
const STATEMENT_CHARACTERS = 1 << 18

/** The payload that holds what somebody searched for: it would be found by the same search ever after. */
export const SEARCHED = { kind: 'log.read', name: 'query' }
/** What a client was shown. */
export const RECORDED = 'recording.segment'
const STATEMENT = /^statement\.(\d{1,15})$/
/** The value of `cut`. */
export const CUT = 'words'

const NO_FACTS: SubjectFacts = { opened: 0, inherited: [], effects: {} }

/** From an entry to what it is found by: the same entries in the same order always come to the same. */
export class Deriver {
  readonly #terms: Terms
  readonly #facts: Facts
  readonly #kinds = new Map<string, readonly Term[]>()
  /** Entries with a payload that does not open, or is not what the entry commits to. */
  unreadable = 0

  constructor(terms: Terms, facts: Facts) {
    this.#terms = terms
    this.#facts = facts
  }

  /** @param into takes the entry; it must be the next one there */
  async derive(entry: StoredEntry, into: Delta): Promise<void> {
    const { kind, fields, index } = entry
    const position = into.next(entryTime(entry), leafStamp(entry))
    for (const term of this.#kindTerms(kind)) into.add(position, term)
    const run = text(fields.run)
    const session = text(fields.session)
    if (session !== undefined) into.add(position, this.#terms.of('session', session))
    if (kind !== 'operation.intent' && typeof fields.effect === 'string') into.add(position, this.#terms.of('effect', fields.effect))

    let ofRun = run === undefined ? undefined : this.#facts.of(run)
    if (ofRun instanceof Promise) ofRun = await ofRun
    let ofSession = session === undefined ? undefined : this.#facts.of(session)
    if (ofSession instanceof Promise) ofSession = await ofSession
    const subjects = [...new Set([...this.#subjectTerms(fields), ...(ofRun?.inherited ?? []), ...(ofSession?.inherited ?? [])])]
    for (const term of subjects) into.add(position, term)

    const learn = (subject: string, facts: SubjectFacts) => this.#learn(into, subject, facts)
    if (run !== undefined) {
      if (kind === 'run.start') learn(run, { opened: index, inherited: subjects, effects: {} })
      if (kind === 'run.end' && ofRun) learn(run, { ...ofRun, closed: index })
    }
    if (session === undefined || kind !== 'operation.intent') this.#addSealed(entry, into, position, undefined)
    else await this.#deriveIntent(entry, into, position, session, ofSession ?? NO_FACTS)
    if (session !== undefined) {
      if (kind === 'session.open') learn(session, { opened: index, inherited: subjects, effects: {}, ...protocolOf(fields) })
      if (kind === 'session.close' && ofSession) learn(session, { ...ofSession, closed: index })
    }
  }

  async #deriveIntent(entry: StoredEntry, into: Delta, position: number, session: string, known: SubjectFacts): Promise<void> {
    const facts = this.#learnEffects(entry.fields, into, session, known)
    this.#addSealed(entry, into, position, { session, facts })
    for (const row of rowsOf(entry.fields.ops)) {
      const [n, statement, decision, form = 'bind'] = row
      if (typeof form === 'string') into.add(position, this.#terms.of('form', form))
      const effect = typeof decision === 'number' ? facts.effects[decision] : undefined
      if (effect !== undefined) into.add(position, this.#terms.of('effect', effect))
      for (const number of numbersOf(statement, decision, facts, claimsBy(entry.fields, n))) {
        let said = this.#facts.statement(session, number)
        if (said instanceof Promise) said = await said
        if (said) for (const term of said.terms) into.addSealed(position, term, said.key)
      }
    }
  }

  #learnEffects(fields: EntryFields, into: Delta, session: string, known: SubjectFacts): SubjectFacts {
    const effects: Record<number, string> = {}
    const decidedOn: Record<number, number> = {}
    for (const [decision, effect, , , on] of rowsOf(fields.decisions)) {
      if (typeof decision !== 'number' || typeof effect !== 'string') continue
      effects[decision] = effect
      if (typeof on === 'number') decidedOn[decision] = on
    }
    if (Object.keys(effects).length === 0) return known
    const facts = { ...known, effects: { ...known.effects, ...effects }, decidedOn: { ...known.decidedOn, ...decidedOn } }
    this.#learn(into, session, facts)
    return facts
  }

  /** What the payloads say. @param of the session, where statements are to be understood */
  #addSealed(entry: StoredEntry, into: Delta, position: number, of: { session: string; facts: SubjectFacts } | undefined): void {
    // What was shown is compressed, and looked through by whoever looks at one session.
    if (entry.kind === RECORDED) return
    for (const { name, key, content } of this.#opened(entry)) {
      if (key === undefined || content === undefined) continue
      if (entry.kind === SEARCHED.kind && name === SEARCHED.name) continue
      const facts = of && FACTS.exec(name)?.[1]
      if (of && facts !== undefined) {
        this.#learnStatement(recordedFacts(content), into, { session: of.session, number: -Number(facts), key })
        continue
      }
      const claims = of && CLAIMS.exec(name)?.[1]
      if (of && claims !== undefined) {
        const terms = tracesIn(content).map((trace) => this.#terms.of('trace', trace))
        this.#learnTerms(terms, into, { session: of.session, number: claimsNumber(Number(claims)), key })
      }
      if (entry.kind === SPANS.kind && name === SPANS.name)
        for (const trace of tracesIn(content)) into.addSealed(position, this.#terms.of('trace', trace), key)
      const texts = payloadTexts(name, content, TEXT_BYTES)
      const words = new Set<string>()
      let whole = content.byteLength <= TEXT_BYTES
      for (const each of texts) if (!collectWords(each, words, WORDS)) whole = false
      for (const word of words) into.addSealed(position, this.#terms.of('word', word), key)
      if (!whole) into.addSealed(position, this.#terms.of('cut', CUT), key)
      const number = STATEMENT.exec(name)?.[1]
      if (of?.facts.protocol === 'postgres' && number !== undefined)
        this.#learnStatement(statementFacts(texts[0] ?? '', STATEMENT_CHARACTERS), into, {
          session: of.session,
          number: Number(number),
          key,
        })
    }
  }

  #learnStatement({ actions, objects }: StatementFacts, into: Delta, of: { session: string; number: number; key: string }): void {
    const terms = [
      ...actions.map((action) => this.#terms.of('action', action)),
      ...objects.map((object) => this.#terms.of('object', object)),
    ]
    this.#learnTerms(terms, into, of)
  }

  #learnTerms(terms: readonly Term[], into: Delta, of: { session: string; number: number; key: string }): void {
    into.addStatement({ ...of, terms })
    this.#facts.learnStatement(of.session, of.number, { key: of.key, terms })
  }

  /** A payload that was changed is no reason to find nothing more: reading the entry says what is wrong with it. */
  #opened(entry: StoredEntry): ReturnType<StoredEntry['payloads']> {
    try {
      return entry.payloads()
    } catch {
      this.unreadable++
      return []
    }
  }

  #learn(into: Delta, subject: string, facts: SubjectFacts): void {
    this.#facts.learn(subject, facts)
    into.facts.set(subject, facts)
  }

  /** Whose entry it is, and of what, as far as it says so itself. */
  #subjectTerms({ run, resource, resources, who, breakGlass }: EntryFields): Term[] {
    const terms: Term[] = []
    if (typeof run === 'string') terms.push(this.#terms.of('run', run))
    for (const each of [resource, ...(Array.isArray(resources) ? resources : [])])
      if (typeof each === 'string') terms.push(this.#terms.of('resource', each))
    if (typeof breakGlass === 'string') terms.push(this.#terms.of('breakGlass', breakGlass))
    const pseudonym = typeof who === 'object' && who !== null && 'pseudonym' in who ? who.pseudonym : who
    if (typeof pseudonym === 'string') terms.push(this.#terms.of('who', pseudonym))
    return terms
  }

  /** `operation.intent` is one of `operation` too. */
  #kindTerms(kind: string): readonly Term[] {
    const known = this.#kinds.get(kind)
    if (known) return known
    const parts = kind.split('.')
    const terms = parts.map((_, at) => this.#terms.of('kind', parts.slice(0, at + 1).join('.')))
    this.#kinds.set(kind, terms)
    return terms
  }
}

/** By which an operation's statement is known, the facts that it was decided on, and what its client said of itself. */
export function numbersOf(
  statement: EntryValue | undefined,
  decision: EntryValue | undefined,
  { decidedOn }: Pick<SubjectFacts, 'decidedOn'>,
  claims: number | undefined,
): readonly number[] {
  const on = typeof decision === 'number' ? decidedOn?.[decision] : undefined
  const said = claims === undefined ? [] : [claimsNumber(claims)]
  return [...(typeof statement === 'number' ? [statement] : []), ...(on === undefined ? [] : [-on]), ...said]
}

/** The rows of a field, whatever else is in it: a later version may write other ones. */
export function rowsOf(value: EntryValue | undefined): readonly (readonly EntryValue[])[] {
  return Array.isArray(value) ? value.filter((row) => Array.isArray(row)) : []
}

function protocolOf({ protocol }: EntryFields): { protocol?: string } {
  return typeof protocol === 'string' ? { protocol } : {}
}

function text(value: EntryValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}

import type { Difference } from './compare-segment.ts'
import type { Delta } from './delta.ts'
import type { SearchIndex, StatementTerms, SubjectFacts } from './search-index.ts'

type Kept = Pick<SearchIndex, 'facts' | 'statement'>

/**
 * What a check knows of sessions and runs: what it derived itself. Of the index it takes only what the log does not say any more, and what has
 * been compared already.
 */
export class CheckFacts implements Kept {
  readonly #kept: Kept
  readonly #first: number
  readonly #subjects = new Map<string, SubjectFacts>()
  readonly #statements = new Map<string, Map<number, StatementTerms>>()
  /** Index behind the last entry that was compared. */
  #compared: number
  #deriving: Delta | undefined

  /** @param first index of the first entry of the log */
  constructor(kept: Kept, first: number) {
    this.#kept = kept
    this.#first = first
    this.#compared = first
  }

  async facts(subject: string): Promise<SubjectFacts | undefined> {
    const derived = this.#deriving?.facts.get(subject) ?? this.#subjects.get(subject)
    if (derived) return derived
    const kept = await this.#kept.facts(subject)
    return kept && this.#settled(kept) ? kept : undefined
  }

  async statement(session: string, number: number): Promise<StatementTerms | undefined> {
    const derived = this.#deriving?.statement(session, number) ?? this.#statements.get(session)?.get(number)
    if (derived) return derived
    const facts = await this.#kept.facts(session)
    return facts && this.#settled(facts) ? this.#kept.statement(session, number) : undefined
  }

  /** What is being derived now is known too. */
  derive(into: Delta): void {
    this.#deriving = into
  }

  /** After a segment was derived: compares what came to its end in it. */
  async learn(derived: Delta): Promise<Difference[]> {
    for (const { session, number, key, terms } of derived.statements) {
      const known = this.#statements.get(session) ?? new Map<number, StatementTerms>()
      this.#statements.set(session, known.set(number, { key, terms }))
    }
    const differences: Difference[] = []
    for (const [subject, facts] of derived.facts) {
      this.#subjects.set(subject, facts)
      if (facts.closed !== undefined) differences.push(...(await this.#compare(subject, facts)))
    }
    this.#compared = derived.to
    return differences
  }

  /** What is still open at the end. */
  async end(): Promise<Difference[]> {
    const differences: Difference[] = []
    for (const [subject, facts] of [...this.#subjects]) differences.push(...(await this.#compare(subject, facts)))
    return differences
  }

  async #compare(subject: string, facts: SubjectFacts): Promise<Difference[]> {
    let same = said(await this.#kept.facts(subject)) === said(facts)
    for (const [number, terms] of this.#statements.get(subject) ?? [])
      same &&= saidOf(await this.#kept.statement(subject, number)) === saidOf(terms)
    this.#subjects.delete(subject)
    this.#statements.delete(subject)
    return same ? [] : [{ entry: facts.opened, what: 'other facts of a session or run that it opens' }]
  }

  #settled({ opened, closed = Number.POSITIVE_INFINITY }: SubjectFacts): boolean {
    return opened < this.#first || closed < this.#compared
  }
}

/** Equal exactly where the facts are. */
function said(facts: SubjectFacts | undefined): string {
  if (!facts) return ''
  const { opened, closed, inherited, protocol, effects, decidedOn } = facts
  return JSON.stringify([opened, closed, inherited, protocol, Object.entries(effects), Object.entries(decidedOn ?? {})])
}

function saidOf(terms: StatementTerms | undefined): string {
  return terms ? JSON.stringify([terms.key, terms.terms]) : ''
}

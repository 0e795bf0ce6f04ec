import type { SearchIndex, StatementTerms, SubjectFacts } from './search-index.ts'

/** Subjects and statements kept in memory; the others are looked up. */
const KEPT_SUBJECTS = 4096
const KEPT_STATEMENTS = 65_536

type Known = Pick<SearchIndex, 'facts' | 'statement'>

/** What was said once, of sessions, runs and statements, while entries are read in order. */
export class Facts {
  readonly #known: Known
  readonly #subjects = new Map<string, SubjectFacts | undefined>()
  readonly #statements = new Map<string, StatementTerms | undefined>()

  /** @param known what is known from before */
  constructor(known: Known) {
    this.#known = known
  }

  /** At once where it is kept in memory: most are, and a promise for each costs more than the look. */
  of(subject: string): SubjectFacts | undefined | Promise<SubjectFacts | undefined> {
    const facts = this.#subjects.get(subject)
    return facts !== undefined || this.#subjects.has(subject) ? facts : this.#lookUp(subject)
  }

  async #lookUp(subject: string): Promise<SubjectFacts | undefined> {
    const facts = await this.#known.facts(subject)
    this.learn(subject, facts)
    return facts
  }

  learn(subject: string, facts: SubjectFacts | undefined): void {
    keep(this.#subjects, subject, facts, KEPT_SUBJECTS)
  }

  /** Likewise. */
  statement(session: string, number: number): StatementTerms | undefined | Promise<StatementTerms | undefined> {
    const name = `${session} ${number}`
    const terms = this.#statements.get(name)
    return terms !== undefined || this.#statements.has(name) ? terms : this.#lookUpStatement(session, number)
  }

  async #lookUpStatement(session: string, number: number): Promise<StatementTerms | undefined> {
    const terms = await this.#known.statement(session, number)
    this.learnStatement(session, number, terms)
    return terms
  }

  learnStatement(session: string, number: number, terms: StatementTerms | undefined): void {
    keep(this.#statements, `${session} ${number}`, terms, KEPT_STATEMENTS)
  }

  /** What was derived from payloads is looked up again, and found where it has not been erased. */
  forgetStatements(): void {
    this.#statements.clear()
  }
}

/** Most recently learnt last; a quarter goes where there are too many. */
function keep<T>(into: Map<string, T>, name: string, value: T, most: number): void {
  into.delete(name)
  into.set(name, value)
  if (into.size <= most) return
  let left = most / 4
  for (const oldest of into.keys()) {
    into.delete(oldest)
    if (--left === 0) return
  }
}

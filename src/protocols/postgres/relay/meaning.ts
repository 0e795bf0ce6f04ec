import type { SqlSession, Understood } from '../sql/sql-session.ts'
import type { StatementFacts } from '../sql/statement-facts.ts'
import type { Answers } from './answers.ts'
import type { Batch } from './batch.ts'

const NO_STATEMENTS: readonly StatementFacts[] = []

/** What texts mean at the place where the client is read: known only where nothing under way may change it. */
export class Meaning {
  readonly #answers: Answers
  readonly #sql: SqlSession
  #thinking: Promise<void> | undefined
  /** What the text that was thought about came to, and in which epoch. */
  #thought: { readonly text: Uint8Array; readonly understood: Understood; readonly epoch: number } | undefined

  constructor(answers: Answers, sql: SqlSession) {
    this.#answers = answers
    this.#sql = sql
  }

  /** Changes whenever the same text may mean something else. */
  get epoch(): number {
    return this.#sql.epoch
  }

  /** Resolves when the text that was asked for last is understood; undefined where none is thought about. */
  get thinking(): Promise<void> | undefined {
    return this.#thinking
  }

  /** Whether what is done to the session before this place is not known to the end. @param batch what was read and is not sent */
  uncertain(batch: Batch): boolean {
    if (batch.changing || this.#answers.changing) return true
    // What an implicit transaction did may yet be undone where something of it fails.
    return (batch.answered || this.#answers.inFlight) && this.#sql.changes(NO_STATEMENTS)
  }

  /** @returns undefined where it has to be waited for: until `thinking` resolves, or it is not uncertain any more */
  of(text: Uint8Array, batch: Batch): Understood | undefined {
    if (this.uncertain(batch)) return undefined
    const thought = this.#thought
    this.#thought = undefined
    if (thought?.epoch === this.#sql.epoch && Buffer.compare(thought.text, text) === 0) return thought.understood
    const answer = this.#sql.understand(text)
    if (!(answer instanceof Promise)) return answer
    this.#thinking = answer.then((understood) => {
      this.#thinking = undefined
      this.#thought = { text, understood, epoch: this.#sql.epoch }
    })
    return undefined
  }
}

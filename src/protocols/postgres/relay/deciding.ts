import { type Decided, type Decision, type Facts, type Operation, Refusal } from '../../../operations/index.ts'
import { transactionFacts } from '../sql/index.ts'
import type { StatementFacts } from '../sql/statement-facts.ts'
import { frontend } from '../wire/codes.ts'
import type { Answers } from './answers.ts'
import type { Batch } from './batch.ts'
import { claimsInComment } from './claims-in-comment.ts'
import type { LostColumns } from './lost-columns.ts'
import { readOtherwise } from './portal.ts'
import type { ParsedAt, ReadStatement } from './read-statement.ts'
import { changesReading } from './reading.ts'

/** What this needs of the guard. */
export interface Decides {
  readonly decide: (operation: Operation) => Decision
  readonly usesTransaction: boolean
  readonly asksPeople: boolean
  /** Digest of what is in force. */
  readonly policy: string
}

/** Has what is read decided, as the session is at that place. */
export class Deciding {
  readonly #answers: Answers
  readonly #guard: Decides
  readonly #lost: LostColumns
  readonly #inTransaction = transactionFacts()
  /** Counts what a ReadyForQuery answers. */
  #stretch = 0
  /** Counts what changes how constants are read, and in which stretch it did last. */
  #readings = 0
  #readAnew = -1

  constructor(answers: Answers, guard: Decides, lost: LostColumns) {
    this.#answers = answers
    this.#guard = guard
    this.#lost = lost
  }

  /** Digest of the policy in force. */
  get policy(): string {
    return this.#guard.policy
  }

  /** Where in the session a Parse stands that is read now. */
  get place(): ParsedAt {
    return { stretch: this.#stretch, changes: this.#readings, isTold: this.#readAnew !== this.#stretch, reading: undefined }
  }

  /** A message is framed. @param statements that run by it */
  framed(type: number, statements: readonly StatementFacts[]): void {
    if (changesReading(statements)) {
      this.#readings += 1
      this.#readAnew = this.#stretch
    }
    if (type === frontend.query || type === frontend.sync) this.#stretch += 1
  }

  /** @param batch what was read and is not sent */
  decide(form: Operation['form'], statement: ReadStatement, batch: Batch, parameters?: Uint8Array): Decided {
    const { refusal: reason } = statement.understood
    const facts = this.factsNow(statement.understood.facts, batch)
    const claims = claimsInComment(statement.text)
    const plain: Operation = parameters
      ? { protocol: 'postgres', form, statement, parameters, facts }
      : { protocol: 'postgres', form, statement, facts }
    const operation = claims === undefined ? plain : { ...plain, claims }
    if (reason !== undefined) return this.denied(operation, new Refusal('GS_OPERATION_NOT_UNDERSTOOD', { reason }))
    const decision = this.#guard.decide(operation)
    const { masks, policy } = decision
    const lost = masks && this.#lost.refusal(masks, facts)
    if (!lost || decision.effect === 'deny') return { operation, decision }
    return { operation, decision: { effect: 'deny', rules: lost.rule === undefined ? [] : [lost.rule], policy, masks }, refusal: lost }
  }

  /** Refused whatever the rules say. */
  denied(operation: Operation, refusal: Refusal): Decided {
    return { operation, decision: { effect: 'deny', rules: [], policy: this.#guard.decide(operation).policy }, refusal }
  }

  /** Where a rule asks for it, with the state of the transaction. */
  factsNow(facts: Facts, batch: Batch): Facts {
    if (!this.#guard.usesTransaction || batch.running) return facts
    const status = this.#answers.transaction
    return status === undefined ? facts : this.#inTransaction(facts, status)
  }

  /** Whether persons have to be asked, and something is under way before it: what the session is then is not certain, nor what it is asked of. */
  mustBeFirst({ decision }: Decided, batch: Batch): boolean {
    if (decision.effect !== 'ask' || !this.#guard.asksPeople || batch.asks || this.#answers.skipping) return false
    batch.asks = batch.items.length === 0 && !this.#answers.inFlight
    return !batch.asks
  }

  /**
   * What is asked for, unless it was parsed while its constants were read otherwise: persons would be shown a date that is another one.
   * @param bound what is bound, in place of what is parsed now
   */
  asRead(decided: Decided, statements: readonly StatementFacts[], bound?: ReadStatement): Decided {
    if (decided.decision.effect !== 'ask' || !this.#guard.asksPeople) return decided
    const named = statements.map(({ executes }) => executes && this.#answers.statements.known(executes))
    const isOther = [bound, ...named].some((statement) => statement && this.#readOtherwise(statement))
    return isOther ? this.denied(decided.operation, readOtherwise()) : decided
  }

  #readOtherwise({ parsedAt }: ReadStatement): boolean {
    if (!parsedAt || (parsedAt.stretch === this.#stretch && parsedAt.changes === this.#readings)) return false
    const isTold = parsedAt.isTold && this.#readAnew !== this.#stretch
    return !isTold || parsedAt.reading !== this.#answers.reading.now
  }
}

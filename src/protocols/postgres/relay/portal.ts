import { type Decision, type Facts, type Mask, Refusal } from '../../../operations/index.ts'
import type { StatementFacts } from '../sql/statement-facts.ts'
import type { Flight } from './flight.ts'
import type { ReadStatement } from './read-statement.ts'

/** What one Bind made: everything that is executed from it counts there. */
export class Portal {
  readonly statement: ReadStatement
  /** As it was understood when it was bound. */
  readonly facts: Facts
  readonly statements: readonly StatementFacts[]
  /** The session's epoch in which it was understood to be that. */
  epoch: number
  /** How much had been sent that may end it, or give its name to another, when it was last certain. */
  certainAt = 0
  /** Persons were asked about it: it is executed right behind its Bind, as the session then is what they were shown. */
  asked = false
  /** How many commands had been framed when it was bound. */
  boundAt = 0
  /** Before which ReadyForQuery it was bound. */
  boundIn = 0
  /** Once it is begun, nothing of it is looked up any more. */
  begun = false
  /** Whether executing it does something to the session, such as ending the transaction that portals live in. */
  readonly moves: boolean
  /** Planning runs functions that say that they never change, so that a Bind may do whatever they do. */
  readonly runsAtBind: boolean
  /** Its name may stand for something else: code that is not known may close portals and open cursors. */
  lost = false
  /** What was decided about it; undefined: nothing yet. */
  decision: Decision | undefined
  /** What its client is not to see; undefined: nothing. */
  masks: readonly Mask[] | undefined
  /** Its columns are asked for, so that they are known before its rows come. */
  described = false
  /** Set when its Bind goes upstream. */
  flight: Flight | undefined
  /** Number within the session of what was bound. */
  operation = 0

  constructor(statement: ReadStatement) {
    this.statement = statement
    this.facts = statement.understood.facts
    this.statements = statement.understood.statements
    this.epoch = statement.epoch
    let moves = false
    let runsAtBind = false
    for (const each of this.statements) {
      moves ||= each.transitions.length > 0
      runsAtBind ||= runsUnknownCode(each)
    }
    this.moves = moves
    this.runsAtBind = runsAtBind
  }
}

/** What is said of a portal that may have come to be something else than what was decided about. */
export function mayDiffer(): Refusal {
  return new Refusal('GS_OPERATION_NOT_UNDERSTOOD', {
    reason: 'What this portal does may have changed since it was bound.',
    next: 'Bind it again and execute it before anything else.',
  })
}

/** What is said of what was prepared while constants were read in another way than they are now. */
export function readOtherwise(): Refusal {
  return new Refusal('GS_APPROVAL_VOID', {
    reason:
      'It was prepared while DateStyle, IntervalStyle or TimeZone was another one, so that its constants may not be what they look like.',
    next: 'Prepare it again, then send it again.',
  })
}

/** Whether code may run in it that is not known. */
export function runsUnknownCode({ effects }: StatementFacts): boolean {
  for (const effect of effects) if (effect.class === 'opaque') return true
  return false
}

/** Whether two understandings come to the same for the rules: which catalog they are from is no difference. */
export function sameFacts(one: Facts, other: Facts): boolean {
  return one === other || JSON.stringify(withoutCatalog(one)) === JSON.stringify(withoutCatalog(other))
}

/** Whether as much is granted: limits are other objects after each reload of the configuration. */
export function sameLimits(one: Decision['limits'], other: Decision['limits']): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other)
}

/** Whether two understandings of one text come to the same for what is masked: which column comes where, and how a COPY is written. */
export function sameResults(one: readonly StatementFacts[], other: readonly StatementFacts[]): boolean {
  return one === other || JSON.stringify(one.map(resultOf)) === JSON.stringify(other.map(resultOf))
}

/** Whether the same is masked: masks are other objects after each reload of the configuration. */
export function sameMasks(one: readonly Mask[] | undefined, other: readonly Mask[] | undefined): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other)
}

const resultOf = ({ outputs, anyOutput, copyTo }: StatementFacts) => ({ outputs, anyOutput, copyTo })

function withoutCatalog(facts: Facts): Facts {
  if (!facts.sql) return facts
  const { catalog: _, ...sql } = facts.sql
  return { ...facts, sql }
}

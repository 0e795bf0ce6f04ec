import type { Decision, Facts, Operation } from '../operations/index.ts'
import type { Asker } from './asker.ts'

/** What holds whatever the rules say. */
export interface GlobalLimits {
  /** Bytes of a statement's text; a longer one is denied, and its decision says so. */
  readonly statementBytes?: number
  /** Rows of results, or rows copied, per operation. */
  readonly rows?: number
}

/** A loaded set of rules. Pure: the same question has the same answer until `now` passes a rule's `until`, or a condition asks for `now`. */
export interface Policy {
  /** `sha256:…` over the rules as configured, and the limits and masks that hold beside them where there are any. */
  readonly digest: string
  /** Whether a condition reads `sql.transaction`, so that facts without it do not do. */
  readonly usesTransaction: boolean
  /** Whether some rule asks a person. */
  readonly asks: boolean
  /** @param now milliseconds since the epoch */
  decide(asker: Asker, operation: Operation, now: number): Decision
  /** What is decided where no rule counts, as under break-glass: what holds whatever the rules say, and masks. @param now milliseconds since the epoch */
  withoutRules(asker: Asker, operation: Operation, now: number): Decision
  /** Whether some rule could allow this asker something here. */
  mayOpen(asker: Asker, now: number): boolean
  /**
   * The classes of effects that rules could permit here, conditions aside and with or without asking a person; `session` among them where
   * there is any. Says what a connection to the target is needed for.
   */
  couldPermit(asker: Asker, now: number): ReadonlySet<string>
  /**
   * Whether something could be permitted of which only this is known, with or without asking a person: facts that are absent may turn out to be
   * anything. @param now milliseconds since the epoch
   */
  couldAllow(asker: Asker, facts: Facts, now: number): boolean
}

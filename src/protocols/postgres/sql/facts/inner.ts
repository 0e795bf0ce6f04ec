import type { StatementFacts, Transition } from '../statement-facts.ts'
import { merge, settle } from './findings.ts'
import { resultOf } from './result.ts'
import type { Derived, Scope } from './scope.ts'
import { apart, type Statement } from './statement.ts'
import { query } from './walk.ts'

/**
 * A statement inside another, such as that of PREPARE: what it does counts for the outer one too.
 * @returns its own facts, and what of the session it changes when it runs
 */
export function inner(
  statement: Statement,
  value: unknown,
  scope: Scope,
): { readonly facts: StatementFacts; readonly transitions: readonly Transition[] } {
  let derived: Derived | undefined
  const found = apart(statement, () => {
    derived = query(statement, value, scope)
  })
  const facts = settle(found, resultOf(statement, value, derived))
  merge(statement.found, found)
  return { facts, transitions: facts.transitions }
}

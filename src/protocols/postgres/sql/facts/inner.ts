import type { StatementFacts, Transition } from '../statement-facts.ts'
import { merge, settle } from './findings.ts'
import type { Scope } from './scope.ts'
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
  const found = apart(statement, () => query(statement, value, scope))
  const facts = settle(found)
  merge(statement.found, found)
  return { facts, transitions: facts.transitions }
}

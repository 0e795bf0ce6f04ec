import type { ParseResult } from 'libpg-query'
import type { Catalog } from '../../catalog/catalog.ts'
import type { SessionView, StatementFacts } from '../statement-facts.ts'
import { DEFINITIONS } from './define.ts'
import { EXPRESSIONS } from './expressions.ts'
import { act, type Findings, type Result, settle } from './findings.ts'
import { withKeywords } from './keywords.ts'
import { namesOf } from './names.ts'
import { OBJECTS } from './objects.ts'
import { resultOf } from './result.ts'
import { type Scope, scopeUnder } from './scope.ts'
import { select } from './select.ts'
import { SESSION } from './session.ts'
import { type Handler, openStatement } from './statement.ts'
import { as, list, typeOf } from './tree.ts'
import { UTILITIES } from './utility.ts'
import { viewAfter } from './view-after.ts'
import { node } from './walk.ts'
import { WRITES } from './write.ts'

const STATEMENTS: readonly (readonly [string, Handler])[] = [
  ['SelectStmt', select],
  ...WRITES,
  ...SESSION,
  ...UTILITIES,
  ...DEFINITIONS,
  ...OBJECTS,
]

/** Statements that are understood, by the type of their node. */
export const STATEMENT_TYPES: ReadonlySet<string> = new Set(STATEMENTS.map(([type]) => type))

/** Whatever else a statement uses is part of what it defines, and may be seen by that. */
const ELSEWHERE: ReadonlySet<string> = new Set(['SelectStmt', ...[...WRITES, ...SESSION, ...UTILITIES].map(([type]) => type)])

export const HANDLERS: ReadonlyMap<string, Handler> = new Map([...withKeywords(EXPRESSIONS), ...STATEMENTS])

/**
 * What each statement of a text is and does, as far as the catalog says. Later statements are judged as what the earlier ones leave behind.
 * What cannot be known is absent, what is not understood has an effect of class `opaque`.
 *
 * @param parsed what libpg-query gives for the text; anything else is opaque
 * @param catalog undefined: not known
 * @returns one per statement, in order. Total: it throws for no tree, and takes time in proportion to its size
 */
export function analyse(parsed: ParseResult, catalog: Catalog | undefined, view: SessionView): readonly StatementFacts[] {
  const all: StatementFacts[] = []
  let now = view
  for (const raw of list({ ...parsed }, 'stmts')) {
    const facts = statementFacts((raw as { stmt?: unknown } | null)?.stmt, catalog, now)
    all.push(facts)
    now = viewAfter(now, facts)
  }
  return all
}

function statementFacts(stmt: unknown, catalog: Catalog | undefined, view: SessionView): StatementFacts {
  const type = typeOf(stmt)
  const statement = openStatement(namesOf(catalog, view), HANDLERS)
  const top: Scope = scopeUnder(undefined)
  let result: Result = {}
  if (!STATEMENT_TYPES.has(type)) giveUp(statement.found)
  statement.found.stores = !ELSEWHERE.has(type)
  try {
    const derived = node(statement, type, as(stmt, type) ?? {}, top)
    if (STATEMENT_TYPES.has(type)) result = resultOf(statement, stmt, derived)
  } catch (error) {
    // A tree that leads deeper than the stack goes; anything else here is a fault of ours, and no reason to let anything through.
    if (!(error instanceof Error)) throw error
    giveUp(statement.found)
  }
  return settle(statement.found, result)
}

function giveUp(found: Findings): void {
  act(found, 'unknown statement')
  found.unknown.add('bounded')
}

import type { Effect, Facts, SqlFacts } from '../../../../operations/index.ts'
import { OF_USER_TYPE } from '../opaque.ts'
import type { StatementFacts } from '../statement-facts.ts'

type Sql = StatementFacts['sql']

/**
 * The facts of a whole text.
 * @param catalog version of the catalog by which names were resolved; undefined: none
 */
export function factsOf(statements: readonly StatementFacts[], catalog: string | undefined): Facts {
  const sql: SqlFacts = { statements: statements.length, ...mergeSql(statements.map((statement) => statement.sql)) }
  return { effects: mergeEffects(statements), sql: catalog === undefined ? sql : { ...sql, catalog } }
}

/** A statement that runs another one by its name. */
export function withInner(outer: StatementFacts, inner: StatementFacts): StatementFacts {
  return {
    ...outer,
    effects: mergeEffects([outer, inner]),
    sql: mergeSql([outer.sql, storedBy(outer, inner)]),
    ...resultOf(outer, inner),
    transitions: inner.transitions.length > 0 ? [...outer.transitions, ...inner.transitions] : outer.transitions,
  }
}

/** A statement whose parameters are made into values by code of users. */
export function passingAnything(statement: StatementFacts): StatementFacts {
  const { outputs: _, anyOutput: __, ...facts } = withInner(statement, OF_USER_TYPE)
  return facts
}

type Result = Pick<StatementFacts, 'outputs' | 'anyOutput'>

/** EXECUTE and FETCH answer with what stands behind the name; everything else with its own. */
function resultOf(outer: StatementFacts, inner: StatementFacts): Result {
  if (outer.outputs || outer.anyOutput || outer.passesAnything) return {}
  return { ...(inner.outputs && { outputs: inner.outputs }), ...(inner.anyOutput && { anyOutput: inner.anyOutput }) }
}

/** CREATE TABLE AS EXECUTE: what would be shown is stored. */
function storedBy({ executes, sql: { writes } }: StatementFacts, { sql }: StatementFacts): Sql {
  if (executes === undefined || writes?.length === 0 || !sql.columns) return sql
  const { output, sources } = sql.columns
  return { ...sql, columns: { ...sql.columns, sources: union([output, sources]) ?? output } }
}

function mergeEffects(statements: readonly StatementFacts[]): readonly Effect[] {
  const [first] = statements
  if (statements.length === 1) return first!.effects
  const all = new Map<string, Effect>()
  for (const { effects } of statements) for (const effect of effects) all.set(`${effect.class}\n${effect.action}`, effect)
  return [...all.keys()].sort().map((key) => all.get(key)!)
}

/** What is unknown of one is unknown of all. */
function mergeSql(facts: readonly Sql[]): Sql {
  const [first] = facts
  if (facts.length === 1) return first!
  const reads = union(facts.map((sql) => sql.reads))
  const writes = union(facts.map((sql) => sql.writes))
  const functions = union(facts.map((sql) => sql.functions))
  const output = union(facts.map((sql) => sql.columns?.output))
  const predicate = union(facts.map((sql) => sql.columns?.predicate))
  const written = union(facts.map((sql) => sql.columns?.written))
  const sources = union(facts.map((sql) => sql.columns?.sources))
  const tests = union(facts.map((sql) => sql.columns?.tests))
  const bounded = every(facts.map((sql) => sql.bounded))
  return {
    ...(reads && { reads }),
    ...(writes && { writes }),
    ...(output &&
      predicate &&
      written && { columns: { output, predicate, written, ...(sources && { sources }), ...(tests && { tests }) } }),
    ...(functions && { functions }),
    ...(bounded !== undefined && { bounded }),
  }
}

function union(lists: readonly (readonly string[] | undefined)[]): readonly string[] | undefined {
  const all = new Set<string>()
  for (const list of lists) {
    if (!list) return undefined
    for (const name of list) all.add(name)
  }
  return [...all].sort()
}

/** One that is not bounded decides, whatever is not known of the others. */
function every(values: readonly (boolean | undefined)[]): boolean | undefined {
  if (values.includes(false)) return false
  return values.includes(undefined) ? undefined : true
}

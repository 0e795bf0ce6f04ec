import type { Effect } from '../../../../operations/index.ts'
import { act, anyRelation, createFindings, type Findings, type Source, type Use } from './findings.ts'
import type { Callee, Names } from './names.ts'
import type { Derived, Scope } from './scope.ts'
import type { Tree } from './tree.ts'

/** A column with all that may flow into it by way of what it is a column of. */
export interface Lineage {
  /** Columns of relations, its own among them. */
  readonly keys: readonly string[]
  /** It is one column of a base table, handed through unchanged. */
  readonly plain: boolean
  /** Nothing else can be in it. */
  readonly certain: boolean
}

/** Walks a node of one type. Queries return the columns of their result. */
export type Handler = (statement: Statement, fields: Tree, scope: Scope) => Derived | undefined

/** One statement while it is walked: what its names mean, what was found, and what the part that is being walked is for. */
export interface Statement {
  names: Names
  /** Nodes that are more than the sum of their fields, by type. */
  readonly handlers: ReadonlyMap<string, Handler>
  found: Findings
  /** What columns that are met now are used for. */
  use: Use
  /** The value that is being computed now, if somebody may use it later by a name. */
  source: Source | undefined
  /**
   * What is met for `use` counts as used for this too: what chooses the rows that a result is made of stands within a result, and what a result
   * is made of may say how many rows there are.
   */
  also: Use | undefined
  /** Within an expression that may fail, or take one way or another, by the values that are met now. */
  tests: boolean
  /** How often something was met whose flow is not known. */
  doubts: number
  /** Calls that are met now are only defined, and do not run. */
  defines: boolean
  /** Rows of the relations that are met now are locked too. */
  locks: boolean
  /** RETURNING of the innermost UPDATE, DELETE or MERGE is being walked. */
  returns: boolean
  depth: number
  /** Relations whose reading has been followed, by oid and by whether their children were. */
  followed: Set<string>
  /** Columns with all that stands for them, by name. */
  readonly lineages: Map<string, Lineage>
}

export function openStatement(names: Names, handlers: ReadonlyMap<string, Handler>): Statement {
  return {
    names,
    handlers,
    found: createFindings(),
    use: 'output',
    source: undefined,
    also: undefined,
    tests: false,
    doubts: 0,
    defines: false,
    locks: false,
    returns: false,
    depth: 0,
    followed: new Set(),
    lineages: new Map(),
  }
}

/** Something has part in the value that is being computed whose flow is not known. */
export function doubt(statement: Statement): void {
  statement.doubts++
  if (statement.source) statement.source.doubtful = true
}

/** Walks something that is no part of the value that is being computed; unless its flow is not known: then anything may be in that. */
export function aside(statement: Statement, walk: () => void): void {
  const { source, doubts } = statement
  statement.source = undefined
  walk()
  statement.source = source
  if (source && statement.doubts > doubts) source.doubtful = true
}

/** Walks what chooses the rows that a result is made of, within its expression: FILTER, PARTITION BY, ORDER BY. */
export function choosing(statement: Statement, walk: () => void): void {
  const { use } = statement
  aside(statement, () =>
    using(statement, 'predicate', () => {
      statement.also = use === 'output' ? use : undefined
      walk()
    }),
  )
}

/** Walks operands of something that may fail, or goes one way or another, by what they are. @param may false: it does neither */
export function testing(statement: Statement, walk: () => void, may = true): void {
  const { tests } = statement
  statement.tests ||= may
  walk()
  statement.tests = tests
}

/** Walks what is part of the value that is being computed, and of how many rows there are. */
export function counting(statement: Statement, walk: () => void): void {
  const { use, also } = statement
  if (use === 'output') statement.also = 'predicate'
  walk()
  statement.also = also
}

/** Walks something for another use, and as no part of the value that is being computed. */
export function using(statement: Statement, use: Use, walk: () => void): void {
  const { use: before, source, also, tests } = statement
  statement.use = use
  statement.source = undefined
  statement.also = undefined
  statement.tests = false
  try {
    walk()
  } finally {
    statement.use = before
    statement.source = source
    statement.also = also
    statement.tests = tests
  }
}

/** Walks something whose calls do not run now. */
export function defining(statement: Statement, walk: () => void): void {
  const before = statement.defines
  statement.defines = true
  try {
    walk()
  } finally {
    statement.defines = before
  }
}

/** Walks something whose findings are wanted by themselves. */
export function apart(statement: Statement, walk: () => void): Findings {
  const { found, followed } = statement
  const own = createFindings()
  statement.found = own
  statement.followed = new Set()
  try {
    walk()
  } finally {
    statement.found = found
    statement.followed = followed
  }
  return own
}

/** Code of users runs, or is only defined. */
export function runUserCode(statement: Statement, action: 'function' | 'user code' | 'trigger' | 'view'): void {
  doubt(statement)
  if (statement.defines) statement.found.definesCode = true
  else act(statement.found, action)
}

/** Something is called whose name is not known for certain to be harmless. */
export function call(statement: Statement, callee: Callee): void {
  const { found } = statement
  for (const name of callee.names) found.functions.add(name)
  if (callee.missing) found.unknown.add('functions')
  if (!callee.flowKnown) doubt(statement)
  if (callee.userCode) runUserCode(statement, 'function')
  const { builtin } = callee
  if (!builtin) return
  if (builtin.kind === 'harmless') {
    if (builtin.unless && typeCode(statement, builtin.unless)) runUserCode(statement, 'user code')
  } else {
    special(statement, builtin.effect, builtin.unknown)
  }
}

/** A built-in function has an effect. @param unknown the fact that its arguments hide */
export function special(statement: Statement, effect: Effect, unknown?: 'reads' | 'writes' | 'both'): void {
  const { found } = statement
  if (statement.defines) {
    found.definesCode = true
    return
  }
  act(found, effect.action)
  // set_config, with arguments that are not seen.
  if (effect.action === 'set restricted') found.transitions.push({ kind: 'opaque' })
  if (unknown === 'both') anyRelation(found)
  else if (unknown) found.unknown.add(unknown)
}

/** Whether there is code of users behind the casts, or the input, of any type; so it is where the catalog is not known. */
export function typeCode(statement: Statement, of: 'casts' | 'inputs'): boolean {
  return statement.names.catalog?.typeCode[of] ?? true
}

import type { Effect } from '../../../../operations/index.ts'
import { POSTGRES_ACTIONS } from '../../../../operations/index.ts'
import type { CopyTo, StatementFacts, Transition } from '../statement-facts.ts'

/** What is told of the columns of a result. */
export type Result = Pick<StatementFacts, 'outputs' | 'anyOutput'>

/** What the columns of an expression are used for. */
export type Use = 'output' | 'predicate' | 'written' | 'tests'

const USES = ['output', 'predicate', 'written', 'tests'] as const

/** Columns of base relations that a value is made from, also by way of the columns of subqueries. */
export interface Source {
  readonly columns: string[]
  readonly from: Source[]
  /** It is one column of a base table, handed through unchanged. */
  readonly plain?: boolean
  /** Something has part in it whose flow is not known: anything may be in it. */
  doubtful?: boolean
}

/** What is found of one statement, while its tree is walked. */
export interface Findings {
  readonly effects: Map<string, Effect>
  readonly reads: Set<string>
  readonly writes: Set<string>
  readonly functions: Set<string>
  readonly columns: Readonly<Record<Use, Set<string>>>
  /** Columns of subqueries that are used; what they are made from counts as used in the same way. */
  readonly sources: Readonly<Record<Use, Set<Source>>>
  /** Values that are written or stored. */
  readonly stored: Set<Source>
  readonly transitions: Transition[]
  /** Facts that cannot be known for certain. */
  readonly unknown: Set<'reads' | 'writes' | 'columns' | 'functions' | 'bounded'>
  bounded: boolean
  executes?: string
  fetches?: string
  /** Something that is passed to what `executes` names may hold anything. */
  passesAnything: boolean
  copyTo?: CopyTo
  /** Whatever it uses may be seen later by other names: it is the definition of something. */
  stores: boolean
  /** Code that is not known is defined, but does not run now: what it reads and writes when others meet it is not known. */
  definesCode: boolean
  /** Nothing of what it does happens now. */
  onlyNamed: boolean
}

export function createFindings(): Findings {
  return {
    effects: new Map(),
    reads: new Set(),
    writes: new Set(),
    functions: new Set(),
    columns: { output: new Set(), predicate: new Set(), written: new Set(), tests: new Set() },
    sources: { output: new Set(), predicate: new Set(), written: new Set(), tests: new Set() },
    stored: new Set(),
    transitions: [],
    unknown: new Set(),
    bounded: true,
    passesAnything: false,
    stores: false,
    definesCode: false,
    onlyNamed: false,
  }
}

// One object per action: facts are compared by what they hold, and most of them hold the same few effects.
const EFFECTS = new Map<string, Effect>()
for (const [action, { class: name }] of POSTGRES_ACTIONS) EFFECTS.set(action, Object.freeze({ class: name, action }))
const UNKNOWN: Effect = { class: 'opaque', action: 'unknown statement' }

/** @param action of POSTGRES_ACTIONS; one that is not there is opaque */
export function act(found: Findings, action: string): void {
  const effect = EFFECTS.get(action) ?? UNKNOWN
  found.effects.set(effect.action, effect)
}

/** Any relation may be read or written, in a way that does not go by its name. */
export function anyRelation({ unknown }: Findings): void {
  unknown.add('reads').add('writes').add('columns')
}

/** Takes everything over that the other has found, but for what only the statement itself may say. */
export function merge(found: Findings, other: Findings): void {
  for (const [action, effect] of other.effects) found.effects.set(action, effect)
  for (const name of other.reads) found.reads.add(name)
  for (const name of other.writes) found.writes.add(name)
  for (const name of other.functions) found.functions.add(name)
  for (const use of USES) {
    for (const name of other.columns[use]) found.columns[use].add(name)
    for (const source of other.sources[use]) found.sources[use].add(source)
  }
  for (const source of other.stored) found.stored.add(source)
  for (const fact of other.unknown) found.unknown.add(fact)
  found.passesAnything ||= other.passesAnything
  found.bounded &&= other.bounded
  found.definesCode ||= other.definesCode
  if (other.executes !== undefined) found.executes = other.executes
  if (other.fetches !== undefined) found.fetches = other.fetches
}

/** What of the session changes once code has run that nobody has read. */
const ANYTHING: Transition = { kind: 'opaque' }

/**
 * The facts of the statement, once everything of it has been seen.
 * @param result what may flow into the rows that it answers with; undefined: not told
 */
export function settle(found: Findings, result?: Result): StatementFacts {
  if (found.effects.size === 0) act(found, 'catalog read')
  // Others meet the code, also with statements that were decided before.
  if (found.definesCode) {
    anyRelation(found)
    found.unknown.add('functions')
  }
  const effects = [...found.effects.values()].sort((one, other) => order(one.class, other.class) || order(one.action, other.action))
  const opaque = effects.some((effect) => effect.class === 'opaque')
  for (const use of USES) drain(found.sources[use], found.columns[use])
  const known = (fact: 'reads' | 'writes' | 'columns' | 'functions') => !opaque && !found.unknown.has(fact)
  const reads = sorted(found.reads)
  const writes = sorted(found.writes)
  const functions = sorted(found.functions)
  const { output, predicate, written, tests } = found.columns
  const sources = new Set<string>(found.stores ? [...output, ...predicate] : [])
  drain(found.stored, sources)
  const anything = opaque && !found.onlyNamed && !found.transitions.some(({ kind }) => kind === 'opaque')
  const transitions = anything ? [...found.transitions, ANYTHING] : found.transitions
  return {
    effects,
    sql: {
      ...(known('reads') && { reads }),
      ...(known('writes') && { writes }),
      ...(known('columns') && {
        columns: {
          output: sorted(output),
          predicate: sorted(predicate),
          written: sorted(written),
          sources: sorted(sources),
          tests: sorted(tests),
        },
      }),
      ...(known('functions') && { functions }),
      ...(!found.unknown.has('bounded') && { bounded: found.bounded }),
    },
    transitions,
    ...result,
    ...(found.copyTo && { copyTo: found.copyTo }),
    ...(found.passesAnything && { passesAnything: true }),
    ...(found.executes !== undefined && { executes: found.executes }),
    ...(found.fetches !== undefined && { fetches: found.fetches }),
    ...(!(known('reads') && known('writes') && known('functions')) && { seen: { reads, writes, functions } }),
  }
}

/** @returns whether anything else may be in them */
export function drain(sources: ReadonlySet<Source>, columns: Set<string>): boolean {
  const seen = new Set<Source>(sources)
  let doubtful = false
  for (const source of seen) {
    doubtful ||= source.doubtful === true
    for (const column of source.columns) columns.add(column)
    // A set that grows while it is walked is walked to its end: every source once, also where WITH RECURSIVE goes round.
    for (const next of source.from) seen.add(next)
  }
  return doubtful
}

const order = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0)

export function sorted(names: ReadonlySet<string>): readonly string[] {
  return names.size < 2 ? [...names] : [...names].sort(order)
}

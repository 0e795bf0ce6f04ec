import type { Effect } from '../../../../operations/index.ts'
import { SHOW_NOTHING } from './flow.ts'
import { FUNCTIONS, INFORMATION_FUNCTIONS, INFORMATION_TYPES, OPERATORS, TYPES } from './generated.ts'
import { specialFunction, throughTypes } from './special-functions.ts'

/** What calling a built-in function comes to. */
export type BuiltinFunction =
  /** It gives a value and does nothing else, unless the catalog's `typeCode` says that user types have code of that kind. */
  | { readonly kind: 'harmless'; readonly unless?: 'casts' | 'inputs' }
  /**
   * It has this effect. `unknown`: which relations it reads or writes cannot be seen, so that list of the statement, or both, is unknown; a caller that
   * knows the argument may know better. An effect of class `opaque` makes every list unknown.
   */
  | { readonly kind: 'effect'; readonly effect: Effect; readonly unknown?: 'reads' | 'writes' | 'both'; readonly reason: string }

const HARMLESS: BuiltinFunction = { kind: 'harmless' }
const functions = new Map<string, BuiltinFunction>()
for (const name of FUNCTIONS.split(/\s+/)) {
  const unless = throughTypes(name)
  functions.set(name, unless ? { kind: 'harmless', unless } : HARMLESS)
}
const informationFunctions = setOf(INFORMATION_FUNCTIONS)
const operators = setOf(OPERATORS)
const types = setOf(TYPES)
const informationTypes = setOf(INFORMATION_TYPES)

/**
 * A function, aggregate or window function that comes with PostgreSQL, all overloads together. undefined: not known, so that calling it is
 * opaque. Says nothing of what users added to that schema: `Catalog.userFunctions` does.
 *
 * @param schema `pg_catalog` or `information_schema`
 */
export function builtinFunction(schema: string, name: string): BuiltinFunction | undefined {
  if (schema === 'information_schema') return informationFunctions.has(name) ? HARMLESS : undefined
  if (schema !== 'pg_catalog') return undefined
  const known = functions.get(name)
  if (known) return known
  const special = specialFunction(name)
  return special && { kind: 'effect', ...special }
}

/**
 * Whether what a built-in function gives back is made of nothing but its arguments and of what says nothing of any table: no value of a column
 * comes out of it that did not go in.
 */
export function flowIsKnown(schema: string, name: string): boolean {
  const builtin = builtinFunction(schema, name)
  return builtin !== undefined && (builtin.kind === 'harmless' || SHOW_NOTHING.has(builtin.effect.action))
}

/** Whether every operator of this name in pg_catalog is there in PostgreSQL itself and has no effect. */
export function builtinOperator(name: string): boolean {
  return operators.has(name)
}

/**
 * Whether PostgreSQL comes with this type, and making or casting a value of it has no effect. Array types by their own names, such as `_int4`.
 * @param schema `pg_catalog` or `information_schema`
 */
export function builtinType(schema: string, name: string): boolean {
  return schema === 'pg_catalog' ? types.has(name) : schema === 'information_schema' && informationTypes.has(name)
}

function setOf(names: string): ReadonlySet<string> {
  return new Set(names.split(/\s+/))
}

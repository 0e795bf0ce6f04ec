import { type BuiltinFunction, builtinFunction, builtinOperator, builtinType, flowIsKnown } from '../../catalog/builtin/index.ts'
import type { Catalog, Relation, UserType } from '../../catalog/catalog.ts'
import { KNOWN_EXTENSIONS } from '../../catalog/trust.ts'
import type { SessionView } from '../statement-facts.ts'

/** What the names of one text mean, as the server would look them up. */
export interface Names {
  readonly catalog: Catalog | undefined
  readonly view: SessionView
  /** Schemas of unqualified names in order, the implied ones put in. `pg_temp` stands for the session's own. undefined: not known. */
  readonly path: readonly string[] | undefined
  /** Event triggers may fire. */
  readonly eventTriggers: boolean
  /** Inside CREATE SCHEMA: the schema that is being made. */
  readonly making?: string
}

/** A relation that is certain. */
export interface Resolved {
  /** `schema.name` */
  readonly key: string
  readonly schema: string
  readonly name: string
  /** Absent for temporary ones, those just made, and system relations that the catalog does not hold. */
  readonly relation?: Relation
  /** It may have other columns by now than the catalog says. */
  readonly altered?: true
  /**
   * What the name means further along the path: as soon as the first loses it, or its schema is closed to the role, this is meant. Both can
   * be done by another session while a statement waits.
   */
  readonly others?: readonly Resolved[]
}

/** A relation and what else its name may come to mean. */
export function meanings(target: Resolved): readonly Resolved[] {
  return target.others ? [target, ...target.others] : [target]
}

export function namesOf(catalog: Catalog | undefined, view: SessionView): Names {
  const known = view.catalogKnown ? catalog : undefined
  // Making one takes a superuser: a transaction that changed other things has not made one behind the gateway's back.
  return { catalog: known, view, path: view.searchPath && pathOf(view.searchPath, known), eventTriggers: catalog?.eventTriggers ?? true }
}

const paths = new WeakMap<readonly string[], { readonly catalog: Catalog | undefined; readonly path: readonly string[] }>()

/** A path is looked through for every name of every statement, and may be as long as a text: schemas that do not exist are left out once. */
function pathOf(searchPath: readonly string[], catalog: Catalog | undefined): readonly string[] {
  const known = paths.get(searchPath)
  if (known && known.catalog === catalog) return known.path
  const there = new Set(withImplied(searchPath).filter((schema) => schema === 'pg_temp' || (catalog?.hasSchema(schema) ?? true)))
  const path = [...there]
  paths.set(searchPath, { catalog, path })
  return path
}

/** PostgreSQL: pg_catalog is searched first, and the temporary schema before it, unless the path says where. */
function withImplied(searchPath: readonly string[]): readonly string[] {
  const path = [...searchPath]
  if (!path.includes('pg_catalog')) path.unshift('pg_catalog')
  if (!path.includes('pg_temp')) path.unshift('pg_temp')
  return path
}

export const isSystemSchema = (schema: string): boolean => schema === 'pg_catalog' || schema === 'information_schema'

/** As it stands in facts: parts that hold a dot or a quote are quoted as in SQL, so that no two relations share a name. */
export function nameOf(...parts: readonly string[]): string {
  return parts.map((part) => (/[."]/.test(part) ? `"${part.replaceAll('"', '""')}"` : part)).join('.')
}

const PLAIN = /^[^."]*$/

function resolved(schema: string, name: string, relation?: Relation): Resolved {
  const key = PLAIN.test(schema) && PLAIN.test(name) ? `${schema}.${name}` : nameOf(schema, name)
  return relation ? { key, schema, name, relation } : { key, schema, name }
}

/**
 * The relation that a name in FROM, INTO and the like means.
 * @param schema empty where the name has none
 * @returns undefined where that is not certain, or there is none
 */
export function relationNamed(names: Names, schema: string, name: string): Resolved | undefined {
  const { catalog, view } = names
  if (schema === 'pg_temp') return view.temporary?.includes(name) ? resolved('pg_temp', name) : undefined
  if (isSystemSchema(schema)) return systemRelation(names, schema, name)
  if (!catalog) return undefined
  if (schema !== '') return relationIn(names, catalog, schema, name)
  if (!names.path || !view.temporary) return undefined
  const found: Resolved[] = []
  for (const each of names.path) {
    if (each === 'pg_temp') {
      if (view.temporary.includes(name)) found.push(resolved('pg_temp', name))
    } else if (isSystemSchema(each)) {
      const relation = systemRelation(names, each, name)
      if (!relation) continue
      // What comes with PostgreSQL cannot go, and is open to everybody.
      found.push(relation)
      break
    } else {
      const relation = relationIn(names, catalog, each, name)
      if (relation) found.push(relation)
    }
  }
  const [first, ...others] = found
  return first && others.length > 0 ? { ...first, others } : first
}

function relationIn({ view }: Names, catalog: Catalog, schema: string, name: string): Resolved | undefined {
  const relation = catalog.relation(schema, name)
  if (!view.made && !view.altered) return relation && resolved(schema, name, relation)
  const key = nameOf(schema, name)
  if (relation)
    return view.altered?.includes(key) ? { ...resolved(schema, name, relation), altered: true } : resolved(schema, name, relation)
  return view.made?.includes(key) ? resolved(schema, name) : undefined
}

/** Whether a name that means nothing is certain to mean nothing: then the server answers with an error, and no code runs. */
export function isMissing(names: Names, schema: string): boolean {
  if (schema === 'pg_temp') return names.view.temporary !== undefined
  if (!names.catalog) return false
  return schema !== '' || (names.path !== undefined && names.view.temporary !== undefined)
}

function systemRelation(names: Names, schema: string, name: string): Resolved | undefined {
  const relation = names.catalog?.relation(schema, name)
  // Every relation has a type of its name: those that come with PostgreSQL are known without a catalog.
  return relation || builtinType(schema, name) ? resolved(schema, name, relation) : undefined
}

/** The schema where an unqualified name is made. undefined: not known. */
export function creationSchema(names: Names): string | undefined {
  const { catalog, view, making } = names
  if (making !== undefined) return making
  if (!catalog || !view.searchPath) return undefined
  return view.searchPath.find((schema) => schema === 'pg_temp' || catalog.hasSchema(schema))
}

/** Whether a schema may be looked into for an unqualified function, operator or type. */
function searched(names: Names, schema: string): boolean {
  return names.path === undefined || names.path.includes(schema)
}

/** What calling, or otherwise using, something by its name may come to. */
export interface Callee {
  /** `schema.name` of everything that it may be. */
  readonly names: readonly string[]
  /** Some of it is code of users that is not harmless, or nothing of that name is known. */
  readonly userCode: boolean
  readonly builtin?: BuiltinFunction
  /** What it gives back is made of nothing but what it is given, and of what shows nothing of any table. */
  readonly flowKnown: boolean
  /** Nothing of that name is known. */
  readonly missing: boolean
}

/**
 * A function by its name, all overloads together: types of arguments are not known, so that a user's function anywhere in the path may be
 * the better match.
 */
export function functionNamed(names: Names, schema: string, name: string): Callee {
  const builtin = isSystemSchema(schema) ? builtinFunction(schema, name) : schema === '' ? builtinUnqualified(names, name) : undefined
  const found: string[] = []
  if (builtin) found.push(`${schema === '' ? 'pg_catalog' : schema}.${name}`)
  let userCode = false
  let flowKnown = builtin ? flowIsKnown(schema === '' ? 'pg_catalog' : schema, name) : true
  if (names.catalog) {
    for (const each of names.catalog.userFunctions(name)) {
      if (schema === '' ? !searched(names, each.schema) : each.schema !== schema) continue
      found.push(nameOf(each.schema, each.name))
      userCode ||= !each.harmless
      flowKnown &&= each.harmless && each.extension !== undefined && KNOWN_EXTENSIONS.has(each.extension)
    }
  } else if (!isSystemSchema(schema)) {
    userCode = schema !== '' || mayHoldUserCode(names)
  }
  const missing = found.length === 0
  return {
    names: missing ? [] : found,
    userCode: userCode || missing,
    flowKnown: flowKnown && !userCode && !missing,
    missing,
    ...(builtin && { builtin }),
  }
}

function builtinUnqualified(names: Names, name: string): BuiltinFunction | undefined {
  const builtin = builtinFunction('pg_catalog', name)
  if (builtin || !names.path?.includes('information_schema')) return builtin
  return builtinFunction('information_schema', name)
}

/** Without a catalog: whether any schema of the path could hold code of users. Functions and operators are never looked up in pg_temp. */
function mayHoldUserCode(names: Names): boolean {
  return names.path === undefined || names.path.some((schema) => schema !== 'pg_temp' && !isSystemSchema(schema))
}

/** Whether an operator runs, or may run, code of users. */
export function operatorIsHarmless(names: Names, schema: string, name: string): boolean {
  const builtin = (schema === '' || schema === 'pg_catalog') && builtinOperator(name)
  if (!names.catalog) return builtin && (schema !== '' || !mayHoldUserCode(names))
  let known = builtin
  for (const operator of names.catalog.userOperators(name)) {
    if (schema === '' ? !searched(names, operator.schema) : operator.schema !== schema) continue
    if (!operator.harmless) return false
    known = true
  }
  return known
}

/** Whether making a value of a type runs no code of users. The row type of a relation is as harmless as its columns. */
export function typeIsHarmless(names: Names, schema: string, name: string): boolean {
  if (isSystemSchema(schema) && builtinType(schema, name)) return true
  if (schema === 'pg_temp') return names.view.temporary?.includes(name) === true
  const { catalog } = names
  if (!catalog) return schema === '' && !mayHoldUserCode(names) && names.view.temporary !== undefined && builtinType('pg_catalog', name)
  if (schema !== '') {
    const type = catalog.userType(schema, name)
    return type ? type.harmless : rowIsHarmless(catalog.relation(schema, name))
  }
  // Types are looked up in the temporary schema too, where nobody knows what there is.
  if (names.view.temporary === undefined && !systemFirst(names)) return false
  // The array type of `thing` is `_thing`; nobody writes that, and what is not found is not harmless.
  const types: readonly UserType[] = catalog.userTypes(name)
  if (types.some((type) => searched(names, type.schema) && !type.harmless)) return false
  if (builtinType('pg_catalog', name) || types.length > 0) return true
  const row = relationNamed(names, '', name)
  return row !== undefined && (row.relation === undefined || rowIsHarmless(row.relation))
}

/** Whether what comes with PostgreSQL comes before the temporary schema. */
function systemFirst({ path }: Names): boolean {
  return path !== undefined && path.indexOf('pg_catalog') < path.indexOf('pg_temp')
}

const rowIsHarmless = (relation: Relation | undefined): boolean =>
  relation !== undefined && !relation.userCode.onRead && !relation.userCode.onWrite

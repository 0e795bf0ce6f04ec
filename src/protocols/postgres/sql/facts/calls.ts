import { GIVES_ROWS, KEEPS_ARGUMENTS, NEVER_FAILS } from '../../catalog/builtin/flow.ts'
import { act } from './findings.ts'
import { isPlain } from './lookup.ts'
import { type Callee, functionNamed, isSystemSchema, meanings, type Resolved, relationNamed } from './names.ts'
import { changeSetting, pinnedSetting } from './pinned.ts'
import { readRelation } from './relations.ts'
import { nothing, type Scope } from './scope.ts'
import { isSecretSetting } from './settings.ts'
import { aside, call, choosing, counting, doubt, type Statement, special, testing, typeCode } from './statement.ts'
import { as, constant, list, strings, type Tree, tree } from './tree.ts'
import { walk, walkFields } from './walk.ts'

/** A call of a function, in whatever syntax. */
export function funcCall(statement: Statement, fields: Tree, scope: Scope): undefined {
  const name = strings(list(fields, 'funcname'))
  const args = list(fields, 'args')
  const callee = callNamed(statement, name, args, scope)
  const last = name[name.length - 1] ?? ''
  const fails = !callee.flowKnown || callee.names.length !== 1 || !NEVER_FAILS.has(last)
  if (hides(statement, callee, args, scope)) aside(statement, () => walk(statement, args, scope))
  else testing(statement, () => walkArguments(statement, callee, last, args, scope), fails)
  // What an ordered-set aggregate gives back is one of the values that it orders.
  if (fields.agg_within_group === true) walk(statement, fields.agg_order, scope)
  choosing(statement, () => walkFields(statement, fields, scope, ...(fields.agg_within_group === true ? WITHIN : ARGUMENTS)))
}

function walkArguments(statement: Statement, callee: Callee, name: string, args: readonly unknown[], scope: Scope): void {
  const walkThem = () => walk(statement, args, scope)
  if (callee.builtin?.kind === 'effect' || KEEPS_ARGUMENTS.has(name)) keep(statement, walkThem)
  else if (GIVES_ROWS.has(name)) counting(statement, walkThem)
  else if (NAMED_VALUES.has(name)) walkNamed(statement, args, scope)
  else walkThem()
}

/** These take a name before each value, and fail where one is NULL. */
const NAMED_VALUES: ReadonlySet<string> = new Set(['json_build_object', 'jsonb_build_object', 'json_object_agg', 'jsonb_object_agg'])

function walkNamed(statement: Statement, args: readonly unknown[], scope: Scope): void {
  for (const [at, arg] of args.entries()) {
    testing(statement, () => walk(statement, arg, scope), at % 2 === 0 && !isPlain(statement, arg, scope))
  }
}

const ARGUMENTS = ['funcname', 'args']
const WITHIN = [...ARGUMENTS, 'agg_order']

/** How many values there are, and of which type they are, says nothing of them; unless they were made to be there or not. */
function hides(statement: Statement, callee: Callee, args: readonly unknown[], scope: Scope): boolean {
  const [name, ...others] = callee.names
  if (others.length > 0 || callee.userCode) return false
  if (name === 'pg_catalog.pg_typeof') return true
  return name === 'pg_catalog.count' && args.every((arg) => isPlain(statement, arg, scope))
}

/** What is given to a function with an effect may be seen by others, or later. */
function keep(statement: Statement, walkIt: () => void): void {
  const { source } = statement
  const kept = nothing()
  statement.source = kept
  walkIt()
  statement.source = source
  source?.from.push(kept)
  statement.found.stored.add(kept)
}

/**
 * `value.name` may be a call of `name(value)` (PostgreSQL 4.2.6): it counts as one where there is such a function that does anything. Where
 * there is none it is a field.
 */
export function fieldMayCall(statement: Statement, name: string): void {
  const callee = functionNamed(statement.names, '', name)
  if (callee.missing) {
    if (!statement.names.catalog && callee.userCode && statement.names.path === undefined) call(statement, callee)
    return
  }
  if (callee.userCode || callee.builtin?.kind === 'effect' || callee.builtin?.unless) call(statement, callee)
}

function callNamed(statement: Statement, parts: readonly string[], args: readonly unknown[], scope: Scope): Callee {
  const name = parts[parts.length - 1] ?? ''
  const schema = parts.length > 1 ? (parts[parts.length - 2] ?? '') : ''
  const callee = functionNamed(statement.names, schema, name)
  if (!callee.userCode && callee.builtin?.kind === 'effect' && (schema === '' || isSystemSchema(schema))) {
    const handled = KNOWN_ARGUMENTS.get(name)
    if (handled) {
      for (const each of callee.names) statement.found.functions.add(each)
      // A default that draws from a sequence is what serial columns have.
      if (statement.defines) statement.found.definesCode ||= name !== 'nextval'
      else handled(statement, args, scope)
      if (!callee.flowKnown) doubt(statement)
      return callee
    }
  }
  if (name === 'current_setting' && callee.builtin) {
    const setting = args[0] === undefined ? undefined : constant(args[0])
    if (setting !== undefined && isSecretSetting(setting.toLowerCase())) act(statement.found, 'read credential')
    // Settings of applications hold what they were set to.
    if (setting === undefined || setting.includes('.')) doubt(statement)
  }
  call(statement, callee)
  return callee
}

type Known = (statement: Statement, args: readonly unknown[], scope: Scope) => void

/** Built-in functions that say in a constant argument what they work on. */
const KNOWN_ARGUMENTS: ReadonlyMap<string, Known> = new Map<string, Known>([
  ['set_config', setConfig],
  ['nextval', writeSequence],
  ['setval', writeSequence],
  ['pg_sequence_last_value', readSequence],
  ['pg_get_sequence_data', readSequence],
  ['lo_get', (statement) => readLargeObjects(statement)],
  ['loread', (statement) => readLargeObjects(statement)],
  ...['lo_creat', 'lo_create', 'lo_from_bytea', 'lo_open', 'lo_put', 'lo_truncate', 'lo_truncate64', 'lo_unlink', 'lowrite'].map(
    (name): [string, Known] => [name, writeLargeObjects],
  ),
])

function setConfig(statement: Statement, args: readonly unknown[], scope: Scope): void {
  const [name, value, local] = [0, 1, 2].map((i) => (args[i] === undefined ? undefined : constant(uncast(args[i]))))
  const setting = args.length === 3 ? (name ?? pinnedSetting(scope, scope.where, args[0])) : undefined
  changeSetting(statement, setting, value, local === 'true' || local === 't')
}

const uncast = (value: unknown): unknown => {
  const cast = as(value, 'TypeCast')
  return cast ? cast.arg : value
}

function writeSequence(statement: Statement, args: readonly unknown[]): void {
  act(statement.found, 'sequence')
  const sequence = regclass(statement, args[0])
  if (sequence) for (const { key } of meanings(sequence)) statement.found.writes.add(key)
  else statement.found.unknown.add('writes')
}

function readSequence(statement: Statement, args: readonly unknown[]): void {
  act(statement.found, 'sequence value')
  const sequence = regclass(statement, args[0])
  if (sequence) readRelation(statement, sequence, undefined)
  else statement.found.unknown.add('reads')
}

const LARGE_OBJECTS = 'pg_catalog.pg_largeobject'

function readLargeObjects(statement: Statement): void {
  special(statement, { class: 'read', action: 'large object' })
  statement.found.reads.add(LARGE_OBJECTS)
}

function writeLargeObjects(statement: Statement): void {
  special(statement, { class: 'write', action: 'large object write' })
  statement.found.writes.add(LARGE_OBJECTS)
}

/** `'schema.name'` or `'schema.name'::regclass`, as regclassin reads it. undefined: not a constant, or not certain. */
function regclass(statement: Statement, value: unknown): Resolved | undefined {
  const cast = as(value, 'TypeCast')
  if (cast) {
    const type = strings(list(tree(cast, 'typeName'), 'names'))
    const name = type[type.length - 1] ?? ''
    if (!['regclass', 'text', 'varchar'].includes(name) || (type.length > 1 && type[0] !== 'pg_catalog')) return undefined
  }
  const text = constant(cast ? cast.arg : value)
  // Digits alone are an oid.
  if (text === undefined || /^\s*\d+\s*$/.test(text)) return undefined
  const parts = [...text.trim().matchAll(/(?:"((?:[^"]|"")+)"|([^\s".]+))(\.|$)/gy)]
  const last = parts[parts.length - 1]
  if (last?.[3] !== '' || parts.length > 2 || parts.some((part) => part[0].length > 64)) return undefined
  const names = parts.map((part) => part[1]?.replaceAll('""', '"') ?? part[2]?.toLowerCase() ?? '')
  return names.length === 1
    ? relationNamed(statement.names, '', names[0] ?? '')
    : relationNamed(statement.names, names[0] ?? '', names[1] ?? '')
}

/**
 * What of SQL/JSON converts values of users' types by their own casts, as to_json does. It fails where names are not to be there twice, or where
 * there is no room for it in the type that it is to have.
 */
export function jsonConstructor(statement: Statement, fields: Tree, scope: Scope): undefined {
  if (typeCode(statement, 'casts')) special(statement, { class: 'opaque', action: 'user code' })
  const { output } = Object.hasOwn(fields, 'constructor') ? tree(fields, 'constructor') : fields
  testing(
    statement,
    () => {
      walkFields(statement, fields, scope, 'arg')
      const arg = tree(fields, 'arg')
      if (arg.key === undefined) jsonValue(statement, arg, scope)
      else jsonKeyValue(statement, arg, scope)
    },
    fields.unique === true || output !== undefined,
  )
  return undefined
}

/** A name that is NULL fails. */
export function jsonKeyValue(statement: Statement, fields: Tree, scope: Scope): undefined {
  testing(statement, () => walk(statement, fields.key, scope), !isPlain(statement, fields.key, scope))
  walkFields(statement, fields, scope, 'key', 'value')
  jsonValue(statement, tree(fields, 'value'), scope)
}

/** With FORMAT JSON a text is read, unless it is none. */
export function jsonValue(statement: Statement, fields: Tree, scope: Scope): undefined {
  const { format_type: type } = tree(fields, 'format')
  testing(statement, () => walkFields(statement, fields, scope), type !== undefined && type !== 'JS_FORMAT_DEFAULT')
}

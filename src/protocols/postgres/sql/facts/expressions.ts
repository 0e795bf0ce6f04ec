import { OPERATORS_NEVER_FAIL } from '../../catalog/builtin/flow.ts'
import { builtinType } from '../../catalog/builtin/index.ts'
import { funcCall, jsonConstructor, jsonKeyValue, jsonValue } from './calls.ts'
import { columnRef, indirection } from './columns.ts'
import { act } from './findings.ts'
import { isPlain, isSystemColumn } from './lookup.ts'
import { meanings, operatorIsHarmless, relationNamed, typeIsHarmless } from './names.ts'
import { noteColumn, readRelation, unresolved } from './relations.ts'
import type { Derived, Scope } from './scope.ts'
import { useSource } from './scope.ts'
import { aside, type Handler, runUserCode, type Statement, testing, typeCode, using } from './statement.ts'
import { as, isTree, list, strings, type Tree, text, tree, typeOf } from './tree.ts'
import { query, walk, walkFields } from './walk.ts'

/** An operator by its name, `schema.+` or `+`. */
export function operator(statement: Statement, parts: readonly string[]): void {
  const name = parts[parts.length - 1]
  if (name === undefined) return
  const schema = parts.length > 1 ? (parts[parts.length - 2] ?? '') : ''
  if (!operatorIsHarmless(statement.names, schema, name)) runUserCode(statement, 'user code')
}

/** PostgreSQL looks these up by the path too (parse_expr.c). */
const BETWEEN = ['>=', '<=', '<', '>']

/** A chain such as `a || b || c …` leans to the left, as deep as it is long: it is followed without going deeper. */
function operation(statement: Statement, fields: Tree, scope: Scope): undefined {
  const { tests } = statement
  for (let each: Tree | undefined = fields; each; ) {
    const kind = text(each, 'kind')
    // What stands to the left of one that may fail is within it.
    statement.tests ||= kind !== 'AEXPR_OP' || !OPERATORS_NEVER_FAIL.has(strings(list(each, 'name')).pop() ?? '')
    if (kind.includes('BETWEEN')) for (const name of BETWEEN) operator(statement, [name])
    else operator(statement, strings(list(each, 'name')))
    const left: Tree | undefined = as(each.lexpr, 'A_Expr')
    if (left) {
      rightOperand(statement, each, scope)
      each = left
    } else {
      rightOperand(statement, each, scope)
      walkFields(statement, each, scope, 'name', 'rexpr')
      each = undefined
    }
  }
  statement.tests = tests
}

/** What JSON has nothing under is NULL: `'{"guess": 1}' -> x` compares. */
function rightOperand(statement: Statement, fields: Tree, scope: Scope): void {
  const picks = /^(->|#>)/.test(strings(list(fields, 'name')).pop() ?? '')
  testing(statement, () => walk(statement, fields.rexpr, scope), picks)
}

/** Stand for a type and a sequence of its own (parse_utilcmd.c). */
const SERIAL = /^(small|big)?serial[248]?$/

function typeName(statement: Statement, fields: Tree, scope: Scope): undefined {
  const parts = strings(list(fields, 'names'))
  const name = parts[parts.length - 1]
  // relation.column%TYPE is looked up by the relation; the type that it gives was made before.
  if (name !== undefined && fields.pct_type !== true) {
    const schema = parts.length > 1 ? (parts[parts.length - 2] ?? '') : ''
    if (!(schema === '' && SERIAL.test(name)) && !typeIsHarmless(statement.names, schema, name)) runUserCode(statement, 'user code')
  }
  walkFields(statement, fields, scope, 'names')
}

/**
 * Whether the cast of a value cannot be one of a user: a constant goes through the input of the type, and for what has a built-in type there
 * are only built-in casts to one.
 */
function isBuiltinValue(statement: Statement, value: unknown, scope: Scope): boolean {
  // Where a superuser has changed casts between built-in types, the catalog says of every relation that it runs code.
  if (statement.names.catalog?.relation('pg_catalog', 'pg_class')?.userCode.onRead) return false
  const type = typeOf(value)
  const fields = as(value, type) ?? {}
  if (type === 'A_Const' || type === 'ParamRef') return true
  if (type === 'ColumnRef') return isSystemColumn(fields, scope)
  if (type !== 'TypeCast') return false
  const parts = strings(list(tree(fields, 'typeName'), 'names'))
  const name = parts[parts.length - 1] ?? ''
  if (parts.length > 1) return parts[0] === 'pg_catalog' && builtinType('pg_catalog', name)
  return builtinType('pg_catalog', name) && statement.names.catalog?.userTypes(name).length === 0
}

function typeCast(statement: Statement, fields: Tree, scope: Scope): undefined {
  if (!isBuiltinValue(statement, fields.arg, scope) && typeCode(statement, 'casts')) runUserCode(statement, 'user code')
  const { defines } = statement
  // The input of a type is called for a constant when it is parsed, also where the rest is only written down.
  if (PARSED.has(typeOf(fields.arg))) statement.defines = false
  walk(statement, fields.typeName, scope, 'typeName')
  statement.defines = defines
  testing(statement, () => walkFields(statement, fields, scope, 'typeName'), !isText(tree(fields, 'typeName')))
}

/** Everything can be written as text. */
function isText(type: Tree): boolean {
  const parts = strings(list(type, 'names'))
  return (
    ['text', 'varchar'].includes(parts[parts.length - 1] ?? '') && list(type, 'typmods').length + list(type, 'arrayBounds').length === 0
  )
}

/** All operands of it are tested, or may make it fail. */
const tested: Handler = (statement, fields, scope) => {
  testing(statement, () => walkFields(statement, fields, scope))
  return undefined
}

const PARSED: ReadonlySet<string> = new Set(['A_Const', 'A_ArrayExpr', 'RowExpr'])

function subLink(statement: Statement, fields: Tree, scope: Scope): undefined {
  const kind = text(fields, 'subLinkType')
  testing(statement, () => walk(statement, fields.testexpr, scope))
  if (kind === 'ANY_SUBLINK' || kind === 'ALL_SUBLINK') {
    const name = strings(list(fields, 'operName'))
    operator(statement, name.length > 0 ? name : ['='])
  }
  if (kind === 'EXISTS_SUBLINK' || kind === 'ANY_SUBLINK' || kind === 'ALL_SUBLINK') {
    aside(statement, () => using(statement, 'predicate', () => query(statement, fields.subselect, scope)))
  } else subquery(statement, fields.subselect, scope)
}

/** A query whose result is part of the value that is being computed. */
function subquery(statement: Statement, value: unknown, scope: Scope): void {
  let derived: Derived | undefined
  aside(statement, () => {
    derived = query(statement, value, scope)
  })
  if (derived) useAll(statement, derived)
}

/** Whether a column is NULL says nothing of its value; whether an expression is may say whatever it was made to say. */
function nullTest(statement: Statement, fields: Tree, scope: Scope): undefined {
  if (isPlain(statement, fields.arg, scope)) aside(statement, () => walkFields(statement, fields, scope))
  else walkFields(statement, fields, scope)
}

/** GROUPING says by which columns a row was grouped. */
function grouping(statement: Statement, fields: Tree, scope: Scope): undefined {
  aside(statement, () => walkFields(statement, fields, scope))
}

function useAll(statement: Statement, derived: Derived): void {
  for (const source of derived.sources) useSource(statement, source)
  useSource(statement, derived.open)
}

function caseExpr(statement: Statement, fields: Tree, scope: Scope): undefined {
  if (fields.arg !== undefined) operator(statement, ['='])
  testing(statement, () => walk(statement, fields.arg, scope))
  for (const each of list(fields, 'args')) {
    const branch = as(each, 'CaseWhen') ?? { expr: each }
    testing(statement, () => walk(statement, branch.expr, scope))
    walkFields(statement, branch, scope, 'expr')
  }
  walkFields(statement, fields, scope, 'arg', 'args')
}

/** Whether what follows is computed at all is seen by its failing, or by what it does. */
function coalesce(statement: Statement, fields: Tree, scope: Scope): undefined {
  const args = list(fields, 'args')
  for (const [at, arg] of args.entries()) {
    const decides = !isPlain(statement, arg, scope) && args.slice(at + 1).some((each) => !isInert(each))
    testing(statement, () => walk(statement, arg, scope), decides)
  }
  walkFields(statement, fields, scope, 'args')
}

/** Constants and columns, which neither fail nor do anything. */
function isInert(value: unknown): boolean {
  const type = typeOf(value)
  return type === 'A_Const' || type === 'ColumnRef' || type === 'ParamRef'
}

function sortBy(statement: Statement, fields: Tree, scope: Scope): undefined {
  operator(statement, strings(list(fields, 'useOp')))
  walkFields(statement, fields, scope, 'useOp')
}

/** A relation that is named where nothing special is known of the place. */
function rangeVar(statement: Statement, fields: Tree): undefined {
  const target = relationNamed(statement.names, text(fields, 'schemaname'), text(fields, 'relname'))
  if (target) readRelation(statement, target, 'select', fields.inh === true)
  else {
    act(statement.found, 'select')
    unresolved(statement, text(fields, 'schemaname'), true, 'reads')
  }
}

/** A relation is named, and something of it may be learned, but no rows of it are read. @param fields of a RangeVar */
export function mention(statement: Statement, fields: Tree): void {
  const target = relationNamed(statement.names, text(fields, 'schemaname'), text(fields, 'relname'))
  if (target) readRelation(statement, target, undefined)
  else statement.found.unknown.add('reads')
}

/** LIKE: what it copies may hold code of users. */
function tableLike(statement: Statement, fields: Tree): undefined {
  const relation = isTree(fields.relation) ? fields.relation : {}
  mention(statement, relation)
  const target = relationNamed(statement.names, text(relation, 'schemaname'), text(relation, 'relname'))
  // What was just made, or is temporary, runs no code.
  const plain = target !== undefined && meanings(target).every((each) => !each.altered && !each.relation?.userCode.onWrite)
  statement.found.definesCode ||= !plain
}

function currentOf(statement: Statement, fields: Tree): undefined {
  statement.found.fetches = text(fields, 'cursor_name')
}

/** JSON_ARRAY(SELECT …). */
function jsonQuery(statement: Statement, fields: Tree, scope: Scope): undefined {
  if (typeCode(statement, 'casts')) runUserCode(statement, 'user code')
  subquery(statement, fields.query, scope)
  walkFields(statement, fields, scope, 'query')
}

/** Columns by their names alone: of an index, of statistics, of what a conflict is about. */
function element(statement: Statement, fields: Tree, scope: Scope): undefined {
  const name = text(fields, 'name')
  if (name !== '') using(statement, 'predicate', () => columnRef(statement, { fields: [{ String: { sval: name } }] }, scope))
  walkFields(statement, fields, scope)
}

/** Keys of a constraint: whether it holds says something of the values. */
function keys(statement: Statement, fields: Tree, scope: Scope): void {
  for (const name of strings([...list(fields, 'keys'), ...list(fields, 'fk_attrs')])) element(statement, { name }, scope)
  const referenced = isTree(fields.pktable) ? fields.pktable : {}
  const target = relationNamed(statement.names, text(referenced, 'schemaname'), text(referenced, 'relname'))
  const columns = strings(list(fields, 'pk_attrs'))
  if (target) for (const column of columns.length > 0 ? columns : ['*']) noteColumn(statement, target, column, 'predicate')
}

/** Exclusion constraints: pairs of an index element and an operator. */
function constraint(statement: Statement, fields: Tree, scope: Scope): undefined {
  keys(statement, fields, scope)
  if (isTree(fields.pktable)) mention(statement, fields.pktable)
  for (const pair of list(fields, 'exclusions')) {
    const [, name] = list(as(pair, 'List') ?? {}, 'items')
    operator(statement, strings(list(as(name, 'List') ?? {}, 'items')))
  }
  walkFields(statement, fields, scope, 'pktable')
}

export const EXPRESSIONS: readonly (readonly [string, Handler])[] = [
  ['A_Expr', operation],
  ['A_Indirection', indirection],
  ['BoolExpr', tested],
  ['BooleanTest', tested],
  ['CaseExpr', caseExpr],
  ['CoalesceExpr', coalesce],
  ['ColumnRef', columnRef],
  ['Constraint', constraint],
  ['CurrentOfExpr', currentOf],
  ['FuncCall', funcCall],
  ['GroupingFunc', grouping],
  ['IndexElem', element],
  ['JsonFuncExpr', tested],
  ['XmlExpr', tested],
  ['XmlSerialize', tested],
  ['JsonArrayAgg', jsonConstructor],
  ['JsonArrayConstructor', jsonConstructor],
  ['JsonArrayQueryConstructor', jsonQuery],
  ['JsonKeyValue', jsonKeyValue],
  ['JsonObjectAgg', jsonConstructor],
  ['JsonObjectConstructor', jsonConstructor],
  ['JsonParseExpr', tested],
  ['JsonScalarExpr', jsonConstructor],
  ['JsonSerializeExpr', tested],
  ['JsonValueExpr', jsonValue],
  ['NullTest', nullTest],
  ['RangeVar', rangeVar],
  ['SortBy', sortBy],
  ['StatsElem', element],
  ['SubLink', subLink],
  ['TableLikeClause', tableLike],
  ['TypeCast', typeCast],
  ['TypeName', typeName],
]

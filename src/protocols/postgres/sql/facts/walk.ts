import { act } from './findings.ts'
import type { Derived, Scope } from './scope.ts'
import { doubt, type Statement } from './statement.ts'
import { isTree, type Tree, typeOf } from './tree.ts'

/**
 * Deeper than this, a tree is not followed and the statement is opaque. PostgreSQL's own limit is its stack; the gateway's text is at most
 * 200 brackets deep.
 */
export const MOST_DEPTH = 600

/** Node types of the raw grammar that are nothing but their fields. Whatever is neither here nor handled is opaque. */
export const PLAIN: ReadonlySet<string> = new Set(
  `A_ArrayExpr A_Const A_Indices A_Star ATAlterConstraint AccessPriv Alias BitString Boolean CTECycleClause
   CTESearchClause CaseWhen CoalesceExpr CollateClause ColumnDef Constraint CreateOpClassItem DefElem Float FunctionParameter
   GroupingSet InferClause Integer JsonAggConstructor JsonArgument JsonBehavior JsonFormat JsonIsPredicate
   JsonKeyValue JsonOutput JsonParseExpr JsonReturning JsonSerializeExpr JsonTableColumn JsonTablePathSpec JsonValueExpr List
   MergeSupportFunc MinMaxExpr MultiAssignRef NamedArgExpr ObjectWithArgs ParamRef PartitionBoundSpec PartitionCmd PartitionElem
   PartitionRangeDatum PartitionSpec PublicationObjSpec PublicationTable RangeTableFuncCol ReplicaIdentityStmt ResTarget ReturnStmt
   ReturningClause ReturningOption RoleSpec RowExpr SQLValueFunction SetToDefault String TriggerTransition
   VacuumRelation WindowDef `.split(/\s+/),
)

/** Fields that hold a node without saying its type, where that type is handled. A test compares this with the grammar. */
export const TYPED: ReadonlyMap<string, string> = new Map([
  ...['typeName', 'argType', 'returnType', 'ofTypename', 'datatype', 'storedtype', 'sourcetype', 'targettype', 'type_name'].map(
    (field): [string, string] => [field, 'TypeName'],
  ),
  ...['relation', 'rel', 'view', 'table', 'sequence', 'pktable', 'constrrel', 'typevar', 'identitySequence'].map(
    (field): [string, string] => [field, 'RangeVar'],
  ),
  ['larg', 'SelectStmt'],
  ['rarg', 'SelectStmt'],
  ['funccall', 'FuncCall'],
  ['base', 'CreateStmt'],
  ['setstmt', 'VariableSetStmt'],
])

/** Walks whatever this is: a node, a list, or a node that does not say its type. @param field where it stands */
export function walk(statement: Statement, value: unknown, scope: Scope, field = ''): void {
  if (typeof value !== 'object' || value === null) return
  if (Array.isArray(value)) {
    for (const each of value) walk(statement, each, scope)
    return
  }
  const fields = value as Tree
  const type = typeOf(fields)
  if (type !== '') {
    node(statement, type, fields[type] as Tree, scope)
    return
  }
  const implied = 'relname' in fields ? 'RangeVar' : 'raw_expr' in fields ? 'JsonValueExpr' : TYPED.get(field)
  if (implied) node(statement, implied, fields, scope)
  else walkFields(statement, fields, scope)
}

/** Walks all fields of a node, but for those named. */
export function walkFields(statement: Statement, fields: Tree, scope: Scope, ...but: readonly string[]): void {
  if (statement.depth > MOST_DEPTH) {
    unknownNode(statement)
    return
  }
  statement.depth++
  for (const field in fields) {
    const value = fields[field]
    if (typeof value === 'object' && !but.includes(field)) walk(statement, value, scope, field)
  }
  statement.depth--
}

/** Walks a node whose type is known. @returns the columns of its result, if it is a query */
export function node(statement: Statement, type: string, fields: Tree, scope: Scope): Derived | undefined {
  const handler = statement.handlers.get(type)
  if (!handler) {
    if (!PLAIN.has(type)) unknownNode(statement)
    walkFields(statement, fields, scope)
    return undefined
  }
  if (statement.depth > MOST_DEPTH) {
    unknownNode(statement)
    return undefined
  }
  statement.depth++
  const derived = handler(statement, fields, scope)
  statement.depth--
  return derived
}

function unknownNode(statement: Statement): void {
  act(statement.found, 'unknown statement')
  doubt(statement)
}

/** Walks a query that says its type, such as `{ SelectStmt: … }`. */
export function query(statement: Statement, value: unknown, scope: Scope): Derived | undefined {
  const type = typeOf(value)
  if (type !== '' && isTree(value)) return node(statement, type, value[type] as Tree, scope)
  walk(statement, value, scope)
  return undefined
}

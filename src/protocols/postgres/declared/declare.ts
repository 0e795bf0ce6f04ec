import { createCatalog, type Snapshot } from '../catalog/index.ts'
import { analyse } from '../sql/facts/index.ts'
import { as, isTree, list, string, strings, type Tree, text, tree, typeOf } from '../sql/facts/tree.ts'
import { loadParser, prescan } from '../sql/parse/index.ts'
import { DeclaredError } from './errors.ts'
import { type Name, Rows } from './rows.ts'

/** Bytes. */
const LARGEST = 16 * 1024 * 1024

/**
 * The catalog of a database that CREATE statements describe, as far as facts need it: relations and their columns, what views use,
 * partitions, foreign keys, triggers, functions and types. Defaults, CHECK constraints, policies and expressions in indexes are taken to
 * call nothing of users; a real catalog knows better.
 *
 * @param ddl such as `pg_dump --schema-only` prints
 * @returns the rows that a server with these objects would be read as
 * @throws DeclaredError where something in it would be lost
 */
export async function declareSnapshot(ddl: string): Promise<Snapshot> {
  const judged = prescan(Buffer.from(ddl), LARGEST)
  if (typeof judged === 'object') throw new DeclaredError(judged.refused)
  const parser = await loadParser()
  // psql's own commands, which pg_dump prints since 2025.
  const parsed = parser.parse(ddl.replace(/^\\(un)?restrict .*$/gm, ''))
  if (parsed === undefined) throw new DeclaredError('This is not SQL.')
  const rows = new Rows()
  for (const [at, raw] of list({ ...parsed }, 'stmts').entries()) {
    const stmt = isTree(raw) ? raw.stmt : undefined
    const type = typeOf(stmt)
    const declare = Object.hasOwn(DECLARATIONS, type) ? DECLARATIONS[type] : undefined
    if (declare === undefined && !WITHOUT_MEANING.has(type)) {
      throw new DeclaredError(`${type === '' ? 'It' : type} says nothing here that is understood.`, at + 1)
    }
    const problem = declare?.(rows, as(stmt, type) ?? {})
    if (problem !== undefined) throw new DeclaredError(problem, at + 1)
  }
  return rows.snapshot
}

/** Objects and properties that facts do not depend on. */
const WITHOUT_MEANING: ReadonlySet<string> = new Set(
  'SelectStmt VariableSetStmt CommentStmt GrantStmt GrantRoleStmt AlterDefaultPrivilegesStmt AlterOwnerStmt TransactionStmt CreateExtensionStmt CreatePolicyStmt CreateRoleStmt SecLabelStmt CreateStatsStmt AlterSeqStmt AlterRoleSetStmt AlterDatabaseSetStmt'.split(
    ' ',
  ),
)

/** What a statement adds. @returns what is wrong with it */
type Declare = (rows: Rows, stmt: Tree) => string | undefined

const DECLARATIONS: Readonly<Record<string, Declare>> = {
  CreateSchemaStmt: (rows, stmt) => rows.schema(text(stmt, 'schemaname')) as undefined,
  CreateStmt: createTable,
  CreateForeignTableStmt: (rows, stmt) => createTable(rows, tree(stmt, 'base'), 'f'),
  AlterTableStmt: alterTable,
  ViewStmt: (rows, stmt) => createView(rows, rangeVar(tree(stmt, 'view')), stmt.query, strings(list(stmt, 'aliases')), 'v'),
  CreateTableAsStmt(rows, stmt) {
    const into = tree(stmt, 'into')
    const kind = text(stmt, 'objtype') === 'OBJECT_MATVIEW' ? 'm' : 'r'
    return createView(rows, rangeVar(tree(into, 'rel')), stmt.query, strings(list(into, 'colNames')), kind)
  },
  CreateSeqStmt(rows, stmt) {
    rows.relation(rangeVar(tree(stmt, 'sequence')), 'S', ['last_value', 'log_cnt', 'is_called'])
    return undefined
  },
  IndexStmt(rows, stmt) {
    const table = rows.find(rangeVar(tree(stmt, 'relation')))
    if (table === undefined) return 'It is on a table that was not created before.'
    if (text(stmt, 'idxname') !== '') rows.relation({ schema: table.schema, name: text(stmt, 'idxname') }, 'i', [], table.oid)
    return undefined
  },
  CreateFunctionStmt(rows, stmt) {
    rows.function(nameOf(list(stmt, 'funcname')), { kind: stmt.is_procedure === true ? 'p' : 'f' })
    return undefined
  },
  DefineStmt(rows, stmt) {
    const name = nameOf(list(stmt, 'defnames'))
    if (text(stmt, 'kind') === 'OBJECT_AGGREGATE') rows.function(name, { kind: 'a' })
    else if (text(stmt, 'kind') === 'OBJECT_OPERATOR') rows.snapshot.operators.push({ ...name, function: 0 })
    else return 'Only aggregates and operators can be defined here.'
    return undefined
  },
  CreateEnumStmt: (rows, stmt) => void rows.type(nameOf(list(stmt, 'typeName')), 'e'),
  CreateDomainStmt: (rows, stmt) => void rows.type(nameOf(list(stmt, 'domainname')), 'd'),
  CompositeTypeStmt: (rows, stmt) => void rows.type(rangeVar(tree(stmt, 'typevar')), 'c'),
  CreateTrigStmt(rows, stmt) {
    const table = rows.find(rangeVar(tree(stmt, 'relation')))
    if (table === undefined) return 'It is on a table that was not created before.'
    rows.snapshot.triggers.push({
      relation: table.oid,
      // The grammar has the bits of pg_trigger.tgtype.
      type: typeof stmt.events === 'number' ? stmt.events : 0,
      function: rows.function(nameOf(list(stmt, 'funcname'))),
      condition: stmt.whenClause !== undefined,
    })
    return undefined
  },
  RuleStmt(rows, stmt) {
    const table = rows.find(rangeVar(tree(stmt, 'relation')))
    if (table) rows.snapshot.rules.push(table.oid)
    return undefined
  },
  CreateEventTrigStmt(rows) {
    rows.snapshot.eventTriggers = true
    return undefined
  },
}

function createTable(rows: Rows, stmt: Tree, kind?: string): string | undefined {
  const name = rangeVar(tree(stmt, 'relation'))
  const parents = list(stmt, 'inhRelations').map((parent) => rows.find(rangeVar(as(parent, 'RangeVar') ?? {})))
  if (parents.includes(undefined)) return 'Its parent was not created before.'
  const definitions = list(stmt, 'tableElts')
    .map((element) => as(element, 'ColumnDef'))
    .filter((column) => column !== undefined)
  const columns = [...parents.flatMap((parent) => parent?.columns ?? []), ...definitions.map((column) => text(column, 'colname'))]
  const oid = rows.relation(name, kind ?? (stmt.partspec === undefined ? 'r' : 'p'), [...new Set(columns)])
  if (oid === undefined) return 'A relation of this name is there already.'
  for (const parent of parents) if (parent) rows.snapshot.inheritance.push([oid, parent.oid])
  for (const column of definitions) {
    const type = rows.typeNamed(nameOf(list(tree(column, 'typeName'), 'names')))
    if (type) rows.snapshot.columnTypes.push({ relation: oid, type: type.oid, rowsOf: 0 })
    for (const constraint of list(column, 'constraints')) {
      const problem = foreignKey(rows, oid, as(constraint, 'Constraint') ?? {}, [text(column, 'colname')])
      if (problem) return problem
    }
  }
  for (const element of list(stmt, 'tableElts')) {
    const problem = foreignKey(rows, oid, as(element, 'Constraint') ?? {})
    if (problem) return problem
  }
  return undefined
}

function foreignKey(rows: Rows, referencing: number, constraint: Tree, own?: readonly string[]): string | undefined {
  if (text(constraint, 'contype') !== 'CONSTR_FOREIGN') return undefined
  const referenced = rows.find(rangeVar(tree(constraint, 'pktable')))
  if (referenced === undefined) return 'It references a table that was not created before.'
  rows.snapshot.foreignKeys.push({
    referenced: referenced.oid,
    key: strings(list(constraint, 'pk_attrs')),
    referencing,
    columns: own ?? strings(list(constraint, 'fk_attrs')),
    deleteSets: strings(list(constraint, 'fk_del_set_cols')),
    onDelete: text(constraint, 'fk_del_action') || 'a',
    onUpdate: text(constraint, 'fk_upd_action') || 'a',
  })
  return undefined
}

function alterTable(rows: Rows, stmt: Tree): string | undefined {
  const table = rows.find(rangeVar(tree(stmt, 'relation')))
  for (const each of list(stmt, 'cmds')) {
    const command = as(each, 'AlterTableCmd') ?? {}
    switch (text(command, 'subtype')) {
      case 'AT_AddConstraint': {
        if (table === undefined) return 'It alters a table that was not created before.'
        const problem = foreignKey(rows, table.oid, as(command.def, 'Constraint') ?? {})
        if (problem) return problem
        break
      }
      case 'AT_AttachPartition': {
        const child = rows.find(rangeVar(tree(as(command.def, 'PartitionCmd') ?? {}, 'name')))
        // Of an index: nothing that facts depend on.
        if (child && table) rows.snapshot.inheritance.push([child.oid, table.oid])
        break
      }
      case 'AT_AddColumn':
        if (table === undefined) return 'It alters a table that was not created before.'
        rows.replace(table.oid, { columns: [...table.columns, text(as(command.def, 'ColumnDef') ?? {}, 'colname')] })
        break
      case 'AT_DropColumn':
      case 'AT_AddInherit':
      case 'AT_DropInherit':
      case 'AT_DetachPartition':
        return 'Write the table as it is in the end.'
    }
  }
  return undefined
}

function createView(rows: Rows, name: Name, query: unknown, aliases: readonly string[], kind: string): string | undefined {
  const catalog = createCatalog(rows.snapshot)
  const parsed = { version: 0, stmts: [{ stmt: query }] }
  const [facts] = analyse(parsed as never, catalog, { searchPath: ['public'], temporary: [], catalogKnown: true, readOnly: false })
  const columns = aliases.length > 0 ? aliases : outputOf(rows, as(query, 'SelectStmt') ?? {})
  if (columns === undefined) return 'Name the columns of the view: CREATE VIEW v (a, b) AS …'
  const oid = rows.relation(name, kind, columns)
  if (oid === undefined) return 'A relation of this name is there already.'
  const { reads, functions, columns: used } = facts?.sql ?? {}
  // Without the rest its definition is not known, and using it is opaque.
  if (kind === 'r' || reads === undefined || functions === undefined || used === undefined) return undefined
  const all = [...used.output, ...used.predicate]
  for (const read of reads) {
    const relation = rows.find(split(read))
    if (relation === undefined) return undefined
    const mine = all.filter((column) => column.startsWith(`${read}.`)).map((column) => column.slice(read.length + 1))
    rows.snapshot.viewUses.push({ view: oid, relation: relation.oid, columns: [...new Set(mine)] })
  }
  rows.snapshot.viewCode.push({
    view: oid,
    functions: functions.map((called) => rows.function(split(called))),
    relations: [],
    rows: false,
    types: [],
  })
  return undefined
}

/** The names of a query's columns; undefined where they cannot be told from its text. */
function outputOf(rows: Rows, select: Tree): readonly string[] | undefined {
  const first = as({ SelectStmt: select.larg }, 'SelectStmt')
  if (first) return outputOf(rows, first)
  const names: string[] = []
  for (const each of list(select, 'targetList')) {
    const target = as(each, 'ResTarget') ?? {}
    const fields = list(as(target.val, 'ColumnRef') ?? {}, 'fields')
    const last = string(fields.at(-1))
    if (text(target, 'name') !== '') names.push(text(target, 'name'))
    else if (last !== undefined) names.push(last)
    else {
      const from = list(select, 'fromClause').map((source) => as(source, 'RangeVar'))
      const only = from.length === 1 && from[0] && fields.length === 1 ? rows.find(rangeVar(from[0])) : undefined
      if (only === undefined) return undefined
      names.push(...only.columns)
    }
  }
  return names
}

const rangeVar = (node: Tree): Name => ({ schema: text(node, 'schemaname') || 'public', name: text(node, 'relname') })

function nameOf(parts: readonly unknown[]): Name {
  const [first = '', second] = strings(parts).slice(-2)
  return second === undefined ? { schema: 'public', name: first } : { schema: first, name: second }
}

/** `schema.name`, of which only the name may have a dot in it here. */
function split(qualified: string): Name {
  const dot = qualified.indexOf('.')
  return { schema: qualified.slice(0, dot), name: qualified.slice(dot + 1) }
}

import { createCatalog, type Snapshot } from '../catalog/index.ts'
import { analyse } from '../sql/facts/index.ts'
import { as, isTree, list, string, strings, type Tree, text, tree, typeOf } from '../sql/facts/tree.ts'
import { loadParser, prescan } from '../sql/parse/index.ts'
import type { SessionView } from '../sql/statement-facts.ts'
import { DeclaredError } from './errors.ts'
import { type Name, Rows } from './rows.ts'

/** Bytes. */
const LARGEST = 16 * 1024 * 1024

/**
 * The catalog of a database that CREATE statements describe, as far as facts need it: relations and their columns, what views use,
 * partitions, foreign keys, policies, triggers, functions and types. Defaults, CHECK constraints and expressions in indexes are taken to call
 * nothing of users; a real catalog knows better.
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
  'SelectStmt VariableSetStmt CommentStmt GrantStmt GrantRoleStmt AlterDefaultPrivilegesStmt AlterOwnerStmt TransactionStmt CreateExtensionStmt CreateRoleStmt SecLabelStmt CreateStatsStmt AlterSeqStmt AlterRoleSetStmt AlterDatabaseSetStmt'.split(
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
  CreatePolicyStmt: createPolicy,
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
  rows.replace(oid, { partitionKey: list(tree(stmt, 'partspec'), 'partParams').map(partitionColumn) })
  for (const parent of parents) if (parent) rows.snapshot.inheritance.push([oid, parent.oid])
  for (const column of definitions) {
    const type = rows.typeNamed(nameOf(list(tree(column, 'typeName'), 'names')))
    if (type) rows.snapshot.columnTypes.push({ relation: oid, type: type.oid, rowsOf: 0 })
    for (const constraint of list(column, 'constraints')) {
      if (text(as(constraint, 'Constraint') ?? {}, 'contype') === 'CONSTR_GENERATED') rows.generated(oid).add(text(column, 'colname'))
      const problem = foreignKey(rows, oid, as(constraint, 'Constraint') ?? {}, [text(column, 'colname')])
      if (problem) return problem
    }
  }
  for (const element of list(stmt, 'tableElts')) {
    if (isExclusion(as(element, 'Constraint'))) rows.replace(oid, { exclusion: true })
    const problem = foreignKey(rows, oid, as(element, 'Constraint') ?? {})
    if (problem) return problem
  }
  return undefined
}

const isExclusion = (constraint: Tree | undefined): boolean =>
  constraint !== undefined && text(constraint, 'contype') === 'CONSTR_EXCLUSION'

const partitionColumn = (element: unknown): string => text(as(element, 'PartitionElem') ?? {}, 'name') || '*'

function foreignKey(rows: Rows, referencing: number, constraint: Tree, own?: readonly string[]): string | undefined {
  if (text(constraint, 'contype') !== 'CONSTR_FOREIGN') return undefined
  const referenced = rows.find(rangeVar(tree(constraint, 'pktable')))
  if (referenced === undefined) return 'It references a table that was not created before.'
  const keys = strings(list(constraint, 'pk_attrs'))
  rows.snapshot.foreignKeys.push({
    referenced: referenced.oid,
    key: keys,
    referencing,
    columns: own ?? strings(list(constraint, 'fk_attrs')),
    deleteSets: strings(list(constraint, 'fk_del_set_cols')),
    onDelete: text(constraint, 'fk_del_action') || 'a',
    onUpdate: text(constraint, 'fk_upd_action') || 'a',
    // Without columns it is the primary key: any column may be of that.
    generated: keys.length === 0 || keys.some((column) => rows.generated(referenced.oid).has(column)),
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
        if (isExclusion(as(command.def, 'Constraint'))) rows.replace(table.oid, { exclusion: true })
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
      case 'AT_EnableRowSecurity':
        if (table === undefined) return 'It alters a table that was not created before.'
        rows.replace(table.oid, { rowSecurity: true })
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

/** What the expressions of a policy read and call. */
function createPolicy(rows: Rows, stmt: Tree): string | undefined {
  const table = rows.find(rangeVar(tree(stmt, 'table')))
  if (table === undefined) return 'It is on a table that was not created before.'
  const args = [stmt.qual, stmt.with_check].filter((condition) => condition !== undefined)
  const whereClause = { BoolExpr: { boolop: 'AND_EXPR', args } }
  const policy = definition(rows, table.oid, { SelectStmt: { fromClause: [{ RangeVar: stmt.table }], whereClause } })
  const { policyUses, policyCode } = rows.snapshot
  policyUses.push(...(policy?.uses ?? []))
  const others = policyCode.find(({ view }) => view === table.oid)
  const all = {
    ...rows.code(table.oid),
    functions: [...(others?.functions ?? []), ...(policy?.functions ?? [])],
    types: [...(others?.types ?? []), ...(policy ? [] : [UNKNOWN_TYPE])],
  }
  rows.snapshot.policyCode = [...policyCode.filter((row) => row !== others), all]
  return undefined
}

/** Stands for what could not be understood: using it is opaque. */
const UNKNOWN_TYPE = 19_999

function createView(rows: Rows, name: Name, query: unknown, aliases: readonly string[], kind: string): string | undefined {
  const columns = aliases.length > 0 ? aliases : outputOf(rows, as(query, 'SelectStmt') ?? {})
  if (columns === undefined) return 'Name the columns of the view: CREATE VIEW v (a, b) AS …'
  const oid = rows.relation(name, kind, columns)
  if (oid === undefined) return 'A relation of this name is there already.'
  const view = definition(rows, oid, query)
  // Without the rest its definition is not known, and using it is opaque.
  if (kind === 'r' || view === undefined) return undefined
  rows.snapshot.viewUses.push(...view.uses)
  rows.snapshot.viewCode.push({ ...rows.code(oid), functions: view.functions })
  return undefined
}

/** What a definition uses, apart from what it is the definition of. undefined: not known */
function definition(rows: Rows, view: number, query: unknown) {
  const parsed = { version: 0, stmts: [{ stmt: query }] }
  const [facts] = analyse(parsed as never, createCatalog(rows.snapshot), SESSION)
  const { reads, functions, columns } = facts?.sql ?? {}
  if (reads === undefined || functions === undefined || columns === undefined) return undefined
  const all = [...columns.output, ...columns.predicate]
  const uses: Rows['snapshot']['viewUses'] = []
  for (const read of reads) {
    const relation = rows.find(split(read))
    if (relation === undefined) return undefined
    if (relation.oid === view) continue
    const mine = all.filter((column) => column.startsWith(`${read}.`)).map((column) => column.slice(read.length + 1))
    uses.push({ view, relation: relation.oid, columns: [...new Set(mine)] })
  }
  return { uses, functions: functions.map((called) => rows.function(split(called))) }
}

const SESSION: SessionView = { searchPath: ['public'], temporary: [], catalogKnown: true, readOnly: false }

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

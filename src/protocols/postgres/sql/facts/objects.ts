import { command, define } from './creating.ts'
import { expose } from './exposing.ts'
import { act, anyRelation } from './findings.ts'
import { meanings, typeIsHarmless } from './names.ts'
import { openColumns } from './scope.ts'
import { defining, type Handler, type Statement } from './statement.ts'
import { as, isTree, list, strings, type Tree, text } from './tree.ts'
import { named, writes } from './utility.ts'
import { walkFields } from './walk.ts'

/** Kinds of objects as command tags call them. */
const NOUNS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ACCESS_METHOD: 'access method',
    AGGREGATE: 'aggregate',
    ATTRIBUTE: 'type',
    CAST: 'cast',
    COLLATION: 'collation',
    COLUMN: 'table',
    CONVERSION: 'conversion',
    DATABASE: 'database',
    DOMAIN: 'domain',
    DOMCONSTRAINT: 'domain',
    EVENT_TRIGGER: 'event trigger',
    EXTENSION: 'extension',
    FDW: 'foreign data wrapper',
    FOREIGN_SERVER: 'server',
    FOREIGN_TABLE: 'foreign table',
    FUNCTION: 'function',
    INDEX: 'index',
    LANGUAGE: 'language',
    LARGEOBJECT: 'large object',
    MATVIEW: 'materialized view',
    OPCLASS: 'operator class',
    OPERATOR: 'operator',
    OPFAMILY: 'operator family',
    POLICY: 'policy',
    PROCEDURE: 'procedure',
    PUBLICATION: 'publication',
    ROLE: 'role',
    ROUTINE: 'routine',
    RULE: 'rule',
    SCHEMA: 'schema',
    SEQUENCE: 'sequence',
    STATISTIC_EXT: 'statistics',
    SUBSCRIPTION: 'subscription',
    TABCONSTRAINT: 'table',
    TABLE: 'table',
    TABLESPACE: 'tablespace',
    TRANSFORM: 'transform',
    TRIGGER: 'trigger',
    TSCONFIGURATION: 'text search configuration',
    TSDICTIONARY: 'text search dictionary',
    TSPARSER: 'text search parser',
    TSTEMPLATE: 'text search template',
    TYPE: 'type',
    USER_MAPPING: 'user mapping',
    VIEW: 'view',
  }).map(([kind, noun]) => [`OBJECT_${kind}`, noun]),
)

/** `alter table` and the like; a kind that is not known gives an action that is not known, and that is opaque. */
const action = (verb: string, kind: string): string => `${verb} ${NOUNS.get(kind) ?? 'unknown'}`

const RELATIONS = new Set(['OBJECT_TABLE', 'OBJECT_VIEW', 'OBJECT_MATVIEW', 'OBJECT_SEQUENCE', 'OBJECT_INDEX', 'OBJECT_FOREIGN_TABLE'])
/** What relations are in or belong to. */
const HOLD_RELATIONS = new Set(['OBJECT_SCHEMA', 'OBJECT_EXTENSION', 'OBJECT_DATABASE'])
/** Named by their relation and a name of their own. */
const ON_RELATIONS = new Set(['OBJECT_TRIGGER', 'OBJECT_RULE', 'OBJECT_POLICY'])
/** Whose own name says nothing about where rows are. */
const WITHOUT_ROWS = new Set([...ON_RELATIONS, 'OBJECT_TABCONSTRAINT'])

/** `[schema, name]` in a list, as DROP and COMMENT have it, as the RangeVar that it stands for. */
function rangeVarOf(value: unknown, less: number): Tree | undefined {
  const parts = strings(list(as(value, 'List') ?? {}, 'items'))
  const names = less > 0 ? parts.slice(0, -less) : parts
  const relname = names[names.length - 1]
  if (relname === undefined) return undefined
  return { relname, schemaname: names.length > 1 ? names[names.length - 2] : '', inh: true }
}

const drop: Handler = (statement, fields) => {
  const { found } = statement
  const kind = text(fields, 'removeType')
  const cascades = text(fields, 'behavior') === 'DROP_CASCADE'
  const isRelation = RELATIONS.has(kind)
  const temporary: string[] = []
  let others = 0
  for (const object of list(fields, 'objects')) {
    const target = isRelation
      ? writes(statement, rangeVarOf(object, 0), 'drop')
      : ON_RELATIONS.has(kind)
        ? writes(statement, rangeVarOf(object, 1), 'drop')
        : undefined
    const first = isRelation && target?.schema === 'pg_temp'
    if (first) temporary.push(target.name)
    if (!first || target.others) others++
  }
  if (others > 0 || temporary.length === 0) define(statement, action('drop', kind))
  else act(found, action('drop', kind))
  if (temporary.length > 0) found.transitions.push({ kind: 'drop-temporary', names: temporary })
  if (cascades) dropsUnnamed(statement)
  return undefined
}

/** Relations go that are not named, temporary ones among them if the session has any. */
function dropsUnnamed({ found, names }: Statement): void {
  found.unknown.add('writes')
  if (names.view.temporary?.length !== 0) found.transitions.push({ kind: 'opaque' })
}

const CODE = new Set(
  ['FUNCTION', 'PROCEDURE', 'ROUTINE', 'AGGREGATE', 'OPERATOR', 'OPCLASS', 'OPFAMILY', 'CONVERSION'].map((kind) => `OBJECT_${kind}`),
)

/** Whether code of users is met by another name from now on. */
function meansCode({ names }: Statement, kind: string, object: unknown): boolean {
  if (kind !== 'OBJECT_TYPE' && kind !== 'OBJECT_DOMAIN') return CODE.has(kind)
  const parts = strings(list(as(object, 'TypeName') ?? {}, 'names').concat(list(as(object, 'List') ?? {}, 'items')))
  return !typeIsHarmless(names, parts.length > 1 ? (parts[parts.length - 2] ?? '') : '', parts[parts.length - 1] ?? '')
}

const alterObject =
  (field: string, ...more: readonly string[]): Handler =>
  (statement, fields) => {
    const kind = text(fields, field)
    // A column of a view is altered by ALTER VIEW: what it is a column of says which.
    const noun = kind === 'OBJECT_COLUMN' || kind === 'OBJECT_TABCONSTRAINT' ? text(fields, 'relationType') || 'OBJECT_TABLE' : kind
    define(statement, action('alter', noun))
    for (const each of more) act(statement.found, each)
    if (isTree(fields.relation)) {
      const target = writes(statement, fields.relation, 'drop')
      if (!target || meanings(target).some(({ schema }) => schema === 'pg_temp')) statement.found.transitions.push({ kind: 'opaque' })
      if (target && !WITHOUT_ROWS.has(kind)) expose(statement, target)
      else if (!target) anyRelation(statement.found)
    }
    if (text(fields, 'behavior') === 'DROP_CASCADE') dropsUnnamed(statement)
    if (meansCode(statement, kind, fields.object)) statement.found.definesCode = true
    // Columns of the type show something else from now on.
    if (kind === 'OBJECT_ATTRIBUTE') anyRelation(statement.found)
    // Everything in it is called otherwise from then on.
    if (HOLD_RELATIONS.has(kind)) anyRelation(statement.found)
    return undefined
  }

/** Made of functions that run when they are used. */
const MADE_OF_CODE = new Set(['OBJECT_AGGREGATE', 'OBJECT_OPERATOR', 'OBJECT_TYPE', 'OBJECT_TSPARSER', 'OBJECT_TSTEMPLATE'])

/** CREATE of operators, types, text search objects. */
const defineObject: Handler = (statement, fields, scope) => {
  const code = MADE_OF_CODE.has(text(fields, 'kind'))
  if (code && list(fields, 'definition').length > 0) statement.found.definesCode = true
  define(statement, action('create', text(fields, 'kind')))
  const names = strings(list(fields, 'defnames'))
  if (names[0]?.startsWith('pg_temp')) statement.found.transitions.push({ kind: 'opaque' })
  // Otherwise what looks like a type there is a name of something else.
  const but = code ? ['defnames'] : ['defnames', 'definition']
  defining(statement, () => walkFields(statement, fields, openColumns(scope), ...but))
  return undefined
}

const CREDENTIAL_OPTIONS = new Set(['password', 'options', 'connection'])

/** Whether the options of a role, server, user mapping or subscription make or change a credential. */
function hasCredential(fields: Tree): boolean {
  return list(fields, 'options').some((option) => CREDENTIAL_OPTIONS.has(text(as(option, 'DefElem') ?? {}, 'defname')))
}

const anyOption = (fields: Tree): boolean => list(fields, 'options').length > 0
const always = (): boolean => true

interface Simple {
  /** It may remove or change relations that it does not name. */
  readonly unknown?: true
  /** It may read or write any relation in a way that does not go by its name. */
  readonly reaches?: true
  /** Code that is not read runs when others meet what is made or changed. */
  readonly code?: true | ((fields: Tree) => boolean)
  readonly credential?: (fields: Tree) => boolean
  /** On what all databases of a server share: event triggers do not fire, and the catalog of the database stays as it is. */
  readonly shared?: true
  /** The catalog of the database stays as it is, as far as names go. */
  readonly same?: true
}

const object =
  (name: string | ((fields: Tree) => string), { unknown, reaches, code, credential, shared, same }: Simple = {}): Handler =>
  (statement, fields, scope) => {
    const is = typeof name === 'string' ? name : name(fields)
    if (shared) act(statement.found, is)
    else if (same) command(statement, is)
    else define(statement, is)
    if (reaches) anyRelation(statement.found)
    if (code === true || code?.(fields)) statement.found.definesCode = true
    if (credential?.(fields)) act(statement.found, 'password')
    if (unknown || text(fields, 'behavior') === 'DROP_CASCADE') dropsUnnamed(statement)
    defining(statement, () => walkFields(statement, fields, openColumns(scope), ...NAMES))
    return undefined
  }

/** Fields that hold names of what is defined: nothing is read by them. */
const NAMES =
  `relation relations object objects setstmt action roles grantees granted_roles grantee_roles privileges pubobjects func opername
  funcname typeName`.split(/\s+/)

/** ALTER SEQUENCE changes what the sequence gives next. */
const alterSequence: Handler = (statement, fields, scope) => {
  define(statement, 'alter sequence')
  writes(statement, fields.sequence, 'drop')
  walkFields(statement, fields, scope, 'sequence')
  return undefined
}

/** A publication delivers the rows of its tables to whoever subscribes. */
const publication =
  (name: string): Handler =>
  (statement, fields, scope) => {
    define(statement, name)
    for (const item of list(fields, 'pubobjects')) {
      const table = as(item, 'PublicationObjSpec')?.pubtable
      const target = isTree(table) ? named(statement, table.relation, 'reads', false) : undefined
      if (target) for (const { key } of meanings(target)) statement.found.reads.add(key)
      else statement.found.unknown.add('reads')
      if (isTree(table)) defining(statement, () => walkFields(statement, table, openColumns(scope), 'relation', 'columns'))
    }
    if (fields.for_all_tables === true) statement.found.unknown.add('reads')
    walkFields(statement, fields, scope, 'pubobjects')
    return undefined
  }

const functionNoun = (fields: Tree): string => action('alter', text(fields, 'objtype'))
const setting = (name: string): Handler => object(name, { shared: true })
const isGrant = (fields: Tree): string => (fields.is_grant === true ? 'grant' : 'revoke')

/** What of a range type calls functions. */
const RANGE_CODE = new Set(['canonical', 'subtype_diff', 'subtype_opclass'])
const hasRangeCode = (fields: Tree): boolean =>
  list(fields, 'params').some((each) => RANGE_CODE.has(text(as(each, 'DefElem') ?? {}, 'defname').toLowerCase()))

/** A value that gets another name shows as that in every row that holds it. */
const alterEnum: Handler = (statement, fields) => {
  define(statement, 'alter type')
  if (text(fields, 'oldVal') !== '') statement.found.unknown.add('writes')
  return undefined
}

export const OBJECTS: readonly (readonly [string, Handler])[] = [
  ['AlterCollationStmt', object('alter collation')],
  ['AlterDatabaseRefreshCollStmt', setting('alter database')],
  ['AlterDatabaseSetStmt', setting('alter database')],
  ['AlterDatabaseStmt', setting('alter database')],
  ['AlterDefaultPrivilegesStmt', object('alter default privileges', { same: true })],
  ['AlterEnumStmt', alterEnum],
  ['AlterEventTrigStmt', object('alter event trigger', { code: true })],
  ['AlterExtensionContentsStmt', object('alter extension', { unknown: true, reaches: true })],
  ['AlterExtensionStmt', object('alter extension', { unknown: true, reaches: true })],
  ['AlterFdwStmt', object('alter foreign data wrapper', { code: true })],
  ['AlterForeignServerStmt', object('alter server', { credential: anyOption })],
  ['AlterFunctionStmt', object(functionNoun, { code: true })],
  ['AlterObjectDependsStmt', alterObject('objectType')],
  ['AlterObjectSchemaStmt', alterObject('objectType')],
  ['AlterOpFamilyStmt', object('alter operator family', { code: true })],
  ['AlterOperatorStmt', object('alter operator', { code: true })],
  ['AlterOwnerStmt', alterObject('objectType', 'alter owner')],
  ['AlterPublicationStmt', publication('alter publication')],
  ['AlterRoleSetStmt', setting('alter role')],
  ['AlterRoleStmt', object('alter role', { credential: hasCredential, shared: true })],
  ['AlterSeqStmt', alterSequence],
  ['AlterStatsStmt', object('alter statistics')],
  [
    'AlterSubscriptionStmt',
    object('alter subscription', { credential: (fields) => 'conninfo' in fields || hasCredential(fields), unknown: true, reaches: true }),
  ],
  // archive_command and the like are run by the server.
  ['AlterSystemStmt', object('alter system', { shared: true, reaches: true })],
  ['AlterTSConfigurationStmt', object('alter text search configuration')],
  ['AlterTSDictionaryStmt', object('alter text search dictionary')],
  ['AlterTableMoveAllStmt', object((fields) => action('alter', text(fields, 'objtype')), { unknown: true })],
  ['AlterTableSpaceOptionsStmt', setting('alter tablespace')],
  ['AlterTypeStmt', object('alter type', { code: true })],
  ['AlterUserMappingStmt', object('alter user mapping', { credential: always })],
  ['CommentStmt', object('comment', { same: true })],
  ['CreateAmStmt', object('create access method', { code: true })],
  ['CreateCastStmt', object('create cast', { code: (fields) => isTree(fields.func) })],
  ['CreateConversionStmt', object('create conversion', { code: true })],
  ['CreateEnumStmt', object('create type')],
  ['CreateEventTrigStmt', object('create event trigger', { code: true })],
  ['CreateExtensionStmt', object('create extension', { unknown: true, reaches: true })],
  ['CreateFdwStmt', object('create foreign data wrapper', { code: true })],
  ['CreateForeignServerStmt', object('create server', { credential: anyOption })],
  ['CreateOpClassStmt', object('create operator class', { code: true })],
  ['CreateOpFamilyStmt', object('create operator family')],
  ['CreatePLangStmt', object('create language', { code: true })],
  ['CreatePublicationStmt', publication('create publication')],
  ['CreateRangeStmt', object('create type', { code: hasRangeCode })],
  ['CreateRoleStmt', object('create role', { credential: hasCredential, shared: true })],
  ['CreateSubscriptionStmt', object('create subscription', { credential: always, unknown: true, reaches: true })],
  ['CreateTableSpaceStmt', setting('create tablespace')],
  ['CreateTransformStmt', object('create transform', { code: true })],
  ['CreateUserMappingStmt', object('create user mapping', { credential: always })],
  ['CreatedbStmt', setting('create database')],
  ['DefineStmt', defineObject],
  ['DropOwnedStmt', object('drop owned', { unknown: true })],
  ['DropRoleStmt', setting('drop role')],
  ['DropStmt', drop],
  ['DropSubscriptionStmt', object('drop subscription')],
  ['DropTableSpaceStmt', setting('drop tablespace')],
  ['DropUserMappingStmt', object('drop user mapping', { credential: always })],
  ['DropdbStmt', setting('drop database')],
  ['GrantRoleStmt', object(isGrant, { shared: true })],
  ['GrantStmt', object(isGrant, { same: true })],
  ['ImportForeignSchemaStmt', object('import foreign schema', { unknown: true, reaches: true })],
  ['ReassignOwnedStmt', object('reassign owned', { unknown: true })],
  ['RenameStmt', alterObject('renameType')],
  ['SecLabelStmt', object('security label', { same: true })],
]

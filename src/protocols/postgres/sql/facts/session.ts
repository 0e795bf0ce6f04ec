import { act, anyRelation } from './findings.ts'
import { inner } from './inner.ts'
import { nothing } from './scope.ts'
import { isSecretSetting, listValue, resetAction, settingAction } from './settings.ts'
import type { Handler, Statement } from './statement.ts'
import { as, constant, list, type Tree, text } from './tree.ts'
import { walk, walkFields } from './walk.ts'

type Verb = 'begin' | 'commit' | 'rollback' | 'savepoint' | 'release' | 'rollback-to' | 'prepare'

const TRANSACTIONS: ReadonlyMap<string, { readonly action: string; readonly verb?: Verb }> = new Map([
  ['TRANS_STMT_BEGIN', { action: 'begin', verb: 'begin' }],
  ['TRANS_STMT_START', { action: 'begin', verb: 'begin' }],
  ['TRANS_STMT_COMMIT', { action: 'commit', verb: 'commit' }],
  ['TRANS_STMT_ROLLBACK', { action: 'rollback', verb: 'rollback' }],
  ['TRANS_STMT_SAVEPOINT', { action: 'savepoint', verb: 'savepoint' }],
  ['TRANS_STMT_RELEASE', { action: 'release', verb: 'release' }],
  ['TRANS_STMT_ROLLBACK_TO', { action: 'rollback', verb: 'rollback-to' }],
  ['TRANS_STMT_PREPARE', { action: 'prepare transaction', verb: 'prepare' }],
  ['TRANS_STMT_COMMIT_PREPARED', { action: 'commit prepared' }],
  ['TRANS_STMT_ROLLBACK_PREPARED', { action: 'rollback prepared' }],
])

const transaction: Handler = (statement, fields, scope) => {
  const { found } = statement
  const known = TRANSACTIONS.get(text(fields, 'kind'))
  act(found, known?.action ?? 'unknown statement')
  const name = text(fields, 'savepoint_name')
  if (known?.verb) found.transitions.push({ kind: 'transaction', verb: known.verb, ...(name !== '' && { name }) })
  // What COMMIT PREPARED brings in may be DDL of another session.
  else found.transitions.push({ kind: 'define' })
  modes(statement, list(fields, 'options'), '', true)
  walkFields(statement, fields, scope)
  return undefined
}

/** ISOLATION LEVEL, READ ONLY and the like. @param prefix `default_` for those of the session */
function modes(statement: Statement, options: readonly unknown[], prefix: string, begins: boolean): void {
  for (const option of options) {
    const element = as(option, 'DefElem') ?? {}
    const name = `${prefix}${text(element, 'defname')}`
    const value = constant(element.arg)
    const action = settingAction(name, value, statement.names.view)
    if (!begins || action !== 'set') act(statement.found, action)
    if (!begins) statement.found.transitions.push({ kind: 'set', name, ...(value !== undefined && { value }), local: prefix === '' })
  }
}

const set: Handler = (statement, fields, scope) => {
  const { found, names } = statement
  const name = text(fields, 'name').toLowerCase()
  const local = fields.is_local === true
  const args = list(fields, 'args')
  switch (text(fields, 'kind')) {
    case 'VAR_SET_VALUE': {
      const value = settingValue(name, args)
      act(found, settingAction(name, value, names.view))
      found.transitions.push({ kind: 'set', name, ...(value !== undefined && { value }), local })
      break
    }
    case 'VAR_SET_DEFAULT':
      act(found, resetAction(name))
      found.transitions.push(local ? { kind: 'set', name, local } : { kind: 'reset', name })
      break
    case 'VAR_RESET':
      act(found, resetAction(name))
      found.transitions.push({ kind: 'reset', name })
      break
    case 'VAR_RESET_ALL':
      act(found, 'reset')
      found.transitions.push({ kind: 'reset' })
      break
    case 'VAR_SET_MULTI':
      if (name === 'transaction') modes(statement, args, '', false)
      else if (name === 'session characteristics') modes(statement, args, 'default_', false)
      else act(found, 'set restricted')
      break
    default:
      act(found, 'set restricted')
      found.transitions.push({ kind: 'opaque' })
  }
  walk(statement, args, scope)
  return undefined
}

/** As the server flattens the arguments of SET (flatten_set_variable_args). */
function settingValue(name: string, args: readonly unknown[]): string | undefined {
  const values = args.map(constant)
  const known = values.filter((value) => value !== undefined)
  if (known.length !== values.length) return undefined
  return name === 'search_path' ? listValue(known) : known.join(', ')
}

const show: Handler = (statement, fields) => {
  const name = text(fields, 'name').toLowerCase()
  act(statement.found, isSecretSetting(name) ? 'read credential' : 'show')
  // SHOW ALL gives name, setting and description. What applications set holds what they were given.
  const columns = name === 'all' ? ['name', 'setting', 'description'] : [name]
  return { names: columns, sources: columns.map(() => ({ ...nothing(), doubtful: name.includes('.') })), open: undefined }
}

const discard: Handler = (statement, fields) => {
  const what = { DISCARD_ALL: 'all', DISCARD_TEMP: 'temp', DISCARD_PLANS: 'plans', DISCARD_SEQUENCES: 'sequences' } as const
  const target = what[text(fields, 'target') as keyof typeof what]
  act(statement.found, 'discard')
  statement.found.transitions.push(target ? { kind: 'discard', what: target } : { kind: 'opaque' })
  return undefined
}

const prepare: Handler = (statement, fields, scope) => {
  act(statement.found, 'prepare')
  statement.found.onlyNamed = true
  const { facts } = inner(statement, fields.query, scope)
  statement.found.transitions.push({ kind: 'prepare', name: text(fields, 'name'), statement: facts })
  walkFields(statement, fields, scope, 'query')
  return undefined
}

const execute: Handler = (statement, fields, scope) => {
  act(statement.found, 'execute')
  statement.found.executes = text(fields, 'name')
  const { doubts } = statement
  walkFields(statement, fields, scope)
  if (statement.doubts > doubts) statement.found.passesAnything = true
  return undefined
}

const deallocate: Handler = (statement, fields) => {
  act(statement.found, 'deallocate')
  const name = text(fields, 'name')
  statement.found.transitions.push({ kind: 'deallocate', ...(fields.isall !== true && name !== '' && { name }) })
  return undefined
}

/** CURSOR_OPT_HOLD of parsenodes.h. */
const HOLD = 0x20

const declare: Handler = (statement, fields, scope) => {
  const { found } = statement
  act(found, 'declare')
  const { facts, transitions } = inner(statement, fields.query, scope)
  const hold = typeof fields.options !== 'number' || (fields.options & HOLD) !== 0
  // It may run from now on, row by row.
  found.transitions.push({ kind: 'declare', name: text(fields, 'portalname'), statement: facts, hold }, ...transitions)
  walkFields(statement, fields, scope, 'query')
  return undefined
}

const fetch: Handler = (statement, fields) => {
  act(statement.found, 'fetch')
  statement.found.fetches = text(fields, 'portalname')
  return undefined
}

const close: Handler = (statement, fields: Tree) => {
  act(statement.found, 'close')
  const name = text(fields, 'portalname')
  statement.found.transitions.push({ kind: 'close', ...(name !== '' && { name }) })
  return undefined
}

const only =
  (action: string): Handler =>
  (statement, fields, scope) => {
    act(statement.found, action)
    walkFields(statement, fields, scope, 'constraints')
    return undefined
  }

/** A library runs as part of the server. */
const load: Handler = ({ found }) => {
  act(found, 'load')
  anyRelation(found)
  return undefined
}

export const SESSION: readonly (readonly [string, Handler])[] = [
  ['TransactionStmt', transaction],
  ['VariableSetStmt', set],
  ['VariableShowStmt', show],
  ['DiscardStmt', discard],
  ['PrepareStmt', prepare],
  ['ExecuteStmt', execute],
  ['DeallocateStmt', deallocate],
  ['DeclareCursorStmt', declare],
  ['FetchStmt', fetch],
  ['ClosePortalStmt', close],
  ['ConstraintsSetStmt', only('set constraints')],
  ['ListenStmt', only('listen')],
  ['NotifyStmt', only('notify')],
  ['UnlistenStmt', only('unlisten')],
  ['CheckPointStmt', only('checkpoint')],
  ['LoadStmt', load],
]

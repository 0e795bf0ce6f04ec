/** What PostgreSQL operations do, in the order in which rules think of them. Closed: nothing has a class that is not here. */
export const POSTGRES_CLASSES = ['session', 'read', 'write', 'define', 'admin', 'credential', 'backend', 'statistics', 'opaque'] as const

export type PostgresClass = (typeof POSTGRES_CLASSES)[number]

/** Not among `postgres.*`: permitted only where a rule names them, or an action of theirs. */
export const POSTGRES_NAMED_ONLY: ReadonlySet<PostgresClass> = new Set(['credential', 'backend', 'statistics'])

/** One action of PostgreSQL operations: the class that it belongs to, and when an operation has it. */
export interface PostgresAction {
  readonly class: PostgresClass
  /** One sentence. */
  readonly meaning: string
}

const of = (name: PostgresClass, meanings: Readonly<Record<string, string>>): [string, PostgresAction][] =>
  Object.entries(meanings).map(([action, meaning]) => [action, { class: name, meaning }])

/** Every action by its name. Closed, and no action is called like a class. */
export const POSTGRES_ACTIONS: ReadonlyMap<string, PostgresAction> = new Map([
  ...of('session', {
    begin: 'Starts a transaction.',
    commit: 'Ends a transaction.',
    rollback: 'Undoes a transaction.',
    show: 'Shows a setting.',
    set: 'Changes a harmless setting.',
    'catalog read': 'Reads system catalogs with built-in functions.',
  }),
  ...of('read', { select: 'Reads rows.', 'copy to': 'Copies rows out.' }),
  ...of('write', {
    insert: 'Adds rows.',
    update: 'Changes rows.',
    delete: 'Removes rows.',
    merge: 'Merges rows.',
    truncate: 'Removes all rows.',
    lock: 'Takes a lock.',
  }),
  ...of('define', { 'create table': 'Makes a table.', 'alter table': 'Changes a table.', 'drop table': 'Removes a table.' }),
  ...of('admin', { 'set role': 'Becomes another role.', 'alter system': 'Changes the server.' }),
  ...of('credential', { password: 'Makes or changes a password.' }),
  ...of('backend', { terminate: 'Ends or cancels what another session does.' }),
  ...of('statistics', { 'read statistics': 'Reads statistics, which hold values of columns.' }),
  ...of('opaque', { do: 'Runs a block of code.', unparsed: 'Is not understood.' }),
])

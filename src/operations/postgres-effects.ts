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

const VERBS: Readonly<Record<string, string>> = { create: 'Makes', alter: 'Changes', drop: 'Removes' }

/** `create`, `alter` and `drop` of kinds of objects: by kind, with its article. */
const objects = (name: PostgresClass, kinds: Readonly<Record<string, string>>, verbs: readonly string[] = Object.keys(VERBS)) =>
  of(
    name,
    Object.fromEntries(
      Object.entries(kinds).flatMap(([kind, article]) => verbs.map((verb) => [`${verb} ${kind}`, `${VERBS[verb]} ${article} ${kind}.`])),
    ),
  )

/** Every action by its name. Closed, and no action is called like a class. */
export const POSTGRES_ACTIONS: ReadonlyMap<string, PostgresAction> = new Map([
  ...of('session', {
    begin: 'Starts a transaction (BEGIN, START TRANSACTION).',
    commit: 'Ends a transaction (COMMIT, END).',
    rollback: 'Undoes a transaction, or what came behind a savepoint.',
    savepoint: 'Sets a savepoint.',
    release: 'Forgets a savepoint.',
    'set constraints': 'Says when constraints are checked in this transaction.',
    set: 'Changes, for this session, a setting that neither names, roles nor protection depend on.',
    reset: 'Puts settings back to what they were when the session began.',
    show: 'Shows a setting.',
    prepare: 'Names a statement of this session for EXECUTE; what the statement does is counted too.',
    execute: 'Runs a named statement; what it does is counted too.',
    deallocate: 'Forgets named statements.',
    declare: 'Opens a cursor; what its query does is counted too.',
    fetch: 'Reads or moves an open cursor; what its query does is counted too.',
    close: 'Closes cursors.',
    discard: 'Throws away temporary relations, plans, or all state of the session.',
    unlisten: 'Stops listening.',
    'catalog read': 'Computes with built-in functions, or reads system catalogs that hold neither rows of users nor secrets.',
  }),
  ...of('read', {
    select: 'Reads rows (SELECT, TABLE), or has rows of its target RETURNED by UPDATE, DELETE, MERGE or ON CONFLICT DO UPDATE.',
    'copy to': 'Copies rows out to the client (COPY … TO STDOUT).',
    explain: 'Plans a statement without running it.',
    'lock access share': 'Takes the lock that reading takes (LOCK … IN ACCESS SHARE MODE).',
    'sequence value': 'Reads the current value of a sequence by a function.',
    'large object': 'Reads large objects.',
    sleep: 'Waits, and holds a connection meanwhile (pg_sleep).',
  }),
  ...of('write', {
    insert: 'Adds rows.',
    update: 'Changes rows.',
    delete: 'Removes rows.',
    merge: 'Merges rows; whatever its branches do (insert, update, delete) is counted too.',
    truncate: 'Removes all rows of tables.',
    'copy from': 'Copies rows in from the client (COPY … FROM STDIN).',
    'refresh materialized view': 'Fills a materialized view anew.',
    sequence: 'Advances or sets a sequence (nextval, setval).',
    'large object write': 'Makes, changes or removes large objects.',
    lock: 'Locks rows (SELECT … FOR UPDATE and kin), or takes an advisory lock.',
    'lock table': 'Locks a table in any mode but ACCESS SHARE.',
    listen: 'Listens for notifications.',
    notify: 'Sends a notification.',
  }),
  ...objects('define', {
    aggregate: 'an',
    collation: 'a',
    conversion: 'a',
    domain: 'a',
    'foreign table': 'a',
    function: 'a',
    index: 'an',
    'materialized view': 'a',
    operator: 'an',
    'operator class': 'an',
    'operator family': 'an',
    procedure: 'a',
    rule: 'a',
    schema: 'a',
    sequence: 'a',
    statistics: 'extended',
    table: 'a',
    'text search configuration': 'a',
    'text search dictionary': 'a',
    'text search parser': 'a',
    'text search template': 'a',
    trigger: 'a',
    type: 'a',
    view: 'a',
  }),
  ...objects('define', { cast: 'a', transform: 'a' }, ['create', 'drop']),
  ...objects('define', { routine: 'a' }, ['alter', 'drop']),
  ...of('define', {
    'create table as': 'Makes a table from a query.',
    'select into': 'Makes a table from a query (SELECT … INTO).',
    comment: 'Comments on an object.',
    analyze: 'Gathers statistics.',
    vacuum: 'Cleans up tables.',
    cluster: 'Rewrites tables in the order of an index.',
    reindex: 'Builds indexes anew.',
    'index maintenance': 'Maintains an index by a function.',
  }),
  ...objects('admin', {
    'access method': 'an',
    database: 'a',
    'event trigger': 'an',
    extension: 'an',
    'foreign data wrapper': 'a',
    language: 'a',
    policy: 'a',
    publication: 'a',
    role: 'a',
    server: 'a foreign',
    subscription: 'a',
    tablespace: 'a',
    'user mapping': 'a',
  }),
  ...of('admin', {
    'alter default privileges': 'Changes the privileges that objects to come will have.',
    'alter large object': 'Changes the owner of a large object.',
    'alter owner': 'Gives an object to another role.',
    'alter system': 'Changes the configuration of the server.',
    'drop owned': 'Removes everything that roles own, and their privileges.',
    'reassign owned': 'Gives everything that roles own to another.',
    grant: 'Grants privileges or roles.',
    revoke: 'Revokes privileges or roles.',
    'row security': 'Switches row security of a table on or off.',
    'switch triggers': 'Switches triggers or rules of a table on or off.',
    'security label': 'Changes a security label.',
    'set role': 'Becomes another role (SET ROLE, SET SESSION AUTHORIZATION, and their RESET).',
    'set restricted': 'Changes a setting that names, protection or the server depend on, such as search_path, or one that is not known.',
    'read write': 'Makes a transaction writable in a session that the gateway keeps read-only.',
    'prepare transaction': 'Leaves a transaction open that outlives the session.',
    'commit prepared': 'Ends such a transaction.',
    'rollback prepared': 'Undoes such a transaction.',
    'import foreign schema': 'Makes foreign tables as another server says.',
    load: 'Loads a library into the server.',
    checkpoint: 'Makes the server write a checkpoint.',
    'copy file': 'Copies between a table and a file of the server.',
    'copy program': 'Copies between a table and a program that the server runs.',
    'server file': 'Reads or writes files of the server by a function.',
    'server control': 'Controls the server by a function.',
    'snapshot export': 'Lets other sessions see with the eyes of this transaction.',
    'statistics change': 'Resets or plants statistics by a function.',
    replication: 'Replicates, or changes what is replicated, by a function.',
    'system catalog write': 'Writes to a system catalog.',
  }),
  ...of('credential', {
    password: 'Makes, changes or removes a credential: a password of a role, options of a foreign server, user mapping or subscription.',
    'read credential': 'Reads where credentials are kept (pg_authid, pg_shadow, pg_user_mapping, conninfo of subscriptions).',
  }),
  ...of('backend', {
    'backend activity': 'Reads what other sessions do (pg_stat_activity and kin).',
    'backend signal': 'Ends, cancels or disturbs another session (pg_terminate_backend and kin).',
  }),
  ...of('statistics', { 'read statistics': 'Reads statistics, which hold values of columns (pg_stats and kin).' }),
  ...of('opaque', {
    do: 'Runs a block of code.',
    call: 'Calls a procedure.',
    function: 'Calls a function that is not built in, or one that may be a function of a user.',
    'user code': 'Runs code of users through an operator, type, cast, default, constraint, index expression or row security.',
    trigger: 'Fires triggers or rules.',
    'event trigger': 'Fires event triggers.',
    view: 'Uses a view whose definition is not known.',
    'dynamic sql': 'Runs SQL that comes as text.',
    'unknown relation': 'Uses a relation of which it is not certain what it is.',
    'unknown statement': 'Is a kind of statement that is not known.',
    'unknown name': 'Runs a named statement or cursor that is not known.',
    unparsed: 'Could not be read as SQL.',
  }),
])

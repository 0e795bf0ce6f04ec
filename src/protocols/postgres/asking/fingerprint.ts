import { OWN } from '../simple-query.ts'
import * as build from '../wire/build.ts'
import { backend } from '../wire/codes.ts'
import { WireError } from '../wire/errors.ts'
import { readTextRow, type TextRow } from '../wire/text-row.ts'

/** What gives a statement its meaning beside its text, by name: who runs it, where its names lead, how its constants are read. */
export type Fingerprint = Readonly<Record<string, string>>

/** What a session says of itself. */
export interface SessionState {
  readonly fingerprint: Fingerprint
  /** Those that there are, in the encoding of the session. */
  readonly texts: readonly (Named & { readonly text: Uint8Array /** Of its parameters. */; readonly types: string })[]
}

/** No client can make a statement or portal of this name: a relay takes printable ASCII only. */
const NAME = '\u0001gatescribe'

/** In hexadecimal: no encoding or setting of the session reads it otherwise. */
const spelled = (name: string) => `pg_catalog.convert_from(pg_catalog.decode('${Buffer.from(name).toString('hex')}', 'hex'), 'UTF8')`
const setting = (name: string) => `pg_catalog.current_setting('${name}', true)`
/** `pg_temp_3` is another session's `pg_temp_4`. */
const anyTemporary = (expression: string) => `pg_catalog.regexp_replace(${expression}, 'pg_(toast_)?temp_[0-9]+', 'pg_temp', 'g')`
/** Names in the session's own temporary schema, of one catalog. */
const temporary = (catalog: string, name: string, schema: string) =>
  `SELECT '${catalog} ' OPERATOR(pg_catalog.||) (${name})::pg_catalog.text AS o FROM pg_catalog.${catalog} WHERE ${schema} OPERATOR(pg_catalog.=) pg_catalog.pg_my_temp_schema()`

/**
 * Others that decide how a text, its constants and its casts are read, or what it makes, where this session has set them. Of those that an
 * application makes up, the server tells no list: they are asked for by name.
 */
const READING = `array_nulls backslash_quote bytea_output default_table_access_method default_tablespace default_text_search_config
  extra_float_digits lc_monetary lc_numeric lc_time plpgsql.variable_conflict timezone_abbreviations transform_null_equals xmlbinary
  xmloption`.split(/\s+/)
const unusual = `(SELECT pg_catalog.string_agg(g.name OPERATOR(pg_catalog.||) '=' OPERATOR(pg_catalog.||) g.setting, ', ' ORDER BY g.name COLLATE pg_catalog."C") FROM pg_catalog.pg_settings g WHERE g.name OPERATOR(pg_catalog.=) ANY (pg_catalog.string_to_array('${READING.join(' ')}', ' ')) AND g.source OPERATOR(pg_catalog.=) ANY (pg_catalog.string_to_array('client session', ' ')))`

/** Everything is qualified: the session's path may lead to operators and functions of its own. */
const PARTS = {
  database: 'pg_catalog.current_database()::pg_catalog.text',
  session_user: 'session_user::pg_catalog.text',
  current_user: 'current_user::pg_catalog.text',
  search_path: setting('search_path'),
  schemas: anyTemporary('pg_catalog.current_schemas(true)::pg_catalog.text'),
  client_encoding: setting('client_encoding'),
  standard_conforming_strings: setting('standard_conforming_strings'),
  row_security: setting('row_security'),
  session_replication_role: setting('session_replication_role'),
  DateStyle: setting('DateStyle'),
  IntervalStyle: setting('IntervalStyle'),
  TimeZone: setting('TimeZone'),
  settings: unusual,
  temporary: `(SELECT pg_catalog.md5(pg_catalog.string_agg(t.o, E'\\n' ORDER BY t.o COLLATE pg_catalog."C")) FROM (${[
    temporary('pg_class', 'relname::pg_catalog.text OPERATOR(pg_catalog.||) relkind::pg_catalog.text', 'relnamespace'),
    temporary('pg_proc', 'proname::pg_catalog.text OPERATOR(pg_catalog.||) pg_catalog.md5(prosrc)', 'pronamespace'),
    temporary('pg_type', 'typname', 'typnamespace'),
    temporary('pg_operator', 'oprname', 'oprnamespace'),
  ].join(' UNION ALL ')}) t)`,
} as const

const NAMES = Object.keys(PARTS)
/** In ASCII, so that no two values look alike in an encoding that is not read here. */
const plain = (expression: string) => `pg_catalog.encode(pg_catalog.textsend(${expression}), 'escape')`
const ABOUT = Object.values(PARTS).map(plain).join(', ')

/** Texts that the session knows by name: what an EXECUTE or FETCH of it comes to. */
export interface Named {
  readonly kind: 'prepared statement' | 'cursor'
  readonly name: string
}

const SOURCES = {
  'prepared statement': { from: 'pg_catalog.pg_prepared_statements', types: 'x.parameter_types::pg_catalog.text' },
  cursor: { from: 'pg_catalog.pg_cursors', types: `''` },
} as const

function textOf({ kind, name }: Named): string {
  const { from, types } = SOURCES[kind]
  const both = `pg_catalog.encode(pg_catalog.textsend(x.statement), 'hex') OPERATOR(pg_catalog.||) ' ' OPERATOR(pg_catalog.||) ${plain(types)}`
  return `(SELECT ${both} FROM ${from} x WHERE x.name OPERATOR(pg_catalog.=) ${spelled(name)})`
}

const madeUp = (name: string) => plain(`pg_catalog.current_setting(${spelled(name)}, true)`)

function asking(named: readonly Named[], settings: readonly string[]): Uint8Array {
  return Buffer.concat([
    build.parse(NAME, `${OWN}SELECT ${[ABOUT, ...named.map(textOf), ...settings.map(madeUp)].join(', ')}`),
    build.bind(NAME, NAME),
    build.execute(NAME),
    build.close('P', NAME),
    build.close('S', NAME),
  ])
}

/** The types of what answers it, in order; a row more or less is a fault of the server. */
const ANSWER = [
  backend.parseComplete,
  backend.bindComplete,
  backend.dataRow,
  backend.commandComplete,
  backend.closeComplete,
  backend.closeComplete,
]

/**
 * One question of the gateway's own on the connection of a session, while the server owes it nothing: by the extended protocol, which
 * neither ends a transaction that waits for its Sync nor touches the unnamed statement and portal of the client.
 */
export class FingerprintQuestion {
  /** What goes upstream. */
  readonly bytes: Uint8Array
  readonly #named: readonly Named[]
  readonly #settings: readonly string[]
  readonly #within: boolean
  #answer: readonly number[]
  #at = 0
  #row: TextRow | undefined

  /**
   * @param within messages of the client wait for their Sync: one of ours would end what belongs together
   * @param named whose texts are wanted too
   * @param settings that an application made up: those that there are belong to the fingerprint
   */
  constructor(within: boolean, named: readonly Named[] = [], settings: readonly string[] = []) {
    this.bytes = Buffer.concat([asking(named, settings), within ? build.flush() : build.sync()])
    this.#named = named
    this.#settings = settings
    this.#within = within
    this.#answer = within ? ANSWER : [...ANSWER, backend.readyForQuery]
  }

  /** Whether everything has come that answers it. */
  get isAnswered(): boolean {
    return this.#at === this.#answer.length
  }

  /** What the session is; undefined where the server refused to say, or has not answered yet. */
  get answer(): SessionState | undefined {
    const row = this.#row
    if (!row || !this.isAnswered) return undefined
    const texts = this.#named.flatMap((of, at) => {
      const both = row[NAMES.length + at]
      if (both == null) return []
      const end = both.indexOf(' ')
      return [{ ...of, text: Buffer.from(both.slice(0, end), 'hex'), types: both.slice(end + 1) }]
    })
    const made = this.#settings.flatMap((name, at) => {
      const value = row[NAMES.length + this.#named.length + at]
      return value == null ? [] : [[`setting ${name}`, value] as const]
    })
    return { fingerprint: Object.fromEntries([...NAMES.map((name, at) => [name, row[at] ?? ''] as const), ...made]), texts }
  }

  /**
   * The next message of the server; those that belong to nothing (notices, notifications, settings) are not given here.
   * @throws WireError where it is another one than what answers this: then nobody knows what the session is
   */
  take(type: number, bytes: Uint8Array, start: number, end: number): void {
    if (type === backend.errorResponse && this.#at < ANSWER.length) {
      // The server skips the rest of it, up to the Sync.
      this.#row = undefined
      this.#answer = this.#within ? [] : [backend.readyForQuery]
      this.#at = 0
      return
    }
    if (type !== this.#answer[this.#at]) throw new WireError('The server did not answer what the gateway asked it of the session.')
    this.#at += 1
    if (type !== backend.dataRow) return
    const row = readTextRow(bytes, start, end)
    if (row.length !== NAMES.length + this.#named.length + this.#settings.length)
      throw new WireError('The server answered the gateway with another row than it was asked for.')
    this.#row = row
  }
}

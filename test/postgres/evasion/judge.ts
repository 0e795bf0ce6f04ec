import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { FORMS, showsMarker } from './marker.ts'
import { KEPT } from './targets.ts'

/** What an attempt did, as the server sees it and as it came over the wire. */
export interface Harm {
  /** What may not be written is other than it was. */
  readonly written: readonly string[]
  /** The marker came over the wire. */
  readonly seen: boolean
  /** The marker stands where it did not: somebody has read it to write it elsewhere. */
  readonly copied: readonly string[]
}

/** How a database was before anybody came. Copies of a database have the numbers of its relations in common. */
export interface Before {
  /** Of each relation that is to be kept: its number, and what its rows are. */
  readonly kept: ReadonlyMap<string, string>
  /** Numbers of relations that hold the marker. */
  readonly holders: ReadonlySet<string>
}

/*
 * The judge is a superuser, so whatever code it ran would do the harm that it looks for. It runs none but PostgreSQL's own: rows are printed by
 * record_out and so by the output functions of types, which only superusers may define; nothing is cast to text but what that gives;
 * names are found in pg_catalog alone; views, whose functions would run as the reader, and foreign tables are not read; row security does
 * not hold for it. `t.*` is the row, also where a column is called t.
 */
const ROWS = 'pg_catalog.record_out(t.*)::pg_catalog.text'

/** Which table it is and what its columns are called, if it is a table; else nothing. */
const RELATION = `SELECT concat_ws(' ', c.oid, (SELECT string_agg(attname, ' ' ORDER BY attnum) FROM pg_attribute a WHERE a.attrelid = c.oid AND attnum > 0)) AS is
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = split_part($1, '.', 1) AND c.relname = split_part($1, '.', 2) AND c.relkind = 'r'`
/** What its rows are, in whatever order. */
const contents = (name: string) =>
  `SELECT count(*) || ' ' || coalesce(md5(string_agg(${ROWS}, E'\\n' ORDER BY ${ROWS} COLLATE "C")), '') AS rows FROM ONLY ${name} t`

/**
 * Everything that has rows of its own in this database, the catalog and large objects with it; not what ANALYZE gathers, which is read by
 * nobody here, and not catalogs of the whole server, but for the settings of this database.
 */
const TABLES = `SELECT c.oid::text AS oid, format('%I.%I', n.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'm') AND NOT c.relisshared AND n.nspname !~ '^pg_(toast|temp)' AND c.relispopulated
  AND c.relname NOT IN ('pg_statistic', 'pg_statistic_ext_data')
  AND (c.xmin::text::int8 >= $1 OR pg_stat_get_tuples_inserted(c.oid) + pg_stat_get_tuples_updated(c.oid) > 0 OR $1 = 0)`
const SETTINGS =
  '(SELECT s.xmin, s.* FROM pg_db_role_setting s, pg_database d WHERE d.oid = s.setdatabase AND d.datname = current_database())'
/** Of pg_db_role_setting, in every PostgreSQL. */
const SETTING_OID = '2964'
/** Of rows that were written since a transaction of this number only, as of the tables: to read all each time would take most of the time. */
const shows = (oid: string, from: string, since: string) =>
  `SELECT '${oid}' AS oid WHERE EXISTS (SELECT FROM ${from} t WHERE CASE WHEN t.xmin::text::int8 >= ${since} THEN ${ROWS} ~* '${FORMS.join('|')}' END)`

/** Rows that were written here at all, also in vain, as far as sessions that have ended told; when these counts began; and the settings, which are the server's. */
const COUNTS = `SELECT concat_ws(' ', pg_stat_get_db_tuples_inserted(oid), pg_stat_get_db_tuples_updated(oid), pg_stat_get_db_tuples_deleted(oid),
  pg_stat_get_db_stat_reset_time(oid), (SELECT string_agg(concat_ws(' ', setrole, setconfig::text), ' ') FROM pg_db_role_setting WHERE setdatabase = oid)) AS counts
  FROM pg_database WHERE datname = current_database()`
/** The first transaction that is still to come. */
const SINCE = 'SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS since'
const OTHERS = 'SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()'

/** ms that sessions are given to end by themselves. */
const FAREWELL = 2_000

/** Looks at one database as the superuser, past the gateway. */
export class Judge {
  readonly #admin: Client
  readonly #before: Before
  #counts = ''
  #since = ''

  private constructor(admin: Client, before: Before) {
    this.#admin = admin
    this.#before = before
  }

  /** @param before of the database that this one is a copy of; else how it is now */
  static async at(server: { readonly port: number }, database: string, before?: Before): Promise<Judge> {
    const admin = new Client({
      ...{ host: '127.0.0.1', port: server.port, user: 'postgres', database },
      options: '-c search_path=pg_catalog -c stats_fetch_consistency=none',
    })
    await admin.connect()
    const judge = new Judge(admin, before ?? { kept: await keptNow(admin), holders: new Set(await holdersNow(admin, '0')) })
    await judge.alone()
    judge.#counts = await judge.#countsNow()
    judge.#since = (await admin.query<{ since: string }>(SINCE)).rows[0]?.since ?? ''
    return judge
  }

  /** How it was in the beginning. */
  get before(): Before {
    return this.#before
  }

  /** Waits until nobody else is in the database; whoever stays too long is ended. */
  async alone(): Promise<void> {
    const until = performance.now() + FAREWELL
    while ((await this.#admin.query(OTHERS)).rows.length > 0) {
      if (performance.now() > until) await this.#admin.query(`SELECT pg_terminate_backend(pid) FROM (${OTHERS}) AS others`)
      await sleep(3)
    }
  }

  /** Whether anything was written here since the judge came; to be asked when nobody else is there. */
  async touched(): Promise<boolean> {
    return (await this.#countsNow()) !== this.#counts
  }

  /** @param received over each session */
  async harm(received: readonly Buffer[]): Promise<Harm> {
    const seen = received.some(showsMarker)
    if (!(await this.touched())) return { written: [], seen, copied: [] }
    const kept = await keptNow(this.#admin)
    const holders = await holdersNow(this.#admin, this.#since)
    return {
      written: KEPT.filter((name) => kept.get(name) !== this.#before.kept.get(name)),
      seen,
      copied: await this.#named(holders.filter((oid) => !this.#before.holders.has(oid))),
    }
  }

  async close(): Promise<void> {
    await this.#admin.end()
  }

  async #countsNow(): Promise<string> {
    return (await this.#admin.query<{ counts: string }>(COUNTS)).rows[0]?.counts ?? ''
  }

  async #named(oids: readonly string[]): Promise<readonly string[]> {
    const { rows } = await this.#admin.query<{ name: string }>('SELECT oid::regclass::text AS name FROM unnest($1::oid[]) AS oid', [oids])
    return rows.map(({ name }) => name)
  }
}

async function keptNow(admin: Client): Promise<ReadonlyMap<string, string>> {
  const kept = new Map<string, string>()
  for (const name of KEPT) {
    const [relation] = (await admin.query<{ is: string }>(RELATION, [name])).rows
    if (relation) kept.set(name, `${relation.is} ${(await admin.query<{ rows: string }>(contents(name))).rows[0]?.rows}`)
  }
  return kept
}

async function holdersNow(admin: Client, since: string): Promise<readonly string[]> {
  const tables = (await admin.query<{ oid: string; name: string }>(TABLES, [since])).rows
  const asked = [...tables.map(({ oid, name }) => shows(oid, `ONLY ${name}`, since)), shows(SETTING_OID, SETTINGS, since)]
  return (await admin.query<{ oid: string }>(asked.join(' UNION ALL '))).rows.map(({ oid }) => oid)
}

export const isHarm = ({ written, seen, copied }: Harm): boolean => written.length > 0 || seen || copied.length > 0

export const describeHarm = ({ written, seen, copied }: Harm): string =>
  [
    written.length > 0 ? `${written.join(', ')} was changed` : '',
    seen ? 'secrets were seen' : '',
    copied.length > 0 ? `secrets are in ${copied.join(', ')}` : '',
  ]
    .filter(Boolean)
    .join('; ')

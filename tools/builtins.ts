import { HARMLESS_VOLATILE, NOT_HARMLESS, specialFunction } from '../src/protocols/postgres/catalog/builtin/special-functions.ts'
import type { RunningPostgres } from '../test/parts/postgres.ts'

/** Built-in names of one server that are harmless. */
export interface Builtins {
  readonly functions: ReadonlySet<string>
  readonly informationFunctions: ReadonlySet<string>
  readonly operators: ReadonlySet<string>
  readonly types: ReadonlySet<string>
  readonly informationTypes: ReadonlySet<string>
  /** Functions that are neither harmless nor listed as special: calling them is opaque. */
  readonly unlisted: ReadonlySet<string>
}

interface FunctionRow {
  schema: string
  name: string
  volatility: string
  /** Types of arguments and result that SQL cannot hold or make. */
  internal: boolean
  cstring: boolean
}

const FUNCTION_ROWS = `SELECT n.nspname::text AS schema, p.proname::text AS name, p.provolatile::text AS volatility,
  'internal'::regtype = ANY (p.proargtypes) OR t.typname IN ('trigger', 'event_trigger', 'internal') OR t.typname ~ '_handler$' AS internal,
  'cstring'::regtype = ANY (p.proargtypes) AS cstring
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_type t ON t.oid = p.prorettype
  WHERE p.oid < 16384 AND n.nspname IN ('pg_catalog', 'information_schema')`

/** Volatile functions behind a built-in operator, cast or type would make all of this wrong. */
const OPERATOR_ROWS = `SELECT o.oprname::text AS name, p.provolatile = 'v' AS volatile FROM pg_operator o
  JOIN pg_namespace n ON n.oid = o.oprnamespace LEFT JOIN pg_proc p ON p.oid = o.oprcode WHERE o.oid < 16384 AND n.nspname = 'pg_catalog'`

const VOLATILE_CASTS = `SELECT c.castsource::regtype::text || ' AS ' || c.casttarget::regtype::text AS name
  FROM pg_cast c JOIN pg_proc p ON p.oid = c.castfunc WHERE c.oid < 16384 AND p.provolatile = 'v'`

const TYPE_ROWS = `SELECT n.nspname::text AS schema, t.typname::text AS name,
  (SELECT count(*) FROM pg_proc p WHERE p.oid IN (t.typinput, t.typoutput) AND p.provolatile = 'v') AS volatile
  FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.oid < 16384 AND n.nspname IN ('pg_catalog', 'information_schema')`

/**
 * Judges everything that comes with a server, by its own catalog and our lists.
 * @throws Error where a built-in operator, cast or type has a volatile function behind it: nobody has judged that yet
 */
export async function builtinsOf(server: Pick<RunningPostgres, 'query'>): Promise<Builtins> {
  const functions = (await server.query(FUNCTION_ROWS)) as unknown as FunctionRow[]
  const operators = await server.query(OPERATOR_ROWS)
  const types = await server.query(TYPE_ROWS)
  const casts = await server.query(VOLATILE_CASTS)
  const volatile = [...operators.filter((row) => row.volatile), ...types.filter((row) => row.volatile !== '0'), ...casts]
  if (volatile.length > 0) throw new Error(`volatile code behind: ${volatile.map((row) => row.name).join(', ')}`)
  const { harmless, unlisted } = judge(functions.filter((row) => row.schema === 'pg_catalog'))
  const inInformationSchema = judge(functions.filter((row) => row.schema === 'information_schema'))
  return {
    functions: harmless,
    informationFunctions: inInformationSchema.harmless,
    operators: new Set(operators.map((row) => String(row.name))),
    types: namesIn('pg_catalog', types),
    informationTypes: namesIn('information_schema', types),
    unlisted: new Set([...unlisted, ...inInformationSchema.unlisted]),
  }
}

/** A name is harmless if all of its overloads are that SQL can call, and there is one. */
function judge(rows: readonly FunctionRow[]): { harmless: Set<string>; unlisted: Set<string> } {
  const overloads = Map.groupBy(rows, ({ name }) => name)
  const harmless = new Set<string>()
  const unlisted = new Set<string>()
  for (const [name, all] of overloads) {
    const callable = all.filter((row) => !row.internal)
    if (specialFunction(name)) continue
    // An input function makes a value of any type whose oid it is given, constraints and all; nobody has a use for calling one.
    const trusted = callable.every((row) => !row.cstring && (row.volatility !== 'v' || HARMLESS_VOLATILE.has(name)))
    if (callable.length > 0 && trusted && !NOT_HARMLESS.has(name)) harmless.add(name)
    else unlisted.add(name)
  }
  return { harmless, unlisted }
}

function namesIn(schema: string, rows: readonly Record<string, unknown>[]): Set<string> {
  return new Set(rows.filter((row) => row.schema === schema).map((row) => String(row.name)))
}

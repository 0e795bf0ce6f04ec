import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { MaskOperator } from '../../../src/operations/index.ts'
import { shownAs } from '../../../tools/masks-page.ts'
import { type RunningGateway, startGateway } from '../../parts/gateway.ts'
import { startIssuer, type TestIssuer } from '../../parts/issuer.ts'
import { CANARIES, FIXED, MASKED_TYPES, type MaskedType, TYPES_FIRST } from '../../parts/masked-types.ts'
import { type RunningPostgres, startPostgres } from '../../parts/postgres.ts'
import { found, needs } from '../../parts/require.ts'
import { type Driver, runDriver } from '../differential/driver.ts'
import { pythonWithDrivers } from '../differential/python.ts'
import { pgjdbcJar, pgxProgram } from '../drivers/installed.ts'

const KEY = Buffer.from(Array.from({ length: 32 }, (_, at) => at))
const folder = import.meta.dirname
const OPERATORS: Readonly<Record<string, MaskOperator>> = {
  masked_redact: 'redact',
  masked_null: 'null',
  masked_partial: 'partial',
  masked_hash: 'hash',
  masked_fixed: { fixed: FIXED },
}

interface Told {
  readonly how: string
  readonly table: string
  readonly row: Readonly<Record<string, unknown>>
}

/** Each reads all columns of the tables in every format that it knows. */
function drivers(): readonly (Driver & { readonly formats: readonly string[] })[] {
  const python = pythonWithDrivers()
  const java = found('java')
  const jar = pgjdbcJar()
  const pgx = pgxProgram()
  const ofPython = {
    missing: python ? undefined : 'Python’s PostgreSQL drivers (.ci/suites/05-postgres-clients installs them)',
    folder,
  }
  const both = ['text', 'binary']
  return [
    { name: 'node-postgres', command: [process.execPath, 'read-node-postgres.ts'], folder, formats: both },
    {
      name: 'psycopg 3',
      command: [python ?? 'python3', 'read_psycopg.py'],
      ...ofPython,
      formats: [...both, 'COPY text', 'COPY binary'],
    },
    { name: 'asyncpg', command: [python ?? 'python3', 'read_asyncpg.py'], ...ofPython, formats: ['binary'] },
    {
      name: 'pgx',
      command: [pgx ?? 'pgx'],
      missing: pgx ? undefined : 'pgx (.ci/suites/05-postgres-clients builds it)',
      folder,
      formats: both,
    },
    {
      name: 'pgjdbc',
      command: [java ?? 'java', '-XX:TieredStopAtLevel=1', '-cp', jar ?? '', 'Read.java'],
      missing: java && jar ? undefined : 'pgjdbc and a JDK (.ci/suites/05-postgres-clients installs them)',
      folder,
      formats: both,
    },
  ]
}

describe('what masks show decodes as the column’s type', () => {
  let server: RunningPostgres
  let issuer: TestIssuer
  let gateway: RunningGateway

  beforeAll(async () => {
    server = await startPostgres()
    issuer = await startIssuer()
    const columns = MASKED_TYPES.map(({ name, sql }) => `${name} ${sql}`).join(', ')
    const values = MASKED_TYPES.map(({ value }) => `'${value.replaceAll("'", "''")}'`).join(', ')
    const tables = Object.keys(OPERATORS).map((table) => `CREATE TABLE ${table} (${columns}); INSERT INTO ${table} VALUES (${values});`)
    await server.query(
      `CREATE ROLE reports LOGIN; ${TYPES_FIRST} ${tables.join(' ')} GRANT SELECT ON ALL TABLES IN SCHEMA public TO reports`,
    )
    gateway = await startGateway({
      issuer,
      patience: 60_000,
      targets: [{ name: 'orders-db', server, user: 'reports', databases: { orders: 'postgres' } }],
      environment: { MASK_KEY: KEY.toString('hex') },
      adjust(config) {
        config.masks = Object.entries(OPERATORS).map(([table, as]) => ({
          name: table.replace('_', '-'),
          columns: [`postgres.public.${table}.*`],
          as,
        }))
        config.masking = { key: 'env:MASK_KEY' }
      },
    })
    await understood()
  })
  afterAll(async () => {
    await gateway?.remove()
    await Promise.all([server?.stop(), issuer?.close()])
  })

  /** The first statement may come before the catalog is read; then it is refused, as it is not known what it names. */
  async function understood(): Promise<void> {
    const { run, password } = await gateway.credential()
    const client = new pg.Client({ host: gateway.host, port: gateway.port, user: run, password, database: 'orders' })
    await client.connect()
    for (let tries = 0; ; tries++) {
      const answer = await client.query('SELECT a_text FROM masked_redact').catch((error: Error) => error)
      if (!(answer instanceof Error)) break
      if (tries === 5) throw answer
    }
    await client.end()
  }

  for (const driver of drivers()) {
    it(`in ${driver.name}`, async (test) => {
      needs(test, !driver.missing, driver.missing ?? '')
      const { run, password } = await gateway.credential()
      const { exitCode, stdout, stderr } = await runDriver(
        { ...driver, command: [...driver.command, ...Object.keys(OPERATORS)] },
        { host: gateway.host, port: gateway.port, user: run, password, database: 'orders' },
      )
      expect(stderr).toBe('')
      expect(exitCode).toBe(0)
      const told = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Told)
      const wanted = Object.keys(OPERATORS).flatMap((table) => driver.formats.map((how) => ({ how, table })))
      expect(told.map(({ how, table }) => ({ how, table })).sort(byTable)).toEqual(wanted.sort(byTable))
      for (const { how, table, row } of told) {
        const as = OPERATORS[table] as MaskOperator
        const expected = MASKED_TYPES.map((type) => [type.name, shownAs(how.startsWith('COPY') ? asCopied(type) : type, as, KEY) ?? null])
        expect({ how, table, row: read(row) }).toEqual({ how, table, row: read(Object.fromEntries(expected)) })
      }
      for (const canary of CANARIES) expect(stdout).not.toContain(canary)
    })
  }
})

/** What a COPY TO is known to have: types without how long a column is. */
function asCopied({ modifier: _, ...type }: MaskedType): MaskedType {
  return type
}

const byTable = (a: Omit<Told, 'row'>, b: Omit<Told, 'row'>) => `${a.table} ${a.how}`.localeCompare(`${b.table} ${b.how}`)

/** JSON by what it says, and char(n) without its blanks: some drivers parse the one and cut the other. */
function read(row: Told['row']): Record<string, unknown> {
  const values = Object.entries(row).map(([name, value]) => {
    if (typeof value !== 'string') return [name, value]
    return [name, value.startsWith('{') ? JSON.parse(value) : value.trimEnd()]
  })
  return Object.fromEntries(values)
}

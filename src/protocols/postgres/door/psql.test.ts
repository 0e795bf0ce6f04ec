import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { CREDENTIAL, doorBeforeRealServer, RUN, token } from '../../../../test/parts/postgres-door.ts'
import { needs } from '../../../../test/parts/require.ts'
import { pythonWithDrivers } from '../../../../test/postgres/differential/python.ts'

const PSQL = 'psql (Debian: postgresql-client)'
const { open, caFile } = doorBeforeRealServer()

/** The major version of the psql on PATH; 0 where there is none. */
const version = await promisify(execFile)('psql', ['--version']).then(
  ({ stdout }) => Number(/(\d+)/.exec(stdout)?.[1]),
  () => 0,
)

/** One query by a client that is told everything by environment; its answer, or what it complains of. */
const answer = (command: string, args: readonly string[], port: number, environment: Record<string, string>) =>
  promisify(execFile)(command, args, {
    env: {
      PATH: process.env.PATH,
      PGHOST: 'localhost',
      PGPORT: String(port),
      PGDATABASE: 'postgres',
      PGSSLMODE: 'verify-full',
      PGSSLROOTCERT: caFile(),
      ...environment,
    },
  }).then(
    ({ stdout }) => stdout.trim(),
    (error: { stderr: string }) => error.stderr,
  )
const scram = { PGUSER: RUN, PGPASSWORD: CREDENTIAL }

describe('psql', () => {
  const ask = (port: number, environment: Record<string, string>) => answer('psql', ['-XAtw', '-c', 'select 40 + 2'], port, environment)

  it.for([
    ['a token in PGOPTIONS', { PGUSER: 'anybody', PGOPTIONS: token.options }],
    ['SCRAM with channel binding', { ...scram, PGCHANNELBINDING: 'require' }],
    ['SCRAM without channel binding', { ...scram, PGCHANNELBINDING: 'disable' }],
    ['SCRAM without TLS', { ...scram, PGSSLMODE: 'disable' }],
    ['a password over TLS', { PGUSER: 'anybody', PGPASSWORD: CREDENTIAL }],
  ] as const)('logs in by %s', async ([, environment], test) => {
    needs(test, version > 0, PSQL)
    const { port } = await open()
    expect(await ask(port, environment)).toBe('42')
  })

  it('refuses to bind without TLS, and says what we say', async (test) => {
    needs(test, version > 0, PSQL)
    const { port } = await open()
    expect(await ask(port, { ...scram, PGSSLMODE: 'disable', PGCHANNELBINDING: 'require' })).toMatch(/channel binding/)
    expect(await ask(port, { PGUSER: 'anybody', PGOPTIONS: '-c gatescribe.token=gs_pg_x' })).toMatch(/DETAIL: {2}GS_IDENTITY/)
    expect(await ask(port, { PGUSER: 'anybody', PGOPTIONS: '-c search_path=x' })).toMatch(/"search_path"/)
  })
})

// psql knows direct TLS from 17 on, which Debian 12 does not have; the libpq that psycopg brings does.
it('libpq 17 or newer logs in with direct TLS (PG-04)', async (test) => {
  const python = pythonWithDrivers()
  needs(test, python, 'psycopg (.ci/suites/05-postgres-clients installs it)')
  const { port } = await open()
  const script = 'import psycopg; print(psycopg.connect().execute("select 40 + 2").fetchone()[0])'
  expect(await answer(python, ['-c', script], port, { ...scram, PGSSLNEGOTIATION: 'direct' })).toBe('42')
})

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { CREDENTIAL, doorBeforeRealServer, RUN, token } from '../../../../test/parts/postgres-door.ts'
import { needs } from '../../../../test/parts/require.ts'

const PSQL = 'psql (Debian: postgresql-client)'
const { open, caFile } = doorBeforeRealServer()

/** The major version of the psql on PATH; 0 where there is none. */
const version = await promisify(execFile)('psql', ['--version']).then(
  ({ stdout }) => Number(/(\d+)/.exec(stdout)?.[1]),
  () => 0,
)

describe('psql', () => {
  const ask = (port: number, environment: Record<string, string>) =>
    promisify(execFile)('psql', ['-XAtw', '-c', 'select 40 + 2'], {
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

  it('logs in with direct TLS (PG-04)', async (test) => {
    test.skip(version < 17, 'needs psql 17 or newer; greet.test.ts shows the same with a TLS socket')
    const { port } = await open()
    expect(await ask(port, { ...scram, PGSSLNEGOTIATION: 'direct' })).toBe('42')
  })

  it('refuses to bind without TLS, and says what we say', async (test) => {
    needs(test, version > 0, PSQL)
    const { port } = await open()
    expect(await ask(port, { ...scram, PGSSLMODE: 'disable', PGCHANNELBINDING: 'require' })).toMatch(/channel binding/)
    expect(await ask(port, { PGUSER: 'anybody', PGOPTIONS: '-c gatescribe.token=gs_pg_x' })).toMatch(/DETAIL: {2}GS_IDENTITY/)
    expect(await ask(port, { PGUSER: 'anybody', PGOPTIONS: '-c search_path=x' })).toMatch(/"search_path"/)
  })
})

import { execFileSync } from 'node:child_process'
import { expect, it } from 'vitest'
import type { OwnRunAnswer } from '../api/admin/index.ts'
import { exportLines } from './job-environment.ts'
import { personEnvironment } from './person-environment.ts'

const answer = (over: Partial<OwnRunAnswer> = {}): OwnRunAnswer => ({
  ...{ run: 'run_one', expiresAt: '2026-11-27T03:00:00.000Z', until: '2026-11-27T12:00:00.000Z', resource: 'orders-db' },
  planes: { postgres: { host: 'gw.example.org', port: 5432, user: 'run_one', credential: 'gs_pg_secret' } },
  ...over,
})

it('points PostgreSQL clients at one resource behind the gateway, with full verification', () => {
  expect(personEnvironment(answer({ database: 'orders' }), '/etc/ca.pem', {})).toEqual({
    PGHOST: 'gw.example.org',
    PGPORT: '5432',
    PGUSER: 'run_one',
    PGPASSWORD: 'gs_pg_secret',
    PGSSLMODE: 'verify-full',
    PGSSLROOTCERT: '/etc/ca.pem',
    PGOPTIONS: '-c gatescribe.resource=orders-db',
    PGDATABASE: 'orders',
  })
  expect(personEnvironment(answer(), undefined, {})).toMatchObject({ PGSSLROOTCERT: 'system' })
  expect(personEnvironment(answer(), undefined, {})).not.toHaveProperty('PGDATABASE')
})

it('keeps the options and the database that are set, and one option is one option', () => {
  const env = { PGOPTIONS: '-c statement_timeout=5s', PGDATABASE: 'mine' }
  expect(personEnvironment(answer({ database: 'orders', resource: 'a b\\c' }), undefined, env)).toMatchObject({
    PGOPTIONS: String.raw`-c statement_timeout=5s -c gatescribe.resource=a\ b\\c`,
    PGDATABASE: 'mine',
  })
})

it('is read back by a shell exactly, and holds nothing that no variable can', () => {
  const hostile = `'; touch /tmp/owned; echo "$(id)"`
  const script = `${exportLines(personEnvironment(answer({ database: hostile }), undefined, {}))}printf %s "$PGDATABASE"`
  expect(execFileSync('sh', ['-c', script]).toString()).toBe(hostile)
  expect(() => personEnvironment(answer({ database: 'a\nb' }), undefined, {})).toThrow(
    expect.objectContaining({ code: 'GS_LAUNCH_ANSWER' }),
  )
})

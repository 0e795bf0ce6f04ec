import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { found, needs } from '../../parts/require.ts'
import { pythonWithDrivers } from '../../postgres/differential/python.ts'
import { DATABASE_RESOURCE, type Governed, startGoverned } from '../governed.ts'
import { EMAILS, startTargets, type Targets } from '../world.ts'
import { JOBS, type JobTwice, jobTwice, withoutAddresses } from './job-twice.ts'

const DRIVERS = 'Python’s PostgreSQL drivers (.ci/suites/05-postgres-clients installs them)'
const BLOCKED = 'TRUNCATE order_history'
const python = pythonWithDrivers()
let targets: Targets
let governed: Governed
beforeAll(async () => {
  targets = await startTargets({ cluster: false })
  governed = await startGoverned(targets)
})
afterAll(async () => {
  await governed?.stop()
  await targets?.stop()
})

/** The same came of both, but for masked cells and the line of what is refused. */
function expectSame({ direct, governed, summary }: JobTwice, isRefused: (line: string) => boolean, count = 1): void {
  expect([direct.status, governed.status], governed.stderr).toEqual([0, 0])
  const left = (lines: readonly string[]) => withoutAddresses(lines).filter((line) => !isRefused(line))
  expect(left(governed.lines)).toEqual(left(direct.lines))
  expect(direct.lines.join()).toContain(EMAILS[0])
  for (const email of EMAILS) expect(governed.lines.join()).not.toContain(email)
  expect(direct.log).toContain(BLOCKED)
  expect(governed.log).not.toContain(BLOCKED)
  expect(summary.resources).toMatchObject([{ name: DATABASE_RESOURCE, refused: count, held: 0 }])
}

it('psql finds the gateway by its environment', async (test) => {
  const psql = found('psql')
  needs(test, psql, 'psql (Debian: postgresql-client)')
  const twice = await jobTwice(targets, governed, [psql, '-Xq', '-f', join(JOBS, 'job.sql')])
  expectSame(twice, (line) => line === 'TRUNCATE TABLE')
  expect(twice.governed.lines).toContain('kept')
  expect(twice.governed.stderr).toContain('HINT:  The history of orders is kept. Leave it as it is.')
})

it.for(['psycopg', 'asyncpg'])('%s finds the gateway by its environment', async (driver, test) => {
  needs(test, python, DRIVERS)
  const twice = await jobTwice(targets, governed, [python, join(JOBS, `${driver}_job.py`)])
  expectSame(twice, (line) => line.startsWith('{"blocked"'))
  expect(JSON.parse(twice.governed.lines.find((line) => line.startsWith('{"blocked"'))!)).toEqual({
    blocked: '42501',
    detail: 'Refused by rule "history-stays" (GS_POLICY_DENIED).',
    hint: 'The history of orders is kept. Leave it as it is.',
  })
})

it('SQLAlchemy finds the gateway by its environment, over both', async (test) => {
  needs(test, python, DRIVERS)
  const twice = await jobTwice(targets, governed, [python, join(JOBS, 'sqlalchemy_job.py')])
  expectSame(twice, (line) => line.startsWith('{"blocked"'), 2)
  expect(twice.governed.lines.filter((line) => line === '{"blocked": "42501"}')).toHaveLength(2)
})

import { afterEach, beforeEach, expect, it } from 'vitest'
import type { InMemoryOperator } from '../../test/parts/operator.ts'
import { serveLocally } from '../../test/parts/served-locally.ts'
import { testSurroundings } from '../../test/parts/surroundings.ts'
import type { ScanReport } from '../api/local/index.ts'
import { GatewayError } from '../gateway/errors.ts'
import { run } from './main.ts'

let folder: string
let operator: InMemoryOperator
let remove: () => Promise<void>

async function gatescribe(words: string[]) {
  const surroundings = testSurroundings({ folder })
  const code = await run(words, surroundings)
  return { code, ...surroundings.printed }
}

beforeEach(async () => {
  ;({ folder, operator, remove } = await serveLocally())
})
afterEach(() => remove())

const REPORT: ScanReport = {
  ...{ resource: 'orders-db', databases: ['orders'], relations: 2, columns: 3, rows: 10, found: { email: 1 } },
  masks: [
    {
      name: 'orders-db-contacts',
      as: 'partial',
      columns: [{ column: 'orders.s.t.\u001b[31mmail', values: 10, found: { email: 9 }, doubtful: false }],
    },
  ],
  skipped: [{ database: 'orders', relation: 's.locked', why: 'locked', columns: 1, sqlstate: '55P03' }],
  analyzer: { shown: 9, unanswered: [{ column: 'orders.s.t.note\u001b[2J', values: 3, why: 'late' }], unansweredColumns: 1 },
  ...{ skippedRelations: 1, entry: 7 },
}

it('prints a proposal on standard output, and on standard error how far it is and what it left out', async () => {
  operator.scanning.push(
    { database: 'orders', done: 0, of: 2 },
    { database: 'orders', done: 1, of: 2, relation: 's.t', rows: 10, columns: 1 },
    { database: 'orders', done: 2, of: 2, relation: 's.locked\u001b[2J', rows: 0, columns: 0, skipped: 'locked' },
    { report: REPORT },
  )
  const { code, out, err } = await gatescribe([
    'scan',
    'orders-db',
    '--database',
    'orders',
    '--schema',
    's',
    'public',
    '--rows',
    '10',
    '--views',
    '--analyzer',
  ])
  expect(code).toBe(0)
  expect(operator.scans).toEqual([
    { resource: 'orders-db', databases: ['orders'], schemas: ['s', 'public'], rows: 10, views: true, analyzer: true },
  ])
  expect(out).toContain('      - "orders.s.t.\\u001b[31mmail"\n')
  expect(err).toContain('orders: 1 of 2  s.t  10 rows, 1 columns of interest\n')
  expect(err).toContain('not looked at: 1 columns of orders.s.locked: locked (55P03)\n')
  expect(err).toMatch(/^not analyzed: 3 values of orders\.s\.t\.note.*: late$/m)
  expect(out).toContain('# The analyzer did not answer about values of 1 columns')
  expect(out + err).not.toContain('\u001b')
})

it('prints the report as JSON', async () => {
  operator.scanning.push({ report: REPORT })
  expect(JSON.parse((await gatescribe(['scan', 'orders-db', '--json'])).out)).toEqual(REPORT)
  expect(operator.scans).toEqual([{ resource: 'orders-db', schemas: [], rows: 500, views: false, analyzer: false }])
})

it('says what is wrong before anything is looked at', async () => {
  expect(await gatescribe(['scan', 'orders-db', '--rows', '0'])).toMatchObject({ code: 2 })
  expect(operator.scans).toEqual([])
  operator.fail('scanResource', new GatewayError('GS_GATEWAY_NO_RESOURCE'))
  expect(await gatescribe(['scan', 'nothing'])).toMatchObject({ code: 4, out: '', err: expect.stringMatching(/^GS_GATEWAY_NO_RESOURCE: /) })
})

import { afterEach, beforeEach, expect, it } from 'vitest'
import type { InMemoryOperator } from '../../test/parts/operator.ts'
import { serveLocally } from '../../test/parts/served-locally.ts'
import { testSurroundings } from '../../test/parts/surroundings.ts'
import { ExportError } from '../exports/index.ts'
import { run } from './main.ts'

let folder: string
let operator: InMemoryOperator
let remove: () => Promise<void>
const at = Date.UTC(2026, 10, 27, 12)
const taken = { kind: 'ocsf', state: 'running', cursor: 1_200, lagEntries: 0, lagSeconds: 0, delivered: 900, failed: 0 } as const
const { code, message, next } = new ExportError('GS_EXPORTS_REFUSED', { why: 'status 422' })

beforeEach(async () => {
  ;({ folder, operator, remove } = await serveLocally())
  operator.receivers.push({ name: 'siem', ...taken, deliveredAt: at })
})
afterEach(() => remove())

async function gatescribe(...words: readonly string[]) {
  const surroundings = testSurroundings({ folder, env: { XDG_CONFIG_HOME: folder } })
  return { code: await run([...words], surroundings), ...surroundings.printed }
}

it('lists how far each has come', async () => {
  const { code, out } = await gatescribe('exports', 'ls')
  expect(code).toBe(0)
  expect(
    out
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/ {2,}/)),
  ).toEqual([
    ['EXPORT', 'KIND', 'STATE', 'CURSOR', 'BEHIND', 'OLDEST', 'TAKEN', 'LAST TAKEN'],
    ['siem', 'ocsf', 'running', '1200', '0', '900', '2026-11-27 12:00:00Z'],
  ])
})

it('says which entry is refused, and what to do, and tells it with its exit code', async () => {
  const lastError = { code, message, next, status: 422, at }
  operator.receivers.push({
    ...taken,
    name: 'hook',
    kind: 'webhook',
    state: 'stuck',
    lagEntries: 7,
    lagSeconds: 90,
    refused: 1_200,
    lastError,
  })
  const { code: exit, out } = await gatescribe('exports', 'ls')
  expect(exit).toBe(1)
  expect(out).toMatch(/hook +webhook +stuck +1200 +7 +90 s/)
  expect(out).toContain('hook: Entry 1200: The receiver refuses one entry')
  expect(out).toContain('gatescribe exports skip')
  const [, hook] = JSON.parse((await gatescribe('exports', 'ls', '--json')).out)
  expect(hook).toMatchObject({ state: 'stuck', refused: 1_200, lastError: { status: 422, at: '2026-11-27T12:00:00.000Z' } })
})

it('tests, sends again and leaves out, each as it was said', async () => {
  expect((await gatescribe('exports', 'test', 'siem')).out).toBe('siem: the test event was taken with status 200, in 12 ms over TLSv1.3.\n')
  expect((await gatescribe('exports', 'rewind', 'siem', '--to', 'start')).out).toBe('siem sends again from entry 0 on.\n')
  expect((await gatescribe('exports', 'rewind', 'siem', '--to', '120')).code).toBe(0)
  expect((await gatescribe('exports', 'skip', 'siem', '1200')).out).toBe('siem goes on behind entry 1200.\n')
  expect(operator.exporting).toEqual([
    { test: 'siem' },
    { rewind: 'siem', to: 0 },
    { rewind: 'siem', to: 120 },
    { skip: 'siem', entry: 1_200 },
  ])
  for (const to of ['-1', 'now', '1.5']) expect((await gatescribe('exports', 'rewind', 'siem', '--to', to)).code).toBe(2)
  expect(operator.exporting).toHaveLength(4)
})

it('leaves out no entry but one that is named by its index', async () => {
  for (const entry of ['start', 'end', 'now', '-1', '1.5', '', '0x10', '1e3', '2026-11-27T12:00:00Z']) {
    const { code, err } = await gatescribe('exports', 'skip', 'siem', '--', entry)
    expect([entry, code]).toEqual([entry, 2])
    expect(err).toContain('exports ls')
  }
  expect(operator.exporting).toEqual([])
})

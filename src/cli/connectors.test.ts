import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { InMemoryOperator } from '../../test/parts/operator.ts'
import { serveLocally } from '../../test/parts/served-locally.ts'
import { testSurroundings } from '../../test/parts/surroundings.ts'
import { GatewayError } from '../gateway/errors.ts'
import { run } from './main.ts'

let folder: string
let operator: InMemoryOperator
let remove: () => Promise<void>

beforeEach(async () => {
  ;({ folder, operator, remove } = await serveLocally())
  operator.enrolled.push(
    {
      ...{ name: 'plant-a', state: 'up', id: 'con_one', since: at, enrolledAt: at - 60_000, enrolledBy: 'token', resources: ['orders-db'] },
      links: [
        { version: '0.9.0', address: '10.1.2.3:40000', streams: 3, bytesIn: 1536, bytesOut: 512, rttMs: 1.24, since: at, draining: false },
      ],
    },
    { name: 'plant-a', state: 'down', id: 'con_two', since: at, resources: ['orders-db'], links: [] },
    { name: 'plant-a', state: 'revoked', id: 'con_gone', since: at, resources: ['orders-db'], links: [] },
    { name: 'plant-b', state: 'nobody', resources: [], links: [] },
  )
})
afterEach(() => remove())

async function gatescribe(...words: readonly string[]) {
  const surroundings = testSurroundings({ folder, env: { XDG_CONFIG_HOME: folder } })
  const code = await run([...words], surroundings)
  return { code, ...surroundings.printed }
}

const at = Date.UTC(2026, 10, 27, 12)

it('lists who is there, and names that nobody answers for', async () => {
  const { code, out } = await gatescribe('connectors', 'ls')
  expect(code).toBe(0)
  const lines = out.trimEnd().split('\n')
  expect(lines.map((line) => line.split(/ {2,}/))).toEqual([
    ['NAME', 'STATE', 'CONNECTOR', 'SINCE', 'VERSION', 'FROM', 'STREAMS', 'IN', 'OUT', 'RTT'],
    ['plant-a', 'up', 'con_one', '2026-11-27 12:00:00Z', '0.9.0', '10.1.2.3:40000', '3', '1.5 KiB', '512 B', '1.2 ms'],
    ['plant-a', 'down', 'con_two', '2026-11-27 12:00:00Z'],
    ['plant-b', 'nobody'],
  ])
  expect(JSON.parse((await gatescribe('connectors', 'ls', 'plant-b', '--json')).out)).toEqual([
    { name: 'plant-b', state: 'nobody', resources: [], links: [] },
  ])
  expect((await gatescribe('connectors', 'ls', '--all')).out).toMatch(/plant-a +revoked +con_gone/)
})

it('says with its exit code that resources stand behind a name that nobody answers for', async () => {
  operator.enrolled[0] = { ...operator.enrolled[0]!, state: 'draining' }
  expect((await gatescribe('connectors', 'ls')).code).toBe(1)
  expect((await gatescribe('connectors', 'ls', 'plant-b')).code).toBe(0)
})

it('shows one', async () => {
  const { out } = await gatescribe('connectors', 'show', 'con_one')
  expect(out).toContain('state         up since 2026-11-27 12:00:00Z\n')
  expect(out).toContain('enrolled      2026-11-27 11:59:00Z by an enrolment token\n')
  expect(out).toContain('resources     orders-db\n')
  expect(out).toContain(
    'link          up since 2026-11-27 12:00:00Z from 10.1.2.3:40000, version 0.9.0, 3 streams, 1.5 KiB from targets, 512 B to targets, round trip 1.2 ms\n',
  )
  expect(await gatescribe('connectors', 'show', 'con_none')).toMatchObject({ code: 4, err: expect.stringContaining('GS_LOCAL_NOT_FOUND') })
})

it('prints an enrolment token alone, and beside it what to run with it', async () => {
  const { out, err } = await gatescribe('connectors', 'enrol', 'plant-a')
  expect(out).toBe('gs_ce_0123456789\n')
  expect(err).toContain('once, until 2026-11-27 12:15:00Z')
  expect(err).toContain(
    "  gatescribe connector --gateway https://gw.example.org:8446 --ca gatescribe-ca.pem --allow orders.internal:5432 --allow '[fd00::7]:6443' --token-file plant-a.token\n",
  )
  expect(err).not.toContain('gs_ce_')
  expect(err).toContain('gatescribe connectors revoke off_one\n')
  expect(operator.enrolling).toEqual([{ name: 'plant-a', ttl: 15 * 60_000 }])
})

it('writes the token where only its owner reads it, and prints it nowhere', async () => {
  const { out, err } = await gatescribe('connectors', 'enrol', 'plant-a', '--valid', '2h', '--write', 'a.token')
  const path = join(folder, 'a.token')
  expect({ out, token: readFileSync(path, 'utf8'), mode: statSync(path).mode & 0o777 }).toEqual({
    ...{ out: '', token: 'gs_ce_0123456789\n', mode: 0o600 },
  })
  expect(err).toContain('--token-file a.token')
  expect(operator.enrolling).toEqual([{ name: 'plant-a', ttl: 2 * 3_600_000 }])
  const json = await gatescribe('connectors', 'enrol', 'plant-a', '--write', 'a.token', '--json')
  expect(json.out).not.toContain('gs_ce_')
  expect(JSON.parse(json.out)).toMatchObject({ tokenFile: path, targets: ['orders.internal:5432', '[fd00::7]:6443'] })
})

it.each(['0m', '90s', '8d', 'soon', '-1m'])('takes no token that is valid for %s', async (valid) => {
  expect((await gatescribe('connectors', 'enrol', 'plant-a', '--valid', valid)).code).toBe(2)
  expect(operator.enrolling).toEqual([])
})

it('says of a name that is not configured where names stand', async () => {
  operator.fail('enrolConnector', new GatewayError('GS_GATEWAY_NO_CONNECTOR_NAME'))
  expect(await gatescribe('connectors', 'enrol', 'plant-z')).toMatchObject({
    ...{ code: 4, out: '', err: expect.stringContaining('gatescribe connectors ls') },
  })
})

it('revokes one, with a reason of one line', async () => {
  expect((await gatescribe('connectors', 'revoke', 'con_one', '--reason', 'retired')).out).toBe('con_one is revoked.\n')
  expect(operator.enrolling).toEqual([{ id: 'con_one', reason: 'retired' }])
  expect((await gatescribe('connectors', 'revoke', 'con_two', '--reason', 'a\nb')).code).toBe(1)
})

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunningGateway, startGateway } from '../../parts/gateway.ts'
import { startIssuer, type TestIssuer } from '../../parts/issuer.ts'
import type { RunningPostgres } from '../../parts/postgres.ts'
import { DATABASE, ROLE, startShop } from '../differential/way.ts'
import type { Fixture } from './fixture.ts'
import { type ReplayTarget, replay } from './replay.ts'

const folder = join(import.meta.dirname, '../fixtures')

// What drivers do by themselves, without the drivers: recorded from them by passes/record.ts.
describe('the passes of real drivers', () => {
  let issuer: TestIssuer
  let gateway: RunningGateway
  let servers: RunningPostgres[] = []
  let direct: ReplayTarget
  let through: ReplayTarget

  beforeAll(async () => {
    issuer = await startIssuer()
    servers = await Promise.all([startShop(), startShop()])
    const [bare, behind] = servers as [RunningPostgres, RunningPostgres]
    gateway = await startGateway({ issuer, targets: [{ name: 'shop', server: behind, ...ROLE, databases: { [DATABASE]: DATABASE } }] })
    const { password } = await gateway.credential()
    direct = { port: bare.port, settings: { user: ROLE.user, database: DATABASE } }
    // The other way to say who one is, in the start-up packet: nothing is asked then.
    through = {
      port: gateway.port,
      ca: gateway.ca,
      settings: { user: 'anybody', database: DATABASE, options: `-c gatescribe.token=${password}` },
    }
  })
  afterAll(async () => {
    await gateway?.remove()
    await Promise.all(servers.map((server) => server.stop()))
    await issuer?.close()
  })

  for (const file of readdirSync(folder)) {
    const { driver, connections } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Fixture
    it(`are answered as without the gateway: ${driver}`, async () => {
      expect(connections.length).toBeGreaterThan(0)
      for (const connection of connections) {
        const expected = await replay(connection, direct)
        expect(await replay(connection, through)).toEqual(expected)
        expect(expected.some(({ type }) => type === 'D')).toBe(true)
      }
    })
  }
})

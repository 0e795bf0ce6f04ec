import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RunningGateway } from '../../parts/gateway.ts'
import { startIssuer, type TestIssuer } from '../../parts/issuer.ts'
import type { RunningPostgres } from '../../parts/postgres.ts'
import { debianPostgres } from '../../parts/postgres-binaries.ts'
import { needs } from '../../parts/require.ts'
import { type ClientSettings, runDriver } from '../differential/driver.ts'
import { clients, refusedClients } from './clients.ts'
import { ROLE, startOrders, startSampleGateway } from './sample-gateway.ts'

describe('under the sample configuration of the documentation', () => {
  const servers = new Map<number | undefined, RunningPostgres>()
  const gateways = new Map<number | undefined, RunningGateway>()
  let issuer: TestIssuer

  beforeAll(async () => {
    issuer = await startIssuer()
    for (const version of debianPostgres(15) ? [undefined, 15] : [undefined]) {
      const server = await startOrders(version)
      servers.set(version, server)
      const gateway = await startSampleGateway(issuer, server)
      gateways.set(version, gateway)
    }
  })
  afterAll(async () => {
    for (const gateway of gateways.values()) await gateway.remove()
    for (const server of servers.values()) await server.stop()
    await issuer?.close()
  })

  for (const client of clients()) {
    it(`${client.name} connects, resets and looks around as it would without the gateway`, { timeout: 120_000 }, async (test) => {
      needs(test, !client.missing, client.missing ?? '')
      const [server, gateway] = [servers.get(client.serverVersion)!, gateways.get(client.serverVersion)!]
      const { run, password } = await gateway.credential()
      const direct: ClientSettings = { host: server.host, port: server.port, ...ROLE, database: 'orders' }
      const through: ClientSettings = { host: gateway.host, port: gateway.port, user: run, password, database: 'orders' }
      const expected = await runDriver(client, direct)
      const found = await runDriver(client, through)
      expect(found.stderr).not.toContain('GS_')
      expect(found).toEqual({ ...expected, stderr: found.stderr })
      expect(found.exitCode, found.stderr).toBe(0)
    })
  }

  // docs/postgres.md says why, and what to do instead.
  for (const client of refusedClients()) {
    it(`refuses ${client.name}`, async (test) => {
      needs(test, !client.missing, client.missing ?? '')
      const gateway = gateways.get(client.serverVersion)!
      const { run, password } = await gateway.credential()
      const { exitCode, stderr } = await runDriver(client, {
        host: gateway.host,
        port: gateway.port,
        user: run,
        password,
        database: 'orders',
      })
      expect(stderr).toMatch(/GS_POLICY_DENIED|GS_POSTGRES_SETTING_REFUSED/)
      expect(exitCode).not.toBe(0)
    })
  }
})

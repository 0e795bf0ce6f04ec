import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RunningGateway } from '../../parts/gateway.ts'
import { startIssuer, type TestIssuer } from '../../parts/issuer.ts'
import type { RunningPostgres } from '../../parts/postgres.ts'
import { needs } from '../../parts/require.ts'
import { runDriver } from '../differential/driver.ts'
import { clients } from '../drivers/clients.ts'
import { ROLE, startOrders, startSampleGateway } from '../drivers/sample-gateway.ts'

describe('on a database of which other columns are masked', () => {
  let server: RunningPostgres
  let gateway: RunningGateway
  let issuer: TestIssuer

  beforeAll(async () => {
    issuer = await startIssuer()
    server = await startOrders()
    gateway = await startSampleGateway(issuer, server, [{ name: 'elsewhere', columns: ['orders.public.somewhere.else'], as: 'redact' }])
  })
  afterAll(async () => {
    await gateway?.remove()
    await Promise.all([server?.stop(), issuer?.close()])
  })

  // Whatever could not be told would come back masked, or be refused.
  for (const client of clients().filter(({ serverVersion }) => serverVersion === undefined)) {
    it(`${client.name} connects, resets and looks around as it would without`, { timeout: 120_000 }, async (test) => {
      needs(test, !client.missing, client.missing ?? '')
      const { run, password } = await gateway.credential()
      const expected = await runDriver(client, { host: server.host, port: server.port, ...ROLE, database: 'orders' })
      const found = await runDriver(client, { host: gateway.host, port: gateway.port, user: run, password, database: 'orders' })
      expect(found).toEqual({ ...expected, stderr: found.stderr })
      expect(found.exitCode, found.stderr).toBe(0)
    })
  }
})

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { type RunningGateway, startGateway } from '../../parts/gateway.ts'
import type { WrittenRule } from '../../parts/gateway-config.ts'
import { startIssuer, type TestIssuer } from '../../parts/issuer.ts'
import { type RunningPostgres, startPostgres } from '../../parts/postgres.ts'
import { debianPostgres } from '../../parts/postgres-binaries.ts'
import { needs } from '../../parts/require.ts'
import { type ClientSettings, runDriver } from '../differential/driver.ts'
import { clients, refusedClients } from './clients.ts'

const SAMPLE = join(import.meta.dirname, '../../../docs/examples/rules.yaml')
const ROLE = { user: 'reports', password: 'reports-password' }

/** Behind the resource of the sample configuration. The role may read, may fill staging and is nobody special. */
async function startOrders(version?: number): Promise<RunningPostgres> {
  const server = await startPostgres({ ...(version === undefined ? {} : { version }), settings: { autovacuum: 'off' } })
  await server.query(`CREATE ROLE ${ROLE.user} LOGIN PASSWORD '${ROLE.password}'`)
  await server.query('CREATE DATABASE orders')
  const schema = ['../differential/schema.sql', 'schema.sql']
    .map((name) => readFileSync(join(import.meta.dirname, name), 'utf8'))
    .join('\n')
  const grants = ['public', 'staging'].map(
    (name) => `GRANT USAGE ON SCHEMA ${name} TO PUBLIC; GRANT SELECT ON ALL TABLES IN SCHEMA ${name} TO PUBLIC;`,
  )
  await server.queryIn(
    { database: 'orders', user: 'postgres' },
    `${schema}; ${grants.join(' ')} GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO PUBLIC;
     GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA staging TO ${ROLE.user}`,
  )
  return server
}

describe('under the sample configuration of the documentation', () => {
  const servers = new Map<number | undefined, RunningPostgres>()
  const gateways = new Map<number | undefined, RunningGateway>()
  let issuer: TestIssuer

  beforeAll(async () => {
    const { rules, limits, resources } = parse(readFileSync(SAMPLE, 'utf8')) as {
      rules: WrittenRule[]
      limits: Record<string, unknown>
      resources: { name: string; tags: string[] }[]
    }
    const [{ name, tags }] = resources as [{ name: string; tags: string[] }]
    issuer = await startIssuer()
    for (const version of debianPostgres(15) ? [undefined, 15] : [undefined]) {
      const server = await startOrders(version)
      servers.set(version, server)
      const gateway = await startGateway({
        issuer,
        // The machine may be busy with other tests.
        patience: 60_000,
        targets: [{ name, server, ...ROLE, databases: { orders: 'orders' } }],
        adjust: (config) => {
          Object.assign(config, { rules, limits })
          config.resources = config.resources.map((resource) => ({ ...resource, tags }))
          config.budgets = [{ name: 'as-many-as-there-are', per: 'run', limit: { refusals: 100_000 } }]
        },
      })
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

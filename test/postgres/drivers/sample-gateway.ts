import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { type RunningGateway, startGateway } from '../../parts/gateway.ts'
import type { WrittenConfig, WrittenRule } from '../../parts/gateway-config.ts'
import type { TestIssuer } from '../../parts/issuer.ts'
import { type RunningPostgres, startPostgres } from '../../parts/postgres.ts'

const SAMPLE = join(import.meta.dirname, '../../../docs/examples/rules.yaml')
export const ROLE = { user: 'reports', password: 'reports-password' }

/** Behind the resource of the sample configuration. The role may read, may fill staging and is nobody special. */
export async function startOrders(version?: number): Promise<RunningPostgres> {
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

/** Under the rules, limits and tags of docs/examples/rules.yaml. */
export function startSampleGateway(issuer: TestIssuer, server: RunningPostgres, masks?: WrittenConfig['masks']): Promise<RunningGateway> {
  const { rules, limits, resources } = parse(readFileSync(SAMPLE, 'utf8')) as {
    rules: WrittenRule[]
    limits: Record<string, unknown>
    resources: { name: string; tags: string[] }[]
  }
  const [{ name, tags }] = resources as [{ name: string; tags: string[] }]
  return startGateway({
    issuer,
    // The machine may be busy with other tests.
    patience: 60_000,
    targets: [{ name, server, ...ROLE, databases: { orders: 'orders' } }],
    adjust: (config) => {
      Object.assign(config, { rules, limits, ...(masks && { masks }) })
      config.resources = config.resources.map((resource) => ({ ...resource, tags }))
      config.budgets = [{ name: 'as-many-as-there-are', per: 'run', limit: { refusals: 100_000 } }]
    },
  })
}

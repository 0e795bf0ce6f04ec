import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { API, DATABASE, NAME, POSTGRES, ROLE, startWorld, type World } from '../../test/connector/world.ts'
import { issueTestCertificates } from '../../test/parts/test-certificates.ts'
import type { Contender } from '../parts/contender.ts'
import type { HttpContender } from '../parts/http-contender.ts'

/** Rows of pgbench_accounts. */
export const ACCOUNTS = 1_000_000
const PORT = 8443

/** One gateway, and the two ways that it has to the same targets: by itself, and through a connector. TLS to the targets on both. */
export interface Sides {
  readonly world: World
  readonly postgres: readonly Contender[]
  readonly http: readonly HttpContender[]
  /** Of PostgreSQL and the API. */
  readonly serverPids: readonly [number, number]
  /** Of pgbench_accounts in COPY's text format. */
  readonly accountBytes: number
  stop(): Promise<void>
}

export async function startSides(): Promise<Sides> {
  const certificates = await issueTestCertificates([API])
  const settings = { shared_buffers: '512MB', max_connections: 300, autovacuum: 'off', max_wal_size: '4GB', log_statement: 'none' }
  const world = await startWorld({
    wanted: { postgres: { ...POSTGRES, settings } },
    adjust(config, file, target) {
      const { via: _, ...orders } = config.resources[0]!
      const place = (port: number | string) => `${target.address('private')}:${port}`
      const api = {
        ...{ name: 'api', kind: 'http', address: `https://${API}:${PORT}` },
        ...{ tls: { ca: file('api-ca.pem', certificates.ca), serverName: API }, credentials: [{ as: 'nobody', none: true }] },
      }
      const direct = { name: 'direct', aliases: ['direct'], databases: { direct: DATABASE } }
      config.resources.push(
        { ...orders, ...direct, address: place(String(orders.address).split(':')[1]!) },
        { ...api, via: NAME },
        { ...api, name: 'api-direct', address: `https://${place(PORT)}` },
      )
    },
  })
  const { gateway, target, targets } = world
  try {
    // The gateway's own way to the targets, which nobody has elsewhere.
    world.networks.plugIn('private')
    const files = (['certificate', 'key'] as const).map((part) => {
      writeFileSync(join(gateway.folder, `api.${part}`), certificates.server[part])
      return join(gateway.folder, `api.${part}`)
    })
    const program = join(import.meta.dirname, '../../test/connector/streaming-api.ts')
    const api = target.spawn(process.execPath, [program, String(PORT), ...files], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(api.stdout!, 'data')
    const connector = await world.connector({ allow: [`orders.internal:${targets.postgres!.port}`, `${API}:${PORT}`] })
    const accountBytes = await fill(world)
    const { run, password, planes } = await gateway.credential()
    const ways = [
      { name: 'direct', database: 'direct', resource: 'api-direct', pids: [gateway.pid] },
      { name: 'connector', database: DATABASE, resource: 'api', pids: [gateway.pid, connector.pid] },
    ]
    const stop = async () => undefined
    return {
      world,
      postgres: ways.map(({ name, database, pids }) => ({
        name,
        encrypted: false,
        port: gateway.port,
        user: run,
        password,
        database,
        pids,
        stop,
      })),
      http: ways.map(({ name, resource, pids }) => {
        const { url } = planes.http!.resources.find((one) => one.name === resource)!
        return { name, server: url, ca: gateway.ca, token: planes.http!.credential, pids, stop }
      }),
      serverPids: [targets.postgres!.pid, api.pid!],
      accountBytes,
      async stop() {
        api.kill('SIGKILL')
        world.networks.unplug('private')
        await world.remove()
      },
    }
  } catch (error) {
    await world.remove()
    throw error
  }
}

/** @returns bytes of the accounts */
async function fill({ target, targets }: World): Promise<number> {
  const env = { PGHOST: '127.0.0.1', PGPORT: String(targets.postgres!.port), PGUSER: 'postgres', PGDATABASE: DATABASE }
  const filled = await target.run('pgbench', ['-i', '-q', '-s', String(ACCOUNTS / 100_000)], { env, patience: 120_000 })
  if (filled.status !== 0) throw new Error(filled.stderr)
  await targets.query(`GRANT ALL ON ALL TABLES IN SCHEMA public TO ${ROLE}`, DATABASE)
  return (await target.run('psql', ['-Xqc', 'COPY pgbench_accounts TO STDOUT'], { env })).bytes.length
}

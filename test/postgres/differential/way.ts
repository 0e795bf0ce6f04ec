import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type RunningPostgres, startPostgres } from '../../parts/postgres.ts'
import { startTap, type TappedConnection } from '../../parts/tap.ts'
import { type ClientSettings, type Driver, type DriverRun, runDriver } from './driver.ts'

/** One of the ways from a client to a PostgreSQL, with a tap at the client's end of it. */
export interface Way {
  run(driver: Driver): Promise<DriverRun & { readonly connections: TappedConnection[] }>
  close(): Promise<void>
}

/** The role of the scripts on every way: directly by the client, otherwise by the gateway. */
export const ROLE = { user: 'app', password: 'app-password' } as const
export const DATABASE = 'shop'

/** A server as the scripts expect it. Two of them answer alike to the last object id, because they start alike. */
export async function startShop(version?: number): Promise<RunningPostgres> {
  const server = await startPostgres({ ...(version === undefined ? {} : { version }), settings: { autovacuum: 'off' } })
  await server.query(`CREATE ROLE ${ROLE.user} LOGIN SUPERUSER PASSWORD '${ROLE.password}'`)
  await server.query(`CREATE DATABASE ${DATABASE} OWNER ${ROLE.user}`)
  await server.queryIn({ database: DATABASE, user: ROLE.user }, readFileSync(join(import.meta.dirname, 'schema.sql'), 'utf8'))
  return server
}

/** @param settings where the way begins; the tap puts itself before it */
export async function openWay(settings: ClientSettings): Promise<Way> {
  const tap = await startTap(settings)
  return {
    async run(driver) {
      const run = await runDriver(driver, { ...settings, host: '127.0.0.1', port: tap.port })
      return { ...run, connections: await tap.take() }
    },
    close: () => tap.close(),
  }
}

/** The way without anything between. */
export function directly(server: RunningPostgres): Promise<Way> {
  return openWay({ host: server.host, port: server.port, ...ROLE, database: DATABASE })
}

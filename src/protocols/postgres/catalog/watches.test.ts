import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../../../../test/parts/ports.ts'
import { type RunningPostgres, startPostgres } from '../../../../test/parts/postgres.ts'
import { createLogin } from '../login/index.ts'
import type { CatalogReading } from './watch.ts'
import { CatalogWatches } from './watches.ts'

describe('catalogs of a real PostgreSQL', () => {
  let server: RunningPostgres
  let port: number
  const readings: [string, CatalogReading][] = []
  const login = createLogin()
  const watches = new CatalogWatches({
    connect: ({ database }, signal) => {
      const ask = { database, settings: new Map(), minor: 0, readOnly: true } as const
      return login({ host: '127.0.0.1', port, tls: { verify: 'off' } }, { user: 'postgres' }, ask, signal)
    },
    observer: ({ resource, database }, reading) => readings.push([`${resource}/${database}`, reading]),
  })
  beforeAll(async () => {
    server = await startPostgres()
    port = server.port
    await server.query('CREATE DATABASE other')
  })
  afterAll(async () => {
    watches.close()
    await server.stop()
  })

  it('are read for each database, shared, and read again after DDL', async () => {
    const one = watches.open({ resource: 'shop', at: 'there:5432', database: 'postgres' })
    const two = watches.open({ resource: 'shop', at: 'there:5432', database: 'postgres' })
    const other = watches.open({ resource: 'shop', at: 'there:5432', database: 'other' })
    const [first, second] = await Promise.all([one.fresh(5_000), two.fresh(5_000), other.fresh(5_000)])
    expect(first).toBeDefined()
    expect(second).toBe(first)
    expect(first?.relation('public', 'made')).toBeUndefined()
    await server.query('CREATE TABLE made (a int)')
    one.stale()
    expect((await two.fresh(5_000))?.relation('public', 'made')?.columns).toEqual(['a'])
    expect(one.current?.version).not.toBe(first?.version)
    expect(readings.map(([of, reading]) => [of, reading.outcome === 'read' && reading.changed]).sort()).toEqual([
      ['shop/other', true],
      ['shop/postgres', true],
      ['shop/postgres', true],
    ])
    expect(readings.at(-1)?.[1]).toMatchObject({ version: one.current?.version, relations: one.current?.relations })
    one.close()
    two.close()
    other.close()
  })
  it('leave no connection behind', async () => {
    const busy = async () =>
      server.query("SELECT 1 FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()")
    await expect.poll(busy).toEqual([])
  })
  it('do not wait for a table that somebody has locked', async () => {
    const { Client } = await import('pg')
    const client = new Client(server.url)
    await client.connect()
    await server.query('CREATE TABLE locked (a int); CREATE VIEW over_locked AS SELECT a FROM locked')
    await client.query('BEGIN; LOCK TABLE locked, made IN ACCESS EXCLUSIVE MODE')
    const used = watches.open({ resource: 'shop', at: 'there:5432', database: 'postgres' })
    used.stale()
    expect((await used.fresh(5_000))?.relation('public', 'over_locked')?.view?.calls).toEqual([])
    used.close()
    await client.end()
  })
  it('are unknown where the target cannot be reached', async () => {
    port = await freePort()
    const used = watches.open({ resource: 'gone', at: 'there:5432', database: 'postgres' })
    expect(await used.fresh(5_000)).toBeUndefined()
    expect(readings.at(-1)).toMatchObject(['gone/postgres', { outcome: 'failed', code: 'GS_TARGET_UNREACHABLE' }])
    port = server.port
    await expect.poll(() => used.current, { timeout: 10_000 }).toBeDefined()
    used.close()
  })
  it('are unknown where the database is not there', async () => {
    const used = watches.open({ resource: 'shop', at: 'there:5432', database: 'nowhere' })
    expect(await used.fresh(5_000)).toBeUndefined()
    expect(readings.at(-1)?.[1]).toMatchObject({ outcome: 'failed', code: 'GS_TARGET_DATABASE_UNKNOWN' })
    used.close()
  })
})

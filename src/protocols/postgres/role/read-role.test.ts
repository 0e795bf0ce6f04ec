import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunningPostgres, startPostgres } from '../../../../test/parts/postgres.ts'
import { createLogin } from '../login/index.ts'
import { readRole } from './read-role.ts'

const login = createLogin()

describe('what a role may do, asked of a real PostgreSQL', () => {
  let server: RunningPostgres
  beforeAll(async () => {
    server = await startPostgres()
    await server.query('CREATE ROLE modest LOGIN')
    await server.query('CREATE ROLE powerful LOGIN CREATEROLE BYPASSRLS')
    await server.query('GRANT pg_read_server_files, pg_write_all_data TO powerful')
    await server.query(
      'CREATE ROLE owner; CREATE ROLE follower LOGIN; GRANT owner TO follower; CREATE ROLE climber LOGIN; GRANT powerful TO climber',
    )
    await server.query(
      'CREATE ROLE clerk LOGIN; CREATE SCHEMA shop AUTHORIZATION owner; CREATE SCHEMA "odd, name"; GRANT USAGE ON SCHEMA shop TO clerk',
    )
    await server.query(
      'CREATE TABLE shop.orders (id int, note text); CREATE TABLE shop.staff (id int); CREATE VIEW shop.open AS TABLE shop.orders',
    )
    await server.query(
      'ALTER TABLE shop.orders OWNER TO owner; GRANT SELECT ON shop.staff TO clerk; GRANT UPDATE (note) ON shop.orders TO clerk',
    )
    await server.query('GRANT CREATE ON SCHEMA "odd, name" TO clerk; GRANT CREATE ON DATABASE postgres TO clerk')
    await server.query('REVOKE CREATE ON SCHEMA public FROM PUBLIC')
    await server.query('CREATE ROLE "odd ""name""" LOGIN REPLICATION')
  })
  afterAll(() => server.stop())

  async function roleOf(user: string) {
    const address = { host: server.host, port: server.port, tls: { verify: 'off' } } as const
    const target = await login(
      address,
      { user },
      { database: 'postgres', settings: new Map(), minor: 0, readOnly: false },
      AbortSignal.timeout(10_000),
    )
    try {
      return await readRole(target)
    } finally {
      target.socket.destroy()
    }
  }

  it('finds nothing to say of a modest role', async () => {
    expect(await roleOf('modest')).toEqual({
      ...{ name: 'modest', powers: [], owns: 0, writes: 0, creates: [] },
      serverVersion: expect.stringMatching(/^\d/),
    })
  })
  it('counts what it owns through others, what it may change in part, and where it may create', async () => {
    expect(await roleOf('follower')).toMatchObject({ powers: [], owns: 1, writes: 1, creates: ['shop'] })
    expect(await roleOf('clerk')).toMatchObject({ powers: [], owns: 0, writes: 1, creates: ['"odd, name"', 'database'] })
  })
  it('names roles with such attributes that it can become', async () => {
    expect((await roleOf('climber')).powers).toEqual(['pg_read_server_files', 'pg_write_all_data', 'powerful'])
  })
  it('names attributes and predefined roles', async () => {
    expect((await roleOf('powerful')).powers).toEqual(['CREATEROLE', 'BYPASSRLS', 'pg_read_server_files', 'pg_write_all_data'])
  })
  it('names a superuser as such', async () => {
    expect((await roleOf('postgres')).powers).toContain('SUPERUSER')
  })
  it('does not stumble over a name with quotes', async () => {
    expect(await roleOf('odd "name"')).toMatchObject({ name: 'odd "name"', powers: ['REPLICATION'] })
  })
})

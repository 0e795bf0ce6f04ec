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
    await server.query('CREATE ROLE "odd ""name""" LOGIN REPLICATION')
  })
  afterAll(() => server.stop())

  async function roleOf(user: string) {
    const address = { host: server.host, port: server.port, tls: { verify: 'off' } } as const
    const target = await login(address, { user }, { database: 'postgres', settings: new Map(), minor: 0 }, AbortSignal.timeout(10_000))
    try {
      return await readRole(target)
    } finally {
      target.socket.destroy()
    }
  }

  it('finds nothing to say of a modest role', async () => {
    expect(await roleOf('modest')).toMatchObject({ name: 'modest', powers: [], serverVersion: expect.stringMatching(/^\d/) })
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

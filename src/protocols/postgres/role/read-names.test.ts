import { afterAll, beforeAll, expect, it } from 'vitest'
import { type RunningPostgres, startPostgres } from '../../../../test/parts/postgres.ts'
import { createLogin } from '../login/index.ts'
import { readNames } from './read-names.ts'

const USABLE = expect.toSatisfy((names: string[]) => names.includes('public') && !names.includes('closed'))
const login = createLogin()
let server: RunningPostgres
beforeAll(async () => {
  server = await startPostgres()
  await server.query('CREATE ROLE plain LOGIN')
  await server.query('CREATE ROLE shut LOGIN')
  await server.query('CREATE ROLE other')
  await server.query('CREATE ROLE turned LOGIN')
  await server.query('GRANT other TO turned')
  await server.query('ALTER ROLE turned SET role = other')
  await server.query('CREATE SCHEMA "odd, ""name"')
  await server.query('GRANT USAGE ON SCHEMA "odd, ""name" TO other')
  await server.query('CREATE SCHEMA closed')
  await server.query('ALTER ROLE shut SET search_path = closed, public')
  await server.query(`ALTER ROLE turned SET search_path = "$user", "odd, ""name"`)
})
afterAll(() => server.stop())

async function namesOf(user: string, rest?: Uint8Array) {
  const address = { host: server.host, port: server.port, tls: { verify: 'off' } } as const
  const ask = { database: 'postgres', settings: new Map(), minor: 0, readOnly: false } as const
  const target = await login(address, { user }, ask, AbortSignal.timeout(10_000))
  try {
    return await readNames(rest ? { ...target, rest } : target)
  } finally {
    target.socket.destroy()
  }
}

it('is what the server says, also where the role comes with another one set', async () => {
  expect(await namesOf('plain')).toEqual({ user: 'plain', searchPath: '"$user", public', usable: USABLE })
  expect(await namesOf('turned')).toEqual({
    user: 'other',
    searchPath: '"$user", "odd, ""name"',
    usable: expect.arrayContaining(['odd, "name', 'public']),
  })
})

it('tells a schema that the server passes over, because the role may not use it', async () => {
  expect(await namesOf('shut')).toEqual({ user: 'shut', searchPath: 'closed, public', usable: USABLE })
})

it('is not known where the server has begun to say something else: that is for the client', async () => {
  expect(await namesOf('plain', Buffer.from('N'))).toEqual({ user: '', searchPath: undefined, usable: undefined })
})

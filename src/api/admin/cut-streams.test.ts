import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { PassThrough } from 'node:stream'
import Fastify from 'fastify'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { settingsOf, signInAs, startPeople, type TestPeople } from '../../../test/parts/people.ts'
import { startPeopleIssuer, type TestPeopleIssuer } from '../../../test/parts/people-issuer.ts'
import { type LocalApi, speakProblems } from '../local/local-api.ts'
import { cutStreams } from './cut-streams.ts'

const ADA = { issuer: 'okta', subject: 'ada' }

let issuer: TestPeopleIssuer
let house: TestPeople
let server: LocalApi
let url: string
let streams: PassThrough[]
/** Resolves when an answer may begin. */
let ready: Promise<void>
/** How many wait for that, or have. */
let begun: number

beforeEach(async () => {
  issuer = await startPeopleIssuer({ accounts: { ada: {}, grace: {} } })
  house = startPeople([settingsOf(issuer)])
  streams = []
  ready = Promise.resolve()
  begun = 0
  server = Fastify() as unknown as LocalApi
  speakProblems(server, { error: () => undefined })
  server.decorateRequest('authenticated')
  server.addHook('onRequest', async (request) => {
    const session = house.people.sessions.authenticate(request.headers.authorization ?? '')
    request.authenticated = { session, csrf: undefined }
  })
  cutStreams(server, house.people.sessions)
  server.get('/stream', { config: { permission: 'trail.read' } }, async (_request, reply) => {
    begun += 1
    await ready
    const stream = new PassThrough()
    streams.push(stream)
    stream.write('first\n')
    return reply.send(stream)
  })
  server.get('/whole', { config: { permission: 'trail.read' } }, async () => {
    begun += 1
    await ready
    return 'whole'
  })
  await (server.listen({ port: 0, host: '127.0.0.1' }) as unknown as Promise<string>)
  url = `http://127.0.0.1:${(server.server.address() as AddressInfo).port}`
})
afterEach(async () => {
  for (const stream of streams) stream.destroy()
  await (server.close() as unknown as Promise<void>)
  house.close()
  await issuer.close()
})

const enter = async (who: string) => (await (await signInAs(house.people, issuer, who)).openSession('cli')).token
const get = (path: string, token: string) => fetch(`${url}${path}`, { headers: { authorization: token } })

it('cuts what streams to a person who is revoked, and nobody else', async () => {
  const [ada, grace] = [await get('/stream', await enter('ada')), await get('/stream', await enter('grace'))]
  const gone = once(streams[0]!, 'close')
  house.people.revoke(ADA)
  await expect(ada.text()).rejects.toThrow()
  await gone
  streams[1]!.end('last\n')
  expect(await grace.text()).toBe('first\nlast\n')
})

it('begins none for a session that ended while it was looked up', async () => {
  const looked = Promise.withResolvers<void>()
  ready = looked.promise
  const answer = get('/stream', await enter('ada'))
  await expect.poll(() => begun).toBe(1)
  house.people.revoke(ADA)
  looked.resolve()
  expect((await answer).status).toBe(401)
  expect(streams[0]!.destroyed).toBe(true)
})

it('ends with the session, however that ends, and leaves the answer to signing out alone', async () => {
  const token = await enter('ada')
  const streaming = await get('/stream', token)
  const looked = Promise.withResolvers<void>()
  ready = looked.promise
  const whole = get('/whole', token)
  await expect.poll(() => begun).toBe(2)
  house.people.sessions.signOut(token)
  looked.resolve()
  await expect(streaming.text()).rejects.toThrow()
  expect(await (await whole).text()).toBe('whole')
})

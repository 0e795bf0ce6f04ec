import { Agent, fetch } from 'undici'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { issueTestCertificates, type TestCertificates } from '../../../test/parts/test-certificates.ts'
import { loginThrottle, type RunCredentials, Throttle, type TokenExchange } from '../../identity/index.ts'
import type { LiveRuns } from '../../runs/index.ts'
import { TokenDoorClient } from './client.ts'
import { type TokenDoor, tokenDoor } from './index.ts'

let certificates: TestCertificates
let door: TokenDoor
let port: number

beforeEach(async () => {
  certificates = await issueTestCertificates(['localhost', 'other.localhost'])
  door = tokenDoor({
    // Only the way to the routes is looked at here.
    exchange: {} as TokenExchange,
    credentials: {} as RunCredentials,
    runs: {} as LiveRuns,
    names: ['localhost', 'other.localhost'],
    ca: () => certificates.ca,
    tls: { cert: certificates.server.certificate, key: certificates.server.key },
    throttle: new Throttle({ burst: 3, perSecond: 0.01 }),
    failures: loginThrottle(),
  })
  port = await door.listen({ host: '127.0.0.1', port: 0 })
})
afterEach(() => door.close())

it('speaks TLS under its names, to clients that trust its authority', async () => {
  const agent = new Agent({ connect: { ca: certificates.ca } })
  const response = await fetch(`https://localhost:${port}/health`, { dispatcher: agent })
  expect(response.status).toBe(200)
  expect(response.headers.get('strict-transport-security')).toContain('max-age')
  await agent.close()
  const mistrusting = new TokenDoorClient(`https://localhost:${port}`)
  await expect(mistrusting.exchange('a.b.c')).rejects.toMatchObject({ code: 'GS_TOKEN_DOOR_UNREACHABLE' })
  await mistrusting.close()
})

it('answers 421 where TLS server name and Host disagree, though both are its own', async () => {
  const agent = new Agent({ connect: { ca: certificates.ca, servername: 'other.localhost' } })
  const response = await fetch(`https://localhost:${port}/health`, { dispatcher: agent })
  expect(response.status).toBe(421)
  expect(await response.json()).toMatchObject({ code: 'GS_TOKEN_MISDIRECTED' })
  await agent.close()
})

it('limits requests per address, and says when to come back', async () => {
  const agent = new Agent({ connect: { ca: certificates.ca } })
  const statuses = []
  for (let at = 0; at < 4; at++) statuses.push((await fetch(`https://localhost:${port}/health`, { dispatcher: agent })).status)
  expect(statuses).toEqual([200, 200, 200, 429])
  await agent.close()
})

it('does not send a token to another machine in plaintext', () => {
  expect(() => new TokenDoorClient('http://gw.example.org:8444')).toThrow(expect.objectContaining({ code: 'GS_TOKEN_DOOR_URL_INSECURE' }))
})

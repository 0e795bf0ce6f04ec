import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { issuerKeys } from './issuer-keys.ts'
import type { IssuerSettings } from './settings.ts'

/** What no real issuer does, but whoever took one over may. */
let server: Server
let answer: RequestListener
let paths: string[]
let url: string

beforeEach(async () => {
  paths = []
  server = createServer((request, response) => {
    paths.push(request.url!)
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(() => {
  server.closeAllConnections()
  server.close()
})

const settings = (changed: Partial<IssuerSettings> = {}): IssuerSettings => ({
  name: 'ci',
  issuer: url,
  audience: 'gateway',
  accept: { repository_id: '1' },
  groups: [],
  run: { id: ['{run_id}'] },
  insecureLoopback: true,
  ...changed,
})
const ask = (keys = issuerKeys(settings())) => keys({ alg: 'RS256', kid: 'x' }, { payload: '', signature: '' })

it.each<[string, RequestListener, string]>([
  ['redirects', (_, response) => void response.writeHead(302, { location: '/elsewhere' }).end(), 'status 302'],
  ['answers without end', (_, response) => void response.end(Buffer.alloc(600_000, 0x20)), 'more than 524288 bytes'],
  ['answers with a page', (_, response) => void response.end('<html>secret</html>'), 'not JSON'],
  ['names no keys', (_, response) => void response.end(JSON.stringify({ issuer: url })), 'no usable jwks_uri'],
  [
    'names keys in plaintext elsewhere',
    (_, response) => void response.end(JSON.stringify({ issuer: url, jwks_uri: 'http://keys.example/' })),
    'no usable jwks_uri',
  ],
  [
    'names keys in a file',
    (_, response) => void response.end(JSON.stringify({ issuer: url, jwks_uri: 'file:///etc/passwd' })),
    'no usable jwks_uri',
  ],
])('does not take keys from an issuer that %s, and quotes nothing of it', async (_, hostile, reason) => {
  answer = hostile
  await expect(ask()).rejects.toMatchObject({
    code: 'GS_IDENTITY_KEYS_UNAVAILABLE',
    message: expect.stringMatching(new RegExp(`issuer ci: .*${reason}(?!.*secret)`)),
  })
  expect(paths).toEqual(['/.well-known/openid-configuration'])
})

it('says so where nobody listens', async () => {
  await new Promise((resolve) => server.close(resolve))
  await expect(ask()).rejects.toMatchObject({ message: expect.stringContaining('ECONNREFUSED') })
})

it('asks once for all who come at the same time', async () => {
  answer = ({ url: path }, response) =>
    void setTimeout(() => response.end(JSON.stringify(path === '/jwks' ? { keys: [] } : { issuer: url, jwks_uri: `${url}/jwks` })), 20)
  const keys = issuerKeys(settings())
  const asked = await Promise.allSettled(Array.from({ length: 20 }, () => ask(keys)))
  expect(asked.map(({ status }) => status)).not.toContain('fulfilled')
  expect(paths).toEqual(['/.well-known/openid-configuration', '/jwks'])
})

it('does not let unknown key ids become requests to the issuer', async () => {
  answer = ({ url: path }, response) =>
    void response.end(JSON.stringify(path === '/jwks' ? { keys: [] } : { issuer: url, jwks_uri: `${url}/jwks` }))
  const keys = issuerKeys(settings())
  for (let at = 0; at < 10; at++) await expect(ask(keys)).rejects.toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' })
  expect(paths).toHaveLength(2)
})

import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { TokenDoorClient } from './client.ts'

let server: Server | undefined
afterEach(() => server?.close())

/** A client of something that answers like this, whatever it is asked. */
async function clientOf(status: number, body: string): Promise<TokenDoorClient> {
  server = createServer((_request, response) => response.writeHead(status, { 'content-type': 'application/json' }).end(body))
  await new Promise<void>((listening) => server?.listen(0, '127.0.0.1', listening))
  return new TokenDoorClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
}

const plane = { credential: 'gs_pg_x', user: 'run_x', expires_in: 900 }
const exchanged = {
  access_token: 'gs_run_x',
  issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
  token_type: 'Bearer',
  expires_in: 900,
  gatescribe: { run: 'run_x', joined: false, planes: { postgres: plane } },
}

describe('the launcher’s side of the token door', () => {
  it('takes an answer with fields that it does not know', async () => {
    const client = await clientOf(200, JSON.stringify({ ...exchanged, newer: true }))
    expect(await client.exchange('token')).toEqual({ ok: true, answer: exchanged })
  })

  it('takes an answer that names as many resources as there are', async () => {
    const resources = Array.from({ length: 1_000 }, (_, at) => ({ name: `orders-${at}`, databases: ['orders', `archive-${at}`] }))
    const proxy = { credential: 'gs_proxy_x', expires_in: 900, host: 'gw', port: 8446, ca: 'host that is spoken for '.repeat(1_000) }
    const answer = { ...exchanged, gatescribe: { ...exchanged.gatescribe, planes: { postgres: { ...plane, resources }, proxy } } }
    const client = await clientOf(200, JSON.stringify(answer))
    expect(await client.exchange('token')).toEqual({ ok: true, answer })
  })

  it.each([
    ['no JSON', 200, '<html>gs_run_secret'],
    ['another shape', 200, '{"access_token":"gs_run_secret"}'],
    [
      'a port that is none',
      200,
      JSON.stringify({ ...exchanged, gatescribe: { ...exchanged.gatescribe, planes: { postgres: { ...plane, port: 70_000 } } } }),
    ],
    ['a text without measure', 200, JSON.stringify({ ...exchanged, access_token: 'x'.repeat(5000) })],
    ['a refusal in other words', 400, '{"message":"gs_run_secret"}'],
  ])('refuses %s, and does not repeat it', async (_, status, body) => {
    const client = await clientOf(status, body)
    const refused = await client.exchange('token').catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: 'GS_TOKEN_DOOR_ANSWER' })
    expect(String(refused)).not.toContain('secret')
  })

  it('does not read an answer without end', async () => {
    const client = await clientOf(200, JSON.stringify({ ...exchanged, newer: 'x'.repeat(200_000) }))
    await expect(client.exchange('token')).rejects.toMatchObject({ code: 'GS_TOKEN_DOOR_UNREACHABLE' })
  })
})

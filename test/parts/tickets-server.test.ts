import { Client as ModernClient, StreamableHTTPClientTransport as ModernTransport } from '@modelcontextprotocol/client'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { startTickets, type TicketsServer } from './tickets-server.ts'

let server: TicketsServer
beforeEach(async () => {
  server = await startTickets()
})
afterEach(() => server.close())

const requestInit = () => ({ headers: { authorization: `Bearer ${server.token}` } })
const TICKET = { title: 'Charged twice', customer: 'Grace', priority: 'low' }

it('serves a client of the handshake dialects', async () => {
  const client = new Client({ name: 'tests', version: '1.0.0' })
  await client.connect(new StreamableHTTPClientTransport(new URL(server.url), { requestInit: requestInit() }))
  expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['list_tickets', 'create_ticket', 'delete_ticket'])
  expect(await client.callTool({ name: 'create_ticket', arguments: TICKET })).toMatchObject({
    content: [{ text: 'Filed "Charged twice".' }],
  })
  expect(server.calls).toEqual([{ tool: 'create_ticket', arguments: TICKET }])
  await client.close()
})

it('serves a client of the stateless dialect', async () => {
  const client = new ModernClient({ name: 'tests', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } })
  await client.connect(new ModernTransport(new URL(server.url), { requestInit: requestInit() }))
  expect(client.getNegotiatedProtocolVersion()).toBe('2026-07-28')
  expect(await client.callTool({ name: 'create_ticket', arguments: TICKET })).toMatchObject({
    content: [{ text: 'Filed "Charged twice".' }],
  })
  await client.close()
})

it('serves nobody without the token', async () => {
  const client = new Client({ name: 'tests', version: '1.0.0' })
  await expect(client.connect(new StreamableHTTPClientTransport(new URL(server.url)))).rejects.toThrow()
  expect(server.strangers).toBe(1)
})

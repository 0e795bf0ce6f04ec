import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunningGateway, startGateway } from '../parts/gateway.ts'
import { JOB_GROUP } from '../parts/gateway-config.ts'
import { startIssuer, type TestIssuer } from '../parts/issuer.ts'
import { mcpClient } from '../parts/mcp-client.ts'
import { startTickets, TICKETS_TOKEN, type TicketsServer } from '../parts/tickets-server.ts'

let issuer: TestIssuer
let gateway: RunningGateway
let tickets: TicketsServer
let folder: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-mcp-'))
  const token = join(folder, 'token')
  writeFileSync(token, TICKETS_TOKEN, { mode: 0o600 })
  tickets = await startTickets()
  issuer = await startIssuer()
  gateway = await startGateway({
    issuer,
    targets: [],
    adjust(config) {
      config.gateway.listen = { https: '127.0.0.1:0', token: '127.0.0.1:0' }
      config.resources = [
        {
          ...{ name: 'tickets', kind: 'mcp', address: tickets.url, pin: 'first' },
          ...{ credentials: [{ as: 'agent', bearer: `file:${token}` }], env: { url: 'TICKETS_MCP_URL', token: 'TICKETS_MCP_TOKEN' } },
        },
      ]
      config.rules = [
        { name: 'look', effect: 'allow', who: { groups: [JOB_GROUP] }, do: ['mcp.list'] },
        {
          ...{ name: 'file-for-grace', effect: 'allow', who: { groups: [JOB_GROUP] }, do: ['mcp.call'] },
          when: 'tool.name == "list_tickets" || (tool.name == "create_ticket" && tool.arguments.customer == "grace@example.com")',
        },
      ]
    },
  })
})
afterAll(async () => {
  await gateway?.remove()
  await issuer?.close()
  await tickets?.close()
  rmSync(folder, { recursive: true, force: true })
})

const filed = (customer: string) => ({ name: 'create_ticket', arguments: { title: 'Late', customer, priority: 'low' } })

describe('a server of MCP behind the gateway', () => {
  it('shows and runs the tools that rules permit, by their arguments, with the token of the gateway', async () => {
    const { planes } = await gateway.credential()
    const { credential, resources } = planes.mcp!
    expect(credential).toMatch(/^gs_mcp_/)
    expect(resources).toEqual([
      { name: 'tickets', url: expect.stringMatching(/\/r\/tickets$/), env: { url: 'TICKETS_MCP_URL', token: 'TICKETS_MCP_TOKEN' } },
    ])
    const { client, connect, close } = await mcpClient({ url: resources[0]!.url, credential, ca: gateway.ca })
    try {
      await connect()
      expect((await client.listTools()).tools.map(({ name }) => name).sort()).toEqual(['create_ticket', 'list_tickets'])
      await client.callTool(filed('grace@example.com'))
      const refused = await client.callTool(filed('ada@example.com'))
      expect(refused.isError).toBe(true)
      expect(JSON.stringify(refused.content)).toContain('GS_POLICY_DENIED')
      expect(tickets.calls.map(({ arguments: given }) => given.customer)).toEqual(['grace@example.com'])
      expect(tickets.strangers).toBe(0)
    } finally {
      await close()
    }
  })
})

import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { CREDENTIAL, doorBeforeRealTarget, type Governing, soon } from '../../../../test/parts/https-door.ts'
import { trustingFetch } from '../../../../test/parts/mcp-client.ts'
import { playedPins } from '../../../../test/parts/played-pins.ts'
import { statelessMcpServer } from '../../../../test/parts/stateless-mcp-server.ts'
import { createMcpPlane } from '../index.ts'

const { open, ca } = doorBeforeRealTarget()
const closing: (() => unknown)[] = []
// The SDK complains of names that are offered to see what becomes of them.
beforeEach(() => void vi.spyOn(console, 'warn').mockImplementation(() => undefined))
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function opened(governing: Governing = {}, mode: 'auto' | { pin: string } = { pin: '2026-07-28' }, capabilities = {}) {
  const server = statelessMcpServer()
  const there = await open(server.listener, governing, { plane: { ...createMcpPlane({ pins: playedPins() }), kind: 'http' } })
  const trusting = trustingFetch(ca())
  const client = new Client({ name: 'tests', version: '1.0.0' }, { versionNegotiation: { mode }, capabilities })
  const transport = new StreamableHTTPClientTransport(new URL(`https://localhost:${there.port}/r/api`), {
    fetch: trusting.fetch as never,
    requestInit: { headers: { authorization: `Bearer ${CREDENTIAL}` } },
  })
  closing.push(async () => {
    await client.close().catch(() => undefined)
    await trusting.close()
  })
  await client.connect(transport)
  const post = (message: object, headers: Record<string, string> = {}) =>
    trusting
      .fetch(`https://localhost:${there.port}/r/api`, {
        method: 'POST',
        body: JSON.stringify(message),
        headers: {
          ...{ authorization: `Bearer ${CREDENTIAL}`, 'content-type': 'application/json' },
          ...{ accept: 'application/json, text/event-stream', 'mcp-protocol-version': '2026-07-28', ...headers },
        },
      })
      .then(async (answer) => ({
        status: answer.status,
        body: (await answer.json()) as { error?: { code: number; data?: { code: string } } },
      }))
  return { ...there, client, server, post }
}

const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
}
const textOf = (result: unknown): string => (result as { content: { text: string }[] }).content.map(({ text }) => text).join('')

describe('the stateless dialect', () => {
  it('is spoken by the SDK 2.x: discovers, lists, calls, also names that are no ASCII', async () => {
    const { client, seen, server } = await opened()
    const { tools } = await client.listTools()
    expect(tools.map(({ name }) => name)).toEqual(['read_file', 'über', 'regional', 'ask_user'])
    expect(textOf(await client.callTool({ name: 'read_file', arguments: { path: '/a' } }))).toContain('content of /a')
    expect(textOf(await client.callTool({ name: 'über', arguments: {} }))).toBe('über')
    expect(textOf(await client.callTool({ name: 'regional', arguments: { region: 'us-west1' } }))).toBe('in us-west1')
    expect(server.headers.some((each) => each['mcp-param-region'] === 'us-west1')).toBe(true)
    expect(server.headers.every((each) => each['mcp-session-id'] === undefined)).toBe(true)
    expect(seen.operations.map(({ facts }) => facts?.tool?.method)).toEqual(
      expect.arrayContaining(['server/discover', 'tools/list', 'tools/call']),
    )
    expect(seen.operations.map(({ facts }) => facts?.tool?.method)).not.toContain('initialize')
  })

  it('is found by a client that speaks both', async () => {
    const { client, seen } = await opened({}, 'auto')
    await client.listTools()
    expect(seen.operations.map(({ facts }) => facts?.effects[0]?.action)).toEqual(['discover', 'discover', 'list tools'])
  })

  it('says no as a complete result', async () => {
    const { client } = await opened({ decide: ({ facts }) => (facts?.tool?.name === 'read_file' ? { effect: 'deny', rules: ['no'] } : {}) })
    const refused = await client.callTool({ name: 'read_file', arguments: { path: '/a' } })
    expect(refused).toMatchObject({ isError: true })
    expect(textOf(refused)).toContain('GS_POLICY_DENIED, rule no')
  })

  it('passes on what a server wants of the client within its result where a rule allows it, and what the client hands in', async () => {
    const answer = { elicitation: {} }
    const { client, seen } = await opened({}, { pin: '2026-07-28' }, answer)
    client.setRequestHandler('elicitation/create', () => ({ action: 'accept', content: { name: 'me' } }))
    expect(textOf(await client.callTool({ name: 'ask_user', arguments: {} }))).toBe('asked: me')
    const classes = seen.operations.map(({ facts }) => facts?.effects.map((each) => each.class))
    expect(classes).toContainEqual(['elicitation'])
    expect(classes).toContainEqual(['call', 'elicitation'])
  })

  it('does not where none does', async () => {
    const denies: Governing['decide'] = ({ facts }) =>
      facts?.effects.some((each) => each.class === 'elicitation') ? { effect: 'deny', rules: [] } : {}
    const { client, server, post } = await opened({ decide: denies }, { pin: '2026-07-28' }, { elicitation: {} })
    client.setRequestHandler('elicitation/create', () => ({ action: 'accept', content: { name: 'me' } }))
    expect(textOf(await client.callTool({ name: 'ask_user', arguments: {} }))).toContain('GS_POLICY_DENIED')
    const before = server.calls.length
    // A client that hands in what it was not asked for.
    const handed = { name: 'ask_user', arguments: {}, inputResponses: { who: { action: 'accept', content: { name: 'me' } } }, _meta: META }
    const { body } = await post(
      { jsonrpc: '2.0', id: 9, method: 'tools/call', params: handed },
      { 'mcp-method': 'tools/call', 'mcp-name': 'ask_user' },
    )
    expect(JSON.stringify(body)).toContain('GS_POLICY_DENIED')
    expect(server.calls).toHaveLength(before)
  })

  it('is told of changes on a stream that it asks for', async () => {
    const { client, server, seen } = await opened()
    const changed: unknown[] = []
    client.setNotificationHandler('notifications/tools/list_changed', () => void changed.push('changed'))
    const subscription = await client.listen({ toolsListChanged: true })
    server.changed()
    await soon(() => changed).toEqual(['changed'])
    await subscription.close()
    expect(seen.operations.map(({ facts }) => facts?.tool?.method)).toContain('subscriptions/listen')
  })

  const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'read_file', arguments: { path: '/a' }, _meta: META } }
  it.each([
    ['the method', { 'mcp-method': 'tools/list', 'mcp-name': 'read_file' }],
    ['no method', { 'mcp-name': 'read_file' }],
    ['the name', { 'mcp-method': 'tools/call', 'mcp-name': 'write_file' }],
    ['no name', { 'mcp-method': 'tools/call' }],
    ['a name in broken base64', { 'mcp-method': 'tools/call', 'mcp-name': '=?base64?cmVhZF9maWxl?==?=' }],
    ['another version', { 'mcp-method': 'tools/call', 'mcp-name': 'read_file', 'mcp-protocol-version': '2025-11-25' }],
    ['a parameter that nobody asks for', { 'mcp-method': 'tools/call', 'mcp-name': 'read_file', 'mcp-param-region': 'x' }],
  ])('refuses headers that say something else than the message: %s', async (_, headers) => {
    const { server, post } = await opened()
    const { status, body } = await post(call, headers)
    expect([status, body.error?.code, body.error?.data?.code]).toEqual([400, -32_020, 'GS_MCP_HEADERS'])
    expect(server.calls).toEqual([])
  })

  it('takes headers in base64 for what they stand for', async () => {
    const { server, post } = await opened()
    const name = `=?base64?${Buffer.from('read_file').toString('base64')}?=`
    expect((await post(call, { 'mcp-method': 'tools/call', 'mcp-name': name })).status).toBe(200)
    expect(server.calls).toHaveLength(1)
  })

  it('wants the parameters that a schema wants in headers, and the same ones', async () => {
    const { server, post } = await opened()
    const regional = { ...call, params: { name: 'regional', arguments: { region: 'eu' }, _meta: META } }
    const headers = { 'mcp-method': 'tools/call', 'mcp-name': 'regional' }
    expect((await post(regional, headers)).body.error?.data?.code).toBe('GS_MCP_HEADERS')
    expect((await post(regional, { ...headers, 'mcp-param-region': 'us' })).body.error?.data?.code).toBe('GS_MCP_HEADERS')
    expect((await post(regional, { ...headers, 'mcp-param-region': 'eu' })).status).toBe(200)
    expect(server.calls).toHaveLength(1)
  })

  it('lists the versions that are spoken where another is asked for', async () => {
    const { post } = await opened()
    const { status, body } = await post({ ...call, params: { ...call.params, _meta: {} } }, { 'mcp-protocol-version': '2099-01-01' })
    expect([status, body.error?.code]).toEqual([400, -32_022])
    expect(body.error?.data).toMatchObject({ supported: ['2026-07-28', '2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'] })
  })
})

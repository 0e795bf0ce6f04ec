import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunningGateway, startGateway } from '../parts/gateway.ts'
import { JOB_GROUP } from '../parts/gateway-config.ts'
import { startIssuer, type TestIssuer } from '../parts/issuer.ts'
import { mcpClient, trustingFetch } from '../parts/mcp-client.ts'
import { mcpServer } from '../parts/mcp-server.ts'

let issuer: TestIssuer
let gateway: RunningGateway
let files: ReturnType<typeof mcpServer>
let listening: Server
let folder: string
let trusting: ReturnType<typeof trustingFetch>

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-mcp-strangers-'))
  const token = join(folder, 'token')
  writeFileSync(token, 'files-4f9b2c7e1a8d6035', { mode: 0o600 })
  files = mcpServer()
  listening = createServer(files.listener)
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
  issuer = await startIssuer()
  gateway = await startGateway({
    issuer,
    targets: [],
    adjust(config) {
      config.gateway.listen = { https: '127.0.0.1:0', token: '127.0.0.1:0' }
      config.resources = [
        {
          ...{ name: 'files', kind: 'mcp', address: `http://127.0.0.1:${(listening.address() as AddressInfo).port}`, pin: 'first' },
          credentials: [{ as: 'agent', bearer: `file:${token}` }],
        },
      ]
      config.rules = [
        { name: 'look', effect: 'allow', who: { groups: [JOB_GROUP] }, do: ['mcp.list'] },
        { name: 'read', effect: 'allow', who: { groups: [JOB_GROUP] }, do: ['mcp.call'], when: 'tool.name != "write_file"' },
      ]
    },
  })
  trusting = trustingFetch(gateway.ca)
})
afterAll(async () => {
  await trusting?.close()
  await gateway?.remove()
  await issuer?.close()
  listening?.closeAllConnections()
  listening?.close()
  rmSync(folder, { recursive: true, force: true })
})

/** A run, and a session of MCP that it began. */
async function begun() {
  const answer = await gateway.credential()
  const { credential, resources } = answer.planes.mcp!
  const { url } = resources[0]!
  const made = await mcpClient({ url, credential, ca: gateway.ca })
  await made.connect()
  const session = (made.transport as { sessionId?: string }).sessionId!
  const ask = (method: string, body: object | string | undefined, headers: Record<string, string> = {}) =>
    trusting.fetch(url, {
      method,
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify({ jsonrpc: '2.0', ...body }) }),
      headers: {
        ...{ authorization: `Bearer ${credential}`, accept: 'application/json, text/event-stream', 'content-type': 'application/json' },
        ...headers,
      },
    })
  return { ...made, run: (answer as unknown as { run: string }).run, url, credential, session, ask }
}

const call = (name: string, more: object = {}) => ({ id: 77, method: 'tools/call', params: { name, arguments: { path: '/a' }, ...more } })

describe('a run', () => {
  it('speaks in no session of another run, listens to none, and ends none', async () => {
    const [ada, eve] = [await begun(), await begun()]
    const stolen = { 'mcp-session-id': ada.session }
    for (const [method, body] of [
      ['POST', call('read_file')],
      ['GET', undefined],
      ['DELETE', undefined],
    ] as const) {
      const answer = await eve.ask(method, body, stolen)
      expect([method, answer.status]).toEqual([method, 404])
      expect(await answer.text()).toContain('GS_MCP_SESSION_UNKNOWN')
    }
    expect((await ada.client.callTool({ name: 'read_file', arguments: { path: '/a' } })).isError).toBeFalsy()
    await Promise.all([ada.close(), eve.close()])
  })

  it('calls no tool that it may not, however that is written', async () => {
    const { ask, session, client, close } = await begun()
    await client.listTools()
    const headers = { 'mcp-session-id': session }
    const before = files.calls.length
    const written = [
      ...['Write_File', 'write_file ', ' write_file', 'write_file\u0000', 'write_f\u0456le', 'write_file\u200b', 'WRITE_FILE'].map((name) =>
        call(name),
      ),
      call('write_file'),
      call('read_file', { Name: 'write_file' }),
      '{"jsonrpc":"2.0","id":77,"method":"tools/call","params":{"name":"read_file","n\\u0061me":"write_file","arguments":{}}}',
      '{"jsonrpc":"2.0","id":77,"method":"tools/call","params":{"name":"read_file"},"params":{"name":"write_file"}}',
      '{"jsonrpc":"2.0","id":77,"method":"tools/c\\u0061ll","params":{"name":"write_f\\u0069le","arguments":{"path":"/a"}}}',
      '[{"jsonrpc":"2.0","id":77,"method":"tools/call","params":{"name":"write_file","arguments":{}}}]',
      { method: 'tools/call', params: { name: 'write_file', arguments: { path: '/a' } } },
      { method: 'tools/call', params: { name: 'read_file', arguments: { path: '/a' } } },
      { id: 77, method: 'Tools/Call', params: { name: 'write_file', arguments: {} } },
      { id: 77, method: 'tools/call', result: {}, params: { name: 'write_file', arguments: {} } },
      { id: 77, result: { name: 'write_file' } },
    ]
    for (const each of written) {
      const answer = await ask('POST', each, headers)
      expect([each, await answer.text()]).toEqual([each, expect.stringMatching(/GS_(POLICY_DENIED|MCP_)/)])
    }
    expect(files.calls.slice(before)).toEqual([])
    await close()
  })

  it('hears nothing more once it is revoked, on whatever stream', async () => {
    const { ask, session, run, close } = await begun()
    await close()
    const headers = { 'mcp-session-id': session }
    const slow = ask('POST', { id: 5, method: 'tools/call', params: { name: 'slow', arguments: {} } }, headers)
    const streams = [await ask('GET', undefined, headers).catch(() => undefined), await slow]
    const began = performance.now()
    const over = Promise.all(
      streams.map(async (answer) => {
        expect(answer?.status).toBe(200)
        await answer?.text().catch(() => undefined)
        return performance.now() - began
      }),
    )
    await gateway.operator.revokeRun(run)
    for (const ms of await over) expect(ms).toBeLessThan(1_000)
    const answer = await ask('POST', call('read_file'), headers)
    expect(answer.status).toBeGreaterThanOrEqual(401)
  })
})

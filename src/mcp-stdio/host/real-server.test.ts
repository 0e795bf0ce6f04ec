import { fileURLToPath } from 'node:url'
import { Client as ModernClient, StreamableHTTPClientTransport as ModernTransport } from '@modelcontextprotocol/client'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { HOST_TOKEN, startTestHost, type TestHost } from '../../../test/parts/mcp-host.ts'

/* The reference server, as npm has it, and the official clients of both generations. */

let host: TestHost
beforeEach(async () => {
  const everything = fileURLToPath(import.meta.resolve('@modelcontextprotocol/server-everything/dist/index.js'))
  host = await startTestHost({ everything: [process.execPath, everything, 'stdio'] })
})
afterEach(() => host.stop())

const requestInit = { headers: { authorization: `Bearer ${HOST_TOKEN}` } }
const url = () => new URL(`${host.url}/everything`)

it('lists, calls, tells of progress and cancels for a client of the handshake dialects', async () => {
  const client = new Client({ name: 'tests', version: '1.0.0' })
  await client.connect(new StreamableHTTPClientTransport(url(), { requestInit }) as never)
  expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['echo', 'trigger-long-running-operation']),
  )
  expect(await client.callTool({ name: 'echo', arguments: { message: 'grün' } })).toMatchObject({ content: [{ text: 'Echo: grün' }] })
  const steps: number[] = []
  const long = { name: 'trigger-long-running-operation', arguments: { duration: 0.3, steps: 3 } }
  await client.callTool(long, undefined, { onprogress: ({ progress }) => steps.push(progress) })
  expect(steps).toEqual([1, 2, 3])
  const giveUp = new AbortController()
  const cancelled = client.callTool({ ...long, arguments: { duration: 30, steps: 30 } }, undefined, { signal: giveUp.signal })
  setTimeout(() => giveUp.abort(), 100)
  await expect(cancelled).rejects.toThrow()
  expect(await client.callTool({ name: 'echo', arguments: { message: 'still' } })).toMatchObject({ content: [{ text: 'Echo: still' }] })
  await client.close()
})

it('serves a client of the stateless dialect, which falls back to what the server speaks', async () => {
  const client = new ModernClient({ name: 'tests', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } })
  await client.connect(new ModernTransport(url(), { requestInit }))
  expect(client.getNegotiatedProtocolVersion()).toMatch(/^2025-/)
  expect(await client.callTool({ name: 'echo', arguments: { message: 'x' } })).toMatchObject({ content: [{ text: 'Echo: x' }] })
  await client.close()
})

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client as ModernClient, StreamableHTTPClientTransport as ModernHttp } from '@modelcontextprotocol/client'
import { StdioClientTransport as ModernStdio } from '@modelcontextprotocol/client/stdio'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunningGateway, startGateway } from '../parts/gateway.ts'
import { JOB_GROUP } from '../parts/gateway-config.ts'
import { startIssuer, type TestIssuer } from '../parts/issuer.ts'
import { trustingFetch } from '../parts/mcp-client.ts'
import { HOST_TOKEN, startTestHost, type TestHost } from '../parts/mcp-host.ts'
import { type TestRunFile, writeRunFile } from '../parts/mcp-run-file.ts'
import { startTickets, TICKETS_TOKEN, type TicketsServer } from '../parts/tickets-server.ts'

/*
 * The official clients of both generations, over HTTP and as they start a program, through a real gateway: to the reference server, which is a
 * program of its own behind `gatescribe mcp-host`, and to one that speaks the stateless dialect.
 */

const everything = fileURLToPath(import.meta.resolve('@modelcontextprotocol/server-everything/dist/index.js'))
const gatescribe = fileURLToPath(new URL('../../bin/gatescribe.js', import.meta.url))

let issuer: TestIssuer
let gateway: RunningGateway
let host: TestHost
let tickets: TicketsServer
let folder: string
let file: TestRunFile
let credential: string
let urls: Readonly<Record<string, string>>

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-mcp-clients-'))
  const token = (name: string, value: string) => {
    writeFileSync(join(folder, name), value, { mode: 0o600 })
    return `file:${join(folder, name)}`
  }
  host = await startTestHost({ everything: [process.execPath, everything, 'stdio'] })
  tickets = await startTickets()
  issuer = await startIssuer()
  gateway = await startGateway({
    issuer,
    targets: [],
    adjust(config) {
      config.gateway.listen = { https: '127.0.0.1:0', token: '127.0.0.1:0' }
      config.resources = [
        {
          ...{ name: 'everything', kind: 'mcp', address: `${host.url}/everything` },
          credentials: [{ as: 'agent', bearer: token('host', HOST_TOKEN) }],
        },
        {
          name: 'tickets',
          kind: 'mcp',
          address: tickets.url,
          pin: 'first',
          credentials: [{ as: 'agent', bearer: token('tickets', TICKETS_TOKEN) }],
        },
      ]
      config.rules = [
        { name: 'mcp-may', effect: 'allow', who: { groups: [JOB_GROUP] }, do: ['mcp.list', 'mcp.call'] },
        {
          ...{ name: 'not-that-word', effect: 'deny', do: ['mcp.call'] },
          when: 'tool.name == "echo" && tool.arguments.message.contains("forbidden")',
        },
      ]
    },
  })
  const { planes } = await gateway.credential()
  credential = planes.mcp!.credential
  urls = Object.fromEntries(planes.mcp!.resources.map(({ name, url }) => [name, url]))
  file = writeRunFile(urls, gateway.ca, credential)
})
afterAll(async () => {
  await gateway?.remove()
  await issuer?.close()
  await host?.stop()
  await tickets?.close()
  file?.remove()
  rmSync(folder, { recursive: true, force: true })
})

/** What the clients of both generations have in common, as far as it is used here. */
interface AnyClient {
  listTools(): Promise<{ tools: readonly { readonly name: string }[] }>
  call(
    name: string,
    given: object,
    options?: { onprogress?: (step: { progress: number }) => void; signal?: AbortSignal },
  ): Promise<{ isError?: boolean; content: unknown }>
  readonly version: string | undefined
  close(): Promise<void>
}

type Way = (resource: string) => Promise<AnyClient>
const info = { name: 'tests', version: '1.0.0' }
const program = (resource: string) => ({
  command: process.execPath,
  args: [gatescribe, 'mcp', resource],
  env: { GATESCRIBE_RUN_FILE: file.path, PATH: process.env.PATH! },
})
const headers = () => ({ requestInit: { headers: { authorization: `Bearer ${credential}` } } })

/** Over HTTP a session outlives its connections, unless it is ended. */
async function goodbye(client: { close(): Promise<void> }, transport: object, done: () => Promise<unknown>): Promise<void> {
  await (transport as { terminateSession?(): Promise<void> }).terminateSession?.()
  await client.close()
  await done()
}

async function first(transport: object, done: () => Promise<unknown> = async () => undefined): Promise<AnyClient> {
  const client = new Client(info)
  await client.connect(transport as Parameters<Client['connect']>[0])
  return {
    listTools: () => client.listTools(),
    call: (name, given, options) => client.callTool({ name, arguments: { ...given } }, undefined, options) as ReturnType<AnyClient['call']>,
    version: (transport as { protocolVersion?: string }).protocolVersion,
    close: () => goodbye(client, transport, done),
  }
}

async function second(
  transport: object,
  mode: 'auto' | 'legacy',
  done: () => Promise<unknown> = async () => undefined,
): Promise<AnyClient> {
  const client = new ModernClient(info, { versionNegotiation: { mode } })
  await client.connect(transport as Parameters<ModernClient['connect']>[0])
  return {
    listTools: () => client.listTools(),
    call: (name, given, options) => client.callTool({ name, arguments: { ...given } }, options) as ReturnType<AnyClient['call']>,
    version: client.getNegotiatedProtocolVersion(),
    close: () => goodbye(client, transport, done),
  }
}

const ways: Readonly<Record<string, Way>> = {
  async 'SDK 1.x over HTTP'(resource) {
    const { fetch, close } = trustingFetch(gateway.ca)
    return first(new StreamableHTTPClientTransport(new URL(urls[resource]!), { fetch, ...headers() }), close)
  },
  async 'SDK 2.x over HTTP, stateless where it can be'(resource) {
    const { fetch, close } = trustingFetch(gateway.ca)
    return second(new ModernHttp(new URL(urls[resource]!), { fetch, ...headers() }), 'auto', close)
  },
  async 'SDK 2.x over HTTP, by handshake'(resource) {
    const { fetch, close } = trustingFetch(gateway.ca)
    return second(new ModernHttp(new URL(urls[resource]!), { fetch, ...headers() }), 'legacy', close)
  },
  'SDK 1.x that starts gatescribe mcp': async (resource) => first(new StdioClientTransport(program(resource))),
  'SDK 2.x that starts gatescribe mcp, stateless where it can be': async (resource) => second(new ModernStdio(program(resource)), 'auto'),
}

async function using<T>(way: Way, resource: string, use: (client: AnyClient) => Promise<T>): Promise<T> {
  const client = await way(resource)
  try {
    return await use(client)
  } finally {
    await client.close()
  }
}
const textOf = ({ content }: { readonly content: unknown }) => JSON.stringify(content)

it('shows and calls no tool that nobody has pinned, and says what to run', async () => {
  await using(ways['SDK 1.x over HTTP']!, 'everything', async (client) => {
    const seen = await client.listTools().then(
      ({ tools }) => tools.map(({ name }) => name),
      (error: unknown) => String(error),
    )
    expect(JSON.stringify(seen)).not.toContain('"echo"')
    const refused = await client.call('echo', { message: 'x' }).then(textOf, String)
    expect(refused).toContain('GS_MCP_TOOLS_NOT_PINNED')
    expect(refused).toContain('gatescribe tools diff everything')
  })
  const { digest, tools } = await gateway.operator.toolsOf('everything', [])
  expect(tools.map(({ name }) => name)).toContain('echo')
  await expect(gateway.operator.pinTools('everything', ['echo'], digest!)).rejects.toMatchObject({ code: 'GS_PINS_NOT_SHOWN' })
  await gateway.operator.pinTools('everything', [], digest!)
  expect((await gateway.operator.toolsOf('everything', [])).digest).toBeUndefined()
})

describe.each(Object.entries(ways))('%s', (name, way) => {
  it('lists, calls, is refused with the reason, hears of progress and cancels', async () => {
    await using(way, 'everything', async (client) => {
      expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(
        expect.arrayContaining(['echo', 'trigger-long-running-operation']),
      )
      expect(textOf(await client.call('echo', { message: 'grün' }))).toContain('Echo: grün')
      const refused = await client.call('echo', { message: 'forbidden' })
      expect(refused.isError).toBe(true)
      expect(textOf(refused)).toMatch(/GS_POLICY_DENIED|not-that-word/)
      const steps: number[] = []
      const options = { onprogress: ({ progress }: { progress: number }) => void steps.push(progress) }
      await client.call('trigger-long-running-operation', { duration: 0.3, steps: 3 }, options)
      // The last one comes with the answer, and clients that read both at once forget who asked first.
      expect(steps.slice(0, 2)).toEqual([1, 2])
      const giveUp = new AbortController()
      const cancelled = client.call('trigger-long-running-operation', { duration: 30, steps: 30 }, { signal: giveUp.signal })
      setTimeout(() => giveUp.abort(), 200)
      await expect(cancelled).rejects.toThrow()
      expect(textOf(await client.call('echo', { message: 'still' }))).toContain('Echo: still')
    })
  })

  it('calls a server of the stateless dialect', async () => {
    tickets.restore()
    await using(way, 'tickets', async (client) => {
      expect((await client.listTools()).tools.map(({ name }) => name)).toContain('create_ticket')
      expect(textOf(await client.call('create_ticket', { title: 'Late', customer: 'Grace', priority: 'low' }))).toContain('Filed')
      expect(tickets.calls).toHaveLength(1)
      if (name.includes('stateless')) expect(client.version).toBe('2026-07-28')
    })
  })
})

it('leaves no process behind once the clients are gone', async () => {
  for (let waited = 0; host.homes().length > 0 && waited < 10_000; waited += 100) await new Promise((resolve) => setTimeout(resolve, 100))
  expect(host.homes()).toEqual([])
})

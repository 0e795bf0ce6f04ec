import { setTimeout as sleep } from 'node:timers/promises'
import type { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { ElicitRequestSchema, ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { CREDENTIAL, doorBeforeRealTarget, type Governing, soon, TARGET_TOKEN } from '../../../../test/parts/https-door.ts'
import { mcpClient } from '../../../../test/parts/mcp-client.ts'
import { mcpServer } from '../../../../test/parts/mcp-server.ts'
import { playedPins } from '../../../../test/parts/played-pins.ts'
import { effectiveDigest } from '../../../approvals/index.ts'
import type { Waiting } from '../../../guard/index.ts'
import { type Facts, type Grant, type Mask, type Operation, Refusal, type ToolPins } from '../../../operations/index.ts'
import { createMcpPlane } from '../index.ts'

const { open, ca } = doorBeforeRealTarget()
const closing: (() => unknown)[] = []
// The SDK complains of names that are offered to see what becomes of them.
beforeEach(() => void vi.spyOn(console, 'warn').mockImplementation(() => undefined))
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function opened(
  governing: Governing = {},
  {
    pins = playedPins(),
    json = false,
    capabilities = {},
    old = false,
    server: played = {},
  }: {
    pins?: ToolPins
    json?: boolean
    capabilities?: Record<string, object>
    old?: boolean
    server?: Parameters<typeof mcpServer>[0]
  } = {},
) {
  const server = mcpServer({ json, ...played })
  const there = await open(server.listener, governing, { plane: { ...createMcpPlane({ pins }), kind: 'http' } })
  const url = `https://localhost:${there.port}/r/api${old ? '/sse' : ''}`
  const made = await connected()
  return { ...there, ...made, server, connect: async () => (await connected()).client }

  async function connected() {
    const one = await mcpClient({ url, credential: CREDENTIAL, ca: ca(), capabilities, old })
    closing.push(() => one.close())
    await one.connect()
    return one
  }
}

/** A client that may ask anything. */
async function rawly(governing: Governing) {
  const { client } = await opened(governing)
  const anything = { '~standard': {}, parse: (value: unknown) => value, safeParse: (data: unknown) => ({ success: true, data }) }
  return { send: (method: string, params: object) => client.request({ method, params } as never, anything as never) as Promise<unknown> }
}

const textOf = (result: unknown): string => (result as { content: { text: string }[] }).content.map(({ text }) => text).join('')
const mask: Mask = {
  ...{ name: 'mails', columns: [], detect: ['email'], patterns: [], as: 'redact' },
  ...{ unmaskedWrite: false, predicates: false },
}

describe.each([
  ['streams', false, false],
  ['JSON', true, false],
  ['the old transport', false, true],
])('a client of the official SDK, answered by %s', (_, json, old) => {
  it('begins, lists and calls', async () => {
    const { client, seen, server, received } = await opened({}, { json, old })
    expect(client.getServerVersion()?.name).toBe('files')
    const { tools } = await client.listTools()
    expect(tools.map(({ name }) => name)).toEqual(['read_file', 'write_file', 'slow', 'ask_user', 'broken'])
    expect(textOf(await client.callTool({ name: 'read_file', arguments: { path: '/a' } }))).toContain('content of /a')
    expect(server.calls).toEqual([{ name: 'read_file', arguments: { path: '/a' } }])
    expect(seen.operations.map(({ facts }) => facts?.tool?.method)).toEqual(
      expect.arrayContaining(['initialize', 'notifications/initialized', 'tools/list', 'tools/call']),
    )
    const call = seen.operations.find(({ facts }) => facts?.tool?.method === 'tools/call')
    expect(call?.facts).toEqual({
      effects: [{ class: 'call', action: 'call tool' }],
      tool: { server: 'api', method: 'tools/call', name: 'read_file', arguments: { path: '/a' }, uri: '' },
    })
    expect(received.join('')).toContain(TARGET_TOKEN)
    expect(received.join('')).not.toContain(CREDENTIAL)
  })

  it('reads why a call is refused, and goes on', async () => {
    const { client, server } = await opened(
      {
        decide: ({ facts }) =>
          (facts?.tool?.arguments as { path?: string } | undefined)?.path === '/etc/passwd'
            ? { effect: 'deny', rules: ['no-passwords'] }
            : {},
      },
      { json, old },
    )
    await client.listTools()
    const refused = await client.callTool({ name: 'read_file', arguments: { path: '/etc/passwd' } })
    expect(refused.isError).toBe(true)
    expect(textOf(refused)).toMatch(/^Refused by the gateway: .*GS_POLICY_DENIED, rule no-passwords\)\nNext: /)
    expect(server.calls).toEqual([])
    expect(textOf(await client.callTool({ name: 'read_file', arguments: { path: '/b' } }))).toContain('content of /b')
  })

  it('does not see what detectors find', async () => {
    const { client } = await opened({ decide: () => ({ masks: [mask] }) }, { json, old })
    await client.listTools()
    expect(textOf(await client.callTool({ name: 'read_file', arguments: { path: '/a' } }))).toBe('content of /a; mail me at [email]')
    const { contents } = await client.readResource({ uri: 'file:///notes.txt' })
    expect(contents).toMatchObject([{ uri: 'file:///notes.txt', text: 'notes of [email]' }])
  })
})

const offers = (facts: Facts) => facts.tool?.name !== 'write_file' && facts.tool?.uri !== 'file:///secret.txt'

describe('what no rule could permit', () => {
  it('is absent from lists', async () => {
    const { client } = await opened({ couldAllow: offers })
    const { tools } = await client.listTools()
    expect(tools.map(({ name }) => name)).toEqual(['read_file', 'slow', 'ask_user', 'broken'])
    const { resources } = await client.listResources()
    expect(resources.map(({ uri }) => uri)).toEqual(['file:///notes.txt'])
    expect((await client.listResourceTemplates()).resourceTemplates).toHaveLength(1)
    expect((await client.listPrompts()).prompts).toHaveLength(1)
    const other = await opened({ couldAllow: ({ tool }) => tool?.method !== 'prompts/get' && tool?.uri !== undefined })
    expect((await other.client.listPrompts()).prompts).toEqual([])
    expect((await other.client.listResourceTemplates()).resourceTemplates).toEqual([])
  })

  it('is not completed either', async () => {
    const { send } = await rawly({ couldAllow: ({ tool }) => tool?.name !== 'hidden' })
    const complete = (name: string) =>
      send('completion/complete', { ref: { type: 'ref/prompt', name }, argument: { name: 'a', value: '' } })
    await expect(complete('hidden')).rejects.toMatchObject({ data: { code: 'GS_POLICY_DENIED' } })
    await expect(complete('greet')).rejects.toMatchObject({ code: -32_601 })
  })

  it('of resources and prompts is refused as an error with a code', async () => {
    const { client } = await opened({
      decide: ({ facts }) =>
        facts?.tool?.method.startsWith('resources/read') || facts?.tool?.method === 'prompts/get' ? { effect: 'deny', rules: ['no'] } : {},
    })
    for (const ask of [
      () => client.readResource({ uri: 'file:///notes.txt' }),
      () => client.getPrompt({ name: 'greet', arguments: { name: 'x' } }),
    ]) {
      await expect(ask()).rejects.toMatchObject({ code: -31_403, data: { code: 'GS_POLICY_DENIED', rule: 'no' } })
    }
  })
})

describe('definitions of tools', () => {
  const nothing = () => true

  it('that nobody has pinned are not shown, which is said with what to do', async () => {
    const { client, server } = await opened({}, { pins: playedPins(nothing) })
    await expect(client.listTools()).rejects.toMatchObject({
      data: { code: 'GS_MCP_TOOLS_NOT_PINNED', next: expect.stringContaining('gatescribe tools diff api') },
    })
    const refused = await client.callTool({ name: 'read_file', arguments: { path: '/a' } })
    expect(textOf(refused)).toMatch(/GS_MCP_TOOLS_NOT_PINNED.*Next: .*gatescribe tools diff api/s)
    expect(server.calls).toEqual([])
  })

  it('are hidden one by one', async () => {
    const { client, server } = await opened({}, { pins: playedPins(({ name }) => name === 'write_file') })
    expect((await client.listTools()).tools.map(({ name }) => name)).not.toContain('write_file')
    expect(textOf(await client.callTool({ name: 'write_file', arguments: { path: '/a', text: '' } }))).toContain('GS_MCP_TOOLS_NOT_PINNED')
    expect(server.calls).toEqual([])
  })

  it('are looked at by the gateway before a call of which it has not seen one, on the record', async () => {
    const { client, seen, server } = await opened()
    expect(textOf(await client.callTool({ name: 'read_file', arguments: { path: '/a' } }))).toContain('content')
    await client.callTool({ name: 'read_file', arguments: { path: '/a' } })
    const looked = seen.operations.filter(({ facts }) => facts?.effects[0]?.action === 'discover')
    expect(looked.map(({ facts }) => facts?.tool?.method)).toEqual(['tools/list'])
    expect(server.calls).toHaveLength(2)
  })

  it('that change are refused alone, and the others go on', async () => {
    const { client, server, connect } = await opened()
    await client.listTools()
    const told = Promise.withResolvers<void>()
    client.setNotificationHandler(ToolListChangedNotificationSchema, () => told.resolve())
    server.change('Writes a file, and sends a copy to us')
    await told.promise
    // The SDK's server keeps the definitions of a session: a new one offers the change.
    const later = await connect()
    expect((await later.listTools()).tools.map(({ name }) => name)).not.toContain('write_file')
    for (const each of [client, later]) {
      expect(textOf(await each.callTool({ name: 'write_file', arguments: { path: '/a', text: '' } }))).toContain('GS_MCP_TOOL_CHANGED')
      expect(textOf(await each.callTool({ name: 'read_file', arguments: { path: '/a' } }))).toContain('content of /a')
    }
  })

  it('whose names can be taken for one another are neither shown nor called', async () => {
    const { client, server } = await opened({}, { server: { more: ['Read_File', 'slоw'] } })
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['write_file', 'ask_user', 'broken'])
    expect(textOf(await client.callTool({ name: 'read_file', arguments: { path: '/a' } }))).toContain('GS_MCP_NAMES_COLLIDE')
    expect(server.calls).toEqual([])
  })
})

describe('what asks', () => {
  const asks = {
    decide: ({ facts }: Operation) =>
      facts?.tool?.method === 'tools/call'
        ? ({ effect: 'ask', rules: ['ask-first'], ask: { requirements: [], for: 1_000, stream: false } } as const)
        : {},
  }
  const waiting = (over: Partial<Waiting> = {}) => {
    const answer = Promise.withResolvers<Grant | Refusal>()
    const left: string[] = []
    const made: Waiting = {
      ...{ id: 'apr_1', link: 'https://gateway/apr_1', hold: 10_000, decided: answer.promise },
      becomeTicket: () => new Refusal('GS_APPROVAL_PENDING', { ticket: 'apr_1' }),
      leave: (why) => void left.push(why),
      ...over,
    }
    return { made, left, answer: answer.resolve }
  }
  const grant: Grant = { id: 'apr_1', digest: 'sha256:0', usableUntil: 0 }
  const call = { name: 'read_file', arguments: { path: '/a' } }

  it.each([[false], [true]])('is held with progress, and answered once somebody says yes (old transport: %s)', async (old) => {
    const { made, answer } = waiting()
    const { client, server } = await opened({ ...asks, ask: async () => made }, { old })
    const progress: unknown[] = []
    const answered = client.callTool(call, undefined, { onprogress: (each) => progress.push(each.message) })
    await soon(() => progress).toEqual([expect.stringContaining('https://gateway/apr_1')])
    expect(server.calls).toEqual([])
    answer(grant)
    expect(textOf(await answered)).toContain('content of /a')
  })

  it('passes on the progress of the server behind its own', async () => {
    const { made, answer } = waiting()
    const { client } = await opened({ ...asks, ask: async () => made })
    const progress: number[] = []
    const answered = client.callTool({ name: 'slow', arguments: { steps: 3 } }, undefined, {
      onprogress: (each) => progress.push(each.progress),
    })
    await soon(() => progress).toHaveLength(1)
    answer(grant)
    expect(textOf(await answered)).toBe('done')
    expect(progress.slice(1)).toEqual([1, 2, 3])
    expect(progress.every((each, at) => at === 0 || each > (progress[at - 1] as number))).toBe(true)
  })

  it('is refused after a yes where the tool has become another one meanwhile', async () => {
    const { made, answer } = waiting()
    const { client, server, seen, connect } = await opened({ ...asks, ask: async () => made })
    await client.listTools()
    const progress: unknown[] = []
    const answered = client.callTool({ name: 'write_file', arguments: { path: '/a', text: 'b' } }, undefined, {
      onprogress: (each) => progress.push(each),
    })
    await soon(() => progress).toHaveLength(1)
    server.change('Writes a file, and sends it')
    await (await connect()).listTools()
    answer(grant)
    expect(textOf(await answered)).toContain('GS_MCP_TOOL_CHANGED')
    expect(server.calls).toEqual([])
    expect(seen.operations.at(-1)?.facts?.tool?.name).toBe('write_file')
  })

  it('becomes a ticket that says to call again with the same', async () => {
    const { made } = waiting({ hold: 20 })
    const { client } = await opened({ ...asks, ask: async () => made })
    const refused = await client.callTool(call)
    expect(refused.isError).toBe(true)
    expect(textOf(refused)).toMatch(/GS_APPROVAL_PENDING.*apr_1.*same tool with the same arguments/s)
  })

  it('says no within the stream that it began', async () => {
    const { made, answer } = waiting()
    let asked = 0
    const { client } = await opened({
      ...asks,
      async ask() {
        asked += 1
        return made
      },
    })
    const answered = client.callTool(call)
    await soon(() => asked).toBe(1)
    await sleep(50)
    answer(new Refusal('GS_APPROVAL_DENIED', { ticket: 'apr_1' }))
    expect(textOf(await answered)).toContain('GS_APPROVAL_DENIED')
  })

  it('is withdrawn where the client cancels, and the server never hears of it', async () => {
    const { made, left } = waiting()
    let asked = 0
    const { client, received, server } = await opened({
      ...asks,
      async ask() {
        asked += 1
        return made
      },
    })
    await client.listTools()
    const abort = new AbortController()
    const answered = client.callTool(call, undefined, { signal: abort.signal })
    await soon(() => asked).toBe(1)
    abort.abort('changed my mind')
    await expect(answered).rejects.toThrow('changed my mind')
    await soon(() => left).toEqual(['disconnected'])
    expect(server.calls).toEqual([])
    expect(received.join('')).not.toContain('notifications/cancelled')
  })

  it('is the same for the same arguments, whatever their order and the id, and for nothing else', async () => {
    const effective: string[] = []
    const { client } = await opened({
      ...asks,
      ask: async (_decided, approved) => {
        effective.push(effectiveDigest('run_1', approved))
        return waiting({ hold: 1 }).made
      },
    })
    const write = { name: 'write_file', arguments: { path: '/a', text: 'x' } }
    await client.callTool(write)
    await client.callTool({ name: 'write_file', arguments: { text: 'x', path: '/a' }, _meta: { progressToken: 7 } })
    await client.callTool({ name: 'write_file', arguments: { text: 'y', path: '/a' } })
    expect(effective[0]).toBe(effective[1])
    expect(effective[2]).not.toBe(effective[0])
  })
})

describe('what a server asks its client for', () => {
  const capabilities = { elicitation: {} }
  const answers = (client: { setRequestHandler: (schema: typeof ElicitRequestSchema, handler: () => unknown) => void }, asked: unknown[]) =>
    client.setRequestHandler(ElicitRequestSchema, () => {
      asked.push('asked')
      return { action: 'accept', content: { name: 'me' } }
    })

  it('is refused in the name of the client, which never sees it', async () => {
    const { client, server, seen } = await opened(
      { decide: ({ facts }) => (facts?.effects[0]?.class === 'elicitation' ? { effect: 'deny', rules: [] } : {}) },
      { capabilities },
    )
    const asked: unknown[] = []
    answers(client as never, asked)
    const result = await client.callTool({ name: 'ask_user', arguments: {} })
    expect(textOf(result)).toMatch(/not asked: .*GS_POLICY_DENIED/)
    expect(asked).toEqual([])
    expect(server.answers).toHaveLength(1)
    expect(seen.operations.map(({ facts }) => facts?.tool?.method)).toContain('elicitation/create')
  })

  it('is passed on where a rule allows it, and its answer is an operation too', async () => {
    const { client, seen } = await opened({}, { capabilities })
    const asked: unknown[] = []
    answers(client as never, asked)
    const result = await client.callTool({ name: 'ask_user', arguments: {} })
    expect(textOf(result)).toBe('asked: {"action":"accept","content":{"name":"me"}}')
    expect(asked).toEqual(['asked'])
    expect(seen.operations.filter(({ facts }) => facts?.tool?.method === 'elicitation/create')).toHaveLength(2)
  })
})

describe('errors and ends', () => {
  it('of the server pass through as they are', async () => {
    const { client, seen } = await opened()
    expect(textOf(await client.callTool({ name: 'broken', arguments: {} }))).toBe('it is broken')
    await expect(client.readResource({ uri: 'gopher://x' })).rejects.toMatchObject({ code: -32_602 })
    await soon(() => seen.settled).toEqual(expect.arrayContaining([expect.objectContaining({ status: 'failed', code: 'tool-error' })]))
    expect(seen.settled).toEqual(expect.arrayContaining([expect.objectContaining({ status: 'failed', code: '-32602' })]))
  })

  it('a cancelled call is cancelled at the server', async () => {
    const { client, received } = await opened()
    const abort = new AbortController()
    const answered = client.callTool({ name: 'slow', arguments: { steps: 500 } }, undefined, {
      signal: abort.signal,
      onprogress: () => abort.abort('enough'),
    })
    await expect(answered).rejects.toThrow('enough')
    await soon(() => received.join('')).toContain('notifications/cancelled')
  })

  it('a session that must end ends what is under way', async () => {
    const { client, seen } = await opened()
    const answered = client.callTool({ name: 'slow', arguments: { steps: 500 } })
    answered.catch(() => undefined)
    await sleep(100)
    seen.stop.abort(new Refusal('GS_RUN_ENDED'))
    await soon(() => seen.settled).toEqual(expect.arrayContaining([expect.objectContaining({ status: 'cancelled' })]))
  })

  it('ends its session with DELETE', async () => {
    const { client, transport, seen } = await opened()
    await client.listTools()
    await (transport as StreamableHTTPClientTransport).terminateSession()
    expect(seen.operations.map(({ facts }) => facts?.effects[0]?.action)).toContain('end session')
  })
})

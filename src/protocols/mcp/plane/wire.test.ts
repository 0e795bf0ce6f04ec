import { Agent, request as httpsRequest } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { CREDENTIAL, doorBeforeRealTarget, type Governing, soon, TARGET_TOKEN } from '../../../../test/parts/https-door.ts'
import { playedPins } from '../../../../test/parts/played-pins.ts'
import { Refusal } from '../../../operations/index.ts'
import { createMcpPlane } from '../index.ts'

const { open, ca } = doorBeforeRealTarget()

interface Answer {
  readonly status: number
  readonly headers: Record<string, string | string[] | undefined>
  readonly body: string
}

interface Sent {
  readonly method?: string
  readonly path?: string
  readonly headers?: Record<string, string | readonly string[]>
  readonly body?: string | object
  /** Of a connection that is used again. */
  readonly agent?: Agent
}

/** A server that answers as it is told to. */
async function opened(
  answer: (body: string, request: { url: string; method: string; headers: Record<string, unknown> }) => string | object,
  governing: Governing = {},
  more = {},
) {
  const requests: { body: string; url: string; method: string; headers: Record<string, unknown> }[] = []
  const there = await open(
    (request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const read = {
          body: Buffer.concat(chunks).toString(),
          url: request.url ?? '',
          method: request.method ?? '',
          headers: request.headers,
        }
        requests.push(read)
        const said = answer(read.body, read)
        const {
          status = 200,
          headers = {},
          body = '',
          keep = false,
        } = typeof said === 'string'
          ? { body: said, headers: { 'content-type': 'application/json' } }
          : (said as { status?: number; headers?: object; body?: string; keep?: boolean })
        response.writeHead(status, headers as Record<string, string>)
        response.flushHeaders()
        if (keep) response.write(body)
        else response.end(body)
      })
    },
    governing,
    { plane: { ...createMcpPlane({ pins: playedPins(), ...more }), kind: 'http' } },
  )
  const send = ({ method = 'POST', path = '/r/api', headers = {}, body, agent }: Sent) =>
    new Promise<Answer>((resolve, reject) => {
      const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
      const sent = httpsRequest(
        {
          ...{ port: there.port, host: '127.0.0.1', servername: 'localhost', ca: ca(), path, method, agent: agent ?? false },
          headers: {
            ...{ host: `localhost:${there.port}`, authorization: `Bearer ${CREDENTIAL}`, accept: 'application/json, text/event-stream' },
            ...(text !== undefined && { 'content-type': 'application/json' }),
            ...(headers as Record<string, string>),
          },
        },
        (response) => {
          const chunks: Buffer[] = []
          response.on('data', (chunk: Buffer) => chunks.push(chunk))
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks).toString() }),
          )
          response.on('error', reject)
        },
      )
      sent.on('error', reject)
      sent.end(text)
    })
  return { ...there, send, requests }
}

const errorOf = ({ body }: Answer) => (JSON.parse(body) as { error: { code: number; data: { code: string } } }).error
const ping = { jsonrpc: '2.0', id: 1, method: 'ping' }
const pong = () => '{"jsonrpc":"2.0","id":1,"result":{}}'
const echo = (body: string) => `{"jsonrpc":"2.0","id":${JSON.stringify((JSON.parse(body) as { id: unknown }).id)},"result":{}}`

describe('what is no single message is refused, recorded, and never sent', () => {
  it.each<[string, Sent, string]>([
    ['a batch', { body: [ping] }, 'GS_MCP_BATCH'],
    ['an empty batch', { body: '[]' }, 'GS_MCP_BATCH'],
    ['a name twice', { body: '{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call"}' }, 'GS_MCP_MALFORMED'],
    [
      'an argument twice',
      { body: '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{"x":1,"x":2}}}' },
      'GS_MCP_MALFORMED',
    ],
    ['a name in another case', { body: '{"jsonrpc":"2.0","id":1,"method":"ping","Method":"tools/call"}' }, 'GS_MCP_MALFORMED'],
    [
      'an argument in another case',
      { body: '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{"path":"/a","Path":"/b"}}}' },
      'GS_MCP_MALFORMED',
    ],
    [
      'a parameter in another case only',
      { body: '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"Name":"a"}}' },
      'GS_MCP_MALFORMED',
    ],
    [
      'a long s for an s',
      { body: '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","argumentſ":{}}}' },
      'GS_MCP_MALFORMED',
    ],
    ['a request that is a response too', { body: '{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}' }, 'GS_MCP_MALFORMED'],
    ['null for an id', { body: '{"jsonrpc":"2.0","id":null,"method":"ping"}' }, 'GS_MCP_MALFORMED'],
    ['a fraction for an id', { body: '{"jsonrpc":"2.0","id":1.5,"method":"ping"}' }, 'GS_MCP_MALFORMED'],
    ['no version of JSON-RPC', { body: '{"id":1,"method":"ping"}' }, 'GS_MCP_MALFORMED'],
    ['parameters in a list', { body: '{"jsonrpc":"2.0","id":1,"method":"ping","params":[1]}' }, 'GS_MCP_MALFORMED'],
    [
      'a number that is not the same everywhere',
      { body: '{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":9007199254740993}}' },
      'GS_MCP_MALFORMED',
    ],
    [
      'a URI that leads up',
      { body: { ...ping, method: 'resources/read', params: { uri: 'file:///srv/public/../secret' } } },
      'GS_MCP_MALFORMED',
    ],
    ['no JSON', { body: '{"jsonrpc":' }, 'GS_MCP_MALFORMED'],
    ['nothing', { body: '' }, 'GS_MCP_MALFORMED'],
    ['too much', { body: { ...ping, params: { x: 'x'.repeat(3 * 1024 * 1024) } } }, 'GS_MCP_MESSAGE_TOO_LARGE'],
    ['another type', { body: ping, headers: { 'content-type': 'text/plain' } }, 'GS_MCP_TYPE'],
    ['an encoding', { body: ping, headers: { 'content-encoding': 'gzip' } }, 'GS_MCP_TYPE'],
    ['another path', { body: ping, path: '/r/api/admin' }, 'GS_MCP_PATH'],
    ['a query', { body: ping, path: '/r/api?toolset=all' }, 'GS_MCP_PATH'],
    ['another method', { method: 'PUT', body: ping }, 'GS_MCP_METHOD'],
    ['an answer that nobody asked for', { body: { jsonrpc: '2.0', id: 1, result: {} } }, 'GS_MCP_RESPONSE_UNASKED'],
    ['another origin', { body: ping, headers: { origin: 'https://evil.example' } }, 'GS_MCP_ORIGIN'],
    ['no origin that is one', { body: ping, headers: { origin: 'null' } }, 'GS_MCP_ORIGIN'],
    [
      'a session that was never given out',
      { body: ping, headers: { 'mcp-session-id': 'c2Vzc2lvbg.AAAAAAAAAAAAAAAAAAAAAA' } },
      'GS_MCP_SESSION_UNKNOWN',
    ],
    ['an event that was never given out', { method: 'GET', headers: { 'last-event-id': '1' } }, 'GS_MCP_SESSION_UNKNOWN'],
    [
      'messages where no stream said so',
      { body: ping, path: '/r/api/gatescribe-messages/Lw.AAAAAAAAAAAAAAAAAAAAAA' },
      'GS_MCP_SESSION_UNKNOWN',
    ],
    ['GET in the stateless dialect', { method: 'GET', headers: { 'mcp-protocol-version': '2026-07-28' } }, 'GS_MCP_METHOD'],
    ['two versions', { body: ping, headers: { 'mcp-protocol-version': ['2025-06-18', '2025-11-25'] } }, 'GS_MCP_HEADERS'],
    ['a method in a header that is not that of the message', { body: ping, headers: { 'mcp-method': 'tools/call' } }, 'GS_MCP_HEADERS'],
    ['a name in a header that is none, and cannot be read', { body: ping, headers: { 'mcp-name': '=?base64?!?=' } }, 'GS_MCP_HEADERS'],
    ['an argument in a header of what has none', { body: ping, headers: { 'mcp-param-region': 'eu' } }, 'GS_MCP_HEADERS'],
    ['a method in a header of no message', { method: 'GET', headers: { 'mcp-method': 'tools/call' } }, 'GS_MCP_HEADERS'],
    [
      'a method that would be recorded like another one with its parameters',
      { body: { ...ping, method: 'tools/call\n\n{\n  "name": "a"\n}' } },
      'GS_MCP_MALFORMED',
    ],
  ])('%s', async (_, sent, code) => {
    const { send, requests, seen } = await opened(pong)
    const answer = await send(sent)
    expect(errorOf(answer).data.code).toBe(code)
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(requests).toEqual([])
    expect(seen.operations).toMatchObject([{ form: 'unsupported' }])
  })

  it('an id that is under way in its session', async () => {
    let session = ''
    const { send, requests } = await opened((body, { headers }) => {
      if (body.includes('initialize')) return { headers: { 'content-type': 'application/json', 'mcp-session-id': 'one' }, body: pong() }
      expect(headers['mcp-session-id']).toBe('one')
      return body.includes('"slow"') ? { headers: { 'content-type': 'text/event-stream' }, body: ': wait\n\n', keep: true } : echo(body)
    })
    session = String((await send({ body: { ...ping, method: 'initialize' } })).headers['mcp-session-id'])
    expect(session).not.toBe('one')
    const headers = { 'mcp-session-id': session }
    void send({ headers, body: { ...ping, id: 7, params: { slow: 'slow' } } }).catch(() => undefined)
    await soon(() => requests).toHaveLength(2)
    expect(errorOf(await send({ headers, body: { ...ping, id: 7 } })).data.code).toBe('GS_MCP_DUPLICATE_ID')
    expect((await send({ headers, body: { ...ping, id: '7' } })).status).toBe(200)
    expect(requests).toHaveLength(3)
  })
})

describe('a call that is no request', () => {
  it('is what it is, although the same call was judged before: nobody looks at the definition of its tool', async () => {
    const { send, requests, seen } = await opened(
      (body) => (body.includes('tools/list') ? echo(body).replace('{}', '{"tools":[{"name":"a"}]}') : echo(body)),
      { decide: ({ facts }) => (facts?.effects.every((each) => ['call', 'session'].includes(each.class)) ? {} : { effect: 'deny' }) },
      { pins: playedPins(() => true) },
    )
    const call = { jsonrpc: '2.0', method: 'tools/call', params: { name: 'a', arguments: {} } }
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    await send({ agent, body: { ...call, id: 1 } })
    await send({ agent, body: call })
    agent.destroy()
    expect(seen.operations.slice(-2).map(({ facts }) => facts?.effects[0]?.class)).toEqual(['call', 'other'])
    expect(requests.filter(({ body }) => body.includes('tools/call'))).toEqual([])
  })
})

describe('a task', () => {
  it('is for the run that it was given to; what would name all of them is something else', async () => {
    const task = { taskId: 'task-1', status: 'working' }
    const flat = { resultType: 'task', taskId: 'task-3' }
    const { send, requests, seen } = await opened((body) => {
      const { id, method } = JSON.parse(body) as { id: number; method: string }
      const result =
        method === 'tools/list' ? { tools: [{ name: 'a' }] } : method === 'tools/call' ? (id === 2 ? { task } : flat) : { content: [] }
      return echo(body).replace('{}', JSON.stringify(result))
    })
    const follow = (taskId: string, id: number) => ({ jsonrpc: '2.0', id, method: 'tasks/result', params: { taskId } })
    expect((await send({ body: follow('task-1', 1) })).body).toContain('GS_POLICY_DENIED')
    await send({ body: { jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'a', arguments: {}, task: {} } } })
    expect((await send({ body: follow('task-1', 3) })).body).toContain('"result":{"content":[]}')
    expect((await send({ body: follow('task-2', 4) })).body).toContain('GS_POLICY_DENIED')
    expect(requests.filter(({ body }) => body.includes('tasks/result'))).toHaveLength(1)
    await send({ body: { jsonrpc: '2.0', id: 6, method: 'tools/call', params: { name: 'a', arguments: {} } } })
    expect((await send({ body: follow('task-3', 7) })).body).toContain('"result":{"content":[]}')
    await send({ body: { jsonrpc: '2.0', id: 5, method: 'tasks/list' } })
    expect(seen.operations.at(-1)?.facts?.effects).toEqual([{ class: 'other', action: 'other method' }])
  })
})

describe('what goes to the server', () => {
  it('is the message written anew, at the address as it is configured, with the headers that MCP knows', async () => {
    const { send, requests } = await opened(pong, { basePath: '/mcp' })
    const headers = { origin: '', 'mcp-protocol-version': '2025-11-25', 'x-custom': 'no', cookie: 'a=b', 'user-agent': 'tests' }
    const { origin: _, ...sent } = headers
    await send({ body: '  {"id":1,  "jsonrpc":"2.0","method":"ping"}', headers: sent })
    expect(requests).toMatchObject([{ url: '/mcp', body: '{"jsonrpc":"2.0","id":1,"method":"ping"}' }])
    expect(requests[0]?.headers).toMatchObject({
      authorization: `Bearer ${TARGET_TOKEN}`,
      'mcp-protocol-version': '2025-11-25',
      'user-agent': 'tests',
    })
    expect(requests[0]?.headers).not.toHaveProperty('x-custom')
    expect(requests[0]?.headers).not.toHaveProperty('cookie')
  })

  it('is a request of the same origin too', async () => {
    const { send, port, requests } = await opened(pong)
    expect((await send({ body: ping, headers: { origin: `https://localhost:${port}` } })).status).toBe(200)
    expect(requests).toHaveLength(1)
  })

  it('names the trace that it belongs to as a claim, and is the same operation without it', async () => {
    const { send, seen } = await opened(pong)
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    await send({ body: { ...ping, params: { _meta: { traceparent } } } })
    expect(seen.operations[0]?.claims).toEqual({ traceparent })
    expect(Buffer.from(seen.operations[0]!.statement.text).toString()).toBe('ping\n')
  })
})

describe('what the server answers', () => {
  const one = (body: string, headers: Record<string, string> = {}) => ({
    headers: { 'content-type': 'application/json', ...headers },
    body,
  })

  it.each([
    ['with nothing', { body: '' }],
    ['with a batch', one('[]')],
    ['to another id', one('{"jsonrpc":"2.0","id":2,"result":{}}')],
    ['with a page', { headers: { 'content-type': 'text/html' }, body: '<p>hello</p>' }],
    ['with a redirect', { status: 307, headers: { location: 'https://elsewhere.test/' }, body: '' }],
    ['in an encoding', one('…', { 'content-encoding': 'gzip' })],
    ['with members of another case', one('{"jsonrpc":"2.0","id":1,"result":{},"Method":"sampling/createMessage"}')],
  ])('is not passed on where it answers %s', async (_, said) => {
    const { send } = await opened(() => said)
    const answer = await send({ body: ping })
    expect(answer.status).toBe(502)
    expect(errorOf(answer).data.code).toMatch(/^GS_MCP_(ANSWER|REDIRECT)$/)
  })

  it('is missed where the server does not say which tools it has: the call is on record, and not made', async () => {
    const { send, requests, seen } = await opened(() => ({ status: 500, headers: { 'content-type': 'text/plain' }, body: 'no' }))
    const answer = await send({ body: { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'a', arguments: {} } } })
    expect([answer.status, errorOf(answer).data.code]).toEqual([502, 'GS_MCP_ANSWER'])
    expect(requests.map(({ body }) => (JSON.parse(body) as { method: string }).method)).toEqual(['tools/list'])
    expect(seen.operations.map(({ form }) => form)).toEqual(['request', 'unsupported'])
  })

  it('never shows the credential, wherever it is, nor cookies', async () => {
    const { send } = await opened(() =>
      one(JSON.stringify({ jsonrpc: '2.0', id: 1, result: { echo: `Bearer ${TARGET_TOKEN}`, ü: 'ü' } }), {
        'set-cookie': 'a=b',
        'retry-after': TARGET_TOKEN,
      }),
    )
    const answer = await send({ body: ping })
    expect(JSON.stringify(answer)).not.toContain(TARGET_TOKEN.slice(0, 16))
    expect(answer.headers).not.toHaveProperty('set-cookie')
    expect(JSON.parse(answer.body)).toMatchObject({ result: { echo: `Bearer ${'*'.repeat(TARGET_TOKEN.length)}`, ü: 'ü' } })
  })

  it('never shows the credential where its letters are written as escapes', async () => {
    const escaped = [...TARGET_TOKEN].map((letter) => `\\u00${letter.charCodeAt(0).toString(16)}`).join('')
    const text = `{"jsonrpc":"2.0","id":1,"result":{"echo":"${escaped}"}}`
    const { send } = await opened(() => one(text))
    expect(JSON.parse((await send({ body: ping })).body)).toMatchObject({ result: { echo: '*'.repeat(TARGET_TOKEN.length) } })
    const streamed = await opened(() => ({ headers: { 'content-type': 'text/event-stream' }, body: `data: ${text}\n\n` }))
    expect((await streamed.send({ body: ping })).body).toContain(`"${'*'.repeat(TARGET_TOKEN.length)}"`)
  })

  it('says nowhere but on the stream of the old dialect where messages go', async () => {
    const { send } = await opened((body) => ({
      headers: { 'content-type': 'text/event-stream' },
      body: `event: endpoint\ndata: /one\n\nevent: endpoint\ndata: /two\n\n${body === '' ? '' : `data: ${pong()}\n\n`}`,
    }))
    expect((await send({ body: ping })).body).toBe(`data: ${pong()}\n\n`)
    expect((await send({ method: 'GET' })).body).toMatch(/^(event: endpoint\ndata: \/r\/api\/gatescribe-messages\/\S+\n\n){2}$/)
  })

  it('is written anew where its bytes are no UTF-8', async () => {
    const body = Buffer.from('{"jsonrpc":"2.0","id":1,"result":{"x":"\xc1\xa1"}}', 'latin1')
    const { send } = await opened(() => ({ headers: { 'content-type': 'application/json' }, body: body as unknown as string }))
    expect((await send({ body: ping })).body).toBe('{"jsonrpc":"2.0","id":1,"result":{"x":"\ufffd\ufffd"}}')
  })

  it('keeps its status and its error', async () => {
    const { send, seen } = await opened(() => ({
      status: 404,
      ...one('{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"Method not found"}}'),
    }))
    const answer = await send({ body: ping })
    expect([answer.status, errorOf(answer).code]).toEqual([404, -32_601])
    await soon(() => seen.settled).toMatchObject([{ status: 'failed', code: '-32601' }])
  })

  it('in a stream is passed event by event, with what may take it up again sealed for this run', async () => {
    const { send, requests } = await opened((body) => {
      if (body === '')
        return {
          headers: { 'content-type': 'text/event-stream' },
          body: 'id: b\ndata: {"jsonrpc":"2.0","method":"notifications/message","params":{}}\n\n',
        }
      return {
        headers: { 'content-type': 'text/event-stream' },
        body: 'id: a\ndata:\n\n: comment\n\nid: b\r\ndata: {"jsonrpc":"2.0",\r\ndata: "id":1,"result":{}}\r\n\r\n',
      }
    })
    const { body } = await send({ body: ping })
    const ids = [...body.matchAll(/^id: (.*)$/gm)].map(([, id]) => id!)
    expect(body.replaceAll(/^id: .*$/gm, 'id: …')).toBe(
      'id: …\ndata: \n\n: keep-alive\n\nid: …\ndata: {"jsonrpc":"2.0",\ndata: "id":1,"result":{}}\n\n',
    )
    const again = await send({ method: 'GET', headers: { 'last-event-id': ids[1]!, accept: 'text/event-stream' } })
    expect(again.status).toBe(200)
    expect(requests[1]?.headers['last-event-id']).toBe('b')
    expect(again.body).toContain('notifications/message')
  })

  it('is filtered also where it comes on another stream than its request', async () => {
    const list = { jsonrpc: '2.0', id: 5, method: 'tools/list' }
    const tools = '{"jsonrpc":"2.0","id":5,"result":{"tools":[{"name":"read"},{"name":"write"}],"Tools":[{"name":"write"}]}}'
    const { send } = await opened(
      (body, { method }) => {
        const type = { 'content-type': 'text/event-stream', 'mcp-session-id': 'one' }
        if (method === 'GET')
          return { headers: type, body: `data: ${tools}\n\ndata: {"jsonrpc":"2.0","id":6,"result":{"nobody":"asked"}}\n\n` }
        return { headers: type, body: body.includes('initialize') ? `data: ${pong()}\n\n` : 'id: 1\ndata:\n\n' }
      },
      { couldAllow: ({ tool }) => tool?.name !== 'write' },
    )
    const begun = await send({ body: { ...ping, method: 'initialize' } })
    const headers = { 'mcp-session-id': String(begun.headers['mcp-session-id']) }
    expect((await send({ headers, body: list })).body).toMatch(/^id: .*\ndata: \n\n$/)
    const { body } = await send({ method: 'GET', headers })
    expect(body).toContain('"tools":[{"name":"read"}]')
    expect(body).not.toMatch(/write|nobody/)
  })

  it.each([
    ['a list', 'resources/list', '"resources":[],"inputRequests":{"a":{"method":"elicitation/create","params":{}}}'],
    ['tools', 'tools/list', '"tools":[],"resultType":"input_required","inputRequests":{"a":{"method":"elicitation/create"}}'],
    ['something else', 'resources/read', '"contents":[],"InputRequests":{"a":{"method":"sampling/createMessage"}}'],
    ['a list of wishes', 'resources/read', '"resultType":"input_required","inputRequests":[{"method":"sampling/createMessage"}]'],
  ])('is refused where it asks its client for something within %s', async (_, method, result) => {
    const { send } = await opened((body) => echo(body).replace('{}', `{${result}}`), {
      decide: ({ facts }) => (facts?.effects.every((each) => ['read', 'list', 'session'].includes(each.class)) ? {} : { effect: 'deny' }),
    })
    const { body } = await send({ body: { jsonrpc: '2.0', id: 1, method, params: { uri: 'a:b' } } })
    expect(body).not.toMatch(/inputRequests/i)
    expect(body).toContain('GS_POLICY_DENIED')
  })

  it('is known as a whole before a page of it is shown: what looks like something on another page is on none', async () => {
    const pages: Record<string, string> = {
      first: '{"tools":[{"name":"read"},{"name":"list"}],"nextCursor":"more"}',
      more: '{"tools":[{"name":"Read"},{"name":"write"}]}',
    }
    const { send, requests, seen } = await opened((body) => {
      const { id, params } = JSON.parse(body) as { id: unknown; params?: { cursor?: string } }
      return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${pages[params?.cursor ?? 'first']}}`
    })
    const list = { jsonrpc: '2.0', id: 1, method: 'tools/list' }
    expect((await send({ body: list })).body).toBe('{"jsonrpc":"2.0","id":1,"result":{"nextCursor":"more","tools":[{"name":"list"}]}}')
    expect((await send({ body: { ...list, params: { cursor: 'more' } } })).body).toContain('"tools":[{"name":"write"}]')
    expect(requests).toHaveLength(4)
    expect(seen.operations.map(({ facts }) => facts?.effects[0]?.action)).toEqual(['discover', 'list tools', 'list tools'])
  })

  it.each([
    ['as a whole before they changed', [{ ...ping, method: 'tools/list' }]],
    ['in part after they changed', [{ ...ping, method: 'tools/list', params: { cursor: 'last' } }]],
  ])('of tools is looked at again before a call where it was seen %s', async (_, lists) => {
    const { send, requests } = await opened((body) => {
      const { id, method, params } = JSON.parse(body) as { id: unknown; method: string; params?: { cursor?: string } }
      const isFirst = method === 'tools/list' && id === 1 && params?.cursor === undefined
      const changed = isFirst ? 'data: {"jsonrpc":"2.0","method":"notifications/tools/list_changed"}\n\n' : ''
      const result = method === 'tools/call' ? '{"content":[]}' : '{"tools":[{"name":"a"}]}'
      return {
        headers: { 'content-type': 'text/event-stream' },
        body: `${changed}data: {"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${result}}\n\n`,
      }
    })
    await send({ body: { ...ping, id: 0, method: 'tools/call', params: { name: 'a', arguments: {} } } })
    if (lists[0] && 'params' in lists[0]) await send({ body: { ...ping, method: 'tools/list' } })
    for (const body of lists) await send({ body })
    const before = requests.length
    await send({ body: { ...ping, id: 2, method: 'tools/call', params: { name: 'a', arguments: {} } } })
    expect(requests.slice(before).map(({ body }) => (JSON.parse(body) as { method: string }).method)).toEqual(['tools/list', 'tools/call'])
  })

  it('is cut where something within a stream is not understood, and where its limit is reached', async () => {
    const events = (more: string) => ({
      headers: { 'content-type': 'text/event-stream' },
      body: `data: {"jsonrpc":"2.0","method":"notifications/message","params":{}}\n\n${more}`,
    })
    const { send, seen } = await opened(() => events('data: what\n\n'))
    await expect(send({ body: ping })).rejects.toThrow()
    await soon(() => seen.settled).toMatchObject([{ status: 'failed' }])
    const limited = await opened(() => events(`data: {"jsonrpc":"2.0","id":1,"result":{"x":"${'x'.repeat(10_000)}"}}\n\n`), {
      bytes: 1_000,
    })
    await expect(limited.send({ body: ping })).rejects.toThrow()
    await soon(() => limited.seen.settled).toMatchObject([{ status: 'cancelled' }])
  })

  it('ends where its client leaves, and the server is told by that', async () => {
    const { port, seen, received, server } = await opened(() => ({
      headers: { 'content-type': 'text/event-stream' },
      body: ': wait\n\n',
      keep: true,
    }))
    let closed = false
    server.on('request', (_, response) => response.once('close', () => (closed = true)))
    const sent = httpsRequest({
      ...{ port, host: '127.0.0.1', servername: 'localhost', ca: ca(), path: '/r/api', method: 'POST', agent: false },
      headers: {
        host: 'localhost',
        authorization: `Bearer ${CREDENTIAL}`,
        'content-type': 'application/json',
        accept: 'text/event-stream',
      },
    })
    sent.on('error', () => undefined)
    sent.end(JSON.stringify(ping))
    await soon(() => received.join('')).toContain('ping')
    await sleep(100)
    sent.destroy()
    await soon(() => seen.settled).toMatchObject([{ status: 'aborted' }])
    await soon(() => closed).toBe(true)
  })
})

describe('who may be asked what is at the door', () => {
  it('is told as an error of JSON-RPC where it has no credential, with where to read how to come by one', async () => {
    const { send, port } = await opened(pong)
    const answer = await send({ body: ping, headers: { authorization: 'Bearer gs_http_unknown' } })
    expect(answer.status).toBe(401)
    expect(errorOf(answer)).toMatchObject({ data: { code: 'GS_IDENTITY_CREDENTIAL_UNKNOWN' } })
    expect(answer.headers['www-authenticate']).toBe(
      `Bearer realm="gatescribe", resource_metadata="https://localhost:${port}/.well-known/oauth-protected-resource/r/api"`,
    )
  })

  it('is a run that has ended in the words of what it called', async () => {
    const { send } = await opened(pong, { decide: () => ({ effect: 'deny' }), refuseAt: new Refusal('GS_RUN_ENDED') })
    const answer = await send({ body: ping })
    expect(errorOf(answer).data.code).toBe('GS_RUN_ENDED')
  })
})

import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createInterface } from 'node:readline'
import { PassThrough } from 'node:stream'
import { afterEach, describe, expect, it } from 'vitest'
import { MCP_CREDENTIAL, startScriptedHttps, type TestFront, type TestRunFile, writeRunFile } from '../../../test/parts/mcp-run-file.ts'
import { runBridge } from './index.ts'

/*
 * Against a server that is scripted, because what is tested is what an honest one does not do. Real clients and servers speak through it in
 * test/mcp.
 */

interface Seen {
  readonly method: string
  readonly headers: IncomingMessage['headers']
  readonly body: Record<string, unknown> | undefined
}
type Answer = (seen: Seen, response: ServerResponse) => void

let front: TestFront | undefined
let file: TestRunFile | undefined
let closing: (() => Promise<void>) | undefined
afterEach(async () => {
  await closing?.()
  await front?.close()
  file?.remove()
  closing = undefined
})

async function start(answer: Answer, resource = 'tickets') {
  const seen: Seen[] = []
  front = await startScriptedHttps((request, response) => {
    const chunks: Buffer[] = []
    request
      .on('data', (chunk) => chunks.push(chunk))
      .on('end', () => {
        const body = Buffer.concat(chunks).toString()
        const each = { method: request.method!, headers: request.headers, body: body ? JSON.parse(body) : undefined }
        seen.push(each)
        answer(each, response)
      })
  })
  file = writeRunFile({ tickets: front.url }, front.ca)
  return { seen, ...converse(file, resource) }
}

function converse({ path }: TestRunFile, resource: string) {
  const [input, output] = [new PassThrough(), new PassThrough()]
  const remarks: string[] = []
  const env = { GATESCRIBE_RUN_FILE: path }
  const ended = runBridge({ resource, env, input, output, remark: (text) => remarks.push(text), signal: new AbortController().signal })
  ended.catch(() => undefined)
  const lines = createInterface({ input: output })[Symbol.asyncIterator]()
  closing = async () => {
    input.end()
    await ended.catch(() => undefined)
  }
  return {
    ended,
    remarks,
    output,
    say: (message: object | string) =>
      void input.write(`${typeof message === 'string' ? message : JSON.stringify({ jsonrpc: '2.0', ...message })}\n`),
    hear: async () => JSON.parse((await lines.next()).value as string) as Record<string, unknown>,
    end: closing,
  }
}

const json = (response: ServerResponse, message: object, headers = {}, status = 200) =>
  void response
    .writeHead(status, { 'content-type': 'application/json', ...headers })
    .end(JSON.stringify({ jsonrpc: '2.0', ...message }, undefined, 2))
const stream = (response: ServerResponse, ...events: readonly string[]) => {
  if (!response.headersSent) response.writeHead(200, { 'content-type': 'text/event-stream' })
  for (const event of events) response.write(`${event}\n\n`)
  return response
}
/** Once what was written has left. */
const breakOff = (response: ServerResponse) => void setTimeout(() => response.destroy(), 30)
const data = (message: object) => `data: ${JSON.stringify({ jsonrpc: '2.0', ...message })}`

const INITIALIZE = { id: 0, method: 'initialize', params: { protocolVersion: '2025-11-25' } }
const welcome: Answer = ({ body, method }, response) => {
  if (method === 'GET') return void response.writeHead(405).end()
  if (body?.method === 'initialize')
    return json(response, { id: body.id, result: { protocolVersion: '2025-06-18' } }, { 'mcp-session-id': 's1' })
  if (body && !('id' in body)) return void response.writeHead(202).end()
  json(response, { id: body?.id, result: { echo: body?.params } })
}

describe('a client of the handshake dialects', () => {
  it('is carried with its session, its revision and what opens the gateway, and its session ends with it', async () => {
    const { seen, say, hear, end } = await start(welcome)
    say(INITIALIZE)
    expect(await hear()).toMatchObject({ id: 0, result: { protocolVersion: '2025-06-18' } })
    say({ method: 'notifications/initialized' })
    say({ id: 'a', method: 'tools/call', params: { name: 'x' } })
    expect(await hear()).toEqual({ jsonrpc: '2.0', id: 'a', result: { echo: { name: 'x' } } })
    await end()
    const of = seen.find(({ body }) => body?.method === 'tools/call')!.headers
    expect(of).toMatchObject({ authorization: `Bearer ${MCP_CREDENTIAL}`, 'mcp-session-id': 's1', 'mcp-protocol-version': '2025-06-18' })
    expect(of['mcp-method']).toBeUndefined()
    expect(seen.find(({ body }) => body?.method === 'initialize')!.headers['mcp-session-id']).toBeUndefined()
    expect(seen.at(-1)).toMatchObject({ method: 'DELETE', headers: { 'mcp-session-id': 's1' } })
  })

  it('hears the answer to what it asked for before its input ended', async () => {
    const slow: Answer = (seen, response) => void setTimeout(() => welcome(seen, response), seen.method === 'POST' ? 100 : 0)
    const { say, hear, end } = await start(slow)
    say(INITIALIZE)
    const over = end()
    expect(await hear()).toMatchObject({ id: 0, result: { protocolVersion: '2025-06-18' } })
    await over
  })

  it('hears what the server says of itself, and goes on hearing it where that stream breaks off', async () => {
    const { seen, say, hear } = await start((asked, response) => {
      if (asked.method !== 'GET') return welcome(asked, response)
      const again = asked.headers['last-event-id']
      stream(response, `retry: 10\nid: ${again ? 'e2' : 'e1'}\n${data({ method: again ? 'notifications/second' : 'notifications/first' })}`)
      if (!again) breakOff(response)
    })
    say(INITIALIZE)
    await hear()
    say({ method: 'notifications/initialized' })
    expect([await hear(), await hear()]).toMatchObject([{ method: 'notifications/first' }, { method: 'notifications/second' }])
    expect(seen.filter(({ method }) => method === 'GET').map(({ headers }) => headers['last-event-id'])).toEqual([undefined, 'e1'])
  })

  it('hears requests and progress on the stream of its own request, answers them, and then hears the answer', async () => {
    let held: ServerResponse | undefined
    const { seen, say, hear } = await start((asked, response) => {
      if (asked.body?.method === 'tools/call') {
        held = response
        stream(
          response,
          ': wait',
          data({ method: 'notifications/progress', params: { progress: 1 } }),
          data({ id: 9, method: 'sampling/createMessage', params: {} }),
        )
      } else if (asked.body && 'result' in asked.body) {
        response.writeHead(202).end()
        stream(held!, data({ id: 1, result: {} }))
      } else welcome(asked, response)
    })
    say({ id: 1, method: 'tools/call', params: {} })
    expect([await hear(), await hear()]).toMatchObject([{ method: 'notifications/progress' }, { id: 9, method: 'sampling/createMessage' }])
    say({ id: 9, result: { text: 'no' } })
    expect(await hear()).toEqual({ jsonrpc: '2.0', id: 1, result: {} })
    expect(seen[1]!.body).toEqual({ jsonrpc: '2.0', id: 9, result: { text: 'no' } })
  })

  it('cancels by a message', async () => {
    const { seen, say, hear } = await start((asked, response) => {
      if (asked.body?.method === 'tools/call') stream(response, ': wait')
      else welcome(asked, response)
    })
    say({ id: 1, method: 'tools/call', params: {} })
    say({ method: 'notifications/cancelled', params: { requestId: 1 } })
    say({ id: 2, method: 'ping' })
    expect(await hear()).toMatchObject({ id: 2 })
    expect(seen.some(({ body }) => body?.method === 'notifications/cancelled')).toBe(true)
  })

  it('is told that its session is over, and may begin anew', async () => {
    let sessions = 0
    const { say, hear } = await start((asked, response) => {
      if (asked.body?.method === 'initialize')
        return json(response, { id: asked.body.id, result: {} }, { 'mcp-session-id': `s${++sessions}` })
      if (asked.headers['mcp-session-id'] === 's1') return json(response, { id: null, error: { code: -32001, message: 'gone' } }, {}, 404)
      welcome(asked, response)
    })
    say(INITIALIZE)
    await hear()
    say({ id: 1, method: 'ping' })
    expect(await hear()).toMatchObject({ id: 1, error: { data: { code: 'GS_MCP_BRIDGE_SESSION_OVER' } } })
    say(INITIALIZE)
    await hear()
    say({ id: 2, method: 'ping' })
    expect(await hear()).toMatchObject({ id: 2, result: {} })
  })
})

describe('a client of the stateless dialect', () => {
  const _meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' }

  it('says in headers what it says in each message', async () => {
    const { seen, say, hear } = await start(welcome)
    say({ id: 1, method: 'tools/call', params: { name: 'search', _meta } })
    await hear()
    say({ id: 2, method: 'resources/read', params: { uri: 'file:///grün', _meta } })
    await hear()
    expect(seen.map(({ headers }) => [headers['mcp-protocol-version'], headers['mcp-method'], headers['mcp-name']])).toEqual([
      ['2026-07-28', 'tools/call', 'search'],
      ['2026-07-28', 'resources/read', `=?base64?${Buffer.from('file:///grün').toString('base64')}?=`],
    ])
  })

  it('says in headers which arguments the schema of a listed tool wants there', async () => {
    const property = (header: string, more = {}) => ({ type: 'string', 'x-mcp-header': header, ...more })
    const properties = { region: property('Region'), limits: { properties: { days: property('Days') } }, bad: property('x\r\ny') }
    const tools = [{ name: 'search', inputSchema: { properties } }]
    const { seen, say, hear } = await start((asked, response) =>
      asked.body?.method === 'tools/list' ? json(response, { id: asked.body.id, result: { tools } }) : welcome(asked, response),
    )
    say({ id: 1, method: 'tools/list', params: { _meta } })
    await hear()
    say({ id: 2, method: 'tools/call', params: { name: 'search', arguments: { region: 'süd', limits: { days: 7 }, bad: 'x' }, _meta } })
    await hear()
    say({ id: 3, method: 'tools/call', params: { name: 'search', arguments: {}, _meta } })
    await hear()
    const named = seen.map(({ headers }) => Object.entries(headers).filter(([name]) => name.startsWith('mcp-param-')))
    expect(named.map((each) => Object.fromEntries(each))).toEqual([
      {},
      { 'mcp-param-region': `=?base64?${Buffer.from('süd').toString('base64')}?=`, 'mcp-param-days': '7' },
      {},
    ])
  })

  it('cancels by giving up the stream, which no message tells', async () => {
    let gone: (() => void) | undefined
    const closed = new Promise<void>((resolve) => {
      gone = resolve
    })
    const { seen, say, hear } = await start((asked, response) => {
      if (asked.body?.method !== 'tools/call') return welcome(asked, response)
      response.on('close', () => gone!())
      stream(response, data({ method: 'notifications/progress', params: {} }))
    })
    say({ id: 1, method: 'tools/call', params: { name: 'x', _meta } })
    await hear()
    say({ method: 'notifications/cancelled', params: { requestId: 1 } })
    await closed
    say({ id: 2, method: 'ping', params: { _meta } })
    expect(await hear()).toMatchObject({ id: 2 })
    expect(seen.map(({ body }) => body?.method)).toEqual(['tools/call', 'ping'])
  })
})

describe('an answer that is none', () => {
  it('is asked for from where it broke off, where the server says where that is', async () => {
    const { seen, say, hear } = await start(({ method, headers }, response) => {
      if (method === 'GET' && headers['last-event-id'] === 'e1') return void stream(response, data({ id: 1, result: 'whole' }))
      stream(response, `retry: 5\nid: e1\n${data({ method: 'notifications/progress', params: {} })}`)
      breakOff(response)
    })
    say({ id: 1, method: 'tools/call' })
    expect([await hear(), await hear()]).toMatchObject([{ method: 'notifications/progress' }, { id: 1, result: 'whole' }])
    expect(seen.map(({ method }) => method)).toEqual(['POST', 'GET'])
  })

  it.each<readonly [string, Answer, string]>([
    ['breaks off', (_, response) => breakOff(stream(response, ': x')), 'GS_MCP_BRIDGE_BROKEN_OFF'],
    ['ends without an answer', (_, response) => void stream(response, ': x').end(), 'GS_MCP_BRIDGE_BROKEN_OFF'],
    ['is a page', (_, response) => void response.end('<html>'), 'GS_MCP_BRIDGE_BAD_ANSWER'],
    ['answers something else', (_, response) => json(response, { id: 77, result: {} }), 'GS_MCP_BRIDGE_BAD_ANSWER'],
    ['is larger than a message may be', (_, response) => void response.end('x'.repeat(5 << 20)), 'GS_MCP_BRIDGE_BAD_ANSWER'],
    [
      'is an event larger than that',
      (_, response) => void stream(response, `data: ${'x'.repeat(5 << 20)}`).end(),
      'GS_MCP_BRIDGE_BAD_ANSWER',
    ],
    ['is a status without a message', (_, response) => void response.writeHead(502).end('bad gateway'), 'GS_MCP_BRIDGE_BAD_ANSWER'],
    [
      'is a refusal of the gateway',
      (_, response) => json(response, { code: 'GS_RUN_ENDED', message: 'Over.', next: 'Stop.' }, {}, 401),
      'GS_RUN_ENDED',
    ],
  ])('%s: the request is refused with a code, and the next one goes on', async (_, answer, code) => {
    const { say, hear } = await start((asked, response) => (asked.body?.id === 2 ? welcome(asked, response) : answer(asked, response)))
    say({ id: 1, method: 'tools/call' })
    expect(await hear()).toMatchObject({ id: 1, error: { code: -32000, data: { code, next: expect.any(String) } } })
    say({ id: 2, method: 'ping' })
    expect(await hear()).toMatchObject({ id: 2, result: {} })
  })

  it('is passed on where it is a refusal in the language of MCP', async () => {
    const { say, hear } = await start(({ body }, response) =>
      json(response, { id: body!.id, error: { code: -32601, message: 'no' } }, {}, 404),
    )
    say({ id: 1, method: 'what' })
    expect(await hear()).toEqual({ jsonrpc: '2.0', id: 1, error: { code: -32601, message: 'no' } })
  })

  it('is one line, however it was written', async () => {
    const { say, hear, output } = await start(({ body }, response) =>
      stream(response, `data: {"jsonrpc":"2.0",\ndata: "id":${body!.id},\r\ndata: "result":{}}`),
    )
    let raw = ''
    output.on('data', (chunk) => {
      raw += chunk
    })
    say({ id: 1, method: 'ping' })
    expect(await hear()).toEqual({ jsonrpc: '2.0', id: 1, result: {} })
    expect(raw.split('\n')).toHaveLength(2)
  })

  it('is a gateway that is not there', async () => {
    const { say, hear } = await start(welcome)
    await front!.close()
    say({ id: 1, method: 'ping' })
    expect(await hear()).toMatchObject({ id: 1, error: { data: { code: 'GS_MCP_BRIDGE_UNREACHABLE' } } })
  })

  it('is a gateway that nobody vouches for', async () => {
    const { seen } = await start(welcome)
    await closing!()
    const other = await startScriptedHttps(() => undefined)
    writeFileSync(`${file!.folder}/ca.pem`, other.ca)
    await other.close()
    const second = converse(file!, 'tickets')
    second.say({ id: 1, method: 'ping' })
    expect(await second.hear()).toMatchObject({ error: { data: { code: 'GS_MCP_BRIDGE_UNREACHABLE' } } })
    expect(seen).toEqual([])
  })
})

describe('a line that is no message', () => {
  it.each([
    'garbage',
    '[]',
    '[{"jsonrpc":"2.0","id":1,"method":"ping"}]',
    '{"id":1}',
    `{"jsonrpc":"2.0","id":1,"method":"x","params":${'['.repeat(300)}${']'.repeat(300)}}`,
  ])('is refused and never sent: %s', async (line) => {
    const { say, hear, seen } = await start(welcome)
    say(line)
    expect(await hear()).toMatchObject({ id: null, error: { code: -32700 } })
    say({ id: 2, method: 'ping' })
    expect(await hear()).toMatchObject({ id: 2 })
    expect(seen).toHaveLength(1)
  })

  it('ends everything where it is too long to be one', async () => {
    const { say, ended } = await start(welcome)
    say('x'.repeat(5 << 20))
    await expect(ended).rejects.toMatchObject({ code: 'GS_MCP_BRIDGE_LINE' })
  })
})

describe('a run that cannot be used', () => {
  const broken = async (change: (path: string) => void, resource = 'tickets') => {
    file = writeRunFile({ tickets: 'https://127.0.0.1:1/r/tickets' }, '')
    change(file.path)
    const { say, hear, ended } = converse(file, resource)
    say({ method: 'notifications/x' })
    say({ id: 7, method: 'initialize' })
    const answer = await hear()
    await expect(ended).rejects.toMatchObject({
      code: (answer as { readonly error: { readonly data: { readonly code: string } } }).error.data.code,
    })
    return answer
  }
  const code = (name: string) => ({ id: 7, error: { data: { code: name } } })

  it('is said to the client, who reads nothing else, and to whoever started it', async () => {
    expect(await broken(() => undefined, 'mail')).toMatchObject(code('GS_MCP_BRIDGE_NO_RESOURCE'))
    file!.remove()
    expect(await broken((path) => chmodSync(path, 0o640))).toMatchObject(code('GS_MCP_BRIDGE_RUN_FILE'))
    file!.remove()
    expect(await broken((path) => writeFileSync(path, '{'))).toMatchObject(code('GS_MCP_BRIDGE_RUN_FILE'))
    file!.remove()
    expect(await broken((path) => writeFileSync(path, '{"run":"r","planes":{}}'))).toMatchObject(code('GS_MCP_BRIDGE_NO_RESOURCE'))
    file!.remove()
    const plain = (path: string) => writeFileSync(path, readFileSync(path, 'utf8').replace('https:', 'http:'))
    expect(await broken(plain)).toMatchObject(code('GS_MCP_BRIDGE_RUN_FILE'))
    file!.remove()
    expect(await broken(() => file!.remove())).toMatchObject(code('GS_MCP_BRIDGE_NO_RUN'))
  })
})

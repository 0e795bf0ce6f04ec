import { createHash } from 'node:crypto'
import { request as httpsRequest } from 'node:https'
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import {
  AUTHORIZED,
  CREDENTIAL,
  collected,
  doorBeforeRealTarget,
  everything,
  soon,
  TARGET_TOKEN,
} from '../../../../test/parts/https-door.ts'
import type { Waiting } from '../../../guard/index.ts'
import { type Grant, type Mask, Refusal } from '../../../operations/index.ts'

const { open, dial, ca } = doorBeforeRealTarget()

const HOST = 'Host: localhost\r\n'
const get = (path = '/r/api/', more = '') => `GET ${path} HTTP/1.1\r\n${HOST}${AUTHORIZED}${more}\r\n`

function ask(
  port: number,
  path: string,
  { method = 'GET', headers = {}, body }: { method?: string; headers?: Record<string, string>; body?: string } = {},
) {
  return new Promise<{ status: number; headers: Record<string, string | string[] | undefined>; body: string }>((resolve, reject) => {
    const sent = httpsRequest(
      {
        ...{ port, host: '127.0.0.1', servername: 'localhost', ca: ca(), path, method, agent: false },
        headers: { host: 'localhost', authorization: `Bearer ${CREDENTIAL}`, ...headers },
      },
      (answer) => {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk))
        answer.on('end', () => resolve({ status: answer.statusCode!, headers: answer.headers, body: Buffer.concat(chunks).toString() }))
        answer.on('error', reject)
      },
    )
    sent.on('error', reject)
    sent.end(body)
  })
}
const mask: Mask = {
  ...{ name: 'cards', columns: [], detect: ['card'], patterns: [], as: 'redact' },
  ...{ unmaskedWrite: false, predicates: false },
}
const errorOf = ({ body }: { body: string }) => (JSON.parse(body) as { error: Record<string, string> }).error

describe('the facts of a request', () => {
  it('are what is forwarded, and never a credential', async () => {
    const { port, seen, received } = await open((_, response) => response.end())
    await ask(port, '/r/api/things/%7eme?b=2&a=1', {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'text/plain',
        'x-api-key': 'mine',
        cookie: 'a=b',
        'x-feature': 'on',
        'x-github-api-version': '2022',
      },
      body: '{"a":1}',
    })
    const [operation] = seen.operations
    expect(operation?.facts).toEqual({
      effects: [{ class: 'post', action: 'post' }],
      http: {
        ...{ method: 'POST', host: '127.0.0.1', path: '/things/~me', query: 'b=2&a=1' },
        headers: { accept: 'text/plain', 'content-type': 'application/json', 'x-github-api-version': '2022' },
      },
    })
    expect(Buffer.from(operation!.statement.text).toString()).toBe(
      'POST /things/~me?b=2&a=1\naccept: text/plain\ncontent-type: application/json\nx-feature: on\nx-github-api-version: 2022\n\n{"a":1}',
    )
    expect(received.join('')).not.toMatch(/mine|a=b/)
  })

  it('name methods beyond the known, and upgrades', async () => {
    const { port, seen } = await open((_, response) => response.end())
    await ask(port, '/r/api/', { method: 'PROPFIND' })
    await ask(port, '/r/api/', { headers: { connection: 'upgrade', upgrade: 'websocket' } })
    expect(seen.operations.map(({ facts }) => facts?.effects)).toEqual([
      [{ class: 'other', action: 'other method' }],
      [
        { class: 'get', action: 'get' },
        { class: 'other', action: 'upgrade' },
      ],
    ])
  })

  it('are one object for the same request of a session', async () => {
    const { port, seen } = await open((_, response) => response.end('ok'))
    const socket = await dial(port)
    const got = collected(socket)
    socket.write(get() + get() + get('/r/api/', 'User-Agent: other\r\n'))
    await soon(() => got.text.match(/ok/g)).toHaveLength(3)
    expect(seen.operations[0]).toBe(seen.operations[1])
    expect(seen.operations[2]).not.toBe(seen.operations[1])
  })

  it('are others where one header is said twice, in another order', async () => {
    const { port, seen } = await open((_, response) => response.end('ok'))
    const socket = await dial(port)
    const got = collected(socket)
    const [one, other] = ['X-Tenant: a\r\n', 'X-Tenant: b\r\n']
    const [agent, second] = ['User-Agent: a\r\n', 'User-Agent: b\r\n']
    socket.write(get('/r/api/', one + other) + get('/r/api/', other + one) + get('/r/api/', agent) + get('/r/api/', agent + second))
    await soon(() => got.text.match(/ok/g)).toHaveLength(4)
    const texts = seen.operations.map(({ statement }) => Buffer.from(statement.text).toString())
    expect(texts.slice(0, 2)).toEqual(['GET /\nx-tenant: a\nx-tenant: b\n\n', 'GET /\nx-tenant: b\nx-tenant: a\n\n'])
    expect(seen.operations.slice(2).map(({ facts }) => facts?.http?.headers?.['user-agent'])).toEqual(['a', 'a, b'])
  })

  it('say that a long body was not read, and it goes through as it comes', async () => {
    const { port, seen } = await open((request, response) => {
      const hash = createHash('sha256')
      request.on('data', (chunk: Buffer) => hash.update(chunk))
      request.on('end', () => response.end(hash.digest('hex')))
    })
    const body = 'x'.repeat(4 * 1024 * 1024)
    const digest = createHash('sha256').update(body).digest('hex')
    expect((await ask(port, '/r/api/', { method: 'PUT', body })).body).toBe(digest)
    expect((await ask(port, '/r/api/', { method: 'PUT', body, headers: { 'transfer-encoding': 'chunked' } })).body).toBe(digest)
    expect(seen.operations.map(({ statement }) => [Buffer.from(statement.text).toString(), statement.bytes])).toEqual([
      ['PUT /\n\n[4194304 bytes that were not read]', 4194311],
      ['PUT /\n\n[a body that was not read]', 7],
    ])
  })
})

describe('a refusal', () => {
  it('says code, rule and next step as JSON, and keeps the connection', async () => {
    const { port, received } = await open((_, response) => response.end('ok'), {
      decide: ({ facts }) => (facts?.http?.method === 'DELETE' ? { effect: 'deny', rules: ['no-deleting'] } : {}),
    })
    const socket = await dial(port)
    const got = collected(socket)
    socket.write(get().replace('GET', 'DELETE') + get())
    await soon(() => got.text).toMatch(/403 Forbidden.*"code":"GS_POLICY_DENIED".*"rule":"no-deleting".*200 OK.*ok/s)
    expect(received.join('')).not.toContain('DELETE')
  })

  it('of a path that servers read differently is recorded', async () => {
    const { port, seen } = await open((_, response) => response.end())
    expect(errorOf(await ask(port, '/r/api/a%2Fb'))).toMatchObject({ code: 'GS_HTTP_PATH_REFUSED' })
    expect(seen.operations).toMatchObject([{ form: 'unsupported' }])
    expect(seen.settled).toEqual([])
  })

  it.each([
    [20, '20'],
    [3_600, undefined],
    [undefined, undefined],
  ])('of a budget that has room in %s s is 429, and says to wait where that is bearable', async (retryAfter, header) => {
    const { port } = await open((_, response) => response.end(), { refuseAt: new Refusal('GS_BUDGET_EXCEEDED', { retryAfter }) })
    const { status, headers } = await ask(port, '/r/api/')
    expect([status, headers['retry-after']]).toEqual([429, header])
  })
})

describe('what asks', () => {
  const asks = { decide: () => ({ effect: 'ask', rules: ['ask-first'], ask: { requirements: [], for: 1_000, stream: false } }) as const }
  const waiting = (over: Partial<Waiting> = {}) => {
    const answer = Promise.withResolvers<Grant | Refusal>()
    const left: string[] = []
    const made: Waiting = {
      ...{ id: 'apr_1', link: 'https://gateway/apr_1', hold: 10_000, decided: answer.promise },
      becomeTicket: () => new Refusal('GS_APPROVAL_PENDING', { ticket: 'apr_1' }),
      leave: (why) => void left.push(why),
      ...over,
    }
    let asked = 0
    const ask = async () => {
      asked += 1
      return made
    }
    /** Resolves once persons were asked so many times. */
    const isAsked = (times = 1) => soon(() => asked).toBe(times)
    return { left, answer: answer.resolve, ask, isAsked }
  }
  const grant: Grant = { id: 'apr_1', digest: 'sha256:0', usableUntil: 0 }

  it('is held until somebody says yes', async () => {
    const { ask: askPersons, answer, left, isAsked } = waiting()
    const { port, received } = await open((_, response) => response.end('done'), { ...asks, ask: askPersons })
    const answered = ask(port, '/r/api/')
    await isAsked()
    await sleep(20)
    expect(received).toEqual([])
    answer(grant)
    expect(await answered).toMatchObject({ status: 200, body: 'done' })
    expect(left).toEqual([])
  })

  it('is refused where somebody says no', async () => {
    const { ask: askPersons, answer } = waiting()
    const { port } = await open((_, response) => response.end('done'), { ...asks, ask: askPersons })
    answer(new Refusal('GS_APPROVAL_DENIED', { ticket: 'apr_1' }))
    expect(errorOf(await ask(port, '/r/api/'))).toMatchObject({ code: 'GS_APPROVAL_DENIED', approval: 'apr_1' })
  })

  it('becomes a ticket after a while, and when the gateway stops', async () => {
    const short = waiting({ hold: 20 })
    const one = await open((_, response) => response.end('done'), { ...asks, ask: short.ask })
    expect(errorOf(await ask(one.port, '/r/api/'))).toMatchObject({ code: 'GS_APPROVAL_PENDING' })
    const long = waiting()
    const other = await open((_, response) => response.end('done'), { ...asks, ask: long.ask })
    const answered = ask(other.port, '/r/api/')
    await long.isAsked()
    other.seen.drain.abort()
    expect(errorOf(await answered)).toMatchObject({ code: 'GS_APPROVAL_PENDING' })
  })

  it('is withdrawn where its client leaves, and where its session ends', async () => {
    const { ask: askPersons, left, isAsked } = waiting()
    const { port, seen, received } = await open((_, response) => response.end('done'), { ...asks, ask: askPersons })
    const socket = await dial(port)
    socket.write(get())
    await isAsked()
    socket.destroy()
    await soon(() => left).toEqual(['disconnected'])
    const answered = ask(port, '/r/api/')
    await isAsked(2)
    seen.stop.abort(new Refusal('GS_SESSION_ENDED'))
    expect(errorOf(await answered)).toMatchObject({ code: 'GS_SESSION_ENDED' })
    expect(left).toEqual(['disconnected', 'session-ended'])
    expect(received).toEqual([])
  })

  it('cannot be approved unseen', async () => {
    const { ask: askPersons } = waiting()
    const { port } = await open((_, response) => response.end('done'), { ...asks, ask: askPersons })
    expect(errorOf(await ask(port, '/r/api/', { method: 'PUT', body: 'x'.repeat(4_000_000) }))).toMatchObject({
      code: 'GS_APPROVAL_UNAVAILABLE',
    })
  })
})

describe('an answer', () => {
  it('does not tell the credential, in headers or body, however it is cut', async () => {
    const encoded = Buffer.from(TARGET_TOKEN).toString('base64')
    const { port } = await open((request, response) => {
      response.writeHead(200, { 'x-echo': `${request.headers.authorization}` })
      const said = `{"auth":"${request.headers.authorization}","base64":"${encoded}"}`
      for (const part of said.match(/.{1,5}/g) ?? []) response.write(part)
      response.end()
    })
    const { headers, body } = await ask(port, '/r/api/')
    expect(headers['x-echo']).toBe(`Bearer ${'*'.repeat(TARGET_TOKEN.length)}`)
    for (let at = 0; at + 4 <= TARGET_TOKEN.length; at++) expect(body).not.toContain(TARGET_TOKEN.slice(at, at + 4))
    expect(body).not.toContain(encoded.slice(0, 12))
    expect(JSON.parse(body)).toBeTypeOf('object')
  })

  it('that is encoded although it was not to be is not shown', async () => {
    const { port, seen } = await open((_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('…'))
    const answer = await ask(port, '/r/api/', { headers: { 'accept-encoding': 'gzip' } })
    expect([answer.status, errorOf(answer).code]).toEqual([502, 'GS_HTTP_ANSWER_ENCODED'])
    expect(seen.settled).toMatchObject([{ status: 'failed', code: '200' }])
  })

  it.each([
    ['/v1/next?x=1', '/r/api/next?x=1'],
    ['http://127.0.0.1:PORT/v1/next', '/r/api/next'],
    ['http://127.0.0.1:PORT/other', 'as it is'],
    ['https://elsewhere.test/v1/next', 'as it is'],
    ['//elsewhere.test/v1', 'as it is'],
    ['next', 'as it is'],
  ])('that redirects to %s leads to %s', async (location, expected) => {
    const opened = await open(
      (_, response) => response.writeHead(302, { location: location.replace('PORT', String(opened.targetPort)) }).end(),
      { basePath: '/v1' },
    )
    const { status, headers } = await ask(opened.port, '/r/api/')
    expect(status).toBe(302)
    expect(headers.location).toBe(
      expected === 'as it is' ? location.replace('PORT', String(opened.targetPort)) : `https://localhost${expected}`,
    )
    expect(opened.received).toHaveLength(1)
  })

  it('comes as a whole where masks look for values in it: what two parts hold half each is found in neither', async () => {
    const { port, received } = await open((_, response) => response.end(), {
      decide: ({ facts }) => (facts?.http?.path === '/masked' ? { masks: [mask] } : {}),
    })
    const headers = { range: 'bytes=0-9', 'if-range': '"x"' }
    await ask(port, '/r/api/masked', { headers })
    expect(received.join('')).not.toMatch(/range/i)
    await ask(port, '/r/api/', { headers })
    expect(received.join('')).toMatch(/range: bytes=0-9/i)
  })

  it('is masked where masks look for values in it', async () => {
    const { port } = await open(
      (_, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"card":"4111 1111 1111 1111","n":1}'),
      {
        decide: () => ({ masks: [mask] }),
      },
    )
    const { body } = await ask(port, '/r/api/')
    expect(body).not.toContain('4111 1111')
    expect(JSON.parse(body)).toMatchObject({ n: 1 })
  })

  it('streams event by event', async () => {
    let more: (text: string) => void = () => undefined
    const { port } = await open((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.flushHeaders()
      more = (text) => void response.write(text)
    })
    const socket = await dial(port)
    const got = collected(socket)
    socket.write(get())
    await soon(() => got.text).toMatch(/text\/event-stream/)
    for (const event of ['one', 'two', 'target-t']) {
      more(`data: ${event}\n\n`)
      await soon(() => got.text).toContain(`data: ${event}\n\n`)
    }
    // It may be the beginning of the credential: not for long.
    more('data: target-')
    await soon(() => got.text).toMatch(/target-\r\n$/)
  })
})

describe('a WebSocket', () => {
  const opening = get(
    '/r/api/ws',
    'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Extensions: permessage-deflate\r\n',
  )

  async function opened(governing: Parameters<typeof open>[1] = {}) {
    const there = await open((_, response) => response.writeHead(403).end('no'), governing)
    const targets: Duplex[] = []
    there.server.on('upgrade', (request, socket: Duplex, head: Buffer) => {
      socket.on('error', () => undefined)
      targets.push(socket)
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nx-saw: ${request.headers['sec-websocket-extensions']}\r\n\r\nhello `,
      )
      if (head.length > 0) socket.write(head)
      socket.pipe(socket)
    })
    const socket = await dial(there.port)
    const got = collected(socket)
    socket.write(`${opening}early `)
    return { ...there, socket, got, targets }
  }

  it('passes bytes both ways, and counts them', async () => {
    const { socket, got, seen, received } = await opened()
    await soon(() => got.text).toMatch(/^HTTP\/1\.1 101 .*\r\n\r\nhello early $/s)
    expect(got.text).toContain('x-saw: undefined')
    socket.write(`and ${TARGET_TOKEN}`)
    await soon(() => got.text).toMatch(/early and \*+$/)
    socket.end()
    await soon(() => seen.settled).toMatchObject([{ status: 'completed', code: '101', bytes: 6 + 2 * (6 + 4 + TARGET_TOKEN.length) }])
    expect(received.join('')).toMatch(/connection: upgrade\r\nupgrade: websocket\r\n/i)
  })

  it('ends with its session, and with its limit', async () => {
    const one = await opened()
    await soon(() => one.got.text).toContain('hello')
    one.seen.stop.abort(new Refusal('GS_RUN_ENDED'))
    await soon(() => one.socket.closed).toBe(true)
    await soon(() => one.seen.settled).toMatchObject([{ status: 'cancelled' }])
    const other = await opened({ bytes: 100 })
    await soon(() => other.got.text).toContain('hello')
    other.socket.write('x'.repeat(1_000))
    await soon(() => other.socket.closed).toBe(true)
    await soon(() => other.seen.settled).toMatchObject([{ status: 'cancelled' }])
  })

  it('is not opened where the target says no, or a mask would have to look into it', async () => {
    const plain = await open((_, response) => response.writeHead(426, { 'content-length': '2' }).end('no'))
    const socket = await dial(plain.port)
    socket.write(opening)
    expect(await everything(socket)).toMatch(/^HTTP\/1\.1 426 .*\r\n\r\nno$/s)
    expect(plain.seen.settled).toMatchObject([{ status: 'failed', code: '426' }])
    const masked = await open((_, response) => response.end(), { decide: () => ({ masks: [mask] }) })
    const other = await dial(masked.port)
    other.write(opening)
    expect(await everything(other)).toContain('GS_HTTP_STREAM_MASKED')
    expect(masked.received).toEqual([])
  })
})

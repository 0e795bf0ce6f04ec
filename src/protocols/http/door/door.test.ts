import { Agent, request as httpsRequest } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import {
  AUTHORIZED,
  CREDENTIAL,
  collected,
  doorBeforeRealTarget,
  everything,
  KUBERNETES_CREDENTIAL,
  soon,
  TARGET_TOKEN,
} from '../../../../test/parts/https-door.ts'
import { Refusal } from '../../../operations/index.ts'

const { open, dial, ca, throttle } = doorBeforeRealTarget()

const HOST = 'Host: localhost\r\n'
const get = (path = '/r/api/', more = '') => `GET ${path} HTTP/1.1\r\n${HOST}${AUTHORIZED}${more}\r\n`
const errorIn = (text: string) => (JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4)) as { error: Record<string, string> }).error

interface Answer {
  readonly status: number
  readonly headers: Record<string, string | string[] | undefined>
  readonly body: string
}

/** By an ordinary client. */
function ask(
  port: number,
  path: string,
  options: { headers?: Record<string, string>; method?: string; body?: string | Buffer; agent?: Agent } = {},
) {
  return new Promise<Answer>((resolve, reject) => {
    const { headers = {}, method = 'GET', body, agent } = options
    const sent = httpsRequest(
      {
        port,
        host: '127.0.0.1',
        servername: 'localhost',
        ca: ca(),
        path,
        method,
        agent: agent ?? false,
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

describe('a request', () => {
  it('reaches its target with the gateway’s credential, and its answer comes back', async () => {
    const { port, received, seen } = await open((request, response) =>
      response.end(`${request.method} ${request.url} as ${request.headers.authorization?.length}`),
    )
    expect(await ask(port, '/r/api/things?x=1')).toMatchObject({
      status: 200,
      body: `GET /things?x=1 as ${`Bearer ${TARGET_TOKEN}`.length}`,
    })
    expect(received.join('')).not.toContain(CREDENTIAL)
    expect(seen.settled).toMatchObject([{ status: 'completed', code: '200' }])
    expect(seen.operations[0]?.facts).toMatchObject({
      effects: [{ class: 'get', action: 'get' }],
      http: { method: 'GET', path: '/things', query: 'x=1' },
    })
    expect(Buffer.from(seen.operations[0]!.statement.text).toString()).toBe('GET /things?x=1\n\n')
    await soon(() => seen.ends).toEqual(['client-closed'])
  })

  it('is one of many on a connection, which is one session', async () => {
    const { port, seen } = await open((request, response) => request.pipe(response))
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    for (let round = 0; round < 5; round++)
      expect((await ask(port, '/r/api/', { agent, method: 'POST', body: `round ${round}` })).body).toBe(`round ${round}`)
    expect(seen.clients).toHaveLength(1)
    agent.destroy()
    await soon(() => seen.ends).toEqual(['client-closed'])
  })

  it('may be sent before the one before it is answered', async () => {
    const { port } = await open(
      (request, response) => void setTimeout(() => response.end(`<${request.url}>`), request.url === '/1' ? 100 : 1),
    )
    const socket = await dial(port)
    const got = collected(socket)
    socket.write(get('/r/api/1') + get('/r/api/2') + get('/r/api/3'))
    await soon(() => got.text.match(/<.\d>/g)).toEqual(['</1>', '</2>', '</3>'])
  })

  it('has a base path, by prefix and by host', async () => {
    const { port } = await open((request, response) => response.end(request.url), { basePath: '/v1' })
    expect((await ask(port, '/r/api/x')).body).toBe('/v1/x')
    expect((await ask(port, '/r/api')).body).toBe('/v1/')
    expect((await ask(port, '/r/api', { headers: { host: 'api.test:443' } })).body).toBe('/v1/r/api')
  })

  it('waits for leave to send its body, and gets it when somebody reads', async () => {
    const { port } = await open((request, response) => request.pipe(response))
    const socket = await dial(port)
    const got = collected(socket)
    socket.write(`POST /r/api/ HTTP/1.1\r\n${HOST}${AUTHORIZED}Expect: 100-continue\r\nContent-Length: 5\r\n\r\n`)
    await soon(() => got.text).toBe('HTTP/1.1 100 Continue\r\n\r\n')
    socket.write('hello')
    await soon(() => got.text).toMatch(/HTTP\/1\.1 200 OK\r\n.*\r\n\r\n.*hello/s)
  })

  it('that is refused is not told to send its body', async () => {
    const { port } = await open((_, response) => response.end(), {
      refuseAt: new Refusal('GS_POLICY_DENIED', { rule: 'nobody', next: 'Ask.' }),
    })
    const socket = await dial(port)
    socket.write(`POST /r/api/ HTTP/1.1\r\n${HOST}${AUTHORIZED}Expect: 100-continue\r\nContent-Length: 5\r\n\r\n`)
    const text = await everything(socket)
    expect(text).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n/)
    expect(text).toContain('Connection: close')
    expect(errorIn(text)).toMatchObject({ code: 'GS_POLICY_DENIED', rule: 'nobody', next: 'Ask.' })
  })

  it.each([
    [200, '1.1 200', 'HEAD'],
    [204, '1.1 204', 'GET'],
    [304, '1.1 304', 'GET'],
  ])('whose answer (%i) has no body is followed by the next', async (status, line, method) => {
    const { port } = await open((_, response) =>
      response
        .writeHead(status, status === 204 ? {} : { 'content-length': '5' })
        .end(status === 200 && method === 'GET' ? 'hello' : undefined),
    )
    const socket = await dial(port)
    const got = collected(socket)
    const one = get().replace('GET', method)
    socket.write(one + one)
    await soon(() => got.text.match(new RegExp(line, 'g'))).toHaveLength(2)
    await sleep(20)
    expect(got.text).not.toContain('hello')
  })

  it('gets interim answers and trailers', async () => {
    const { port } = await open((_, response) => {
      response.writeEarlyHints({ link: '</style.css>; rel=preload' })
      response.writeHead(200, { trailer: 'x-sum' })
      response.write('body')
      response.addTrailers({ 'x-sum': '42' })
      response.end()
    })
    const socket = await dial(port)
    const got = collected(socket)
    socket.write(get())
    await soon(() => got.text).toMatch(/^HTTP\/1\.1 103 Interim\r\n.*HTTP\/1\.1 200 OK\r\n.*body\r\n0\r\nx-sum: 42\r\n\r\n$/is)
  })
})

describe('whoever is not known', () => {
  it.each([
    ['nothing', '', 'GS_HTTPS_CREDENTIAL_MISSING'],
    ['an unknown token', 'Authorization: Bearer gs_http_unknown\r\n', 'GS_IDENTITY_CREDENTIAL_UNKNOWN'],
    ['somebody else’s token', 'Authorization: Bearer ghp_unknown\r\n', 'GS_IDENTITY_CREDENTIAL_FOREIGN'],
    ['somebody else’s key', 'X-Api-Key: sk-unknown\r\n', 'GS_IDENTITY_CREDENTIAL_FOREIGN'],
    ['a key that is none', 'Api-Key: \t\r\n', 'GS_HTTPS_CREDENTIAL_REFUSED'],
    ['another scheme', 'Authorization: Digest username="x"\r\n', 'GS_HTTPS_CREDENTIAL_REFUSED'],
    ['Basic without a colon', 'Authorization: Basic aGVsbG8=\r\n', 'GS_HTTPS_CREDENTIAL_REFUSED'],
  ])('is refused with %s, the same wherever it goes', async (_, header, code) => {
    const { port, received } = await open((_, response) => response.end())
    const answers: string[] = []
    for (const path of ['/r/api/', '/r/nothing/', '/']) {
      const socket = await dial(port)
      socket.write(`GET ${path} HTTP/1.1\r\n${HOST}${header}Connection: close\r\n\r\n`)
      const text = await everything(socket)
      expect(text).toMatch(/^HTTP\/1\.1 401 Unauthorized\r\n/)
      expect(text.toLowerCase()).toContain('www-authenticate: bearer')
      expect(errorIn(text)).toMatchObject({ code })
      answers.push(text.replace(/Date: .*\r\n/, ''))
    }
    expect(new Set(answers).size).toBe(1)
    expect(received).toEqual([])
  })

  it('may be Basic, of any user', async () => {
    const { port, seen } = await open((_, response) => response.end('ok'))
    const authorization = `Basic ${Buffer.from(`anybody:${CREDENTIAL}`).toString('base64')}`
    expect((await ask(port, '/r/api/', { headers: { authorization } })).body).toBe('ok')
    expect(seen.clients[0]).toMatchObject({ user: 'anybody', tls: true })
  })

  it('is no model’s client elsewhere: a credential of ours where keys of models stand would be passed on as one', async () => {
    const { port, received } = await open((_, response) => response.end('ok'))
    const ours = 'gs_http_0123456789abcdefghjk'
    expect(await ask(port, '/r/api/', { headers: { 'x-api-key': ours } })).toMatchObject({ status: 400 })
    const only = await dial(port)
    only.write(`GET /r/api/ HTTP/1.1\r\n${HOST}X-Api-Key: ${CREDENTIAL}\r\nConnection: close\r\n\r\n`)
    expect(await everything(only)).toContain('GS_HTTPS_CREDENTIAL_MISPLACED')
    expect(received).toEqual([])
    // A key of the target's is not looked at: no client has a say in that.
    expect((await ask(port, '/r/api/', { headers: { 'x-api-key': 'mine' } })).body).toBe('ok')
  })

  it('learns what is configured only once it is known', async () => {
    const { port, seen } = await open((_, response) => response.end())
    expect(await ask(port, '/r/nothing/')).toMatchObject({ status: 404 })
    const elsewhere = await ask(port, '/r/api/', { headers: { authorization: `Bearer ${KUBERNETES_CREDENTIAL}` } })
    expect([elsewhere.status, elsewhere.body]).toEqual([403, expect.stringContaining('GS_HTTPS_CREDENTIAL_ELSEWHERE')])
    expect(seen.refused).toEqual([])
  })

  it('is slowed down after it failed too often, and told to the trail', async () => {
    const { port, seen } = await open((_, response) => response.end(), {}, { throttle: throttle({ burst: 2, perSecond: 0.01 }) })
    const headers = { authorization: 'Bearer ghp_somebody-elses-real-one' }
    for (const status of [401, 401, 429]) expect((await ask(port, '/r/api/', { headers })).status).toBe(status)
    expect((await ask(port, '/r/api/')).headers['retry-after']).toBeDefined()
    expect([seen.refused.length, seen.foreign]).toEqual([2, 2])
  })
})

describe('an answer under our own name', () => {
  it('sets no cookies, is no page of ours, and goes around us nowhere', async () => {
    const { port, received } = await open((_, response) =>
      response
        .writeHead(200, {
          'set-cookie': 'a=b',
          'alt-svc': 'h3=":443"',
          'strict-transport-security': 'max-age=1',
          'content-type': 'text/html',
        })
        .end('<script>'),
    )
    const { headers } = await ask(port, '/r/api/', { headers: { cookie: '__Host-session=1' } })
    expect(headers).toMatchObject({ 'content-security-policy': 'sandbox', 'x-content-type-options': 'nosniff' })
    for (const name of ['set-cookie', 'alt-svc', 'strict-transport-security']) expect(headers[name]).toBeUndefined()
    expect(received.join('')).not.toMatch(/cookie/i)
  })

  it('sets cookies for no other name than that which is asked', async () => {
    const { port } = await open((_, response) =>
      response.writeHead(200, { 'set-cookie': ['a=b; Domain=.test; Path=/', 'c=domain=x;domain = test', 'd=e; DOMAIN; Secure'] }).end(),
    )
    const { headers } = await ask(port, '/', { headers: { host: 'api.test' } })
    expect(headers['set-cookie']).toEqual(['a=b; Path=/', 'c=domain=x', 'd=e; Secure'])
  })

  it('is the target’s own where the host is its own', async () => {
    const { port, received } = await open((_, response) => response.writeHead(200, { 'set-cookie': 'a=b' }).end())
    const { headers } = await ask(port, '/', { headers: { host: 'api.test', cookie: 'a=b' } })
    expect(headers['set-cookie']).toEqual(['a=b'])
    expect(headers['content-security-policy']).toBeUndefined()
    expect(received.join('')).toMatch(/cookie: a=b/i)
  })
})

describe('an end', () => {
  it('of the client reaches the target', async () => {
    let aborted = 0
    const { port, seen } = await open((request, response) => {
      response.write('first')
      request.socket.once('close', () => {
        aborted += 1
      })
    })
    const socket = await dial(port)
    const got = collected(socket)
    socket.write(get())
    await soon(() => got.text).toContain('first')
    socket.destroy()
    await soon(() => aborted).toBe(1)
    await soon(() => seen.settled).toMatchObject([{ status: 'aborted', code: '200', bytes: 5 }])
    await soon(() => seen.ends).toEqual(['client-lost'])
  })

  it.each(['length', 'chunks'])('of the target is never taken for the end of the answer (%s)', async (framing) => {
    const { port, seen } = await open((_, response) => {
      if (framing === 'length') response.setHeader('content-length', '1000')
      response.write('half')
      setTimeout(() => response.destroy(), 20)
    })
    const socket = await dial(port)
    socket.write(get())
    const text = await everything(socket)
    expect(text).toContain('half')
    expect(text).not.toMatch(/\r\n0\r\n/)
    expect(seen.settled).toMatchObject([{ status: 'failed', code: '200' }])
    await expect(ask(port, '/r/api/')).rejects.toThrow(/aborted|hang up/)
  })

  it('of the target before its answer is said', async () => {
    const { port, seen } = await open((request) => request.socket.destroy())
    expect(await ask(port, '/r/api/', { method: 'POST' })).toMatchObject({
      status: 502,
      body: expect.stringContaining('GS_HTTP_TARGET_CLOSED'),
    })
    expect(seen.settled).toMatchObject([{ status: 'unknown' }])
  })

  it.each(['before', 'within'])('of the session cuts %s the answer within a second', async (when) => {
    const { port, seen } = await open((_, response) => {
      if (when === 'within') response.write('first')
    })
    const socket = await dial(port)
    const got = collected(socket)
    socket.write(get())
    await soon(() => (when === 'within' ? got.text.includes('first') : seen.operations.length === 1)).toBe(true)
    const since = performance.now()
    seen.stop.abort(new Refusal('GS_RUN_ENDED'))
    await soon(() => socket.closed || socket.readableEnded).toBe(true)
    expect(performance.now() - since).toBeLessThan(1_000)
    if (when === 'before') expect(errorIn(got.text).code).toBe('GS_RUN_ENDED')
    else expect(got.text).not.toMatch(/\r\n0\r\n/)
    await soon(() => seen.ends).toEqual(['ended'])
    expect(seen.settled).toMatchObject([{ status: 'cancelled' }])
  })

  it('of the gateway lets what is under way finish', async () => {
    let finish: () => void = () => undefined
    const { port, door, seen } = await open((_, response) => {
      response.write('first ')
      finish = () => response.end('last')
    })
    const [busy, idle] = [await dial(port), await dial(port)]
    const got = collected(busy)
    busy.write(get())
    await soon(() => got.text).toContain('first')
    await door.closeToNew()
    seen.drain.abort()
    await soon(() => idle.closed || idle.readableEnded).toBe(true)
    finish()
    await soon(() => busy.readableEnded).toBe(true)
    expect(got.text).toMatch(/last\r\n0\r\n\r\n$/)
    await soon(() => seen.ends).toEqual(['drained'])
    await soon(() => door.connections).toBe(0)
  })
})

describe('a limit', () => {
  it('of bytes cuts within the body', async () => {
    const { port, seen } = await open((_, response) => response.end(Buffer.alloc(100_000)), { bytes: 50_000 })
    const socket = await dial(port)
    socket.write(get())
    expect((await everything(socket)).length).toBeLessThan(60_000)
    expect(seen.settled).toMatchObject([{ status: 'cancelled', code: '200' }])
  })

  it('of time is said where nothing has been', async () => {
    const { port } = await open(() => undefined, { time: 50 })
    expect(await ask(port, '/r/api/')).toMatchObject({ status: 403, body: expect.stringContaining('"rule":"quick"') })
  })
})

describe('what does not come', () => {
  const quick = { loginMs: 300, headMs: 300, idleMs: 300, bodyMs: 300 }

  it.each([
    ['a handshake', async (port: number) => (await import('node:net')).connect(port, '127.0.0.1')],
    ['a request', async (port: number) => dial(port)],
  ])('is waited for only so long: %s', async (_, connect) => {
    const { port, door } = await open((_, response) => response.end(), {}, { limits: quick })
    const socket = await connect(port)
    socket.on('error', () => undefined)
    await soon(() => socket.closed || socket.readableEnded, { timeout: 3_000 })
      .toBe(true)
      .catch(() => undefined)
    await soon(() => door.connections, { timeout: 3_000 }).toBe(0)
  })

  it('is waited for only so long: the rest of a head, byte by byte, also behind another request', async () => {
    const { port } = await open((_, response) => response.end('ok'), {}, { limits: quick })
    const socket = await dial(port)
    const got = collected(socket)
    socket.write(get())
    await soon(() => got.text).toContain('ok')
    const drip = setInterval(() => socket.write('x'), 50)
    socket.write('GET /r/api/ HTTP/1.1\r\nx: ')
    await soon(() => socket.closed || socket.readableEnded, { timeout: 4_000 }).toBe(true)
    clearInterval(drip)
    expect(got.text).toContain('408')
  })

  it('is waited for only so long: the rest of a body', async () => {
    const { port, seen } = await open((request, response) => request.pipe(response), {}, { limits: quick })
    const socket = await dial(port)
    socket.write(`POST /r/api/ HTTP/1.1\r\n${HOST}${AUTHORIZED}Content-Length: 5\r\n\r\nhe`)
    expect(await everything(socket)).toMatch(/^HTTP\/1\.1 408 /)
    expect(seen.operations).toEqual([])
  })

  it('keeps nobody else out', async () => {
    const { port } = await open((_, response) => response.end('ok'), {}, { limits: { unauthenticatedPerPeer: 3 } })
    const net = await import('node:net')
    const idle = Array.from({ length: 5 }, () => net.connect(port, '127.0.0.1').on('error', () => undefined))
    await soon(() => idle.filter((socket) => socket.closed || socket.readableEnded).length).toBe(2)
    await expect(ask(port, '/r/api/')).rejects.toThrow()
    idle[0]?.destroy()
    await soon(() =>
      ask(port, '/r/api/').then(
        ({ body }) => body,
        () => '',
      ),
    ).toBe('ok')
    for (const socket of idle) socket.destroy()
  })
})

it('offers HTTP/1.1 and nothing else', async () => {
  const { port } = await open((_, response) => response.end())
  expect((await dial(port, 'localhost', ['h2', 'http/1.1'])).alpnProtocol).toBe('http/1.1')
  await expect(dial(port, 'localhost', ['h2'])).rejects.toThrow()
})

import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { HOST_TOKEN, startTestHost, type TestHost } from '../../../test/parts/mcp-host.ts'
import { EventReader } from '../wire/events.ts'

const program = fileURLToPath(new URL('../../../test/parts/hostile-mcp-server.mjs', import.meta.url))
const SECRET = 'a-key-that-nobody-may-read-17'
const AS_ROOT = process.getuid?.() === 0

let host: TestHost
afterEach(async () => {
  await host.stop()
  expect(host.logged.some(({ sentence }) => sentence.includes('cannot be removed'))).toBe(false)
})

const start = async (more: object = {}, ...words: readonly string[]) => {
  host = await startTestHost(
    { bad: [process.execPath, program, ...words] },
    { messageBytes: 1_000_000, secrets: { HOSTILE_KEY: 'env:KEY' }, ...more },
    { 'env:KEY': SECRET },
  )
}

interface Answered {
  readonly status: number
  readonly session: string | undefined
  readonly message: { readonly id?: unknown; readonly result?: unknown; readonly error?: { readonly data: { readonly code: string } } }
  readonly messages: readonly object[]
}

const headersOf = (session: string | undefined, more = {}) => ({
  ...{ authorization: `Bearer ${HOST_TOKEN}`, 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
  ...(session !== undefined && { 'mcp-session-id': session }),
  ...more,
})

async function post(message: object | string, session?: string, more = {}, signal: AbortSignal | null = null): Promise<Answered> {
  const body = typeof message === 'string' ? message : JSON.stringify({ jsonrpc: '2.0', ...message })
  const response = await fetch(`${host.url}/bad`, { method: 'POST', headers: headersOf(session, more), body, signal })
  const text = await response.text()
  const isStream = response.headers.get('content-type') === 'text/event-stream'
  const messages = isStream
    ? new EventReader(10_000_000).push(Buffer.from(text)).map(({ data }) => JSON.parse(data!))
    : text
      ? [JSON.parse(text)]
      : []
  return { status: response.status, session: response.headers.get('mcp-session-id') ?? undefined, messages, message: messages.at(-1) ?? {} }
}
const begin = async () => (await post({ id: 0, method: 'initialize', params: {} })).session!
const codeOf = ({ message }: Answered) => message.error?.data.code
const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
const gone = async (pid: number) => {
  for (let waited = 0; isAlive(pid) && waited < 6_000; waited += 50) await wait(50)
  return !isAlive(pid)
}

describe('a process', () => {
  it('has its own home, what is listed of an environment, another user than root, and is another one per session', async () => {
    await start({ env: { LOG_LEVEL: 'info' } })
    const [one, two] = [await begin(), await begin()]
    type Self = { pid: number; uid: number; cwd: string; env: Record<string, string> }
    const of = async (session: string) => (await post({ id: 1, method: 'self' }, session)).message.result as Self
    const [first, second] = [await of(one), await of(two)]
    expect(first.pid).not.toBe(second.pid)
    expect(first.env.HOME).not.toBe(second.env.HOME)
    expect(first.cwd).toBe(first.env.HOME)
    expect(Object.keys(first.env).sort()).toEqual(['HOME', 'HOSTILE_KEY', 'LANG', 'LOG_LEVEL', 'PATH', 'TMPDIR'])
    expect(first.uid).not.toBe(0)
    if (AS_ROOT) expect(first.uid).toBe(65534)
    expect(host.homes()).toHaveLength(2)
    await fetch(`${host.url}/bad`, { method: 'DELETE', headers: headersOf(one) })
    expect(await gone(first.pid)).toBe(true)
    expect(isAlive(second.pid)).toBe(true)
    expect(await post({ id: 2, method: 'self' }, one)).toMatchObject({ status: 404 })
    for (let waited = 0; host.homes().length > 1 && waited < 2_000; waited += 50) await wait(50)
    expect(host.homes()).toHaveLength(1)
  })

  it('does not outlive its session, nor does what it started, however it clings', async () => {
    await start()
    const session = await begin()
    const child = (await post({ id: 1, method: 'fork' }, session)).message.result as number
    const self = (await post({ id: 2, method: 'stay' }, session)).message.result as number
    expect([isAlive(child), isAlive(self)]).toEqual([true, true])
    await host.stop()
    expect([await gone(child), await gone(self)]).toEqual([true, true])
    expect(await fetch(host.url).catch(() => 'closed')).toBe('closed')
  })

  it('leaves nothing behind that it started, where it dies itself', async () => {
    await start()
    const session = await begin()
    const child = (await post({ id: 1, method: 'fork' }, session)).message.result as number
    expect(codeOf(await post({ id: 2, method: 'die' }, session))).toBe('GS_MCP_HOST_ENDED')
    expect(await gone(child)).toBe(true)
    expect(await post({ id: 3, method: 'self' }, session)).toMatchObject({
      status: 404,
      message: { error: { data: { code: 'GS_MCP_HOST_NO_SESSION' } } },
    })
  })

  it.runIf(process.platform === 'linux')(
    'takes along what left its group, and ends where that cannot be found and holds its pipes',
    async () => {
      await start()
      const [one, two] = [await begin(), await begin()]
      const child = (await post({ id: 1, method: 'leave', params: {} }, one)).message.result as number
      await fetch(`${host.url}/bad`, { method: 'DELETE', headers: headersOf(one) })
      expect(await gone(child)).toBe(true)
      const hidden = (await post({ id: 1, method: 'leave', params: { clean: true } }, two)).message.result as number
      try {
        await host.stop()
        expect(isAlive(hidden)).toBe(true)
      } finally {
        process.kill(hidden, 'SIGKILL')
      }
    },
  )

  it('ends where nobody uses it any more', async () => {
    await start({ idle: '1s' })
    const session = await begin()
    const { pid } = (await post({ id: 1, method: 'self' }, session)).message.result as { pid: number }
    expect(await gone(pid)).toBe(true)
  })

  it('is one of so many, and no more', async () => {
    await start({ sessions: 2 })
    const first = await begin()
    await begin()
    expect(await post({ id: 0, method: 'initialize' })).toMatchObject({
      status: 503,
      message: { id: 0, error: { data: { code: 'GS_MCP_HOST_FULL' } } },
    })
    await fetch(`${host.url}/bad`, { method: 'DELETE', headers: headersOf(first) })
    await wait(700)
    expect(await begin()).toBeDefined()
  })
})

describe('a server that dies at once', () => {
  it('is started again, but not at once again and again; its last words are in the log', async () => {
    await start({}, 'dies')
    const codes: (string | undefined)[] = []
    for (let time = 0; time < 5; time++) codes.push(codeOf(await post({ id: time, method: 'initialize' })))
    expect(codes.slice(0, 2)).toEqual(['GS_MCP_HOST_ENDED', 'GS_MCP_HOST_ENDED'])
    expect(codes.slice(2)).toContain('GS_MCP_HOST_BACKING_OFF')
    expect(host.logged).toContainEqual({
      sentence: 'a server printed',
      fields: expect.objectContaining({ printed: 'cannot find my database' }),
    })
    const health = await (await fetch(`${host.url}/health`, { headers: headersOf(undefined) })).json()
    expect(health).toMatchObject({ status: 'degraded', servers: [{ name: 'bad', sessions: 0, backingOffUntil: expect.any(Number) }] })
    await wait(1_100)
    expect(codeOf(await post({ id: 9, method: 'initialize' }))).toBe('GS_MCP_HOST_ENDED')
  })

  it('is no less one where its program is not there', async () => {
    host = await startTestHost({ bad: ['/nowhere/at-all'] })
    expect(codeOf(await post({ id: 0, method: 'initialize' }))).toBe('GS_MCP_HOST_NOT_STARTED')
  })
})

describe('what a server prints', () => {
  it('that is no message goes to the log, made one line and without secrets, and disturbs nobody', async () => {
    await start()
    const session = await begin()
    expect((await post({ id: 1, method: 'garbage' }, session)).message).toMatchObject({ id: 1, result: 'after garbage' })
    const printed = host.logged.filter(({ sentence }) => sentence.includes('is no message')).map(({ fields }) => fields.printed)
    expect(printed).toContain('Listening on port 3000')
    expect(JSON.stringify(printed)).not.toContain('hunter2')
  })

  it('on standard error is kept within bounds, without secrets', async () => {
    await start()
    const session = await begin()
    expect((await post({ id: 1, method: 'stderr' }, session)).message).toMatchObject({ result: 'said a lot' })
    await fetch(`${host.url}/bad`, { method: 'DELETE', headers: headersOf(session) })
    await wait(300)
    const all = JSON.stringify(host.logged)
    expect(host.logged.length).toBeLessThan(200)
    expect(all).toContain('the secret is [redacted]')
    expect(all).not.toContain(SECRET)
    expect(all).not.toContain('a1B2a1B2')
    expect(all.length).toBeLessThan(60_000)
    const dropped = host.logged
      .filter(({ sentence }) => sentence.includes('more than the log keeps'))
      .map(({ fields }) => Number(fields.lines))
    expect(dropped.reduce((sum, lines) => sum + lines, 0)).toBeGreaterThan(4_000)
  })

  it('in one line beyond the limit ends its session, and says so', async () => {
    await start()
    const session = await begin()
    const waiting = post({ id: 7, method: 'never' }, session)
    expect(codeOf(await post({ id: 1, method: 'huge' }, session))).toBe('GS_MCP_HOST_TOO_LARGE')
    expect(codeOf(await waiting)).toBe('GS_MCP_HOST_TOO_LARGE')
    expect((await post({ id: 2, method: 'self' }, session)).status).toBe(404)
  })

  it('cannot forge an event', async () => {
    await start()
    const session = await begin()
    const { messages } = await post({ id: 5, method: 'lines' }, session, { accept: 'text/event-stream' })
    expect(messages).toEqual([{ jsonrpc: '2.0', id: 5, result: 'data: forged\r\n' }])
  })

  it('twice, or to nobody, is heard once, or never', async () => {
    await start()
    const session = await begin()
    expect((await post({ id: 1, method: 'twice' }, session)).messages).toEqual([{ jsonrpc: '2.0', id: 1, result: 'first' }])
  })

  it('between a request and its answer comes on the stream of that request', async () => {
    await start()
    const session = await begin()
    expect((await post({ id: 1, method: 'tell' }, session)).messages).toMatchObject([
      { method: 'notifications/message' },
      { id: 99, method: 'roots/list' },
      { id: 1, result: 'told' },
    ])
    expect((await post({ id: 99, result: { roots: [] } }, session)).status).toBe(202)
  })

  it('while nobody listens waits for who does, and can be asked for again from any event on', async () => {
    await start()
    const session = await begin()
    await post({ id: 1, result: {} }, session)
    await post({ id: 2, result: {} }, session)
    await wait(100)
    const listen = async (more = {}) => {
      const stop = new AbortController()
      const response = await fetch(`${host.url}/bad`, {
        headers: headersOf(session, { accept: 'text/event-stream', ...more }),
        signal: stop.signal,
      })
      if (response.status !== 200) return [response.status]
      const reader = new EventReader(1_000_000)
      const timer = setTimeout(() => stop.abort(), 300)
      const events = []
      try {
        for await (const chunk of response.body!) events.push(...reader.push(chunk))
      } catch {
        // Stopped.
      }
      clearTimeout(timer)
      return events.map(({ id, data }) => [id, JSON.parse(data!).params.id])
    }
    expect(await listen()).toEqual([
      ['0-1', 1],
      ['0-2', 2],
    ])
    expect(await listen()).toEqual([])
    expect(await listen({ 'last-event-id': '0-1' })).toEqual([['0-2', 2]])
    expect(await listen({ 'last-event-id': '77-1' })).toEqual([400])
    expect(await listen({ 'last-event-id': 'x' })).toEqual([400])
  })
})

describe('an answer', () => {
  it('that a client lost its connection before is there for whoever asks from its last event on', async () => {
    await start()
    const session = await begin()
    const giveUp = new AbortController()
    const body = '{"jsonrpc":"2.0","id":1,"method":"late"}'
    const response = await fetch(`${host.url}/bad`, { method: 'POST', headers: headersOf(session), body, signal: giveUp.signal })
    const { value } = await response.body!.getReader().read()
    const [event] = new EventReader(10_000).push(value!)
    giveUp.abort()
    await wait(700)
    const again = await fetch(`${host.url}/bad`, {
      headers: headersOf(session, { accept: 'text/event-stream', 'last-event-id': event!.id! }),
    })
    expect(new EventReader(10_000).push(Buffer.from(await again.text())).map(({ data }) => JSON.parse(data!).result)).toEqual(['late'])
  })

  it('that a client does not read holds up its process, and takes no room', async () => {
    await start()
    const session = await begin()
    const giveUp = new AbortController()
    const body = '{"jsonrpc":"2.0","id":1,"method":"flood"}'
    const before = process.memoryUsage().rss
    const response = await fetch(`${host.url}/bad`, { method: 'POST', headers: headersOf(session), body, signal: giveUp.signal })
    await wait(1_500)
    expect(process.memoryUsage().rss - before).toBeLessThan(150 * 1024 * 1024)
    // Once it reads, it goes on.
    let bytes = 0
    for await (const chunk of response.body!) {
      bytes += chunk.length
      if (bytes > 30_000_000) break
    }
    expect(bytes).toBeGreaterThan(30_000_000)
    giveUp.abort()
  })
})

describe('a client', () => {
  it('needs the token, a name of this machine, and no page behind it', async () => {
    await start()
    const ask = async (more: Record<string, string>) =>
      (
        await fetch(`${host.url}/bad`, {
          method: 'POST',
          headers: { ...headersOf(undefined), ...more },
          body: '{"jsonrpc":"2.0","id":1,"method":"initialize"}',
        })
      ).status
    expect(await ask({ authorization: 'Bearer wrong' })).toBe(401)
    expect(await ask({ authorization: '' })).toBe(401)
    expect(await ask({ origin: 'http://127.0.0.1' })).toBe(401)
    expect(await ask({})).toBe(200)
    expect(await (await fetch(`${host.url}/health`)).json()).toEqual({ status: 'ok' })
  })

  it.each<readonly [string, object | string, string | undefined, object, number, string]>([
    ['says nothing of MCP', 'hello', undefined, {}, 400, 'GS_MCP_HOST_NOT_MCP'],
    ['sends several at once', '[{"jsonrpc":"2.0","id":1,"method":"ping"}]', undefined, {}, 400, 'GS_MCP_HOST_NOT_MCP'],
    ['forgets its session', { id: 1, method: 'tools/list' }, undefined, {}, 400, 'GS_MCP_HOST_NOT_MCP'],
    ['has a session that is none', { id: 1, method: 'tools/list' }, 'made-up', {}, 404, 'GS_MCP_HOST_NO_SESSION'],
    ['sends more than may be', { id: 1, method: 'x', params: { a: 'x'.repeat(1_100_000) } }, undefined, {}, 413, 'GS_MCP_HOST_TOO_LARGE'],
  ])('that %s is refused with a code', async (_, message, session, more, status, code) => {
    await start()
    const answer = await post(message, session, more)
    expect([answer.status, codeOf(answer)]).toEqual([status, code])
    expect(host.homes()).toEqual([])
  })

  it('that asks with one id twice is refused the second time', async () => {
    await start()
    const session = await begin()
    const giveUp = new AbortController()
    const first = post({ id: 1, method: 'never' }, session, {}, giveUp.signal).catch(() => 'given up')
    await wait(50)
    expect(codeOf(await post({ id: 1, method: 'self' }, session))).toBe('GS_MCP_HOST_DUPLICATE')
    giveUp.abort()
    expect(await first).toBe('given up')
  })

  it('that talks to a server that does not listen is told so', async () => {
    await start()
    const session = await begin()
    await fetch(`${host.url}/bad`, {
      method: 'POST',
      headers: headersOf(session),
      body: '{"jsonrpc":"2.0","id":1,"method":"deaf"}',
      signal: AbortSignal.timeout(200),
    }).catch(() => undefined)
    const large = { method: 'notifications/x', params: { a: 'x'.repeat(900_000) } }
    const codes = []
    for (let time = 0; time < 14; time++) codes.push(codeOf(await post(large, session)))
    expect(codes.at(-1)).toBe('GS_MCP_HOST_NOT_READING')
  })

  it('of the stateless dialect has a process per request, which ends with it, answered or given up', async () => {
    await start()
    const modern = { params: { _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' } } }
    const pidOf = async () => ((await post({ id: 1, method: 'self', ...modern })).message.result as { pid: number }).pid
    const [one, two] = [await pidOf(), await pidOf()]
    expect(one).not.toBe(two)
    expect([await gone(one), await gone(two)]).toEqual([true, true])
    await post({ id: 1, method: 'never', ...modern }, undefined, {}, AbortSignal.timeout(400)).catch(() => undefined)
    for (let waited = 0; host.homes().length > 0 && waited < 4_000; waited += 50) await wait(50)
    expect(host.homes()).toEqual([])
  })
})

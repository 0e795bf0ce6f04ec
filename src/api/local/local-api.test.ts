import { chmodSync, existsSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { inMemoryOperator, liveRun } from '../../../test/parts/operator.ts'
import { EvidenceError } from '../../evidence/index.ts'
import { SearchError } from '../../search/index.ts'
import { TrailError } from '../../trail/index.ts'
import { injectTransport, type LocalListener, listenLocally, localApi, localClient, localSocketPath, socketTransport } from './index.ts'

const never = new AbortController().signal
let folder: string
let listener: LocalListener | undefined
let closing: AbortController
const failures: unknown[] = []

async function listening(operator = inMemoryOperator()) {
  const api = localApi(operator, { error: (fields) => failures.push(fields.err) }, closing.signal)
  listener = await listenLocally(folder, api)
  return { operator, client: localClient(socketTransport(listener.path)) }
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}

const wholeTrail = { from: 0, follow: false, opened: false, filter: {} }

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-local-'))
  closing = new AbortController()
  failures.length = 0
})
afterEach(async () => {
  closing.abort()
  await listener?.close()
  listener = undefined
  rmSync(folder, { recursive: true, force: true })
})

describe('the local socket', () => {
  it('is readable and writable by its owner only', async () => {
    chmodSync(folder, 0o777)
    const before = process.umask()
    await listening()
    expect(statSync(localSocketPath(folder)).mode & 0o777).toBe(0o600)
    expect(process.umask()).toBe(before)
  })

  it('is removed when the gateway stops', async () => {
    await listening()
    await listener?.close()
    expect(existsSync(localSocketPath(folder))).toBe(false)
  })

  it('replaces one that a dead gateway left behind', async () => {
    const left = join(folder, 'left.sock')
    const other = await occupy(left)
    // Renamed, so that closing it does not unlink what is left.
    renameSync(left, localSocketPath(folder))
    await new Promise((resolve) => other.close(resolve))
    const { client } = await listening()
    expect((await client.status()).origin).toBe('example.org/test/one')
  })

  it('leaves one alone that somebody answers on', async () => {
    const other = await occupy(localSocketPath(folder))
    await expect(listening()).rejects.toMatchObject({ code: 'GS_LOCAL_SOCKET_TAKEN' })
    await new Promise((resolve) => other.close(resolve))
  })

  it('leaves a file alone that is no socket', async () => {
    writeFileSync(localSocketPath(folder), 'mine')
    await expect(listening()).rejects.toMatchObject({ code: 'GS_LOCAL_SOCKET_TAKEN' })
  })

  it('refuses a path that the operating system would cut off', () => {
    expect(() => localSocketPath(`/${'d'.repeat(90)}`)).not.toThrow()
    expect(() => localSocketPath(`/${'d'.repeat(91)}`)).toThrow(/has 108 bytes/)
    expect(() => localSocketPath(`/a${'ü'.repeat(45)}`)).toThrow(/has 108 bytes/)
  })
})

describe('its client', () => {
  it('says how to start a gateway where none runs', async () => {
    const client = localClient(socketTransport(localSocketPath(folder)))
    await expect(client.status()).rejects.toMatchObject({ code: 'GS_LOCAL_NOT_RUNNING', next: expect.stringContaining('gatescribe start') })
  })

  it('lists and revokes runs, lists, shows and kills sessions', async () => {
    const { operator, client } = await listening()
    const { run, session } = liveRun()
    operator.live.runs.push(run)
    operator.live.sessions.push(session)
    expect(await client.runs()).toMatchObject([
      { id: 'run_one', issuer: 'github', expiresAt: '2026-11-23T12:15:00.000Z', facts: { workflow: 'nightly' } },
    ])
    expect(await client.sessions()).toMatchObject([{ id: 'ses_one', run: 'run_one', client: { user: 'alice' } }])
    expect(await client.session('ses_one')).toMatchObject({ operations: 3 })
    await client.killSession('ses_one')
    await client.revokeRun('run_one')
    await expect(client.session('ses_one')).rejects.toMatchObject({ code: 'GS_LOCAL_NOT_FOUND' })
    await expect(client.killSession('ses_one')).rejects.toMatchObject({ code: 'GS_LOCAL_NOT_FOUND' })
    await expect(client.revokeRun('run_one')).rejects.toMatchObject({ code: 'GS_LOCAL_NOT_FOUND' })
  })

  it('shows that a run is suspended, by what and since when, and lets it go on', async () => {
    const { operator, client } = await listening()
    const suspended = { at: Date.UTC(2026, 10, 23, 13), budget: 'default-refusals' }
    operator.live.runs.push({ ...liveRun().run, suspended })
    expect(await client.runs()).toMatchObject([
      { state: 'live', suspended: { at: '2026-11-23T13:00:00.000Z', budget: 'default-refusals' } },
    ])
    await client.resumeRun('run_one')
    expect((await client.runs())[0]).not.toHaveProperty('suspended')
    await expect(client.resumeRun('run_one')).rejects.toMatchObject({ code: 'GS_LOCAL_NOT_FOUND' })
    await expect(client.resumeRun('not-a-run')).rejects.toMatchObject({ code: 'GS_LOCAL_BAD_REQUEST' })
    operator.fail('resumeRun', new TrailError('GS_TRAIL_FULL'))
    await expect(client.resumeRun('run_one')).rejects.toMatchObject({ code: 'GS_TRAIL_FULL' })
  })

  it('takes a hostile id for a name, not for a path', async () => {
    const { client } = await listening()
    await expect(client.session('../secrets?x=\u0000\n')).rejects.toMatchObject({ code: 'GS_LOCAL_NOT_FOUND' })
    await expect(client.revokeRun('not-a-run')).rejects.toMatchObject({ code: 'GS_LOCAL_BAD_REQUEST' })
  })

  it('passes a secret byte for byte, and shows only its name and version', async () => {
    const { operator, client } = await listening()
    const value = 'p\u00e4ss "word"\\ \u0000\n'
    expect(await client.setSecret('orders-ro', Buffer.from(value))).toMatchObject({ name: 'orders-ro', version: 1 })
    expect(operator.sealed.get('orders-ro')?.value).toBe(value)
    expect(JSON.stringify(await client.secrets())).not.toContain('word')
    await client.removeSecret('orders-ro')
    await expect(client.removeSecret('orders-ro')).rejects.toMatchObject({ code: 'GS_LOCAL_NOT_FOUND' })
  })

  it('refuses a secret that is no text, rather than keep another one than was given', async () => {
    const { operator, client } = await listening()
    await expect(client.setSecret('a', Buffer.from([0xff, 0x61]))).rejects.toMatchObject({ code: 'GS_LOCAL_BAD_REQUEST' })
    expect(operator.sealed.has('a')).toBe(false)
  })

  it('refuses an empty secret, one above 64 KiB, and names that are not names', async () => {
    const { client } = await listening()
    await expect(client.setSecret('a', new Uint8Array())).rejects.toMatchObject({ code: 'GS_LOCAL_BAD_REQUEST' })
    await expect(client.setSecret('a', Buffer.alloc(64 * 1024 + 1, 1))).rejects.toMatchObject({ code: 'GS_LOCAL_BAD_REQUEST' })
    await expect(client.setSecret('A B', Buffer.from('x'))).rejects.toMatchObject({ code: 'GS_LOCAL_BAD_REQUEST' })
  })

  it("repeats a room's refusal with its code and next step", async () => {
    const { operator, client } = await listening()
    operator.fail('reload', new TrailError('GS_TRAIL_FULL'))
    await expect(client.reload()).rejects.toMatchObject({ code: 'GS_TRAIL_FULL', next: expect.stringContaining('Make room') })
    expect(await client.reload()).toEqual({ changed: true, policy: 'sha256:01' })
  })

  it('learns nothing of an unexpected failure but that there was one, which the log has', async () => {
    const { operator, client } = await listening()
    operator.fail('status', new Error('password=hunter2'))
    await expect(client.status()).rejects.toMatchObject({ code: 'GS_LOCAL_FAILED', message: expect.not.stringContaining('hunter2') })
    expect(failures).toHaveLength(1)
  })
})

describe('the trail over the socket', () => {
  it('is read from any place, filtered, with payloads only where asked for', async () => {
    const { operator, client } = await listening()
    operator.append('session.open', { run: 'run_one', session: 'ses_one' })
    operator.append('operation.intent', { session: 'ses_one' }, [{ name: 'statement', content: Buffer.from('select 1') }])
    operator.append('operation.intent', { session: 'ses_two' })
    expect((await all(client.trail(wholeTrail, never))).map(({ index }) => index)).toEqual([0, 1, 2])
    expect((await all(client.trail({ ...wholeTrail, from: -1 }, never))).map(({ index }) => index)).toEqual([2])
    expect((await all(client.trail({ ...wholeTrail, filter: { run: 'run_one' } }, never))).map(({ index }) => index)).toEqual([0, 1])
    const [plain] = await all(client.trail({ ...wholeTrail, from: 1 }, never))
    expect(plain?.payloads).toBeUndefined()
    const [opened] = await all(client.trail({ ...wholeTrail, from: 1, opened: true }, never))
    expect(opened?.payloads).toEqual([{ name: 'statement', encoding: 'utf-8', content: 'select 1' }])
    expect(operator.readings[2]).toEqual({ from: 0, follow: false, opened: false, filter: { run: 'run_one' } })
  })

  it('is one reading, also where sessions of a run were opened before the place that is read from', async () => {
    const { operator, client } = await listening()
    operator.append('session.open', { run: 'run_one', session: 'ses_one' })
    operator.append('session.open', { run: 'run_two', session: 'ses_two' })
    operator.append('operation.intent', { session: 'ses_two' })
    operator.append('operation.intent', { session: 'ses_one' })
    const found = await all(client.trail({ ...wholeTrail, from: -2, filter: { run: 'run_one' } }, never))
    expect(found.map(({ index }) => index)).toEqual([3])
    expect(operator.readings).toEqual([expect.objectContaining({ from: -2, filter: { run: 'run_one' } })])
  })

  it('shows one entry by index or id, binary payloads as base64, erased ones as erased', async () => {
    const { operator, client } = await listening()
    operator.append('gateway.start', {})
    operator.append('operation.intent', {}, [
      { name: 'parameters', content: Uint8Array.of(0xff, 0) },
      { name: 'statement', content: undefined },
    ])
    const payloads = [
      { name: 'parameters', encoding: 'base64', content: '/wA=' },
      { name: 'statement', encoding: 'erased', content: '' },
    ]
    expect(await client.entry('1')).toMatchObject({ id: 'boot.1', payloads })
    expect(await client.entry('boot.1')).toMatchObject({ index: 1, payloads })
    await expect(client.entry('7')).rejects.toMatchObject({ code: 'GS_LOCAL_NOT_FOUND' })
    await expect(client.entry('boot.7')).rejects.toMatchObject({ code: 'GS_LOCAL_NOT_FOUND' })
  })

  it('is followed until the reader has enough, and then nobody follows any more', async () => {
    const { operator, client } = await listening()
    operator.append('gateway.start', {})
    const enough = new AbortController()
    const seen: number[] = []
    for await (const { index } of client.trail({ ...wholeTrail, follow: true }, enough.signal)) {
      seen.push(index)
      if (index < 2) operator.append('operation.intent', {})
      else enough.abort()
    }
    expect(seen).toEqual([0, 1, 2])
  })

  it('tells a follower that the gateway went away', async () => {
    const { operator, client } = await listening()
    operator.append('gateway.start', {})
    const following = client.trail({ ...wholeTrail, follow: true }, never)[Symbol.asyncIterator]()
    await following.next()
    const rest = following.next()
    await Promise.all([expect(rest).rejects.toMatchObject({ code: 'GS_LOCAL_INTERRUPTED' }), listener?.close()])
  })

  it('ends with the error where reading fails after the first line', async () => {
    const { operator, client } = await listening()
    operator.fail('readTrail', new TrailError('GS_TRAIL_CLOSED'))
    await expect(all(client.trail(wholeTrail, never))).rejects.toMatchObject({ code: 'GS_TRAIL_CLOSED' })
  })
})

describe('evidence over the socket', () => {
  it('is a bundle, byte for byte, of what was asked for', async () => {
    const { operator, client } = await listening()
    const pieces = [Buffer.alloc(100_000, 1), Buffer.from([0, 255, 10, 13]), Buffer.alloc(70_000, 2)]
    operator.evidence.push(...pieces)
    const got = await all(client.exportTrail({ run: 'run_one', payloads: 'true' }, never))
    expect(Buffer.concat(got).equals(Buffer.concat(pieces))).toBe(true)
    await all(client.exportTrail({ from: '2026-11-23T00:00:00Z', to: '2026-11-23T01:00:00+01:00' }, never))
    expect(operator.exported).toEqual([
      { scope: { run: 'run_one' }, payloads: true },
      { scope: { from: '2026-11-23T00:00:00Z', to: '2026-11-23T01:00:00+01:00' }, payloads: false },
    ])
  })

  it.each([
    {},
    { run: 'run_one', session: 'ses_one' },
    { run: 'a"b' },
    { run: 'run_one', from: '2026-11-23T00:00:00Z', to: '2026-11-24T00:00:00Z' },
    { from: '2026-11-23T00:00:00Z' },
    { to: '2026-11-23T00:00:00Z' },
    { from: '2026-11-24T00:00:00Z', to: '2026-11-23T00:00:00Z' },
    { from: 'yesterday', to: 'today' },
    { range: '1' },
  ])('is of one thing: %o is refused', async (asked) => {
    const { operator, client } = await listening()
    await expect(all(client.exportTrail(asked as Record<string, string>, never))).rejects.toMatchObject({ code: 'GS_LOCAL_BAD_REQUEST' })
    expect(operator.exported).toEqual([])
  })

  it('is refused with its reason before it begins, and never taken for whole where it breaks off', async () => {
    const { operator, client } = await listening()
    operator.fail('exportTrail', new EvidenceError('GS_EVIDENCE_NOT_FOUND'))
    await expect(all(client.exportTrail({ run: 'run_one' }, never))).rejects.toMatchObject({ code: 'GS_EVIDENCE_NOT_FOUND' })
    operator.evidence.push(Buffer.from('the beginning'), new EvidenceError('GS_EVIDENCE_CHANGED'))
    await expect(all(client.exportTrail({ run: 'run_one' }, never))).rejects.toMatchObject({ code: 'GS_LOCAL_INTERRUPTED' })
    expect(failures).toHaveLength(1)
  })

  it('is a proof, a disclosure of some payloads or all, a receipt', async () => {
    const { operator, client } = await listening()
    expect(await client.proof('boot.7', never)).toEqual({ index: 7, id: 'boot.7', entry: 'entry boot.7', proof: 'proof of boot.7\n' })
    expect(JSON.parse(await client.disclosure('7', undefined, never))).toEqual({ ref: '7', payloads: 'all' })
    for (const names of [['a'], ['a', 'b.1']])
      expect(JSON.parse(await client.disclosure('7', names, never))).toMatchObject({ payloads: names })
    expect(await client.receipt('run_one')).toBe('{"run":"run_one"}\n')
    operator.fail('receipt', new EvidenceError('GS_EVIDENCE_RUN_LIVE'))
    await expect(client.receipt('run_one')).rejects.toMatchObject({ code: 'GS_EVIDENCE_RUN_LIVE' })
    for (const ref of ['../x', 'a b', '1.']) await expect(client.proof(ref, never)).rejects.toMatchObject({ code: 'GS_LOCAL_BAD_REQUEST' })
    await expect(client.disclosure('7', ['a|b'], never)).rejects.toMatchObject({ code: 'GS_LOCAL_BAD_REQUEST' })
  })
})

describe('searching over the socket', () => {
  it('answers with the entries of a page, then with what there is to say of it', async () => {
    const { operator, client } = await listening()
    operator.append('gateway.start', {}, [{ name: 'config', key: undefined, content: Buffer.from('a: b'), salt: undefined }])
    operator.append('gateway.stop', {})
    const lines = await all(client.search({ kind: 'gateway.start', opened: 'true', limit: '1' }, never))
    expect(lines).toMatchObject([{ index: 0, payloads: [{ content: 'a: b' }] }, { page: { first: 0, indexed: 2, size: 2 } }])
    expect(operator.searches).toEqual([{ query: { kind: 'gateway.start', oldest: false }, limit: 1, opened: true }])
  })

  it.each([
    { who: 'alice' },
    { who: ':' },
    { decision: 'maybe' },
    { limit: '0' },
    { limit: '1e2' },
    { since: 'yesterday' },
    { since: '2026-02-30T00:00:00Z' },
    { run: 'a b' },
    { kind: '' },
    { cursor: 'x'.repeat(65) },
    { text: 'x'.repeat(4097) },
    { oldest: 'yes' },
  ])('refuses what no search looks like, before anything is recorded: %j', async (asked) => {
    const { operator, client } = await listening()
    await expect(all(client.search(asked, never))).rejects.toMatchObject({ code: 'GS_LOCAL_BAD_REQUEST' })
    expect(operator.searches).toEqual([])
  })

  it('says why it cannot search', async () => {
    const { operator, client } = await listening()
    operator.fail('searchTrail', new SearchError('GS_SEARCH_CURSOR'))
    await expect(all(client.search({}, never))).rejects.toMatchObject({ code: 'GS_SEARCH_CURSOR' })
  })

  it('tells how far a reindex is, then what it found, or why it failed on the way', async () => {
    const { operator, client } = await listening()
    const report = { first: 0, end: 9, terms: 3, digest: '00', differences: 1, examples: [{ entry: 7, what: 'no entry' }], unreadable: 0 }
    operator.reindexing.push({ phase: 'build', done: 9, of: 9 }, { phase: 'check', done: 9, of: 9 }, { report })
    expect(await all(client.reindex(false, never))).toEqual([
      { phase: 'build', done: 9, of: 9 },
      { phase: 'check', done: 9, of: 9 },
      { report },
    ])
    expect(await all(client.reindex(true, never))).toHaveLength(2)
    operator.fail('reindex', new SearchError('GS_SEARCH_UNAVAILABLE'))
    await expect(all(client.reindex(true, never))).rejects.toMatchObject({ code: 'GS_SEARCH_UNAVAILABLE' })
  })
})

describe('its routes', () => {
  it('declare what they need of whoever calls them, or there is no API', () => {
    const api = localApi(inMemoryOperator(), { error: () => undefined }, closing.signal)
    expect(() => api.get('/v1/undeclared', async () => ({}))).toThrow('/v1/undeclared does not declare')
    expect(() => api.get('/v1/declared', { config: { permission: 'status.read' } }, async () => ({}))).not.toThrow()
  })
})

describe('the same API in this process', () => {
  it('answers the same without a socket', async () => {
    const operator = inMemoryOperator()
    operator.findings.push({ subject: 'clock', level: 'ok', found: 'It runs.' })
    const client = localClient(injectTransport(localApi(operator, { error: () => undefined }, closing.signal)))
    expect(await client.setSecret('one', Buffer.from('x'))).toMatchObject({ version: 1 })
    expect(await all(client.doctor(never))).toEqual([{ subject: 'clock', level: 'ok', found: 'It runs.' }])
    await expect(client.entry('3')).rejects.toMatchObject({ code: 'GS_LOCAL_NOT_FOUND' })
  })
})

function occupy(path: string): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.end())
    server.listen(path, () => resolve(server))
  })
}

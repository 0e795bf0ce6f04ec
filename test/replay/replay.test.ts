import { spawnSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run } from '../../src/cli/main.ts'
import { type RunningGateway, startGateway } from '../parts/gateway.ts'
import { ALLOW_ALL, JOB_GROUP, type WrittenRule } from '../parts/gateway-config.ts'
import { startIssuer, type TestIssuer } from '../parts/issuer.ts'
import { type RunningPostgres, startPostgres } from '../parts/postgres.ts'
import { testSurroundings } from '../parts/surroundings.ts'

const NO_DROP: WrittenRule = { name: 'no-drops', effect: 'deny', who: { groups: [JOB_GROUP] }, do: ['postgres.define'], say: 'Leave it.' }
/** A terminal would clear its screen. */
const HOSTILE = '\u001b[2J\u202e'

describe('a session that was recorded', () => {
  let server: RunningPostgres
  let issuer: TestIssuer
  let gateway: RunningGateway
  let session: string
  let runId: string

  beforeAll(async () => {
    server = await startPostgres()
    issuer = await startIssuer()
    await server.query(`CREATE ROLE app LOGIN; CREATE TABLE customers (id int, name text, email text); GRANT SELECT ON customers TO app;
      INSERT INTO customers VALUES (1, 'Ann ${HOSTILE}', 'ann@example.org'), (2, NULL, 'bob@example.org')`)
    gateway = await startGateway({
      issuer,
      targets: [{ name: 'orders-db', server, user: 'app', databases: { orders: 'postgres' } }],
      adjust: (config) => Object.assign(config, { rules: [ALLOW_ALL, NO_DROP] }),
    })
    const client = await connect()
    await client.query('SELECT id, name FROM customers ORDER BY id')
    await sleep(300)
    await client.query('SELECT email FROM customers WHERE id = $1', [2])
    await client.query('DROP TABLE customers').catch(() => undefined)
    await client.query('SELECT nothing FROM nowhere').catch(() => undefined)
    const [live] = JSON.parse((await gatescribe(['sessions', 'ls', '--json'])).out).sessions
    session = live.id
    runId = live.run
    await client.end()
    while (JSON.parse((await gatescribe(['sessions', 'ls', '--json'])).out).sessions.length > 0) await sleep(20)
  })
  afterAll(async () => {
    await gateway?.remove()
    await Promise.all([server?.stop(), issuer?.close()])
  })

  async function connect(): Promise<Client> {
    const { run: user, password } = await gateway.credential()
    const client = new Client({ host: 'localhost', port: gateway.port, user, password, database: 'orders', ssl: { ca: gateway.ca } })
    client.on('error', () => undefined)
    await client.connect()
    return client
  }

  async function gatescribe(words: string[], over: Parameters<typeof testSurroundings>[0] = {}) {
    const surroundings = testSurroundings({ folder: gateway.folder, ...over })
    const code = await run(words, surroundings)
    return { code, ...surroundings.printed }
  }
  const viewed = async () => {
    const { out } = await gatescribe(['trail', 'tail', '--kind', 'recording.viewed', '--from', '0', '--json'])
    return out
      .trim()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line).fields)
  }

  it('is listed when it is over: by run, resource and time', async () => {
    for (const how of [['--all'], ['--ended', '--run', runId], ['--since', '1h', '--resource', 'orders-db']]) {
      const { out, code } = await gatescribe(['sessions', 'ls', ...how, '--json'])
      expect(code).toBe(0)
      expect(JSON.parse(out).sessions).toMatchObject([
        { id: session, run: runId, resource: 'orders-db', state: 'ended', recording: 'recorded', refused: 1 },
      ])
    }
    expect((await gatescribe(['sessions', 'ls', '--ended'])).out).toContain(session)
    expect(JSON.parse((await gatescribe(['sessions', 'ls', '--all', '--until', '1h', '--json'])).out).sessions).toEqual([])
  })

  it('is shown with its statements, decisions and what became of them', async () => {
    const { out, code } = await gatescribe(['sessions', 'show', session])
    expect(code).toBe(0)
    expect(out).toMatch(/^resource +orders-db$/m)
    expect(out).toMatch(/#1 query {2}allow \(reports-may\) {2}completed, 2 rows, \d+ bytes, [\d.]+ ms\n +SELECT id, name FROM customers/)
    expect(out).toMatch(/deny \(no-drops\) {2}refused/)
    expect(out).toContain('42P01')
    expect(out).not.toContain('ann@example.org')
    const { statements } = JSON.parse((await gatescribe(['sessions', 'show', session, '--json'])).out)
    expect(statements[0]).toMatchObject({ n: 1, text: expect.stringContaining('SELECT id'), rules: ['reports-may'], outcome: { rows: 2 } })
  })

  it('is replayed: what the client saw, harmless, and recorded before it is shown', async () => {
    const before = (await viewed()).length
    const { out, err, code } = await gatescribe(['replay', session])
    expect(code).toBe(0)
    expect(out).toContain('id │ name\n')
    expect(out).toContain('1 │ Ann \\x1b[2J\\u{202e}\n')
    expect(out).toContain('2 │ NULL\n')
    expect(out).toContain('bob@example.org')
    expect(out).toMatch(/ERROR 42P01: relation "nowhere" does not exist/)
    expect(out).toMatch(/session ended \(client-closed\)/)
    expect(out + err).not.toContain('\u001b')
    expect((await viewed()).slice(before)).toEqual([{ viewed: session, follow: false, viewer: 'local-operator' }])
  })

  it('is listed by statement, begun anywhere, searched', async () => {
    const list = (await gatescribe(['replay', session, '--list'])).out.trim().split('\n')
    expect(list[0]).toMatch(/^ *\d+\.\d{3} #1 query {2}allow \(reports-may\) .* SELECT id, name FROM customers ORDER BY id$/)
    expect(list.length).toBeGreaterThanOrEqual(4)
    const found = await gatescribe(['replay', session, '--search', 'BOB@example'])
    expect(found.out).not.toContain('id │ name')
    expect(found.out).toContain('bob@example.org')
    const none = await gatescribe(['replay', session, '--search', 'no such words'])
    expect(none).toMatchObject({ code: 4, out: '', err: expect.stringContaining('GS_CLI_NOT_IN_RECORDING') })
    expect((await gatescribe(['replay', session, '--to', '#1'])).out).not.toContain('id │ name')
  })

  it('keeps its pace on a terminal, as fast as is asked for', async () => {
    const began = performance.now()
    // So long the job waited before its second statement.
    await gatescribe(['replay', session, '--to', '#3'], { terminal: true })
    const paced = performance.now() - began
    expect(paced).toBeGreaterThan(300)
    const again = performance.now()
    await gatescribe(['replay', session, '--speed', '1000'], { terminal: true })
    expect(performance.now() - again).toBeLessThan(paced + 2_000)
  })

  it('ends where q is pressed', async () => {
    const { code, out } = await gatescribe(['replay', session, '--speed', '0.01', '--max-idle', '60'], { terminal: true, typed: 'q' })
    expect(code).toBe(0)
    expect(out).not.toContain('session ended')
  })

  it('is downloaded as JSON lines, and not as what it is not', async () => {
    const { code, out } = await gatescribe(['replay', session, '--json', '-o', 'session.jsonl'])
    expect(code).toBe(0)
    const path = join(gateway.folder, 'session.jsonl')
    expect(JSON.parse(out)).toMatchObject({ path })
    expect(statSync(path).mode & 0o777).toBe(0o600)
    const lines = readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines[0]).toMatchObject({ session: { id: session } })
    expect(lines).toContainEqual([expect.any(Number), 'row', ['1', `Ann ${HOSTILE}`]])
    expect(lines.at(-1)).toMatchObject({ closed: { reason: 'client-closed' } })
    expect((await gatescribe(['replay', session, '--json', '-o', 'session.jsonl'])).err).toContain('GS_CLI_NOT_OVERWRITTEN')
    expect(await gatescribe(['replay', session, '--asciicast'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('GS_CLI_NO_ASCIICAST'),
    })
  })

  it('is followed while it lives, and ends with it', async () => {
    const client = await connect()
    const [live] = JSON.parse((await gatescribe(['sessions', 'ls', '--json'])).out).sessions
    const surroundings = testSurroundings({ folder: gateway.folder })
    const following = run(['sessions', 'follow', live.id], surroundings)
    await client.query("SELECT 'seen at once' AS word")
    await expect.poll(() => surroundings.printed.out, { timeout: 10_000 }).toContain('seen at once\n')
    const both = surroundings.printed.out
    expect(both).toMatch(/#1 query {2}allow \(reports-may\)/)
    await client.end()
    expect(await following).toBe(0)
    expect(surroundings.printed.out).toContain('session ended')
    expect(await viewed()).toContainEqual({ viewed: live.id, follow: true, viewer: 'local-operator' })
  })

  it('that does not exist is not found; the same where nothing is recorded, in other words', async () => {
    for (const words of [
      ['replay', 'ses_nothing'],
      ['sessions', 'show', 'ses_nothing'],
      ['sessions', 'follow', 'ses_nothing'],
    ])
      expect(await gatescribe(words)).toMatchObject({ code: 4, out: '', err: expect.stringMatching(/^GS_GATEWAY_NO_SESSION: .+\nnext: /) })
  })

  it('leaves a log that verifies, with everybody who looked in it', async () => {
    expect(await gatescribe(['trail', 'check', '--payloads'])).toMatchObject({ code: 0 })
    const vkey = (await gatescribe(['keys', 'show'])).out.trim()
    const verifier = join(import.meta.dirname, '../../bin/gatescribe-verify.js')
    const verified = spawnSync(process.execPath, [verifier, '--key', vkey, join(gateway.data, 'trail/log')], { encoding: 'utf8' })
    expect(verified.stdout + verified.stderr).not.toMatch(/\bfail/i)
    expect(verified.status).toBe(0)
  })

  it('is gone once it is erased, and what remains is said', async () => {
    const erased = await gatescribe(['trail', 'erase', '--session', session, '--reason', 'request 17', '--yes'])
    expect(erased.code).toBe(0)
    const before = (await viewed()).length
    expect(await gatescribe(['replay', session])).toMatchObject({
      code: 4,
      out: '',
      err: expect.stringContaining('GS_GATEWAY_RECORDING_GONE'),
    })
    expect((await viewed()).length).toBe(before)
    const shown = await gatescribe(['sessions', 'show', session])
    expect(shown.code).toBe(0)
    expect(shown.out).toContain('(its text is gone)')
    expect(shown.out).toMatch(/^recording +gone$/m)
  })
})

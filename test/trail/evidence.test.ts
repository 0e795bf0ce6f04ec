import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { EntryAnswer } from '../../src/api/local/index.ts'
import { TokenDoorClient } from '../../src/api/token/client.ts'
import { run as runCommand } from '../../src/cli/main.ts'
import { leafHash, parseCheckpoint, parseNote, parseProof, parseVkey, verifiedBy, verifyInclusion } from '../../src/tlog/index.ts'
import { ALLOW_ALL, DENY_ALL } from '../parts/gateway-config.ts'
import { openShop, SHOP_PASSWORD, type Shop } from '../parts/shop.ts'
import { testSurroundings } from '../parts/surroundings.ts'
import type { JobCredential } from '../parts/token-exchange.ts'

/** What the two jobs ask; neither stands in an entry, and each only in the payloads of its own run. */
const MINE = "SELECT 'acme payroll 7731'"
const OTHERS = "SELECT 'the neighbour 4402'"

let shop: Shop
let folder: string
let vkey: string
let mine: JobCredential
let other: JobCredential

interface Fields {
  readonly [name: string]: unknown
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-evidence-'))
  shop = await openShop()
  ;[mine, other] = [await shop.gateway.credential(), await shop.gateway.credential()]
  vkey = (JSON.parse((await gatescribe('keys', 'show', '--json')).out) as { keys: { vkey: string }[] }).keys[0]?.vkey ?? ''
  const [first, second, neighbour] = [await connected(mine), await connected(mine), await connected(other)]
  // A statement with parameters is two operations, Parse and Bind.
  for (let n = 0; n < 5; n++) {
    await first.query(MINE)
    await neighbour.query(OTHERS)
    await second.query('SELECT $1::int', [n])
  }
  await expect(first.query('SELECT none FROM nowhere')).rejects.toThrow()
  await shop.gateway.reconfigure({ rules: [ALLOW_ALL, DENY_ALL] })
  await expect(second.query('DROP TABLE everything')).rejects.toThrow(DENY_ALL.name)
  await shop.gateway.reconfigure({ rules: [ALLOW_ALL] })
  await neighbour.query(OTHERS)
  // One session is closed before the run ends, the other by that.
  await second.end()
  await end(mine.handle)
  await vi.waitFor(async () => expect((await receipt(mine.handle)).ok).toBe(true), { timeout: 10_000 })
  await neighbour.end()
}, 60_000)
afterAll(async () => {
  await shop?.close()
  rmSync(folder, { recursive: true, force: true })
})

/** At the token door, over a connection of its own: one that was kept would be closed while the verifier runs. */
async function atDoor<Answer>(ask: (door: TokenDoorClient) => Promise<Answer>): Promise<Answer> {
  const door = new TokenDoorClient(`https://localhost:${shop.gateway.tokenPort}`, shop.gateway.ca)
  try {
    return await ask(door)
  } finally {
    await door.close()
  }
}

const receipt = (credential: string) => atDoor((door) => door.receipt(credential))
const end = (handle: string) => atDoor((door) => door.end(handle))

async function connected(job: JobCredential): Promise<Client> {
  const client = new Client(shop.clientOf(job))
  client.on('error', () => undefined)
  await client.connect()
  return client
}

async function gatescribe(...argv: string[]) {
  const surroundings = testSurroundings({ folder })
  const code = await runCommand([...argv, '-c', shop.gateway.configPath], surroundings)
  return { code, ...surroundings.printed }
}

/** The verifier as an auditor runs it: another process, which is given the log's key and a file. */
function verified(name: string, ...more: string[]) {
  const verifier = join(import.meta.dirname, '../../bin/gatescribe-verify.js')
  const { status, stdout, stderr } = spawnSync(process.execPath, [verifier, '--json', '--key', vkey, ...more, join(folder, name)], {
    encoding: 'utf8',
  })
  expect(stderr).toBe('')
  return {
    status,
    says: JSON.parse(stdout) as { verified: boolean; problem?: string; verdicts?: { verdict: string; ok: boolean; says: string }[] },
  }
}

/** Exit codes of the verifier with one bit of the file changed, at so many places. */
function changed(name: string, places: number, ...more: string[]): (number | null)[] {
  const bytes = readFileSync(join(folder, name))
  return Array.from({ length: places }, (_, n) => {
    const copy = Buffer.from(bytes)
    const at = Math.floor(((n + 0.5) / places) * bytes.byteLength)
    copy[at] = (copy[at] as number) ^ (1 << (n % 7))
    writeFileSync(join(folder, `changed-${name}`), copy)
    return verified(`changed-${name}`, ...more).status
  })
}

async function entries(kind: string, filter: { run?: string } = {}): Promise<EntryAnswer[]> {
  const found: EntryAnswer[] = []
  const query = { from: 0, follow: false, opened: false, filter: { kind, ...filter } }
  for await (const entry of shop.gateway.operator.trail(query, new AbortController().signal)) found.push(entry)
  return found
}

const text = (name: string) => readFileSync(join(folder, name), 'latin1')

function holdsNoSecret(name: string): void {
  for (const secret of [SHOP_PASSWORD, mine.handle, mine.password, other.handle, other.password, OTHERS]) {
    for (const form of [secret, Buffer.from(secret).toString('base64'), Buffer.from(secret).toString('base64url')])
      expect(`${name} ${text(name).includes(form)}`).toBe(`${name} false`)
  }
}

describe('the receipt of a run', () => {
  it('is what the holder of its handle keeps, and says what the run came to', async () => {
    const outcome = await receipt(mine.handle)
    writeFileSync(join(folder, 'receipt.json'), JSON.stringify(outcome.ok && outcome.answer))
    expect(verified('receipt.json')).toMatchObject({ status: 0, says: { verified: true } })
    const { logs } = JSON.parse(text('receipt.json')) as { logs: { start: { index: number }; end: { index: number; bytes: string } }[] }
    const [log] = logs
    const [start, end] = [await entries('run.start', { run: mine.run }), await entries('run.end', { run: mine.run })]
    expect([log?.start.index, log?.end.index]).toEqual([start[0]?.index, end[0]?.index])
    const closes = await entries('session.close', { run: mine.run })
    expect(JSON.parse(log?.end.bytes ?? '')).toMatchObject({
      ...{ run: mine.run, state: 'ended', first: start[0]?.index, last: closes.at(-1)?.index },
      ...{ decisions: { allow: 16, ask: 0, deny: 1 }, durability: 'disk', seal: 'none', gaps: 0 },
    })
    expect(closes).toHaveLength(2)
    holdsNoSecret('receipt.json')
    expect(text('receipt.json')).not.toContain('acme')
  })

  it('is the operator’s too, who overwrites none', async () => {
    expect(await gatescribe('runs', 'receipt', mine.run)).toMatchObject({ code: 0 })
    expect(verified('gatescribe-receipt.json').status).toBe(0)
    expect((await gatescribe('runs', 'receipt', mine.run)).err).toContain('GS_CLI_NOT_OVERWRITTEN')
  })

  it('shows every change', () => {
    expect(changed('receipt.json', 24).filter((status) => status === 0)).toEqual([])
  })

  it('is not given for a run that is live, nor to its job, nor for one that there is not', async () => {
    expect(await receipt(other.handle)).toMatchObject({ ok: false, status: 409, refusal: { code: 'GS_EVIDENCE_RUN_LIVE' } })
    expect(await receipt(mine.password)).toMatchObject({ ok: false, status: 401 })
    expect(await gatescribe('runs', 'receipt', other.run, '-o', 'none.json')).toMatchObject({ code: 1 })
    expect(await gatescribe('runs', 'receipt', 'run_0000', '-o', 'none.json')).toMatchObject({ code: 4 })
  })
})

describe('a bundle', () => {
  it('has all of a run and nothing of another, and is verified by whoever has the key', async () => {
    const { code, out } = await gatescribe('trail', 'export', '--run', mine.run, '-o', 'run.tar', '--json')
    expect(code).toBe(0)
    const { status, says } = verified('run.tar')
    expect(says.verdicts?.filter(({ ok }) => !ok)).toEqual([])
    expect(status).toBe(0)
    expect(says.verdicts?.find(({ verdict }) => verdict === 'semantic')?.says).toMatch(
      /2 sessions, 17 operations, .* 0 sessions still open$/,
    )
    const of = (
      await Promise.all(['run', 'session', 'operation', 'credential', 'recording'].map((kind) => entries(kind, { run: mine.run })))
    ).flat()
    expect(JSON.parse(out)).toMatchObject({ entries: of.length, scope: { run: mine.run }, payloads: false })
    expect(statSync(join(folder, 'run.tar')).mode & 0o777).toBe(0o600)
    holdsNoSecret('run.tar')
    for (const absent of [other.run, 'acme', 'everything']) expect(`${absent} ${text('run.tar').includes(absent)}`).toBe(`${absent} false`)
  })

  it('has its statements where they are asked for, and no other’s', async () => {
    await gatescribe('trail', 'export', '--run', mine.run, '--payloads', '-o', 'opened.tar')
    const { status, says } = verified('opened.tar')
    expect(status).toBe(0)
    expect(says.verdicts?.find(({ verdict }) => verdict === 'payload')?.ok).toBe(true)
    expect(text('opened.tar')).toContain(Buffer.from(MINE).toString('base64'))
    expect(text('opened.tar')).toContain(Buffer.from('DROP TABLE everything').toString('base64'))
    holdsNoSecret('opened.tar')
  })

  it('shows every change', () => {
    expect(changed('opened.tar', 40).filter((status) => status === 0)).toEqual([])
  })

  it('is of a session, or of a time: everything of it without a hole', async () => {
    const [open] = await entries('session.open', { run: other.run })
    const session = String({ ...(open?.fields as Fields) }.session)
    await gatescribe('trail', 'export', '--session', session, '-o', 'session.tar')
    expect(verified('session.tar').status).toBe(0)
    expect(text('session.tar')).not.toContain(mine.run)
    const { out } = await gatescribe('trail', 'export', '--from', '1h', '-o', 'hour.tar', '--json')
    expect(JSON.parse(out)).toMatchObject({ range: [0, expect.any(Number)] })
    expect(verified('hour.tar')).toMatchObject({ status: 0 })
    await gatescribe('trail', 'export', '--from', String(open?.at), '--to', String(open?.at), '-o', 'moment.tar')
    expect(verified('moment.tar').status).toBe(0)
    expect(text('moment.tar')).toContain(session)
  })

  it('is not made of nothing', async () => {
    expect(await gatescribe('trail', 'export', '--run', 'run_0000', '-o', 'none.tar')).toMatchObject({ code: 4 })
  })
})

describe('one entry', () => {
  it('is proven, also to whoever knows nothing but the public formats', async () => {
    const [intent] = await entries('operation.intent', { run: mine.run })
    await gatescribe('trail', 'prove', String(intent?.id), '-o', 'one.tlog-proof')
    expect(verified('one.tlog-proof', '--entry', join(folder, 'one.entry'))).toMatchObject({ status: 0 })
    const { index, hashes, checkpoint } = parseProof(text('one.tlog-proof').replaceAll('\xe2\x80\x94', '—'))
    const note = parseNote(checkpoint)
    const { size, root } = parseCheckpoint(note.text)
    expect(verifiedBy(note, [parseVkey(vkey)])).toHaveLength(1)
    expect(index).toBe(intent?.index)
    expect(verifyInclusion(leafHash(readFileSync(join(folder, 'one.entry'))), index, size, hashes, root)).toBe(true)
    expect(changed('one.tlog-proof', 16, '--entry', join(folder, 'one.entry')).filter((status) => status === 0)).toEqual([])
  })

  it('is disclosed with one payload of several, and its salt', async () => {
    const intents = await entries('operation.intent', { run: mine.run })
    const several = intents.find(({ commitments }) => ['parameters.2', 'statement.1'].every((name) => name in commitments))
    const one = ['trail', 'disclose', String(several?.index), '--payload', 'parameters.2', '-o', 'one.json', '--json']
    expect(JSON.parse((await gatescribe(...one)).out)).toMatchObject({ index: several?.index, payloads: ['parameters.2'] })
    expect(verified('one.json')).toMatchObject({ status: 0 })
    const { payloads } = JSON.parse(text('one.json')) as { payloads: Fields[] }
    expect(payloads.map(({ name }) => name)).toEqual(['parameters.2'])
    expect(text('one.json')).not.toContain(Buffer.from('SELECT $1::int').toString('base64'))
    expect(changed('one.json', 16).filter((status) => status === 0)).toEqual([])
    holdsNoSecret('one.json')
  })
})

describe('what evidence leaves behind', () => {
  it('is an entry for each, of what was given to whom, before it was given', async () => {
    const said = (await entries('log.exported')).map(({ index, fields }) => ({ ...(fields as Fields), index })) as Fields[]
    expect(said).toContainEqual(
      expect.objectContaining({
        what: 'bundle',
        scope: { run: mine.run },
        opened: true,
        viewer: 'local-operator',
        entries: expect.any(Number),
      }),
    )
    expect(said).toContainEqual(expect.objectContaining({ what: 'receipt', scope: { run: mine.run }, opened: false, viewer: mine.run }))
    expect(said).toContainEqual(expect.objectContaining({ what: 'disclosure', opened: ['parameters.2'], entries: 1 }))
    // The receipt was asked for many times within the minute.
    expect(said.filter(({ viewer }) => viewer === mine.run)).toHaveLength(1)
    const { size } = JSON.parse((await gatescribe('trail', 'export', '--run', mine.run, '-o', 'last.tar', '--json')).out) as {
      size: number
    }
    const [last] = (await entries('log.exported')).slice(-1)
    expect(last?.index).toBeLessThan(size)
  })

  it('is one entry for all that one reads within a minute', async () => {
    const before = (await entries('log.read')).length
    for (let n = 0; n < 20; n++) await entries('run')
    expect((await entries('log.read')).length).toBe(before)
  })
})

describe('a run that did not end by itself', () => {
  /** What is there to be verified of the whole log, as a copy of it on another machine would show. */
  async function wholeLog() {
    await gatescribe('trail', 'export', '--from', '2h', '-o', `whole-${performance.now()}.tar`)
    const path = join(shop.gateway.data, 'trail/log')
    const verifier = join(import.meta.dirname, '../../bin/gatescribe-verify.js')
    return spawnSync(process.execPath, [verifier, '--key', vkey, path], { encoding: 'utf8' })
  }

  async function receiptOf(job: JobCredential): Promise<Fields> {
    const name = `${job.run}.json`
    expect(await gatescribe('runs', 'receipt', job.run, '-o', name)).toMatchObject({ code: 0 })
    expect(verified(name).status).toBe(0)
    const { logs } = JSON.parse(text(name)) as { logs: { end: { bytes: string } }[] }
    return JSON.parse(logs[0]?.end.bytes ?? '') as Fields
  }

  it('has its receipt all the same when it was revoked, with a statement under way', async () => {
    const job = await shop.gateway.credential()
    const client = await connected(job)
    const cut = expect(client.query('SELECT pg_sleep(60)')).rejects.toThrow()
    await expect.poll(() => entries('operation.intent', { run: job.run })).toHaveLength(1)
    const began = performance.now()
    await shop.gateway.operator.revokeRun(job.run)
    await cut
    expect(performance.now() - began).toBeLessThan(1_000)
    expect(await receiptOf(job)).toMatchObject({ state: 'revoked', decisions: { allow: 1, ask: 0, deny: 0 }, gaps: 0 })
    const kinds = (await Promise.all(['run', 'session', 'operation'].map((kind) => entries(kind, { run: job.run })))).flat()
    expect(kinds.toSorted((a, b) => a.index - b.index).at(-1)?.kind).toBe('run.end')
  })

  it('is counted right after the gateway was killed under it, as far as each run came', async () => {
    const [goesOn, over] = [await shop.gateway.credential(), await shop.gateway.credential()]
    const [one, two] = [await connected(goesOn), await connected(over)]
    for (let n = 0; n < 3; n++) await one.query('SELECT 1')
    await two.query('SELECT 2')
    const dying = one.query('SELECT pg_sleep(60)').catch(() => undefined)
    await expect
      .poll(async () => (await entries('operation.intent', { run: goesOn.run })).flatMap(({ fields }) => ({ ...(fields as Fields) }).ops))
      .toHaveLength(4)
    await end(over.handle)
    await shop.gateway.kill9()
    await dying
    shop.gateway = await shop.gateway.again()
    const again = await connected(goesOn)
    for (let n = 0; n < 2; n++) await again.query('SELECT 3')
    await again.end()
    await end(goesOn.handle)
    expect(await receiptOf(goesOn)).toMatchObject({ state: 'ended', decisions: { allow: 6, ask: 0, deny: 0 } })
    expect(await receiptOf(over)).toMatchObject({ state: 'ended', decisions: { allow: 1, ask: 0, deny: 0 } })
    // Whether its end was durable before the kill or is made up for: there is one.
    expect(await entries('run.end', { run: over.run })).toHaveLength(1)
  })

  it('leaves a log of which all that was said of runs holds', async () => {
    const { status, stdout } = await wholeLog()
    expect(stdout).toMatch(/^ok {3}semantic/m)
    expect(status).toBe(0)
  })
})

import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { parseCheckpoint, parseNote, parseVkey, verifiedBy } from '../../src/tlog/index.ts'
import { type RunningGateway, startGateway } from '../parts/gateway.ts'
import { startIssuer, type TestIssuer } from '../parts/issuer.ts'
import { type RunningPostgres, startPostgres } from '../parts/postgres.ts'

let server: RunningPostgres
let issuer: TestIssuer
let gateway: RunningGateway
beforeAll(async () => {
  server = await startPostgres()
  issuer = await startIssuer()
  await server.query('CREATE ROLE app LOGIN')
  gateway = await startGateway({
    issuer,
    targets: [{ name: 'orders-db', server, user: 'app', databases: { 'orders-prod': 'postgres' } }],
  })
})
afterAll(async () => {
  await gateway?.remove()
  await Promise.all([server?.stop(), issuer?.close()])
})

const log = () => join(gateway.data, 'trail/log')
const signing = async () => (await gateway.operator.logKeys()).keys.filter(({ state }) => state === 'signs').map(({ vkey }) => vkey)

/** Operations, one after the other, until it is told to stop. @returns how many were answered */
async function work(): Promise<() => Promise<number>> {
  const credential = await gateway.credential()
  const client = new Client({
    ...{ host: 'localhost', port: gateway.port, database: 'orders-prod', ssl: { ca: gateway.ca } },
    ...{ user: credential.run, password: credential.password },
  })
  await client.connect()
  let going = true
  const done = (async () => {
    let answered = 0
    for (; going; answered++) await client.query('SELECT 42')
    await client.end()
    return answered
  })()
  return () => {
    going = false
    return done
  }
}

/** Every checkpoint that stands in the log's folder from now on. */
function collect(): () => Set<string> {
  const seen = new Set<string>()
  const timer = setInterval(() => seen.add(readFileSync(join(log(), 'checkpoint'), 'utf8')), 5)
  return () => {
    clearInterval(timer)
    return seen
  }
}

/** The verifier of the package, with a policy that names these keys. @throws where it does not verify */
function verify(...vkeys: readonly string[]): string {
  const policy = join(gateway.folder, 'policy')
  writeFileSync(policy, [...vkeys.map((vkey) => `log ${vkey}`), 'quorum none', ''].join('\n'))
  const command = join(import.meta.dirname, '../../bin/gatescribe-verify.js')
  return execFileSync(process.execPath, [command, '--policy', policy, log()], { encoding: 'utf8' })
}

it('rotates while operations run: every checkpoint verifies under a key that was named, and nothing waits', async () => {
  const [old] = (await signing()) as [string]
  const stop = await work()
  await expect.poll(() => existsSync(join(log(), 'checkpoint')), { timeout: 5_000 }).toBe(true)
  const checkpoints = collect()
  await new Promise((resolve) => setTimeout(resolve, 1_000))
  await gateway.operator.rotateLogKey(3_600_000)
  const [fresh] = (await signing()) as [string]
  await new Promise((resolve) => setTimeout(resolve, 1_700))
  const [answered, seen] = [await stop(), [...checkpoints()]]
  expect(answered).toBeGreaterThan(100)
  const notes = seen.map((text) => parseNote(text)).map((note) => ({ note, size: parseCheckpoint(note.text).size }))
  const signers = notes
    .sort((a, b) => a.size - b.size || a.note.signatures.length - b.note.signatures.length)
    .map(({ note }) => verifiedBy(note, [old, fresh].map(parseVkey)).map(({ vkey }) => (vkey === old ? 'old' : 'new')))
  const kinds = signers.map((by) => by.sort().join())
  // First the old one alone, then both.
  expect(new Set(kinds)).toEqual(new Set(['old', 'new,old']))
  expect(kinds.indexOf('new,old')).toBe(kinds.lastIndexOf('old') + 1)
  for (const vkeys of [[old], [fresh], [old, fresh]]) expect(verify(...vkeys)).toMatch(/verified\n$/)
  expect(await signing()).toEqual([fresh, old])
}, 30_000)

it('has the same keys after a crash, and ends an overlap while it runs', async () => {
  const before = (await signing()).length
  const { keys } = await gateway.operator.rotateLogKey(1_500)
  const [fresh, short] = keys.map(({ vkey }) => vkey) as [string, string]
  await gateway.kill9()
  gateway = await gateway.again()
  expect((await signing())[0]).toBe(fresh)
  await expect.poll(signing, { timeout: 10_000 }).not.toContain(short)
  expect(await signing()).toHaveLength(before)
  const stop = await work()
  await expect.poll(() => readFileSync(join(log(), 'checkpoint'), 'utf8').match(/^— /gm)?.length, { timeout: 5_000 }).toBe(before)
  await stop()
  expect(verify(fresh)).toMatch(/verified\n$/)
  expect(() => verify(short)).toThrow()
}, 30_000)

it('checks its whole log while operations run, payloads too', async () => {
  const stop = await work()
  const lines = []
  for await (const line of gateway.operator.checkLog(true, new AbortController().signal)) lines.push(line)
  await stop()
  const last = lines.at(-1)
  if (!last || !('report' in last)) throw new Error('there is no report')
  expect(last.report.bad).toBeUndefined()
  expect(last.report.payloads?.opened).toBeGreaterThan(3)
  expect(last.report.checkpoint).toBeGreaterThanOrEqual(last.report.size)
}, 30_000)

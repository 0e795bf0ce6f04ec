import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run as gatescribe } from '../../src/cli/main.ts'
import type { PostgresEvent } from '../../src/recording/index.ts'
import { ALLOW_EVERYTHING } from '../parts/gateway-config.ts'
import { operationsOf, readTrail } from '../parts/recorded.ts'
import { eventsOf, recordingOf, sessionsOf } from '../parts/recordings.ts'
import { found, needs } from '../parts/require.ts'
import { openShop, type Shop } from '../parts/shop.ts'
import { testSurroundings } from '../parts/surroundings.ts'

const CAP = 1024 * 1024
const LIMITED = 4_000

let shop: Shop
let folder: string
beforeAll(async () => {
  const rules = [{ ...ALLOW_EVERYTHING, limits: { rows: LIMITED } }]
  shop = await openShop({ gateway: { adjust: (config) => Object.assign(config, { rules }) } })
  folder = await mkdtemp(join(tmpdir(), 'copy-in-'))
}, 60_000)
afterAll(async () => {
  await shop?.close()
  if (folder) await rm(folder, { recursive: true, force: true })
})

const closed = async () => (await readTrail(shop.gateway.operator)).filter(({ kind }) => kind === 'session.close').length

/** Runs psql to its end. @returns what was recorded of its session */
async function psql(program: string, commands: string, credential?: { run: string; password: string }) {
  const before = await closed()
  const { run, password } = credential ?? (await shop.gateway.credential())
  const child = spawn(program, ['-Xq', '-h', '127.0.0.1', '-p', String(shop.gateway.port), '-U', run, 'shop'], {
    env: { PATH: process.env.PATH, PGPASSWORD: password, PGSSLMODE: 'disable', PGGSSENCMODE: 'disable', PGCLIENTENCODING: 'UTF8' },
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  child.stdin.end(commands)
  await once(child, 'close')
  await expect.poll(closed).toBe(before + 1)
  const entries = await readTrail(shop.gateway.operator)
  const id = sessionsOf(entries).at(-1)!
  const events = eventsOf(await recordingOf(shop.gateway.operator, id))
  return { id, entries, events }
}

async function file(content: string | Buffer): Promise<string> {
  const path = join(folder, randomBytes(4).toString('hex'))
  await writeFile(path, content)
  return path
}

const ofCopy = (events: readonly PostgresEvent[]) => events.filter(([, code]) => code.startsWith('copy-sent'))
function content(events: readonly PostgresEvent[]): Buffer {
  return Buffer.concat(
    events.flatMap((event) => {
      if (event[1] !== 'copy-sent' || event[2] === null) return []
      return [typeof event[2] === 'string' ? Buffer.from(event[2]) : Buffer.from(event[2].base64, 'base64')]
    }),
  )
}

describe('what psql copies in from a file', { timeout: 60_000 }, () => {
  it('is in the recording byte for byte, text as text and binary as bytes, under the number of its statement', async (test) => {
    const program = found('psql')
    needs(test, program, 'psql (Debian: postgresql-client)')
    const text = Array.from({ length: 3000 }, (_, n) => `${n}\tgrün ${'€'.repeat(n % 17)} 😀\n`).join('')
    const binary = Buffer.concat([
      Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'),
      Buffer.alloc(8),
      ...Array.from({ length: 500 }, (_, n) => Buffer.from(`000100000004${n.toString(16).padStart(8, '0')}`, 'hex')),
      Buffer.from('ffff', 'hex'),
    ])
    const { id, entries, events } = await psql(
      program,
      `CREATE TEMP TABLE t (a int, b text);
      \\copy t FROM '${await file(text)}'
      CREATE TEMP TABLE u (a int);
      \\copy u FROM '${await file(binary)}' (FORMAT binary)
      SELECT count(*) FROM t, u`,
    )
    const end = events.findIndex(([, code]) => code === 'copy-sent-done')
    const first = events.slice(0, end + 1)
    expect(content(first).equals(Buffer.from(text))).toBe(true)
    for (const [, , said] of ofCopy(first).slice(0, -1)) expect(said).toMatch(/\n$/)
    expect(content(events.slice(end)).equals(binary)).toBe(true)
    for (const event of ofCopy(events.slice(end))) if (event[1] === 'copy-sent') expect(event[2]).toHaveProperty('base64')
    const operations = operationsOf(entries).filter(({ session }) => session === id)
    const copies = operations.filter(({ statement }) => /^copy/i.test(statement ?? '')).map(({ number }) => number)
    let operation = 0
    const under = new Set<number>()
    for (const event of events) {
      if (event[1] === 'op') operation = event[2]
      if (event[1].startsWith('copy-sent')) under.add(operation)
    }
    expect([...under]).toEqual(copies)
  })

  it('is as much of it as is kept; who has the file can show that the rest is its rest', async (test) => {
    const program = found('psql')
    needs(test, program, 'psql (Debian: postgresql-client)')
    const text = Array.from({ length: 3000 }, (_, n) => `${n}\t${'x'.repeat(997)}\n`).join('')
    const { events } = await psql(program, `CREATE TEMP TABLE t (a int, b text);\n\\copy t FROM '${await file(text)}'\n`)
    const kept = content(events)
    expect(kept.equals(Buffer.from(text).subarray(0, kept.length))).toBe(true)
    expect(kept.length).toBeGreaterThan(200_000)
    expect(kept.length).toBeLessThanOrEqual(CAP)
    const left = Buffer.from(text).subarray(kept.length)
    expect(events.find(([, code]) => code === 'copy-sent-capped')?.[2]).toMatchObject({
      bytes: left.length,
      sha256: createHash('sha256').update(left).digest('hex'),
    })
    expect(events.some(([, code, tag]) => code === 'complete' && tag === 'COPY 3000')).toBe(true)
  })

  it('ends in the recording where a limit, or the target, ended it', async (test) => {
    const program = found('psql')
    needs(test, program, 'psql (Debian: postgresql-client)')
    const many = Array.from({ length: 200_000 }, (_, n) => `${n}\n`).join('')
    const { events } = await psql(
      program,
      `CREATE TEMP TABLE t (a int);
      \\copy t FROM '${await file(many)}'
      \\copy t FROM '${await file('1\nno number\n')}'
      SELECT count(*) FROM t`,
    )
    const end = events.findIndex(([, code]) => code === 'copy-sent-fail')
    expect(events[end]?.slice(2)).toEqual(['gatescribe refused', 'gateway'])
    const sent = content(events.slice(0, end))
    expect(sent.equals(Buffer.from(many).subarray(0, sent.length))).toBe(true)
    // Nothing of what came behind the limit was sent.
    expect(sent.toString().split('\n').length - 1).toBeLessThanOrEqual(LIMITED)
    const [bad, done, error] = events
      .slice(end)
      .filter(([, code]) => code.startsWith('copy-sent') || code === 'error')
      .slice(2)
    expect([bad?.[2], done?.[1], error?.[2]]).toEqual(['1\nno number\n', 'copy-sent-done', expect.objectContaining({ C: '22P02' })])
    const rows = events.filter(([, code]) => code === 'row').map(([, , row]) => row)
    expect(rows).toEqual([['0']])
  })

  it('has no credential of ours in it, and says that one was sent', async (test) => {
    const program = found('psql')
    needs(test, program, 'psql (Debian: postgresql-client)')
    const credential = await shop.gateway.credential()
    // psql sends pieces of 8 KiB: one of these is cut in two.
    const text = `${`it is ${credential.password}.\n`.repeat(1000)}`
    const { id, entries, events } = await psql(program, `CREATE TEMP TABLE t (b text);\n\\copy t FROM '${await file(text)}'\n`, credential)
    expect(content(events).toString()).toBe('it is «redacted:pg-credential».\n'.repeat(1000))
    const leaks = entries.filter(({ kind, fields }) => kind === 'credential.leaked' && fields.session === id)
    expect(leaks.map(({ fields }) => fields.in)).toContain('recording.1')
  })

  it('is replayed, marked as what was sent', async (test) => {
    const program = found('psql')
    needs(test, program, 'psql (Debian: postgresql-client)')
    const { id } = await psql(program, `CREATE TEMP TABLE t (a int, b text);\n\\copy t FROM '${await file('1\tone\n2\t\u001b[2Jtwo\n')}'\n`)
    const surroundings = testSurroundings({ folder: shop.gateway.folder })
    expect(await gatescribe(['replay', id], surroundings)).toBe(0)
    expect(surroundings.printed.out).toMatch(/^ +takes copy data\n +» 1.*one\n +» 2.*\\x1b\[2Jtwo\n +COPY 2$/m)
    const json = testSurroundings({ folder: shop.gateway.folder })
    expect(await gatescribe(['replay', id, '--json'], json)).toBe(0)
    const events = json.printed.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(events.filter((event) => Array.isArray(event) && event[1] === 'copy-sent-done')).toHaveLength(1)
  })
})

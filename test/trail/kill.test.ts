import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { parseCheckpoint, parseNote, rootAt } from '../../src/tlog/index.ts'
import { seeded } from '../parts/seeded.ts'
import { patience, rounds, seedOr, shown } from '../parts/soak.ts'
import { TestTrail, testSealer } from '../parts/trail.ts'

const KILLS = 20
const SEED = seedOr(42)
const MASTER = Buffer.alloc(32, 9)

/** Runs until killed, `ms` after the first acknowledgement. @returns the acknowledged lines */
function appendUntilKilled(folder: string, ms: number): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'appending-process.ts'), folder, MASTER.toString('hex')], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let said = ''
    let begun = false
    let complaint = ''
    child.stderr.on('data', (chunk) => {
      complaint += chunk
    })
    child.stdout.on('data', (chunk) => {
      said += chunk
      // A checkpoint may be signed before anybody was told of an entry.
      if (begun || !/^(?!signed ).*\n/m.test(said)) return
      begun = true
      setTimeout(() => child.kill('SIGKILL'), ms)
    })
    child.once('close', (_, signal) => {
      // The last line may be cut: then it was not said.
      if (signal === 'SIGKILL') resolve(said.split('\n').slice(0, -1))
      else reject(new Error(`the process ended by itself: ${complaint}`))
    })
  })
}

/** Kills over one folder; then a new one, as reading the whole log after each would grow with the square. */
const KILLS_PER_FOLDER = 50

it(`loses nothing acknowledged, however often the process is killed (seed ${SEED})`, { timeout: patience(60_000) }, async () => {
  const random = seeded(SEED)
  const total = {
    kills: 0,
    acknowledged: 0,
    lost: 0,
    'kills with something unacknowledged at the tail': 0,
    'torn tails': 0,
    'checkpoints seen': 0,
    'sizes signed with two roots': 0,
  }
  /** Every checkpoint that was ever signed over the folder, also those that were replaced a moment later: size → root. */
  let signed = new Map<number, string>()
  let house: TestTrail | undefined
  for (const kill of rounds(KILLS)) {
    if (kill % KILLS_PER_FOLDER === 0) {
      await house?.remove()
      house = new TestTrail(testSealer(MASTER), mkdtempSync(join(tmpdir(), 'gatescribe-kill-')))
      signed = new Map()
    }
    const { folder, store } = house as TestTrail
    const said = await appendUntilKilled(folder, 5 + random() * 60)
    const lines = said.filter((line) => !line.startsWith('signed '))
    store.close()
    house = new TestTrail(testSealer(MASTER), folder)
    const seen = said.flatMap((line) => (line.startsWith('signed ') ? [line.split(' ').slice(1) as [string, string]] : []))
    for (const [size, root] of [...seen, ...leftIn(folder)]) {
      if ((signed.get(Number(size)) ?? root) !== root) total['sizes signed with two roots']++
      signed.set(Number(size), root)
    }
    await house.open()
    await house.trail?.publish()
    const found = await whatIsThere(house, (lines[0] as string).split('.')[0] as string)
    const lost = lines.filter((line) => {
      const [id, session, n] = line.split(' ') as [string, string, string]
      return found.written.get(id) !== `${session} ${n}` || found.endings.get(session) !== 'unknown'
    })
    if (lost.length) expect(lost, `kill ${kill}`).toEqual([])
    await expectOneTree(house, signed)
    total.kills++
    total.acknowledged += lines.length
    total.lost += lost.length
    if (found.written.size > lines.length) total['kills with something unacknowledged at the tail']++
    if (found.torn) total['torn tails']++
    await house.close()
    total['checkpoints seen'] = total['checkpoints seen'] + seen.length
  }
  await house?.remove()
  expect(total['sizes signed with two roots']).toBe(0)
  shown('test/trail/kill.test.ts', total)
  expect(total['kills with something unacknowledged at the tail'], 'no kill met a batch in flight: this run shows nothing').toBeGreaterThan(
    0,
  )
})

/** The checkpoint that stands there: none where the first kill came before the first signature. */
function leftIn(folder: string): [size: string, root: string][] {
  const path = join(folder, 'trail/log/checkpoint')
  if (!existsSync(path)) return []
  const { size, root } = parseCheckpoint(parseNote(readFileSync(path)).text)
  return [[String(size), root.toString('base64')]]
}

/** What the log holds of the process that was killed last, and how its sessions ended. */
async function whatIsThere(house: TestTrail, boot: string) {
  const written = new Map<string, string | undefined>()
  const endings = new Map<string, string>()
  let torn = false
  for (const entry of await house.entries()) {
    if (entry.kind === 'operation.intent' && entry.id.startsWith(`${boot}.`)) {
      written.set(entry.id, entry.payloads()[0]?.content?.toString())
    } else if (entry.kind === 'session.close') endings.set(entry.fields.session as string, entry.fields.reason as string)
    else if (entry.kind === 'gateway.recovered') torn = entry.fields.cut !== undefined
  }
  return { written, endings, torn }
}

/** Every checkpoint that was ever signed is a part of the tree as it is now. */
async function expectOneTree({ trail }: TestTrail, signed: ReadonlyMap<number, string>): Promise<void> {
  const { size } = trail!.proven
  for (const [at, root] of signed) {
    expect((await rootAt(at, trail!.tile, size)).toString('base64'), `the root that was signed at ${at} entries`).toBe(root)
  }
}

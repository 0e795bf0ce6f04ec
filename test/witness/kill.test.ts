import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { parseVkey } from '../../src/tlog/index.ts'
import {
  createWitnessKey,
  seenCheckpoint,
  submitCheckpoint,
  WitnessError,
  type WitnessFetch,
  witnessFetch,
} from '../../src/witness/index.ts'
import { seeded } from '../parts/seeded.ts'
import { patience, rounds, seedOr, shown } from '../parts/soak.ts'
import { type TestLog, testLog } from '../parts/test-log.ts'
import { startWitnessProcess, type WitnessProcess } from './witness-process.ts'

const SEED = seedOr(7)
/** The two stories part here. */
const FORK = 10
const ENTRIES = 4000
const TELLERS = 4
const KILLS_PER_FOLDER = 3

const log = testLog(ENTRIES)
const stories: readonly TestLog[] = [log, log.fork(FORK)]

interface Cosigned {
  readonly story: number
  readonly size: number
}

it(`never cosigns two stories, nor forgets what it cosigned, while two processes share a folder and are killed (seed ${SEED})`, {
  timeout: patience(90_000),
}, async () => {
  const random = seeded(SEED)
  const total = {
    kills: 0,
    'kills with requests under way': 0,
    cosigned: 0,
    'refused as another story': 0,
    'cosigned in two stories': 0,
    forgotten: 0,
  }
  for (const _ of rounds(4)) {
    const folder = mkdtempSync(join(tmpdir(), 'gatescribe-witness-kill-'))
    const { vkey } = createWitnessKey(folder, 'witness.example/w1')
    const verifier = parseVkey(vkey)
    const fetch = witnessFetch()
    const start = () => startWitnessProcess(folder, [log.vkey])
    let processes: readonly WitnessProcess[] = await Promise.all([start(), start()])
    const cosigned: Cosigned[] = []
    let underWay = 0
    let ended = false

    const submit = async (process: WitnessProcess, story: number, size: number, lastKnown: number, by: WitnessFetch) => {
      const of = stories[story] as TestLog
      underWay++
      try {
        const signal = AbortSignal.timeout(5_000)
        const door = { url: process.url, verifier, fetch: by }
        await submitCheckpoint(door, of.checkpoint(size), (from) => of.consistency(from, size), { lastKnown, signal })
        cosigned.push({ story, size })
      } catch (error) {
        if (error instanceof WitnessError && error.code === 'GS_WITNESS_INCONSISTENT') total['refused as another story']++
        else if (!(error instanceof WitnessError)) throw error
      } finally {
        underWay--
      }
    }
    await submit(processes[0] as WitnessProcess, 0, FORK, 0, fetch)

    const tellers = Array.from({ length: TELLERS * 2 }, async (_none, teller) => {
      // Each begins where both stories are still one, so that at first all of them could be believed.
      for (let size = FORK + 1 + teller; size < ENTRIES && !ended; size += 1 + Math.floor(random() * 8)) {
        const process = processes[Math.floor(random() * processes.length)] as WitnessProcess
        await submit(process, teller % 2, size, Math.max(FORK, ...cosigned.map((each) => each.size)), fetch)
      }
    })
    for (let kill = 0; kill < KILLS_PER_FOLDER; kill++) {
      await new Promise((resolve) => setTimeout(resolve, 50 + random() * 400))
      const victim = kill % processes.length
      total.kills++
      if (underWay > 0) total['kills with requests under way']++
      await processes[victim]?.end('SIGKILL')
      const fresh = await start()
      processes = processes.map((process, index) => (index === victim ? fresh : process))
    }
    ended = true
    await Promise.all(tellers)
    await Promise.all(processes.map((process) => process.end('SIGKILL')))

    const last = await start()
    const seen = await seenCheckpoint({ url: last.url, verifier, fetch }, log.origin, [parseVkey(log.vkey)], AbortSignal.timeout(5_000))
    if ((seen?.checkpoint.size ?? 0) < Math.max(...cosigned.map(({ size }) => size))) total.forgotten++
    expect(await last.end('SIGTERM')).toBe(0)
    const told = new Set(cosigned.filter(({ size }) => size > FORK).map(({ story }) => story))
    if (told.size > 1) total['cosigned in two stories']++
    expect(seen?.checkpoint.root).toEqual(stories[[...told][0] ?? 0]?.root(seen?.checkpoint.size ?? 0))
    total.cosigned += cosigned.length
    await fetch.close()
    rmSync(folder, { recursive: true })
  }
  shown('test/witness/kill.test.ts', total)
  expect(total).toMatchObject({ 'cosigned in two stories': 0, forgotten: 0 })
  expect(total['kills with requests under way']).toBeGreaterThan(0)
  expect(total['refused as another story']).toBeGreaterThan(0)
  expect(total.cosigned).toBeGreaterThan(total.kills)
})

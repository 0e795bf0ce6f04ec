import { expect, it, onTestFinished, vi } from 'vitest'
import { testLog } from '../../test/parts/test-log.ts'
import { startTestWitness } from '../../test/parts/test-witness.ts'
import { parseCheckpoint, parseNote, parseVkey, verifiedBy } from '../tlog/index.ts'
import { submitCheckpoint, type WitnessDoor } from './client.ts'
import { WitnessError } from './errors.ts'
import type { WitnessClock } from './witness-clock.ts'
import { WitnessSet, type WitnessSetOptions } from './witness-set.ts'

const log = testLog(120)
const split = log.fork(10)

/** Time that passes when the test says so. */
class HandClock implements WitnessClock {
  #now = 1_000
  #timers: { at: number; run: () => void }[] = []
  now = () => this.#now
  after(milliseconds: number, run: () => void) {
    const timer = { at: this.#now + milliseconds, run }
    this.#timers.push(timer)
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((each) => each !== timer)
      },
    }
  }
  pass(milliseconds: number) {
    this.#now += milliseconds
    const due = this.#timers.filter(({ at }) => at <= this.#now)
    this.#timers = this.#timers.filter(({ at }) => at > this.#now)
    for (const { run } of due) run()
  }
}

/** A door that counts, and can be shut. */
function watched(door: WitnessDoor) {
  const requests: string[] = []
  const gate = { shut: false, requests, underWay: 0 }
  return Object.assign(gate, {
    door: {
      ...door,
      fetch: async (url: string, request: Parameters<WitnessDoor['fetch']>[1]) => {
        requests.push(request.body ?? url)
        if (gate.shut) throw new Error('shut')
        gate.underWay++
        return door.fetch(url, request).finally(() => gate.underWay--)
      },
    } satisfies WitnessDoor,
  })
}

async function setOf(count: number, need: number, over: Partial<WitnessSetOptions> = {}) {
  const clock = new HandClock()
  const witnesses = await Promise.all(
    Array.from({ length: count }, async (_, n) => watched((await startTestWitness([log.vkey], { name: `witness.example/w${n}` })).door)),
  )
  const notes: string[] = []
  const changes: string[] = []
  const set = new WitnessSet({
    origin: log.origin,
    logKeys: [parseVkey(log.vkey)],
    witnesses: witnesses.map(({ door }) => door),
    need,
    consistency: log.consistency,
    onWitnessed: (note) => notes.push(note),
    onChange: (name, error) => changes.push(`${name} ${error?.code ?? 'well'}`),
    clock,
    ...over,
  })
  onTestFinished(() => set.close())
  const verifiers = witnesses.map(({ door }) => door.verifier)
  /** A due round, and all its answers. */
  const round = async () => {
    const done = set.submitNow()
    clock.pass(1_000)
    await done
  }
  /** All answers to what was asked. */
  const settled = () =>
    vi.waitFor(
      async () => {
        for (let turn = 0; turn < 20; turn++) {
          await new Promise(setImmediate)
          if (witnesses.some(({ underWay }) => underWay > 0)) throw new Error('a witness was asked, and has not answered')
        }
      },
      { timeout: 10_000, interval: 5 },
    )
  return { clock, witnesses, verifiers, set, notes, changes, round, settled }
}

const sizeOf = (note: string | undefined) => (note === undefined ? undefined : parseCheckpoint(parseNote(note).text).size)

it('keeps the newest checkpoint that enough witnesses cosigned, with their signatures behind the log’s', async () => {
  const { set, round, verifiers } = await setOf(3, 2)
  set.published(log.checkpoint(20))
  expect(set.witnessed).toBeUndefined()
  await round()
  expect(sizeOf(set.witnessed)).toBe(20)
  const note = parseNote(set.witnessed as string)
  expect(verifiedBy(note, [parseVkey(log.vkey), ...verifiers])).toHaveLength(4)
  expect(note.signatures[0]?.name).toBe(log.origin)
  set.published(log.checkpoint(30))
  expect(sizeOf(set.witnessed)).toBe(20)
  await round()
  expect(sizeOf(set.witnessed)).toBe(30)
  expect(set.states.map(({ name, size, error }) => [name, size, error])).toEqual(verifiers.map(({ name }) => [name, 30, undefined]))
})

it('tells of a quorum at once, and again of each witness beyond', async () => {
  const { set, round, notes } = await setOf(3, 2)
  set.published(log.checkpoint(20))
  await round()
  expect(notes.map((note) => parseNote(note).signatures.length)).toEqual([3, 4])
})

it('has no quorum while too few answer, and says who does not and since when', async () => {
  const { set, round, witnesses, clock, changes } = await setOf(3, 2)
  for (const witness of witnesses.slice(1)) witness.shut = true
  set.published(log.checkpoint(20))
  await round()
  clock.pass(4_000)
  expect(set.witnessed).toBeUndefined()
  expect(set.unwitnessedMs).toBe(5_000)
  expect(set.states.map(({ size, error }) => size ?? error?.code)).toEqual([20, 'GS_WITNESS_UNREACHABLE', 'GS_WITNESS_UNREACHABLE'])
  await round()
  for (const witness of witnesses) witness.shut = false
  await round()
  expect(sizeOf(set.witnessed)).toBe(20)
  expect(set.unwitnessedMs).toBe(0)
  const failed = ['w1', 'w2'].map((name) => `witness.example/${name} GS_WITNESS_UNREACHABLE`)
  const well = ['w1', 'w2'].map((name) => `witness.example/${name} well`)
  expect([changes.slice(0, 2).sort(), changes.slice(2).sort()]).toEqual([failed, well])
})

it('asks each witness at most once in ten seconds, all at the same time, for the newest checkpoint', async () => {
  const { set, witnesses, clock, settled } = await setOf(2, 2)
  for (let size = 1; size <= 60; size++) {
    set.published(log.checkpoint(size))
    clock.pass(1_000)
    if (size % 10 === 1) await settled()
  }
  const sizes = witnesses.map(({ requests }) => requests.map((body) => sizeOf(body.slice(body.indexOf('\n\n') + 2))))
  expect(sizes[0]).toEqual([1, 11, 21, 31, 41, 51])
  expect(sizes[1]).toEqual(sizes[0])
  expect(sizeOf(set.witnessed)).toBe(51)
})

it('asks a witness again that failed, ten seconds later, and the others not', async () => {
  const { set, witnesses, clock, settled } = await setOf(2, 2)
  const [one, other] = witnesses as [(typeof witnesses)[0], (typeof witnesses)[0]]
  other.shut = true
  set.published(log.checkpoint(20))
  clock.pass(0)
  await settled()
  other.shut = false
  clock.pass(9_999)
  await settled()
  expect(other.requests).toHaveLength(1)
  clock.pass(1)
  await settled()
  expect(sizeOf(set.witnessed)).toBe(20)
  expect(one.requests).toHaveLength(1)
  clock.pass(60_000)
  await settled()
  expect([one.requests.length, other.requests.length]).toEqual([1, 2])
})

it('submits at once where it is asked to, and answers many who ask together', async () => {
  const { set, witnesses, clock, settled } = await setOf(1, 1)
  set.published(log.checkpoint(20))
  clock.pass(0)
  await settled()
  set.published(log.checkpoint(21))
  clock.pass(2_000)
  await settled()
  expect(sizeOf(set.witnessed)).toBe(20)
  const asked = Promise.all(Array.from({ length: 50 }, () => set.submitNow()))
  clock.pass(0)
  await asked
  expect(sizeOf(set.witnessed)).toBe(21)
  expect(witnesses[0]?.requests).toHaveLength(2)
})

it('submits what was published while a round was under way in the next one', async () => {
  const { set, round } = await setOf(1, 1)
  set.published(log.checkpoint(20))
  const first = round()
  set.published(log.checkpoint(25))
  const second = set.submitNow()
  await first
  expect(sizeOf(set.witnessed)).toBe(20)
  await round()
  await second
  expect(sizeOf(set.witnessed)).toBe(25)
})

it('gives up on a witness that does not answer, and does not wait for it with the others', async () => {
  const silent: WitnessDoor['fetch'] = () => new Promise(() => undefined)
  const { door } = await startTestWitness([log.vkey], { name: 'witness.example/silent' })
  const { door: quick } = await startTestWitness([log.vkey], { name: 'witness.example/quick' })
  const { set, clock } = await setOf(0, 1, { witnesses: [{ ...door, fetch: silent }, quick] })
  set.published(log.checkpoint(20))
  const done = set.submitNow()
  clock.pass(0)
  await expect.poll(() => sizeOf(set.witnessed)).toBe(20)
  clock.pass(8_000)
  await done
  expect(set.states.map(({ error }) => error?.code)).toEqual(['GS_WITNESS_UNREACHABLE', undefined])
})

it('tells a split view and a log that was rolled back', async () => {
  const { set, round, witnesses } = await setOf(2, 1)
  const [one, other] = witnesses as [(typeof witnesses)[0], (typeof witnesses)[0]]
  const signal = new AbortController().signal
  await submitCheckpoint(one.door, split.checkpoint(30), async () => [], { signal })
  await submitCheckpoint(other.door, log.checkpoint(50), async () => [], { signal })
  set.published(log.checkpoint(40))
  await round()
  expect(set.states.map(({ error }) => [error?.code, error?.size])).toEqual([
    ['GS_WITNESS_INCONSISTENT', undefined],
    ['GS_WITNESS_AHEAD', 50],
  ])
  expect(set.witnessed).toBeUndefined()
})

it('asks at a start what each witness has seen', async () => {
  const { set, witnesses } = await setOf(3, 1)
  const [one, , third] = witnesses as [(typeof witnesses)[0], unknown, (typeof witnesses)[0]]
  await submitCheckpoint(one.door, log.checkpoint(50), async () => [], { signal: new AbortController().signal })
  third.shut = true
  const said = await set.compareAtStart()
  expect(said).toMatchObject([
    { name: 'witness.example/w0', known: 'checkpoint', seen: { checkpoint: { size: 50, root: log.root(50) } } },
    { name: 'witness.example/w1', known: 'nothing' },
    { name: 'witness.example/w2', known: 'unanswered', error: { code: 'GS_WITNESS_UNREACHABLE' } },
  ])
})

it('goes on from what was witnessed before a start', async () => {
  const before = await setOf(1, 1)
  before.set.published(log.checkpoint(20))
  await before.round()
  const { set, clock, settled } = await setOf(1, 1, { witnessed: before.set.witnessed })
  expect(set.witnessed).toBe(before.set.witnessed)
  set.published(log.checkpoint(20))
  clock.pass(0)
  await settled()
  expect(set.unwitnessedMs).toBe(0)
  set.published(log.checkpoint(21))
  clock.pass(3_000)
  expect(set.unwitnessedMs).toBe(3_000)
})

it('does not blame the log for a proof that cannot be made', async () => {
  const { set, round } = await setOf(1, 1, {
    consistency: async () => {
      throw new Error('a tile is missing')
    },
  })
  set.published(log.checkpoint(20))
  await round()
  set.published(log.checkpoint(30))
  await round()
  expect(set.states[0]?.error).toBeInstanceOf(WitnessError)
  expect(set.states[0]?.error).toMatchObject({ code: 'GS_WITNESS_UNREACHABLE', cause: { message: 'a tile is missing' } })
  expect(sizeOf(set.witnessed)).toBe(20)
})

it('ends at once, and tells nothing afterwards', async () => {
  const silent: WitnessDoor['fetch'] = () => new Promise(() => undefined)
  const { door } = await startTestWitness([log.vkey])
  const { set, clock, changes } = await setOf(0, 1, { witnesses: [{ ...door, fetch: silent }] })
  set.published(log.checkpoint(20))
  const asked = [set.submitNow()]
  clock.pass(0)
  asked.push(set.submitNow())
  await set.close()
  await Promise.all(asked)
  await set.submitNow()
  expect(changes).toEqual([])
})

it('is no quorum of nobody, of more than there are, or of one key twice', async () => {
  const { door } = await startTestWitness([log.vkey])
  const options = { origin: log.origin, logKeys: [], consistency: log.consistency }
  for (const need of [0, 2, 1.5]) expect(() => new WitnessSet({ ...options, witnesses: [door], need })).toThrow(RangeError)
  expect(() => new WitnessSet({ ...options, witnesses: [door, { ...door, url: 'http://127.0.0.1:1' }], need: 1 })).toThrow(RangeError)
})

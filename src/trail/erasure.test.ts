import { mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { TestTrail } from '../../test/parts/trail.ts'
import { openPayloadStore } from '../store/index.ts'
import { inclusionProof, leafHash, verifyInclusion } from '../tlog/index.ts'
import { destroyInTurns } from './erasure.ts'
import type { EntryDraft, KeyStore, PayloadKey, PayloadStore, Trail } from './index.ts'

let house: TestTrail
let trail: Trail
beforeEach(async () => {
  house = new TestTrail()
  trail = await house.open()
})
afterEach(() => house.remove())

const nothing = () => undefined
const ERASED: EntryDraft = { kind: 'erased', fields: { scope: 'session' } }

function write(key: PayloadKey, text: string, n = 1): EntryDraft {
  const payloads = [{ name: 'statement.1', key, content: Buffer.from(text.repeat(n)) }]
  return { kind: 'operation.intent', fields: { session: `ses_${key.id}`, ops: [[1, 1, 1]] }, payloads }
}

/** Every secret byte string there is of some keys: as sealed in the key store, and what they sealed, from its first and its last bytes. */
async function remainsOf(...keys: readonly PayloadKey[]): Promise<readonly Buffer[]> {
  await trail.publish()
  const payloads = openPayloadStore(house.folder)
  const found: Buffer[] = keys.map(({ id }) => Buffer.from(house.store.find(id)?.sealed as Uint8Array))
  for (let index = 0; index < trail.proven.size; index++)
    for (const { key, sealed } of payloads.find(index))
      if (keys.some(({ id }) => id === key)) found.push(Buffer.from(sealed.subarray(0, 24)), Buffer.from(sealed.subarray(-24)))
  payloads.close()
  return found
}

function occurring(remains: readonly Buffer[]): number {
  const bytes = house.bytesOnDisk()
  return remains.filter((each) => bytes.includes(each)).length
}

async function expectProven(): Promise<void> {
  const { size, root } = await trail.publish()
  for (const { index, bytes } of await house.entries())
    expect(verifyInclusion(leafHash(bytes), index, size, await inclusionProof(index, size, trail.tile), root)).toBe(true)
}

it('leaves no byte of keys and payloads in any file, and the log as it was', async () => {
  const [kept, gone, mixed] = [trail.sessionKey(), trail.sessionKey(), trail.subjectKey('somebody')]
  for (let n = 0; n < 40; n++) await Promise.all([kept, gone, mixed].map((key) => trail.durable(write(key, `${n} of ${key.id}`, n * 20))))
  await trail.durable({
    ...write(kept, 'a payload beside'),
    payloads: [
      { name: 'a', key: kept, content: Buffer.from('stays') },
      { name: 'b', key: gone, content: Buffer.from('goes') },
    ],
  })
  const remains = await remainsOf(gone, mixed)
  expect(remains.length).toBeGreaterThan(160)
  expect(occurring(remains)).toBe(remains.length)
  const before = await house.entries()
  let told: readonly string[] = []
  const { index } = await trail.erase([gone.id, mixed.id], ERASED, (keys) => {
    told = keys
  })
  expect(occurring(remains)).toBe(0)
  expect(told).toEqual([gone.id, mixed.id])
  const after = await house.entries()
  expect(after.slice(0, before.length).map(({ bytes }) => Buffer.from(bytes))).toEqual(before.map(({ bytes }) => Buffer.from(bytes)))
  expect(after.at(-1)).toMatchObject({
    index,
    kind: 'erased',
    fields: { scope: 'session', erasure: expect.stringMatching(/^era_[0-9a-f]{16}$/) },
  })
  const contents = after.flatMap((entry) => entry.payloads().map(({ content }) => content?.toString()))
  expect(contents.filter((content) => content === undefined)).toHaveLength(81)
  expect(contents.filter((content) => content !== undefined)).toHaveLength(41)
  await expectProven()
})

it('reaches what is written while it is asked for, and leaves others alone', async () => {
  const [gone, live] = [trail.sessionKey(), trail.sessionKey()]
  let written = 0
  let ended = false
  const traffic = (async () => {
    for (; !ended; written++) await trail.durable(write(live, `live ${written}`))
  })()
  for (let n = 0; n < 30; n++) trail.append(write(gone, `gone ${n}`))
  const erasing = trail.erase([gone.id], ERASED, nothing)
  await erasing
  ended = true
  await traffic
  expect(written).toBeGreaterThan(10)
  await trail.publish()
  const payloads = openPayloadStore(house.folder)
  const left = Array.from({ length: trail.proven.size }, (_, index) => payloads.find(index)).flat()
  payloads.close()
  expect(left.map(({ key }) => key)).toEqual(Array.from({ length: written }, () => live.id))
  expect(house.bytesOnDisk().includes(Buffer.from(gone.id, 'hex')), 'a record in a segment names the key').toBe(false)
})

it('gives a person who comes back another key', async () => {
  const before = trail.subjectKey('somebody')
  expect(trail.subjectKeyId('somebody')).toBe(before.id)
  await trail.erase([before.id], ERASED, nothing)
  expect(trail.subjectKeyId('somebody')).toBeUndefined()
  const after = trail.subjectKey('somebody')
  expect(after.id).not.toBe(before.id)
  await trail.durable(write(after, 'anew'))
  expect((await house.entries()).at(-1)?.payloads()[0]?.content?.toString()).toBe('anew')
})

it('takes one after the other, and knows keys that are gone already', async () => {
  const keys = [trail.sessionKey(), trail.sessionKey()]
  for (const key of keys) await trail.durable(write(key, 'x'))
  const [first, second] = await Promise.all(keys.map(({ id }) => trail.erase([id], ERASED, nothing)))
  expect(second?.index).toBeGreaterThan(first?.index as number)
  await trail.erase(
    keys.map(({ id }) => id),
    ERASED,
    nothing,
  )
  expect((await house.entries()).filter(({ kind }) => kind === 'erased')).toHaveLength(3)
})

describe('an erasure that is interrupted', () => {
  /** Dies at the given step: nothing that it does from then on has any effect. */
  function dying(steps: number) {
    let left = steps
    let died = false
    const step = () => {
      if (left-- > 0) return
      died = true
      throw new Error('the process is dead')
    }
    const store: KeyStore = {
      ...house.store,
      set(name, value) {
        if (name === 'erasing') step()
        house.store.set(name, value)
      },
      destroy(ids) {
        step()
        house.store.destroy(ids)
      },
    }
    const payloads = (folder: string, log?: string): PayloadStore => {
      const real = openPayloadStore(folder, log)
      return {
        ...real,
        remove(keys) {
          step()
          return real.remove(keys)
        },
      }
    }
    return { store, payloads, also: step, died: () => died }
  }

  it('anywhere, is done where the log tells of it, and else not at all', async () => {
    const ended: string[] = []
    for (let steps = 0; ; steps++) {
      await house.close()
      const { store, payloads, also, died } = dying(steps)
      trail = await house.open({ keys: store, payloads })
      const key = trail.sessionKey()
      await trail.durable(write(key, 'SECRET', 50))
      const remains = await remainsOf(key)
      await trail.erase([key.id], ERASED, also).catch(nothing)
      await trail.durable(write(trail.sessionKey(), 'traffic'))
      await house.close()

      house.said.length = 0
      trail = await house.open()
      // What was destroyed on purpose is not missing.
      expect(house.said).toEqual([])
      const told: string[] = []
      const finished = await trail.finishErasing((keys) => void told.push(...keys))
      const last = (await house.entries()).filter(({ kind }) => kind === 'erased').length
      const recorded = last > ended.filter((end) => end !== 'not at all').length
      expect(occurring(remains)).toBe(recorded ? 0 : remains.length)
      await expectProven()
      expect(await trail.finishErasing(nothing)).toBe(0)
      if (!died()) break
      expect(finished).toBe(recorded ? 1 : 0)
      expect(told).toEqual(recorded ? [key.id] : [])
      ended.push(recorded ? 'done' : 'not at all')
    }
    // Before it is remembered; that it is recorded, key, payloads, what goes besides, that it is done.
    expect(ended).toEqual(['not at all', 'done', 'done', 'done', 'done', 'done'])
  })

  it('before its entry, is not done', async () => {
    const key = trail.sessionKey()
    await trail.durable(write(key, 'SECRET'))
    house.store.set('erasing', JSON.stringify({ id: 'era_00', log: trail.name, from: 0, recorded: false, keys: [key.id] }))
    expect(await trail.finishErasing(nothing)).toBe(0)
    expect((await house.entries())[0]?.payloads()[0]?.content?.toString()).toBe('SECRET')
    expect(house.store.setting('erasing')).toBeUndefined()
  })

  it('leaves nothing in a segment that its entry did not find room behind', async () => {
    const key = trail.sessionKey()
    await trail.durable(write(key, 'SECRET', 10))
    const remains = await remainsOf(key)
    const segment = Number.parseInt(house.segments()[0] as string, 10)
    const underWay = { id: 'era_00', log: trail.name, from: 0, upTo: segment, recorded: true, keys: [key.id] }
    house.store.set('erasing', JSON.stringify(underWay))
    expect(await trail.finishErasing(nothing)).toBe(1)
    expect((await house.entries()).at(-1)?.fields).toEqual({ erasure: 'era_00', scope: 'unfinished', keys: 1 })
    expect(occurring(remains)).toBe(0)
  })

  it('is finished by the next one', async () => {
    const [first, second] = [trail.sessionKey(), trail.sessionKey()]
    for (const key of [first, second]) await trail.durable(write(key, 'SECRET', 10))
    const remains = await remainsOf(first, second)
    await expect(
      trail.erase([first.id], ERASED, () => {
        throw new Error('the index cannot be written')
      }),
    ).rejects.toMatchObject({ code: 'GS_TRAIL_ERASING' })
    const told: string[] = []
    await trail.erase([second.id], ERASED, (keys) => void told.push(...keys))
    expect(told).toEqual([first.id, second.id])
    expect(occurring(remains)).toBe(0)
  })

  it('in a log that was set aside since, is done in both', async () => {
    const key = trail.sessionKey()
    await trail.durable(write(key, 'SECRET', 10))
    const remains = await remainsOf(key)
    const underWay = { id: 'era_00', log: trail.name, from: 0, recorded: false, keys: [key.id] }
    await house.close()
    house.store.set('erasing', JSON.stringify(underWay))
    trail = await house.open({ newLog: 'compromised' })
    expect(await trail.finishErasing(nothing)).toBe(1)
    expect((await house.entries()).at(-1)?.fields).toEqual({
      erasure: 'era_00',
      scope: 'unfinished',
      keys: 1,
      log: 'test.example/trail/one',
    })
    expect(occurring(remains)).toBe(0)
  })
})

describe('logs that were set aside', () => {
  it('lose what is erased too, published or not, and keep their tree', async () => {
    const [gone, kept] = [trail.sessionKey(), trail.sessionKey()]
    await trail.durable({ kind: 'session.open', fields: { session: 'ses_a', run: 'run_a', key: gone.id } })
    await trail.durable(write(gone, 'PUBLISHED', 10))
    const published = await remainsOf(gone)
    await trail.durable({ kind: 'session.open', fields: { session: 'ses_b', run: 'run_a', key: kept.id } })
    await trail.durable(write(gone, 'ONLY IN A SEGMENT', 10))
    await house.close()
    // What was not published when the log was found to be damaged: a copy of a segment has it.
    trail = await house.open({ newLog: 'compromised' })
    const aside = join(house.folder, 'trail.1')
    const tree = readdirSync(join(aside, 'log'), { recursive: true }).sort()
    const segments = readdirSync(aside).filter((name) => name.endsWith('.wal'))
    const sealed = segments
      .map((name) => readFileSync(join(aside, name)))
      .find((bytes) => bytes.includes(Buffer.from(gone.id, 'hex'))) as Buffer
    const place = sealed.lastIndexOf(Buffer.from(gone.id, 'hex'))
    const inSegment = sealed.subarray(place + 12, place + 12 + sealed.readUInt32BE(place + 8))
    expect(inSegment.byteLength).toBe(10 * 'ONLY IN A SEGMENT'.length + 16)
    expect(occurring([inSegment])).toBe(1)
    const sessions: unknown[] = []
    for await (const { kind, fields } of trail.readAside()) if (kind === 'session.open') sessions.push(fields.session)
    expect(new Set(sessions)).toEqual(new Set(['ses_a', 'ses_b']))

    await trail.erase([gone.id], ERASED, nothing)
    expect(occurring([...published, inSegment])).toBe(0)
    expect(readdirSync(join(aside, 'log'), { recursive: true }).sort()).toEqual(tree)
  })

  it('are read as far as they can be', async () => {
    for (let n = 0; n < 300; n++) trail.append({ kind: 'session.open', fields: { session: `ses_${n}` } })
    await trail.publish()
    await house.close()
    renameSync(join(house.folder, 'trail'), join(house.folder, 'trail.7'))
    mkdirSync(join(house.folder, 'trail.x'))
    house.store.forgetState()
    trail = await house.open()
    const log = join(house.folder, 'trail.7/log/tile/entries')
    const sessions = new Set<unknown>()
    for await (const { fields } of trail.readAside()) sessions.add(fields.session)
    expect(sessions.size).toBe(300)
    renameSync(join(log, '000'), join(log, '001'))
    for await (const { fields } of trail.readAside()) expect(sessions.has(fields.session)).toBe(true)
  })
})

it('destroys thousands of keys in portions, and lets others have their turn between them', async () => {
  const keys = Array.from({ length: 2000 }, (_, n) => n.toString(16).padStart(16, '0'))
  const portions: number[] = []
  const turns: number[] = []
  const counting = setInterval(() => turns.push(portions.length), 0)
  const destroyed: string[] = []
  const destroy = (ids: readonly string[]) => {
    portions.push(ids.length)
    destroyed.push(...ids)
    const until = performance.now() + 3
    while (performance.now() < until);
  }
  await destroyInTurns({ destroy }, keys)
  clearInterval(counting)
  expect(destroyed).toEqual(keys)
  expect(Math.max(...portions)).toBeLessThanOrEqual(256)
  expect(new Set(turns).size).toBeGreaterThan(4)
})

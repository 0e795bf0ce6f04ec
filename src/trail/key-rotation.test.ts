import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { TestTrail } from '../../test/parts/trail.ts'
import { ed25519Signer, newSeed, parseCheckpoint, parseNote, parseVkey, signNote, verifiedBy } from '../tlog/index.ts'
import { systemClock } from './entry-clock.ts'
import type { KeyStore } from './key-store.ts'
import { SigningKeys } from './signing-keys.ts'
import type { Trail } from './trail.ts'

const HOUR = 3_600_000
let house: TestTrail
let now: number
beforeEach(() => {
  house = new TestTrail()
  now = Date.now()
})
afterEach(() => house.remove())

/** Opens with a clock that a test sets, and keeps every checkpoint. */
async function open(keys: KeyStore = house.store): Promise<{ trail: Trail; checkpoints: string[] }> {
  const trail = await house.open({ keys, clock: { wall: () => now, monotonic: systemClock.monotonic } })
  const checkpoints: string[] = []
  trail.onPublished(({ checkpoint }) => checkpoint !== undefined && checkpoint !== checkpoints.at(-1) && checkpoints.push(checkpoint))
  return { trail, checkpoints }
}

const entry = (n: number) => ({ kind: 'config.refused', fields: { n } }) as const
const path = () => join(house.folder, 'trail/log/checkpoint')
const sizeOf = (note: string) => parseCheckpoint(parseNote(note).text).size
const signing = () => new SigningKeys(house.store, house.sealer)

/** Which of these keys signed, by their place. */
function signersOf(note: string, vkeys: readonly string[]): number[] {
  const by = verifiedBy(parseNote(note), vkeys.map(parseVkey)).map(({ vkey }) => vkeys.indexOf(vkey))
  expect(by).toHaveLength(parseNote(note).signatures.length)
  return by.sort()
}

async function changes(): Promise<object[]> {
  return (await house.entries()).filter(({ kind }) => kind === 'key.changed').map(({ fields }) => fields)
}

it('covers the change by a checkpoint of the old key alone, then both sign, then the new one', async () => {
  const { trail, checkpoints } = await open()
  const [old] = trail.verifierKeys() as [string]
  await trail.durable(entry(0))
  const { index } = await trail.rotateKey(now + HOUR)
  const keys = [old, trail.verifierKeys()[0] as string]
  expect(trail.verifierKeys()).toEqual(keys.toReversed())
  await trail.durable(entry(1))
  await trail.publish()
  const telling = checkpoints.filter((note) => sizeOf(note) > index).map((note) => signersOf(note, keys))
  expect(telling[0]).toEqual([0])
  expect(telling.slice(1).every((by) => by.length === 2)).toBe(true)
  expect(await changes()).toEqual([{ key: 'log', from: old, to: keys[1], until: new Date(now + HOUR).toISOString() }])

  now += HOUR
  expect(trail.verifierKeys()).toEqual([keys[1]])
  await house.close()
  const after = await open()
  await after.trail.durable(entry(2))
  const { checkpoint } = await after.trail.publish()
  expect(signersOf(checkpoint as string, keys)).toEqual([1])
  expect(after.trail.logKeys()).toEqual([
    { vkey: keys[1], state: 'signs', since: expect.any(Number) },
    { vkey: old, state: 'former', since: expect.any(Number), until: now },
  ])
})

it('ends the overlap and destroys the old key while it runs', async () => {
  const trail = await house.open()
  const [old] = trail.verifierKeys() as [string]
  await trail.durable(entry(0))
  await trail.rotateKey(Date.now() + 700)
  const [fresh] = trail.verifierKeys() as [string]
  expect(house.store.all('note')).toHaveLength(2)
  await expect.poll(() => house.store.all('note').length, { timeout: 5_000 }).toBe(1)
  await trail.durable(entry(1))
  const { checkpoint } = await trail.publish()
  expect(signersOf(checkpoint as string, [old, fresh])).toEqual([1])
})

it('needs no overlap where none is asked for', async () => {
  const { trail, checkpoints } = await open()
  const [old] = trail.verifierKeys() as [string]
  const { index } = await trail.rotateKey(now)
  const [fresh] = trail.verifierKeys() as [string]
  const [first, second] = checkpoints.filter((note) => sizeOf(note) > index)
  expect(signersOf(first as string, [old, fresh])).toEqual([0])
  expect(signersOf(second as string, [old, fresh])).toEqual([1])
  await expect.poll(() => house.store.all('note').length).toBe(1)
})

it('accepts after a restart what a key signed that is gone by now, and nobody else', async () => {
  const { trail, checkpoints } = await open()
  const [old] = trail.verifierKeys() as [string]
  await trail.rotateKey(now + HOUR)
  const byOldAlone = checkpoints.find((note) => signersOf(note, [old, trail.verifierKeys()[0] as string]).length === 1) as string
  const both = readFileSync(path(), 'utf8')
  now += HOUR
  for (const left of [byOldAlone, both]) {
    await house.close()
    writeFileSync(path(), left)
    const { trail: again } = await open()
    expect(again.verifierKeys()).not.toContain(old)
    expect(house.store.all('note')).toHaveLength(1)
  }
  await house.close()
  const { text } = parseNote(both)
  writeFileSync(path(), signNote(text, [ed25519Signer('test.example/trail/one', newSeed())]))
  await expect(open()).rejects.toMatchObject({ code: expect.stringMatching(/^GS_TRAIL_(KEYS|DAMAGED)$/) })
  // A key of another log does not count for this one.
  const [own] = house.store.all('note').map((key) => house.sealer.open(key.sealed, `gatescribe trail key\nnote\n${key.id}\n${key.label}`))
  writeFileSync(path(), signNote(text, [ed25519Signer('test.example/trail/one.2', own as Uint8Array)]))
  await expect(open()).rejects.toMatchObject({ code: 'GS_TRAIL_DAMAGED' })
  writeFileSync(path(), both)
  await open()
})

it('lets several keys sign where one rotation begins within the overlap of another, but not any number', async () => {
  const { trail } = await open()
  const keys = [...trail.verifierKeys()]
  for (const hours of [3, 1, 2]) {
    await trail.rotateKey(now + hours * HOUR)
    keys.push(trail.verifierKeys()[0] as string)
  }
  await trail.durable(entry(0))
  expect(signersOf((await trail.publish()).checkpoint as string, keys)).toEqual([0, 1, 2, 3])
  await expect(trail.rotateKey(now + HOUR)).rejects.toMatchObject({ code: 'GS_TRAIL_ROTATING' })
  now += HOUR
  await house.close()
  const { trail: again } = await open()
  expect(again.verifierKeys()).toEqual([keys[3], keys[2], keys[0]])
  await again.rotateKey(now + HOUR)
  expect(await changes()).toHaveLength(4)
})

it('takes one rotation after the other', async () => {
  const { trail } = await open()
  await Promise.all([trail.rotateKey(now + HOUR), trail.rotateKey(now + 2 * HOUR)])
  const told = (await changes()) as { from: string; to: string }[]
  expect(told[0]?.to).toBe(told[1]?.from)
  expect(trail.verifierKeys()).toHaveLength(3)
})

it('has not rotated where a crash came before the entry, and keeps nothing of the key', async () => {
  await (await open()).trail.durable(entry(0))
  await house.close()
  const made = signing().prepareNext('test.example/trail/one', now + HOUR, 1)
  const { trail } = await open()
  const before = trail.verifierKeys()
  expect(before).not.toContain(made)
  await expect.poll(() => house.store.all('note').length).toBe(1)
  expect(await changes()).toEqual([])
  await trail.rotateKey(now + HOUR)
  expect(trail.verifierKeys().slice(1)).toEqual(before)
})

it('has not rotated where a crash came before the key', async () => {
  await (await open()).trail.durable(entry(0))
  await house.close()
  house.store.set('signing', JSON.stringify({ overlaps: [], next: { label: '000002', until: now + HOUR, from: 1 } }))
  const { trail } = await open()
  const before = trail.verifierKeys()
  await trail.rotateKey(now + HOUR)
  expect(trail.verifierKeys().slice(1)).toEqual(before)
})

it('goes on with a rotation of which the log tells', async () => {
  const { trail } = await open()
  const [old] = trail.verifierKeys() as [string]
  await trail.durable(entry(0))
  const made = signing().prepareNext(trail.name, now + HOUR, 1)
  await trail.durable({ kind: 'key.changed', fields: { key: 'log', from: old, to: made, until: new Date(now + HOUR).toISOString() } })
  expect(trail.logKeys()[0]).toEqual({ vkey: made, state: 'next' })
  await house.close()
  expect(signersOf(readFileSync(path(), 'utf8'), [old, made])).toEqual([0])
  const { trail: again } = await open()
  await expect.poll(() => again.verifierKeys()).toEqual([made, old])
  await again.durable(entry(1))
  expect(signersOf((await again.publish()).checkpoint as string, [old, made])).toEqual([0, 1])
  expect(await changes()).toHaveLength(1)
})

it('has happened if and only if the log tells of it, wherever its writes to the key store end', async () => {
  const name = 'test.example/trail/one'
  let ended = 0
  await open()
  await house.close()
  for (let writes = 0; ; writes++) {
    const dying = dyingStore(writes)
    const { trail, checkpoints } = await open(dying.store)
    await trail.rotateKey(now + HOUR).catch(() => undefined)
    await trail.durable(entry(writes))
    await trail.publish()
    const died = dying.died()
    await house.close()
    const { trail: again } = await open()
    await expect.poll(() => again.logKeys().every(({ state }) => state !== 'next')).toBe(true)
    const told = ((await changes()) as { to: string }[]).map(({ to }) => to)
    const signed = again.logKeys().map(({ vkey }) => vkey)
    expect(signed.slice(0, -1)).toEqual(told.toReversed())
    for (const note of checkpoints) signersOf(note, signed)
    expect(
      signing()
        .verifiers(name)
        .map(({ vkey }) => vkey),
    ).toEqual(signed.toReversed())
    await house.close()
    // The next round begins with one key again.
    now += 2 * HOUR
    await open()
    await expect.poll(() => house.store.all('note').length).toBe(1)
    await house.close()
    if (died) ended++
    else break
  }
  // Two of the preparation, two of the taking.
  expect(ended).toBe(4)
})

/** The house's key store, of which nothing about signing can be changed any more after so many changes. */
function dyingStore(writes: number): { store: KeyStore; died(): boolean } {
  let left = writes
  const { store } = house
  const change = <Args extends readonly unknown[]>(write: (...args: Args) => void, counts: (...args: Args) => boolean) => {
    return (...args: Args) => {
      if (counts(...args) && left-- <= 0) throw new Error('the process is dead')
      write(...args)
    }
  }
  const dying = {
    ...store,
    insert: change(store.insert, ([key]) => key?.purpose === 'note'),
    destroy: change(store.destroy, () => true),
    set: change(store.set, (setting) => setting.startsWith('signing')),
  }
  return { store: dying, died: () => left < 0 }
}

it('waits with the new key while nothing may be signed', async () => {
  let allow!: () => void
  const trail = await house.open({ mayBeSigned: new Promise<void>((resolve) => (allow = resolve)) })
  const [old] = trail.verifierKeys() as [string]
  const { index } = await trail.rotateKey(Date.now() + HOUR)
  expect(trail.logKeys().map(({ state }) => state)).toEqual(['next', 'signs'])
  await expect(trail.rotateKey(Date.now() + HOUR)).rejects.toMatchObject({ code: 'GS_TRAIL_ROTATING' })
  const seen: string[] = []
  trail.onPublished(({ checkpoint }) => checkpoint !== undefined && seen.push(checkpoint))
  allow()
  await expect.poll(() => trail.verifierKeys().length, { timeout: 3_000 }).toBe(2)
  expect(sizeOf(seen[0] as string)).toBeGreaterThan(index)
  expect(signersOf(seen[0] as string, [old])).toEqual([0])
})

it('has not rotated where the entry could not be written', async () => {
  const { trail } = await open()
  const before = trail.verifierKeys()
  await house.close()
  await expect(trail.rotateKey(now + HOUR)).rejects.toMatchObject({ code: 'GS_TRAIL_CLOSED' })
  const { trail: again } = await open()
  expect(again.verifierKeys()).toEqual(before)
  await again.rotateKey(now + HOUR)
  expect(again.verifierKeys().slice(1)).toEqual(before)
})

it('does not let keys of a log that was set aside sign the new one, and destroys them', async () => {
  const { trail } = await open()
  await trail.rotateKey(now + HOUR)
  const before = trail.logKeys().map(({ vkey }) => vkey)
  await house.close()
  const next = await house.open({ newLog: 'compromised' })
  expect(next.verifierKeys()).toHaveLength(1)
  expect(next.verifierKeys()[0]).toContain('test.example/trail/one.2+')
  expect(next.logKeys().map(({ vkey, state }) => [vkey, state])).toEqual([
    [next.verifierKeys()[0], 'signs'],
    ...before.map((vkey) => [vkey, 'former']),
  ])
  await expect.poll(() => house.store.all('note').length).toBe(1)
})

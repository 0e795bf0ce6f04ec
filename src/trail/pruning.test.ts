import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { everythingBelow, TestTrail } from '../../test/parts/trail.ts'
import { openPayloadStore } from '../store/index.ts'
import { inclusionProof, leafHash, verifyInclusion } from '../tlog/index.ts'
import { folderLogFiles, type PayloadKey, type Trail } from './index.ts'

let house: TestTrail
let trail: Trail
let key: PayloadKey
beforeEach(async () => {
  house = new TestTrail()
  trail = await house.open()
  key = trail.sessionKey()
})
afterEach(() => house.remove())

const PRUNED = { kind: 'pruned', fields: {} } as const
const nothing = () => undefined
const bundles = () =>
  Array.from({ length: 24 }, (_, n) => n).filter((n) =>
    existsSync(join(house.folder, `trail/log/tile/entries/${String(n).padStart(3, '0')}`)),
  )

async function write(count: number, text: string, under = key): Promise<void> {
  const payloads = [{ name: 'a', key: under, content: Buffer.from(text.repeat(10)) }]
  for (let n = 1; n < count; n++) trail.append({ kind: 'log.read', fields: { n }, payloads })
  await trail.durable({ kind: 'log.read', fields: {}, payloads })
}

const contentsFrom = async (from: number) =>
  (await house.entries({ from })).flatMap((entry) => entry.payloads().map(({ content }) => content?.toString().slice(0, 3)))

it('takes whole bundles with their payloads; whoever has an entry can prove it from the hashes all the same', async () => {
  await write(700, 'OLD')
  await trail.publish()
  const before = await house.entries()
  const { minimum } = await trail.prune(everythingBelow(600, 0), PRUNED, nothing)
  expect(minimum).toBe(512)
  expect(bundles()).toEqual([])
  expect((await house.entries())[0]?.index).toBe(512)
  const { size, root } = trail.proven
  for (const { index, bytes } of before.filter(({ index }) => index % 37 === 0))
    expect(verifyInclusion(leafHash(bytes), index, size, await inclusionProof(index, size, trail.tile), root)).toBe(true)
  await house.close()
  trail = await house.open()
  expect(trail.proven.minimum).toBe(512)
  expect(await contentsFrom(0)).toEqual(Array.from({ length: 700 - 512 }, () => 'OLD'))
})

it('takes payloads before their entries, down to the last byte, also where all of the log is in one segment', async () => {
  await write(300, 'OLD')
  await trail.publish()
  await write(300, 'NEW')
  const sealed = (house.store.find(key.id) as { sealed: Uint8Array }).sealed
  await trail.prune(everythingBelow(0, 300), PRUNED, nothing)
  expect(trail.proven.minimum).toBe(0)
  expect(await contentsFrom(0)).toEqual(Array.from({ length: 600 }, (_, n) => (n < 300 ? undefined : 'NEW')))
  const other = trail.sessionKey()
  await write(300, 'MORE', other)
  let told: readonly string[] = []
  await trail.prune({ ...everythingBelow(0, 601), keys: [key.id] }, PRUNED, (keys) => {
    told = keys
  })
  expect(told).toEqual([key.id])
  expect(house.bytesOnDisk().includes(sealed)).toBe(false)
  expect(house.bytesOnDisk().includes(Buffer.from(key.id, 'hex')), 'a record in a segment names the key').toBe(false)
  expect(await contentsFrom(0)).toEqual(Array.from({ length: 900 }, (_, n) => (n < 600 ? undefined : 'MOR')))
})

it('leaves what is to be kept', async () => {
  const [held, person] = [trail.sessionKey(), trail.subjectKey('somebody')]
  await write(1, 'PER', person)
  await trail.publish()
  await write(1, 'PE2', person)
  await write(300, 'HEL', held)
  await write(300, 'OLD')
  const kept = { keys: [held.id], entries: [{ index: 1, key: person.id }] }
  await trail.prune({ ...everythingBelow(0, 602), kept }, PRUNED, nothing)
  expect(await contentsFrom(0)).toEqual([undefined, 'PE2', ...Array.from({ length: 600 }, (_, n) => (n < 300 ? 'HEL' : undefined))])
  await trail.prune(everythingBelow(0, 602), PRUNED, nothing)
  expect((await contentsFrom(0)).filter(Boolean)).toEqual([])
})

it('is finished by the next one where it was interrupted, at whichever bundle', async () => {
  for (let stop = 0; stop < 4; stop++) {
    await house.close()
    const real = folderLogFiles(join(house.folder, 'trail'))
    let left = stop
    trail = await house.open({
      logFiles: {
        ...real,
        async remove(paths) {
          for (const path of paths) {
            if (path.includes('entries') && !path.endsWith('.p') && left-- <= 0) throw new Error('the process is dead')
            await real.remove([path])
          }
        },
      },
    })
    await write(1100, 'OLD')
    await trail.publish()
    const whole = Math.floor(trail.proven.size / 256)
    await expect(trail.prune(everythingBelow(whole * 256), PRUNED, nothing)).rejects.toThrow('dead')
    await house.close()
    trail = await house.open()
    expect(bundles()).not.toEqual([])
    await trail.prune(everythingBelow((whole - 1) * 256), PRUNED, nothing)
    expect(bundles().filter((n) => n < whole)).toEqual([])
    await house.entries()
  }
})

it('takes logs that were set aside once all of them is too old, and leaves their hashes', async () => {
  const kept = trail.sessionKey()
  await write(300, 'OLD')
  await write(1, 'HELD', kept)
  await house.close()
  trail = await house.open({ newLog: 'compromised' })
  const aside = join(house.folder, 'trail.1')
  const files = () => readdirSync(aside, { recursive: true, encoding: 'utf8' }).sort()
  const count = async (before: number) => {
    let entries = 0
    for await (const _ of trail.readAside(before)) entries++
    return entries
  }
  const now = Date.now() + 60_000
  expect(await count(now)).toBe(302)
  expect(await count(now - 3_600_000)).toBe(0)
  const before = files()
  await trail.prune({ ...everythingBelow(0), aside: { entries: now - 3_600_000, payloads: now - 3_600_000 } }, PRUNED, nothing)
  expect(files()).toEqual(before)
  await trail.prune({ ...everythingBelow(0), aside: { payloads: now }, kept: { keys: [kept.id], entries: [] } }, PRUNED, nothing)
  expect(files().filter((name) => name.endsWith('.wal'))).toEqual([])
  const payloads = openPayloadStore(house.folder, 'trail.1')
  expect([0, 299, 300].map((index) => payloads.find(index).length)).toEqual([0, 0, 1])
  payloads.close()
  await trail.prune({ ...everythingBelow(0), aside: { payloads: now, entries: now } }, PRUNED, nothing)
  expect(files().filter((name) => /payloads|entries/.test(name))).toEqual([])
  expect(files()).toContain('log/tile/0/000')
  expect(await count(now)).toBe(0)
})

it('opens what is kept of an entry that is gone', async () => {
  await write(300, 'HELD')
  await trail.publish()
  const [entry] = await house.entries({ from: 3 })
  await trail.prune({ ...everythingBelow(256), kept: { keys: [key.id], entries: [] } }, PRUNED, nothing)
  expect((await house.entries())[0]?.index).toBe(256)
  expect(
    trail
      .reopen(3, entry?.bytes as Uint8Array)
      .payloads()[0]
      ?.content?.toString(),
  ).toBe('HELD'.repeat(10))
})

it('goes on beside what is written and published', async () => {
  await write(600, 'OLD')
  await trail.publish()
  let ended = false
  let written = 0
  const traffic = (async () => {
    for (; !ended; written++) await write(1, 'NEW')
  })()
  await trail.prune(everythingBelow(512), PRUNED, nothing)
  ended = true
  await traffic
  await trail.publish()
  expect(trail.proven).toMatchObject({ minimum: 512, size: 600 + 1 + written })
  expect((await contentsFrom(0)).filter((content) => content === 'NEW')).toHaveLength(written)
})

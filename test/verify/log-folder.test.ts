import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { Unusable } from '../../src/verify/verdict.ts'
import { NaiveEntries } from './naive-entries.ts'
import { checkpointText, logKey, note, witnessKey } from './naive-keys.ts'
import { bundled, NaiveLog } from './naive-log.ts'
import { policyOf, said, Workplace } from './verdicts.ts'

const place = new Workplace()
afterAll(() => place.remove())

const log = new NaiveLog(1000)
const trust = log.key
const written = (size?: number) => log.write(place.path(), size)
const change = (folder: string, path: string, bytes: Uint8Array | string) => {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), bytes)
}

it.each([0, 1, 2, 255, 256, 257, 511, 512, 999, 1000])('verifies a log of %i entries, and that it has grown from a smaller one', (size) => {
  const folder = written(size)
  for (const before of [0, 1, 200, 256, 300, 512, 900].filter((before) => before <= size)) {
    expect(said(folder, { trust, kept: log.checkpoint(before) })).toEqual({
      exit: 0,
      ...{ failed: {}, entries: {}, skipped: [] },
      passed: ['signature', 'append-only', 'inclusion', 'complete', 'witnessed', 'semantic'],
    })
  }
})

it('verifies a log with three levels of tiles', () => {
  const entries = Array.from({ length: 66_000 }, (_, n) =>
    Buffer.from(`{"at":"2026-11-23T21:24:14.000000000Z","id":"7f3a9c21b0.${n}","kind":"x"}`),
  )
  const large = new NaiveLog(entries, trust)
  const folder = large.write(place.path())
  expect(said(folder, { trust, kept: large.checkpoint(65_536) }).exit).toBe(0)
  const tile = readFileSync(join(folder, 'tile/1/000'))
  tile[40] = (tile[40] as number) ^ 1
  change(folder, 'tile/1/000', tile)
  expect(said(folder, { trust })).toMatchObject({
    exit: 12,
    failed: { inclusion: 'entries 0 to 65535: tile/1/000 is not the one in the tree' },
  })
})

it('believes no checkpoint that no trusted key signed, and then nothing else', () => {
  expect(said(written(), { trust: logKey(trust.name) })).toEqual({
    exit: 10,
    failed: { signature: `no trusted key signed for ${trust.name}` },
    ...{ entries: {}, passed: [] },
    skipped: ['inclusion', 'complete', 'witnessed', 'semantic'],
  })
})

it('sees a log that was rolled back', () => {
  expect(said(written(700), { trust, kept: log.checkpoint(701) })).toMatchObject({
    exit: 11,
    failed: { 'append-only': 'rolled back: the checkpoint of 701 entries is newer than this one of 700' },
  })
})

it('sees a log with another history, though all of it was signed anew', () => {
  const entries = [...log.entries]
  const changed = entries.findIndex((entry, at) => at >= 300 && entry.includes('"ok"'))
  entries[changed] = Buffer.from(String(entries[changed]).replace('"ok"', '"no"'))
  const folder = new NaiveLog(entries, trust).write(place.path())
  expect(said(folder, { trust }).exit).toBe(0)
  expect(said(folder, { trust, kept: log.checkpoint(changed) }).exit).toBe(0)
  for (const before of [changed + 1, 512, 1000]) {
    expect(said(folder, { trust, kept: log.checkpoint(before) })).toMatchObject({
      exit: 11,
      failed: { 'append-only': `another history than that of the checkpoint of ${before} entries` },
    })
  }
})

it('compares with no checkpoint of another log', () => {
  expect(() => said(written(9), { trust, kept: new NaiveLog(5, logKey('other')).checkpoint() })).toThrow(
    'is of other, not of example.org/prod/main',
  )
})

it('tells that a beginning was pruned, and checks the hash tiles of it', () => {
  const folder = written()
  for (const n of ['000', '001']) rmSync(join(folder, 'tile/entries', n))
  const result = said(folder, { trust, kept: log.checkpoint(100) })
  expect(result).toMatchObject({ exit: 0 })
  const tile = readFileSync(join(folder, 'tile/0/000'))
  tile[0] = (tile[0] as number) ^ 1
  change(folder, 'tile/0/000', tile)
  expect(said(folder, { trust })).toMatchObject({ exit: 12, entries: { inclusion: 0 } })
})

it('sees entries that are missing from the middle, from the end, or altogether', () => {
  const middle = written()
  rmSync(join(middle, 'tile/entries/001'))
  expect(said(middle, { trust })).toMatchObject({
    exit: 13,
    failed: { complete: 'entry 512 stands where 256 belongs' },
    entries: { complete: 256 },
  })
  const end = written()
  rmSync(join(end, 'tile/entries/003.p'), { recursive: true })
  expect(said(end, { trust })).toMatchObject({ exit: 13, failed: { complete: 'entries 768 to 999 are missing' } })
  const all = written()
  rmSync(join(all, 'tile/entries'), { recursive: true })
  expect(said(all, { trust })).toMatchObject({ exit: 13, failed: { complete: 'entries 0 to 999 are missing' } })
})

it('holds nothing against a log that what its checkpoint does not lead to stands beside it', () => {
  const folder = written(600)
  for (const size of [310, 800, 1000]) for (const [path, bytes] of log.files(size)) if (path !== 'checkpoint') change(folder, path, bytes)
  change(folder, 'tile/0/README', 'x')
  expect(said(folder, { trust }).exit).toBe(0)
})

it('takes a full tile and bundle in the place of partial ones that are gone', () => {
  const folder = log.write(place.path(), 1000)
  change(folder, 'checkpoint', log.checkpoint(700))
  expect(said(folder, { trust })).toMatchObject({ exit: 12 })
  change(folder, 'tile/1/000.p/2', log.tree.tile(1, 0, 700))
  expect(said(folder, { trust })).toMatchObject({ exit: 0, passed: expect.arrayContaining(['complete']) })
})

it('sees a tile that is missing', () => {
  for (const path of ['tile/0/001', 'tile/0/003.p/232', 'tile/1/000.p/3']) {
    const folder = written()
    rmSync(join(folder, path))
    expect(said(folder, { trust })).toMatchObject({ exit: 12, failed: { inclusion: expect.stringContaining(`${path} is missing`) } })
  }
})

it('sees a bundle with an entry too few or too many', () => {
  const folder = written()
  const last = log.entries.slice(768)
  change(folder, 'tile/entries/003.p/232', bundled(last.slice(0, -1)))
  expect(said(folder, { trust })).toMatchObject({ exit: 12, entries: { inclusion: 999 } })
  change(folder, 'tile/entries/003.p/232', bundled([...last, last[231] as Buffer]))
  expect(said(folder, { trust })).toMatchObject({ exit: 12, entries: { inclusion: 1000 } })
  change(folder, 'tile/entries/003.p/232', Buffer.concat([bundled(last), Buffer.of(0)]))
  expect(said(folder, { trust })).toMatchObject({ exit: 12, entries: { inclusion: 1000 } })
  change(folder, 'tile/entries/003.p/232', '')
  expect(said(folder, { trust })).toMatchObject({ exit: 12, entries: { inclusion: 768 } })
})

it('sees what an honest tree can hold and a gateway does not write', () => {
  const entries = [...log.entries]
  const at = entries.findIndex((entry) => entry.includes('"operation.outcome"'))
  entries.splice(at, 1)
  const folder = new NaiveLog(entries, trust).write(place.path())
  expect(said(folder, { trust })).toMatchObject({ exit: 15, passed: ['signature', 'inclusion', 'complete', 'witnessed'] })
  const garbage = new NaiveLog([Buffer.from('no JSON'), Buffer.from([0xff])], trust).write(place.path())
  expect(said(garbage, { trust })).toMatchObject({ exit: 15, entries: { semantic: 0 } })
  const empty = new NaiveLog([Buffer.alloc(0)], trust).write(place.path())
  expect(said(empty, { trust })).toMatchObject({ exit: 15, failed: { semantic: 'entry 0 has no id, time or kind' } })
})

it('says by how many witnesses the log was seen, and up to where', () => {
  const witnesses = ['one', 'two', 'three'].map((name) => witnessKey(`witness.example/${name}`))
  const [one, two] = witnesses as [(typeof witnesses)[0], (typeof witnesses)[0]]
  const policy = policyOf(trust, witnesses, 'group Q 2 W1 W2 W3', 'quorum Q')
  const folder = written()
  expect(said(folder, { trust: policy })).toMatchObject({
    exit: 14,
    failed: { witnessed: '1000 entries by none: not enough for the policy' },
  })
  change(folder, 'checkpoint', log.checkpoint(1000, [one]))
  expect(said(folder, { trust: policy }).exit).toBe(14)
  change(folder, 'checkpoint', log.checkpoint(1000, [one, two]))
  expect(said(folder, { trust: policy }).exit).toBe(0)

  change(folder, 'checkpoint', log.checkpoint())
  change(folder, 'witnessed', log.checkpoint(800, [one, two]))
  expect(said(folder, { trust: policy }).exit).toBe(0)
  change(folder, 'witnessed', log.checkpoint(800, [one]))
  expect(said(folder, { trust: policy })).toMatchObject({
    exit: 14,
    failed: { witnessed: '1000 entries by none; 800 entries by W1: not enough for the policy' },
  })
  change(folder, 'witnessed', note(checkpointText(trust.name, 800, Buffer.alloc(32, 1)), [trust, one, two]))
  expect(said(folder, { trust: policy })).toMatchObject({
    exit: 11,
    failed: { 'append-only': 'another history than that of the checkpoint of 800 entries' },
  })
  change(folder, 'witnessed', note(checkpointText(trust.name, 1001, Buffer.alloc(32, 1)), [trust, one, two]))
  expect(said(folder, { trust: policy })).toMatchObject({ exit: 11, failed: { 'append-only': expect.stringContaining('rolled back') } })
  // Where nobody asks for witnesses, what the log itself signed still counts.
  expect(said(folder, { trust }).exit).toBe(11)
  change(folder, 'witnessed', note(checkpointText(trust.name, 800, log.tree.hash(0, 800)), [one, two]))
  expect(said(folder, { trust: policy }).exit).toBe(14)
  expect(said(folder, { trust }).exit).toBe(0)
})

it('refuses what is no log folder, and what leads out of it', () => {
  const folder = written(9)
  expect(() => said(join(folder, 'tile'), { trust })).toThrow('has no checkpoint')
  renameSync(join(folder, 'checkpoint'), join(folder, 'elsewhere'))
  symlinkSync('elsewhere', join(folder, 'checkpoint'))
  expect(() => said(folder, { trust })).toThrow(Unusable)
  rmSync(join(folder, 'checkpoint'))
  change(folder, 'checkpoint', 'x'.repeat(70_000))
  expect(() => said(folder, { trust })).toThrow(Unusable)
  change(folder, 'checkpoint', log.checkpoint(9).replaceAll('\n', '\r\n'))
  expect(() => said(folder, { trust })).toThrow('not a signed note')
  change(folder, 'checkpoint', log.checkpoint(9))
  rmSync(join(folder, 'tile/0/000.p/9'))
  symlinkSync('/dev/zero', join(folder, 'tile/0/000.p/9'))
  expect(() => said(folder, { trust })).toThrow('cannot be read')
  rmSync(join(folder, 'tile/0/000.p/9'))
  change(folder, 'tile/0/000.p/9', Buffer.alloc(49 << 20))
  expect(() => said(folder, { trust })).toThrow('51380224 bytes')
})

it('is done at once with a size that no disk holds', () => {
  const huge = note(checkpointText(trust.name, 2 ** 49 - 1, Buffer.alloc(32, 1)), [trust])
  const folder = written(600)
  change(folder, 'checkpoint', huge)
  expect(said(folder, { trust }).exit).toBe(12)
})

it('knows the generator to be as a gateway is: whole, without a gap, and varied', () => {
  const { entries } = NaiveEntries.of(1000)
  const kinds = new Set(entries.map((entry) => JSON.parse(String(entry)).kind))
  expect([...kinds].sort()).toEqual(
    [
      'gateway.start',
      'gateway.stop',
      'operation.intent',
      'operation.outcome',
      'run.end',
      'run.start',
      'session.close',
      'session.open',
    ].sort(),
  )
})

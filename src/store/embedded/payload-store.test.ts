import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { seeded } from '../../../test/parts/seeded.ts'
import type { PayloadGroup, PayloadStore } from '../../trail/index.ts'
import { openPayloadStore } from './payload-store.ts'

let folder: string
let store: PayloadStore
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-payloads-'))
  store = openPayloadStore(folder)
})
afterEach(() => {
  store.close()
  rmSync(folder, { recursive: true, force: true })
})

const KEYS = ['a'.repeat(16), 'b'.repeat(16)] as const

function group(key: string, ...placed: [index: number, place: number, sealed: string][]): PayloadGroup {
  const payloads = placed.map(([index, place, sealed]) => ({ index, place, sealed: Buffer.from(sealed) }))
  return { key, first: placed[0]![0], last: placed.at(-1)![0], payloads }
}
const found = (index: number) => store.find(index).map(({ key, place, sealed }) => `${key[0]}${place} ${Buffer.from(sealed)}`)
const bytesOnDisk = () => Buffer.concat(readdirSync(join(folder, 'trail')).map((name) => readFileSync(join(folder, 'trail', name))))

it('finds the payloads of an entry in order of their places, whatever keys sealed them', () => {
  store.put(0, 100, [group(KEYS[0], [1, 1, 'second'], [2, 0, 'of two']), group(KEYS[1], [1, 0, 'first'])])
  store.put(3, 100, [group(KEYS[0], [5, 0, 'later'])])
  expect(found(1)).toEqual(['b0 first', 'a1 second'])
  expect(found(2)).toEqual(['a0 of two'])
  expect(found(5)).toEqual(['a0 later'])
  for (const none of [0, 3, 4, 6, 1e15]) expect(found(none)).toEqual([])
})

it('replaces what was put from the same entry on, as after a crash between two steps', () => {
  store.put(0, 100, [group(KEYS[0], [0, 0, 'kept'])])
  store.put(1, 100, [group(KEYS[0], [1, 0, 'first try'], [7, 0, 'beyond'])])
  store.put(1, 100, [group(KEYS[0], [1, 0, 'second try'])])
  expect([0, 1, 7].map(found)).toEqual([['a0 kept'], ['a0 second try'], []])
  store.put(1, 100, [])
  expect([0, 1].map(found)).toEqual([['a0 kept'], []])
})

it('splits what one key sealed in a second, and finds each part', () => {
  const large = 'x'.repeat(100_000)
  const many = Array.from({ length: 9 }, (_, index): [number, number, string] => [index, 0, `${index}${large}`])
  store.put(0, 100, [group(KEYS[0], ...many, [8, 1, 'and another'])])
  for (let index = 0; index < 9; index++) expect(found(index)[0]?.slice(0, 4)).toBe(`a0 ${index}`)
  expect(found(8)[1]).toBe('a1 and another')
})

it('leaves no byte of what a removed key sealed in any file', () => {
  store.put(0, 100, [group(KEYS[0], [0, 0, 'THIS-MUST-GO'], [1, 0, 'THIS-MUST-GO'.repeat(2000)]), group(KEYS[1], [1, 1, 'THIS-STAYS'])])
  const other = openPayloadStore(folder)
  expect(other.find(0)).toHaveLength(1)
  expect(store.remove([KEYS[0], 'c'.repeat(16)])).toBe(true)
  expect(bytesOnDisk().includes('THIS-MUST-GO')).toBe(false)
  expect(bytesOnDisk().includes('THIS-STAYS')).toBe(true)
  expect(found(0)).toEqual([])
  expect(found(1)).toEqual(['b1 THIS-STAYS'])
  expect(store.remove([KEYS[0]])).toBe(true)
  other.close()
})

it('holds nothing that another connection removed, also right after it was found', () => {
  store.put(0, 100, [group(KEYS[0], [0, 0, 'erased elsewhere'], [1, 0, 'this too'])])
  expect(found(0)).toEqual(['a0 erased elsewhere'])
  const other = openPayloadStore(folder)
  other.remove([KEYS[0]])
  expect([0, 1].map(found)).toEqual([[], []])
  other.close()
})

it('looks for what others removed once for each moment', () => {
  store.put(0, 100, [group(KEYS[0], [0, 0, 'erased elsewhere'], [1, 0, 'this too'])])
  const [moment, next] = [{}, {}]
  expect(store.find(0, moment)).toHaveLength(1)
  const other = openPayloadStore(folder)
  other.remove([KEYS[0]])
  other.close()
  expect(store.find(1, moment)).toHaveLength(1)
  expect(store.find(1, next)).toEqual([])
})

it('prunes what is below an entry, but for the keys that are kept', () => {
  store.put(0, 100, [group(KEYS[0], [0, 0, 'OLD-OF-A'], [9, 0, 'reaches beyond']), group(KEYS[1], [3, 0, 'held'])])
  store.put(10, 100, [group(KEYS[0], [12, 0, 'OLD-OF-A too'])])
  store.put(20, 100, [group(KEYS[0], [20, 0, 'new'])])
  expect(store.prune(20, { keys: [KEYS[1]], entries: [] })).toBe(true)
  expect([0, 3, 9, 12, 20].map(found)).toEqual([[], ['b0 held'], [], [], ['a0 new']])
  store.prune(21, { keys: [KEYS[1]], entries: [] })
  store.put(21, 100, [group(KEYS[0], [21, 0, 'OLD-OF-A at the edge'], [22, 0, 'beyond it'])])
  store.prune(22, { keys: [KEYS[1]], entries: [] })
  expect([3, 20, 21, 22].map(found)).toEqual([['b0 held'], [], [], ['a0 beyond it']])
  expect(bytesOnDisk().includes('OLD-OF-A')).toBe(false)
})

it('keeps what one entry has under a key that others share, and drops it once it is not to be kept', () => {
  store.put(0, 100, [group(KEYS[0], [1, 0, 'of another'])])
  store.put(2, 100, [group(KEYS[0], [2, 0, 'held'], [2, 1, 'and this'], [3, 0, 'of yet another'])])
  store.prune(4, { keys: [], entries: [{ index: 2, key: KEYS[0] }] })
  expect([1, 2, 3].map(found)).toEqual([[], ['a0 held', 'a1 and this'], []])
  expect(bytesOnDisk().includes('another')).toBe(false)
  store.prune(4, { keys: [], entries: [{ index: 2, key: KEYS[1] }] })
  expect(found(2)).toEqual([])
})

it('removes much in steps, also what was erased before', () => {
  for (let at = 0; at < 1_000; at++) store.put(at, 1_000_000, [group(KEYS[at % 2] as string, [at, 0, `OF-${'ab'[at % 2]} ${at}`])])
  expect([1, 2, 3].map(() => store.remove([...KEYS]))).toEqual([false, true, true])
  expect(bytesOnDisk().includes('OF-')).toBe(false)
  expect([1, 2, 3].map(() => store.prune(1_000, { keys: [], entries: [] }))).toEqual([false, true, true])
})

it('moves nothing that stays when something is erased, so that no copy of it is left behind', () => {
  const random = seeded(7)
  const secrets = new Map<string, string>()
  for (let at = 0; at < 600; at++) {
    const key = randomKey(random)
    secrets.set(key, `SECRET-${key}`)
    store.put(at, 1_000_000, [group(key, [at, 0, `SECRET-${key} ${'x'.repeat(random() * 900)}`])])
    if (at % 5 > 0) continue
    const gone = [...secrets.keys()].filter(() => random() < 0.1)
    store.remove(gone)
    const bytes = bytesOnDisk()
    for (const key of gone) if (bytes.includes(secrets.get(key) as string)) expect.fail(`${key} was erased and is there, after ${at}`)
    for (const key of gone) secrets.delete(key)
  }
  expect(secrets.size).toBeGreaterThan(20)
})

const randomKey = (random: () => number) => Array.from({ length: 16 }, () => Math.floor(random() * 16).toString(16)).join('')

it('makes files for its owner alone', () => {
  for (const name of readdirSync(join(folder, 'trail'))) expect(statSync(join(folder, 'trail', name)).mode & 0o777).toBe(0o600)
})

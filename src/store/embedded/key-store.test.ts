import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { seeded } from '../../../test/parts/seeded.ts'
import { type EmbeddedKeyStore, openKeyStore } from './key-store.ts'

let folder: string
let store: EmbeddedKeyStore
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-keys-'))
  store = openKeyStore(folder)
})
afterEach(() => {
  store.close()
  rmSync(folder, { recursive: true, force: true })
})

const key = (id: string, sealed: string) => ({ id, purpose: 'session' as const, label: id, sealed: Buffer.from(sealed) })

it('keeps keys and state when opened again', () => {
  const state = {
    segment: 3,
    offset: 512,
    batches: 7,
    entries: 9,
    mac: Buffer.alloc(32, 1),
    size: 5,
    root: Buffer.alloc(32, 2),
    clean: false,
  }
  store.insert([key('a', 'sealed a'), { ...key('b', 'sealed b'), purpose: 'subject', label: 'someone' }])
  store.saveState(state)
  store.close()
  store = openKeyStore(folder)
  expect(Buffer.from(store.find('a')?.sealed as Uint8Array).toString()).toBe('sealed a')
  expect(store.findByLabel('subject', 'someone')?.id).toBe('b')
  expect(store.find('c')).toBeUndefined()
  const read = store.state()
  expect({ ...read, mac: Buffer.from(read?.mac as Uint8Array), root: Buffer.from(read?.root as Uint8Array) }).toEqual(state)
})

it('writes all keys of one call or none', () => {
  store.insert([key('a', 'x')])
  expect(() => store.insert([key('b', 'y'), key('a', 'z')])).toThrow()
  expect(store.find('b')).toBeUndefined()
})

it('leaves nothing of a destroyed key in any of its files', () => {
  store.insert([key('a', 'THIS-MUST-GO'), key('b', 'THIS-STAYS')])
  store.destroy(['a'])
  store.destroy(['a', 'never there'])
  const bytes = Buffer.concat(readdirSync(folder).map((name) => readFileSync(join(folder, name))))
  expect(bytes.includes('THIS-MUST-GO')).toBe(false)
  expect(bytes.includes('THIS-STAYS')).toBe(true)
})

const bytesOnDisk = () => Buffer.concat(readdirSync(folder).map((name) => readFileSync(join(folder, name)))).toString('latin1')

it('knows a destroyed key under none of its names, and takes another of the same', () => {
  const subject = (id: string, sealed: string) => ({ ...key(id, sealed), purpose: 'subject' as const, label: 'someone' })
  for (const id of ['a', 'b', 'c']) {
    store.insert([subject(id, `SEALED-${id}`)])
    expect(store.findByLabel('subject', 'someone')?.id).toBe(id)
    store.destroy([id])
    expect(store.find(id)).toBeUndefined()
    expect(store.findByLabel('subject', 'someone')).toBeUndefined()
    expect(store.all('subject')).toEqual([])
  }
  expect(['a', 'c', 'never there'].map(store.knows)).toEqual([false, true, false])
  store.reseal(({ id }) => {
    throw new Error(`${id} is destroyed`)
  })
  expect(bytesOnDisk()).not.toContain('SEALED-')
})

it('moves no key that stays when others are destroyed, so that no copy of it is left behind', () => {
  const random = seeded(11)
  const live = new Map<string, string>()
  for (let round = 0; round < 40; round++) {
    const made = Array.from({ length: 1 + Math.floor(random() * 100) }, (_, at) => `${round}-${at}`)
    store.insert(made.map((id) => key(id, `SEALED-${id}-${'x'.repeat(40)}`)))
    for (const id of made) live.set(id, `SEALED-${id}-`)
    const gone = [...live.keys()].filter(() => random() < 0.3)
    store.destroy(gone)
    const bytes = bytesOnDisk()
    for (const id of gone) if (bytes.includes(live.get(id) as string)) expect.fail(`${id} was destroyed and is there, in round ${round}`)
    for (const id of gone) live.delete(id)
  }
  expect([...live.keys()].every((id) => store.find(id))).toBe(true)
})

it('gives back the room of destroyed keys when it is opened again, once they are many', () => {
  const ids = Array.from({ length: 10_050 }, (_, at) => String(at))
  store.insert(ids.map((id) => key(id, `SEALED-${id}`)))
  store.destroy(ids.slice(40))
  const before = statSync(join(folder, 'keys.sqlite')).size
  store.close()
  store = openKeyStore(folder)
  expect(statSync(join(folder, 'keys.sqlite')).size).toBeLessThan(before / 10)
  expect(store.all('session')).toHaveLength(40)
})

it('says that it could not empty its write-ahead file while another reads', () => {
  store.insert([key('a', 'x'), key('b', 'y')])
  const other = new DatabaseSync(join(folder, 'keys.sqlite'))
  const reading = other.prepare('SELECT * FROM key').iterate()
  reading.next()
  store.close()
  store = openKeyStore(folder, 50)
  expect(() => store.destroy(['a'])).toThrow(expect.objectContaining({ code: 'GS_STORE_BUSY' }))
  reading.return?.()
  store.destroy(['a'])
  expect(statSync(join(folder, 'keys.sqlite-wal')).size).toBe(0)
  other.close()
})

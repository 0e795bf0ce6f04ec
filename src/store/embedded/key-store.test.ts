import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
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

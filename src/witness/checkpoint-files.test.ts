import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { checkpointFiles, originHash } from './checkpoint-files.ts'

const LOG = originHash('log.example/main')
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-witness-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

it('names a log by the SHA-256 of its origin', () => {
  expect(originHash('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
})

it('remembers what was kept last, for another process too', () => {
  const store = checkpointFiles(folder)
  expect(store.latest(LOG)).toBeUndefined()
  for (let number = 0; number < 12; number++) {
    expect(store.advance(LOG, number, `note ${number + 1}`)).toBe(true)
    expect(store.latest(LOG)).toEqual({ number: number + 1, note: `note ${number + 1}` })
  }
  expect(checkpointFiles(folder).latest(LOG)).toEqual({ number: 12, note: 'note 12' })
  expect(readdirSync(join(folder, 'logs', LOG)).sort()).toEqual(['000000000011', '000000000012'])
})

it('lets one of two go on from the same place', () => {
  const [one, other] = [checkpointFiles(folder), checkpointFiles(folder)]
  expect(one.advance(LOG, 0, 'first')).toBe(true)
  expect(other.advance(LOG, 0, 'second')).toBe(false)
  expect(other.latest(LOG)?.note).toBe('first')
  expect(other.advance(LOG, 1, 'third')).toBe(true)
  expect(one.advance(LOG, 1, 'fourth')).toBe(false)
  expect(one.latest(LOG)?.note).toBe('third')
})

it('lets nobody take a place that is long past, though its file was removed', () => {
  const store = checkpointFiles(folder)
  for (let number = 0; number < 5; number++) store.advance(LOG, number, `note ${number + 1}`)
  expect(store.advance(LOG, 1, 'late')).toBe(false)
  expect(store.latest(LOG)).toEqual({ number: 5, note: 'note 5' })
})

it('ignores what a killed process left, and removes it once it is old', () => {
  const place = join(folder, 'logs', LOG)
  checkpointFiles(folder).advance(LOG, 0, 'note 1')
  writeFileSync(join(place, '000000000002.1.part'), 'no')
  writeFileSync(join(place, '000000000002.2.part'), 'no')
  utimesSync(join(place, '000000000002.1.part'), 1, 1)
  expect(checkpointFiles(folder).latest(LOG)).toEqual({ number: 1, note: 'note 1' })
  expect(readdirSync(place).sort()).toEqual(['000000000001', '000000000002.2.part'])
})

it('starts beside another process whose draft is gone between the listing and the look at it', () => {
  checkpointFiles(folder).advance(LOG, 0, 'note 1')
  // Is listed, and is not there.
  symlinkSync('nowhere', join(folder, 'logs', LOG, '000000000002.1.part'))
  expect(checkpointFiles(folder).latest(LOG)).toEqual({ number: 1, note: 'note 1' })
})

it('says so where it cannot write, and has nothing changed', () => {
  const store = checkpointFiles(folder)
  store.advance(LOG, 0, 'note 1')
  rmSync(join(folder, 'logs', LOG), { recursive: true })
  writeFileSync(join(folder, 'logs', LOG), 'a file in the place of a folder')
  expect(() => store.advance(LOG, 0, 'note 1')).toThrow(expect.objectContaining({ code: 'GS_WITNESS_STORAGE' }))
  expect(() => store.latest(LOG)).toThrow(expect.objectContaining({ code: 'GS_WITNESS_STATE' }))
})

it('keeps notes that cannot both be true, once each and not without end', () => {
  const store = checkpointFiles(folder)
  mkdirSync(join(folder, 'logs', LOG))
  for (let n = 0; n < 100; n++) {
    store.keepSplit(LOG, `two notes ${n}`)
    store.keepSplit(LOG, `two notes ${n}`)
  }
  expect(readdirSync(join(folder, 'logs', LOG, 'split'))).toHaveLength(64)
  expect(store.latest(LOG)).toBeUndefined()
})

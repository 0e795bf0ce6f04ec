import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { cosignatureSigner, parseVkey } from '../tlog/index.ts'
import { createWitnessKey, KEY_FILE, readWitnessKey } from './witness-key.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-witness-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

it('makes a key for cosignatures that only its owner can read, and reads it again', () => {
  const made = createWitnessKey(join(folder, 'new', 'one'), 'witness.example/w1')
  expect(readWitnessKey(join(folder, 'new', 'one'))).toEqual(made)
  expect(parseVkey(made.vkey)).toMatchObject({ name: 'witness.example/w1', kind: 'cosignature' })
  expect(cosignatureSigner(made.name, made.seed, () => 1).vkey).toBe(made.vkey)
  expect(statSync(join(folder, 'new', 'one', KEY_FILE)).mode & 0o777).toBe(0o600)
  expect(statSync(join(folder, 'new', 'one')).mode & 0o777).toBe(0o700)
})

it('never overwrites a key, and makes none for a name that no key can have', () => {
  const made = createWitnessKey(folder, 'w1')
  expect(() => createWitnessKey(folder, 'w2')).toThrow(expect.objectContaining({ code: 'GS_WITNESS_KEY_FILE' }))
  expect(readWitnessKey(folder)).toEqual(made)
  for (const name of ['', 'a b', 'a+b', 'a\nb']) expect(() => createWitnessKey(join(folder, 'x'), name)).toThrow('name of a witness')
})

it('reads no key that others can read, that is a link, or that is not there', () => {
  createWitnessKey(folder, 'w1')
  const path = join(folder, KEY_FILE)
  chmodSync(path, 0o640)
  expect(() => readWitnessKey(folder)).toThrow(/read or changed by others/)
  chmodSync(path, 0o600)
  const elsewhere = join(folder, 'elsewhere')
  writeFileSync(elsewhere, readFileSync(path), { mode: 0o600 })
  rmSync(path)
  expect(() => readWitnessKey(folder)).toThrow(/cannot be read/)
  symlinkSync(elsewhere, path)
  expect(() => readWitnessKey(folder)).toThrow(/cannot be read/)
})

it('uses no folder that others can write in', () => {
  createWitnessKey(folder, 'w1')
  for (const mode of [0o770, 0o707, 0o777, 0o1777]) {
    chmodSync(folder, mode)
    expect(() => readWitnessKey(folder)).toThrow(expect.objectContaining({ code: 'GS_WITNESS_FOLDER' }))
  }
  chmodSync(folder, 0o755)
  expect(readWitnessKey(folder).name).toBe('w1')
})

it('reads no key that was cut or changed, at any character', () => {
  const { vkey } = createWitnessKey(folder, 'w1')
  const path = join(folder, KEY_FILE)
  const text = readFileSync(path, 'utf8')
  for (let at = 0; at < text.length - 1; at++) {
    for (const changed of [text.slice(0, at), `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`]) {
      writeFileSync(path, changed)
      // Bits of the last character may mean nothing; then it is the same key.
      try {
        expect(readWitnessKey(folder).vkey).toBe(vkey)
        expect(at).toBeGreaterThan(text.length - 4)
      } catch (error) {
        expect(error).toMatchObject({ code: 'GS_WITNESS_KEY_FILE' })
      }
    }
  }
})

import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openOwnKey, readConnectorKey } from './key-file.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-connector-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

it('makes a key that only its user reads, once', () => {
  const inside = join(folder, 'new')
  const made = openOwnKey(inside)
  expect(made.made).toBe(true)
  expect(statSync(inside).mode & 0o777).toBe(0o700)
  expect(statSync(join(inside, 'connector.key')).mode & 0o777).toBe(0o600)
  expect(readdirSync(inside)).toEqual(['connector.key'])
  const again = openOwnKey(inside)
  expect(again).toMatchObject({ made: false, id: made.id, fingerprint: made.fingerprint })
  expect(readConnectorKey(inside)).toEqual({ id: made.id, fingerprint: made.fingerprint })
  expect(made.id).toMatch(/^con_[0-9a-f]{32}$/)
})

it('knows no key where there is none', () => {
  expect(readConnectorKey(folder)).toBeUndefined()
  expect(readConnectorKey(join(folder, 'nowhere'))).toBeUndefined()
})

it.each([
  ['a key that others may read', () => chmodSync(join(folder, 'connector.key'), 0o640)],
  ['a folder that others may write', () => chmodSync(folder, 0o777)],
  ['half a key', () => writeFileSync(join(folder, 'connector.key'), readFileSync(join(folder, 'connector.key'), 'utf8').slice(0, 60))],
])('starts with no %s', (_what, change) => {
  openOwnKey(folder)
  change()
  expect(() => openOwnKey(folder)).toThrow(expect.objectContaining({ code: 'GS_CONNECTOR_FOLDER' }))
})

import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openDatabase } from './database.ts'
import { openKeyStore } from './key-store.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-store-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const openElsewhere = () =>
  spawnSync(process.execPath, [
    '--input-type=module',
    '-e',
    `import { openDatabase } from ${JSON.stringify(new URL('./database.ts', import.meta.url).href)}
     try { openDatabase(${JSON.stringify(folder)}).close() } catch (error) { console.log(error.code); process.exit(9) }`,
  ])

it('refuses a second process while the first holds the folder, and admits it afterwards', () => {
  const database = openDatabase(folder)
  const refused = openElsewhere()
  expect(refused.stdout.toString().trim()).toBe('GS_STORE_LOCKED')
  database.close()
  expect(openElsewhere().status).toBe(0)
})

it('runs a migration once and leaves nothing of one that fails', () => {
  const database = openDatabase(folder)
  database.migrate('runs-1', 'CREATE TABLE run (id TEXT PRIMARY KEY) STRICT')
  database.migrate('runs-1', 'CREATE TABLE run (id TEXT PRIMARY KEY) STRICT')
  expect(() => database.migrate('bad', 'CREATE TABLE half (id TEXT); CREATE TABLE run (id TEXT)')).toThrow()
  expect(database.connection.prepare("SELECT name FROM sqlite_schema WHERE name = 'half'").get()).toBeUndefined()
  database.close()
})

it.each([
  ['others', 0o703],
  ['a group', 0o730],
])('refuses a folder that %s can write: whoever can put a file there can replace keys, log and socket', (_, mode) => {
  chmodSync(folder, mode)
  expect(() => openDatabase(folder)).toThrow(expect.objectContaining({ code: 'GS_STORE_FOLDER_EXPOSED' }))
  expect(readdirSync(folder)).toEqual([])
  chmodSync(folder, 0o700)
  openDatabase(folder).close()
})

it.runIf(process.getuid?.() === 0)('refuses a folder that belongs to somebody else', () => {
  chownSync(folder, 1234, 1234)
  expect(() => openDatabase(folder)).toThrow(expect.objectContaining({ code: 'GS_STORE_FOLDER_EXPOSED' }))
})

it('makes files that only the owner can read, also in a folder that others may look into', () => {
  chmodSync(folder, 0o755)
  const database = openDatabase(folder)
  const keys = openKeyStore(folder)
  const modes = readdirSync(folder).map((name) => [name, (statSync(join(folder, name)).mode & 0o777).toString(8)])
  keys.close()
  database.close()
  expect(modes.length).toBeGreaterThan(4)
  expect(modes.filter(([, mode]) => mode !== '600')).toEqual([])
})

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openDatabase } from './database.ts'

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

import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { seeded } from '../../../test/parts/seeded.ts'
import type { RunId } from '../../operations/index.ts'
import type { StoredRun } from '../../runs/index.ts'
import { type EmbeddedDatabase, openDatabase } from './database.ts'
import { embeddedRunStore } from './run-store.ts'

let folder: string
let database: EmbeddedDatabase
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-store-'))
  database = openDatabase(folder)
})
afterEach(() => {
  database.close()
  rmSync(folder, { recursive: true, force: true })
})

const began = { log: 'test.example/trail/one', index: 7 }

/** @param facts so many bytes of them */
function runOf(id: RunId, subject: string, facts = 20): StoredRun {
  const principal = { kind: 'job', issuer: 'ci', subject, groups: [`ci/${subject}`] } as const
  return {
    run: { id, principal, facts: { repository: `${subject} `.repeat(facts / 10) }, startedAt: 1000 },
    state: 'live',
    expiresAt: 2000,
  }
}

function bytesOnDisk(): Buffer {
  return Buffer.concat(globSync('gateway.sqlite*', { cwd: folder }).map((name) => readFileSync(join(folder, name))))
}

it('keeps of a person’s run which sign-in it is of, and forgets that with whose it was', () => {
  const store = embeddedRunStore(database)
  const { run, ...rest } = runOf('run_p', 'alice')
  const own = { ...run, accounts: { github: 'alices-account' }, signIn: { session: 'psn_alice', until: 9_000 } }
  store.insert({ ...rest, run: own, began })
  expect(store.find('run_p')?.run).toEqual(own)
  store.update('run_p', { state: 'ended' })
  store.forget(['run_p'])
  expect(store.find('run_p')?.run).not.toHaveProperty('signIn')
  expect(bytesOnDisk().includes('alices-account')).toBe(false)
})

it('gives back what it was given', () => {
  const store = embeddedRunStore(database)
  const stored = { ...runOf('run_a', 'alice'), began }
  store.insert(stored)
  expect(store.find('run_a')).toEqual({ ...stored, ended: undefined })
  expect(store.recent(10)).toHaveLength(1)
  expect(store.open()).toHaveLength(1)
  store.remove('run_a')
  expect(store.find('run_a')).toBeUndefined()
  expect(bytesOnDisk().includes('nothing of this')).toBe(false)
})

it('forgets whose a run was that is over, and of no other', () => {
  const store = embeddedRunStore(database)
  for (const id of ['run_a', 'run_b', 'run_c'] as const) store.insert({ ...runOf(id, `owner of ${id}`), began })
  store.update('run_a', { state: 'ended', ended: { ...began, index: 9 } })
  store.update('run_b', { state: 'revoked' })
  expect(store.past('', 10).map(({ run }) => run.id)).toEqual(['run_a', 'run_b'])
  store.forget(['run_a', 'run_c', 'run_nobody'])
  expect(store.past('', 10).map(({ run }) => run.id)).toEqual(['run_b'])
  expect(store.find('run_a')).toMatchObject({
    run: { principal: { kind: 'job', issuer: 'ci', subject: '', groups: [] }, facts: {}, startedAt: 1000 },
    ...{ state: 'ended', began, ended: { ...began, index: 9 } },
  })
  expect(store.find('run_c')?.run.principal.subject).toBe('owner of run_c')
  expect(bytesOnDisk().includes('owner of run_a')).toBe(false)
  expect(bytesOnDisk().includes('owner of run_c')).toBe(true)
})

it('leaves no byte of it in any file, whatever came between, before and after', () => {
  const store = embeddedRunStore(database)
  const random = seeded(4)
  const known = new Map<RunId, string>()
  const gone = new Set<string>()
  for (let n = 0; n < 1200; n++) {
    const id: RunId = `run_${Math.floor(random() * 2 ** 40).toString(36)}`
    const subject = `subject-${n}-of-${Math.floor(random() * 1e9)}`
    // Some are larger than a page.
    store.insert({ ...runOf(id, subject, random() < 0.02 ? 9000 : 40 + Math.floor(random() * 600)), began })
    if (random() < 0.05) {
      store.remove(id)
      gone.add(subject)
      continue
    }
    store.update(id, { state: 'ended', expiresAt: Math.floor(random() * 2 ** 40), ended: { ...began, index: n * 1000 } })
    known.set(id, subject)
    if (random() > 0.02) continue
    const ids = [...known.keys()].filter(() => random() < 0.2)
    store.forget(ids)
    for (const each of ids) {
      gone.add(known.get(each) as string)
      known.delete(each)
    }
  }
  store.forget([])
  const bytes = bytesOnDisk()
  expect(gone.size).toBeGreaterThan(200)
  expect([...gone].filter((subject) => bytes.includes(subject))).toEqual([])
  for (const [id, subject] of known) expect(store.find(id)?.run.principal.subject).toBe(subject)
})

it('takes over runs from before they had a table of their own for whose they were, and leaves no copy of that behind', () => {
  const { connection } = database
  database.migrate(
    'run-1',
    `CREATE TABLE run (id TEXT PRIMARY KEY, state TEXT NOT NULL, principal TEXT NOT NULL, facts TEXT NOT NULL, started_at INTEGER NOT NULL,
       expires_at INTEGER NOT NULL) STRICT, WITHOUT ROWID; CREATE INDEX run_by_start ON run (started_at DESC)`,
  )
  const insert = connection.prepare("INSERT INTO run VALUES (?, 'ended', ?, ?, 1000, 2000)")
  for (let n = 0; n < 500; n++) {
    const principal = { kind: 'job', issuer: 'ci', subject: n % 5 === 0 ? '' : `owner ${n}.`, groups: n % 5 === 0 ? [] : ['ci/all'] }
    insert.run(`run_${(n * 7919) % 500}`, JSON.stringify(principal), JSON.stringify(n % 5 === 0 ? {} : { repository: `of owner ${n}.` }))
  }
  const store = embeddedRunStore(database)
  const owners = store.past('', 1000)
  expect(owners).toHaveLength(400)
  expect(store.find('run_419')?.run).toMatchObject({
    principal: { subject: 'owner 1.', groups: ['ci/all'] },
    facts: { repository: 'of owner 1.' },
  })
  expect(store.find('run_0')?.run).toMatchObject({ principal: { kind: 'job', issuer: 'ci', subject: '', groups: [] }, facts: {} })
  store.forget(owners.map(({ run }) => run.id))
  expect(store.past('', 1000)).toEqual([])
  expect(bytesOnDisk().toString('latin1')).not.toMatch(/owner \d+[.]/)
  expect(embeddedRunStore(database).recent(1000)).toHaveLength(500)
})

import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { FirstAdminState, StoredPersonSession } from '../../identity/people/index.ts'
import { type EmbeddedDatabase, openDatabase } from './database.ts'
import { embeddedPersonStore } from './person-store.ts'

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

const sessionOf = (subject: string, openedAt: number): StoredPersonSession => ({
  id: `psn_${subject}`,
  hash: randomBytes(32),
  identified: {
    person: { kind: 'person', issuer: 'okta', subject, groups: ['okta/sre'] },
    displayName: subject,
    accounts: { github: '1' },
    signedInAt: openedAt,
    settings: 'sha256:1',
  },
  via: 'cli',
  openedAt,
  usedAt: openedAt,
})
const again = () => {
  database.close()
  database = openDatabase(folder)
  return embeddedPersonStore(database)
}

it('gives sessions back as they were, also to the next process, and forgets what was removed', () => {
  const [ann, bob] = [sessionOf('ann', 2), sessionOf('bob', 1)]
  embeddedPersonStore(database).insert(ann)
  embeddedPersonStore(database).insert(bob)
  const store = again()
  const plain = (session: StoredPersonSession | undefined) => session && { ...session, hash: Buffer.from(session.hash) }
  expect(plain(store.byHash(ann.hash))).toEqual(ann)
  expect(plain(store.byId(bob.id))).toEqual(bob)
  expect(store.all().map(({ id }) => id)).toEqual([ann.id, bob.id])
  store.used(ann.id, 9)
  store.remove(bob.id)
  const after = again()
  expect(after.byId(ann.id)?.usedAt).toBe(9)
  expect(after.byHash(bob.hash)).toBeUndefined()
  expect(after.all()).toHaveLength(1)
})

it('takes no second session with the same token', () => {
  const store = embeddedPersonStore(database)
  const ann = sessionOf('ann', 1)
  store.insert(ann)
  expect(() => store.insert({ ...sessionOf('bob', 1), hash: ann.hash })).toThrow()
  expect(store.all()).toHaveLength(1)
})

it('knows how far the making of a first administrator is', () => {
  expect(embeddedPersonStore(database).firstAdmin()).toBeUndefined()
  const states: FirstAdminState[] = [
    { state: 'offered', hash: randomBytes(32), until: 7 },
    { state: 'bound', person: { issuer: 'okta', issuerUrl: 'https://acme.okta.com', subject: 'ann' } },
    { state: 'closed' },
  ]
  for (const state of states) {
    embeddedPersonStore(database).setFirstAdmin(state)
    expect(again().firstAdmin()).toEqual(state)
  }
})

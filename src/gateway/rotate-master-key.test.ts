import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { loadConfig } from '../config/index.ts'
import { createMasterKey, type MasterKey, Secret } from '../credentials/index.ts'
import { parseNote, parseVkey, verifiedBy } from '../tlog/index.ts'
import type { StoredEntry } from '../trail/index.ts'
import { openRooms } from './rooms.ts'
import { rotateGatewayKey } from './rotate-master-key.ts'

const log = pino({ level: 'silent' })
let folder: string
let from: MasterKey
let to: MasterKey
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-rotation-'))
  from = await createMasterKey(join(folder, 'old.key'))
  to = await createMasterKey(join(folder, 'new.key'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** A configuration with this master key, over the one data folder. */
function config(key: string): string {
  const path = join(folder, `${key}.yaml`)
  writeFileSync(
    path,
    `gateway:
  origin: example.org/rotation
  data: ./data
  listen: { postgres: "127.0.0.1:0", token: "127.0.0.1:0" }
  tls: { names: [gw.example.org] }
  masterKey: file:./${key}.key
issuers: []
resources: []
rules: []
`,
  )
  return path
}
const open = (key: string) => openRooms(loadConfig(config(key), {}), log)
const file = (key: string) => ({ from: 'file', path: join(folder, `${key}.key`) }) as const
const rotate = (old = 'old', fresh = 'new') => rotateGatewayKey(config(old), file(fresh), log)

/** A data folder in which everything that a gateway seals is sealed under the old key. */
async function used(): Promise<string> {
  const rooms = await open('old')
  rooms.secrets.set('orders', new Secret('hunter2'))
  const pseudonym = rooms.trail.pseudonym('github', 'somebody')
  await rooms.close('asked')
  return pseudonym
}

/** What the trail says of keys, once the gateway opens with the new one and all that was sealed is there. */
async function recordedUnderNew(pseudonym: string): Promise<readonly StoredEntry['fields'][]> {
  const after = await open('new')
  try {
    expect(after.secrets.get('orders')?.secret.reveal()).toBe('hunter2')
    expect(after.trail.pseudonym('github', 'somebody')).toBe(pseudonym)
    const changes: StoredEntry['fields'][] = []
    for await (const { kind, fields } of after.trail.read()) if (kind === 'key.changed') changes.push(fields)
    return changes
  } finally {
    await after.close('asked')
  }
}

it('moves all that a gateway sealed: it opens with the new key, and no longer with the old', async () => {
  const pseudonym = await used()
  const { moved, ...ids } = await rotate()
  expect(ids).toEqual({ from: from.id, to: to.id })
  expect(Object.keys(moved).sort()).toEqual(['approvals', 'identity', 'names authority', 'secrets', 'trail'])
  // Nobody is asked here: approvals.test.ts has those.
  for (const [purpose, count] of Object.entries({ ...moved, approvals: 1 })) expect(`${purpose} ${Math.min(count, 1)}`).toBe(`${purpose} 1`)

  await expect(open('old')).rejects.toThrow(expect.objectContaining({ code: 'GS_SEALED_ELSEWHERE' }))
  const said = { key: 'master', from: from.id, to: to.id }
  expect(await recordedUnderNew(pseudonym)).toEqual([
    { ...said, state: 'begun' },
    { ...said, state: 'done', moved },
  ])
})

it('moves the keys that sign the log too, also in the overlap of two', async () => {
  const before = await open('old')
  await before.trail.rotateKey(Date.now() + 3_600_000)
  const keys = before.trail.logKeys()
  await before.close('asked')
  await rotate()
  const after = await open('new')
  expect(after.trail.logKeys()).toEqual(keys)
  expect(after.trail.verifierKeys()).toHaveLength(2)
  const { checkpoint } = await after.trail.publish()
  expect(
    verifiedBy(
      parseNote(checkpoint as string),
      keys.map(({ vkey }) => parseVkey(vkey)),
    ),
  ).toHaveLength(2)
  await after.close('asked')
})

it('is finished by running it again, where it was interrupted between two stores', async () => {
  const pseudonym = await used()
  const whole = breakAuthority()
  await expect(rotate()).rejects.toThrow(expect.objectContaining({ code: 'GS_SEALED_BROKEN' }))
  // Half of it is under either key: no gateway starts.
  await expect(open('old')).rejects.toThrow(expect.objectContaining({ code: 'GS_SEALED_ELSEWHERE' }))
  await expect(open('new')).rejects.toThrow(expect.objectContaining({ code: 'GS_SEALED_ELSEWHERE' }))

  breakAuthority(whole)
  const { moved } = await rotate()
  expect(moved).toEqual({ secrets: 0, trail: expect.any(Number), identity: 0, 'names authority': 1, approvals: 0 })
  const states = (await recordedUnderNew(pseudonym)).map(({ state }) => state)
  expect(states).toEqual(['begun', 'begun', 'done'])
})

/** Puts these bytes where the sealed key of the names CA is. @returns what was there */
function breakAuthority(bytes?: Uint8Array): Uint8Array {
  const database = new DatabaseSync(join(folder, 'data', 'gateway.sqlite'))
  try {
    const { sealed } = database.prepare('SELECT sealed FROM names_authority').get() as { sealed: Uint8Array }
    const cut = Buffer.from(sealed)
    cut[cut.byteLength - 1]! ^= 1
    database.prepare('UPDATE names_authority SET sealed = ?').run(bytes ?? cut)
    return sealed
  } finally {
    database.close()
  }
}

it('changes nothing where the old key is not the one that things are sealed under', async () => {
  const pseudonym = await used()
  await createMasterKey(join(folder, 'other.key'))
  await expect(rotate('other', 'new')).rejects.toThrow(expect.objectContaining({ code: 'GS_SEALED_ELSEWHERE' }))
  const before = await open('old')
  expect(before.trail.pseudonym('github', 'somebody')).toBe(pseudonym)
  expect(before.secrets.get('orders')?.secret.reveal()).toBe('hunter2')
  await before.close('asked')
})

it('is refused for the key that is in force', async () => {
  await expect(rotate('old', 'old')).rejects.toThrow(expect.objectContaining({ code: 'GS_GATEWAY_SAME_KEY' }))
})

it('is refused while a gateway holds the folder', async () => {
  const running = await open('old')
  try {
    // The lock is a process's: this one holds it already, so SQLite says so at once.
    await expect(rotate()).rejects.toThrow(expect.objectContaining({ code: 'GS_STORE_LOCKED' }))
  } finally {
    await running.close('asked')
  }
})

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { loadConfig } from '../config/index.ts'
import { createMasterKey, type MasterKey, Secret } from '../credentials/index.ts'
import { openRooms } from './rooms.ts'
import { rotateGatewayKey } from './rotate-master-key.ts'

let folder: string
let from: MasterKey
let to: MasterKey
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-rotation-'))
  from = await createMasterKey(join(folder, 'old.key'))
  to = await createMasterKey(join(folder, 'new.key'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const open = (key: string) => {
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
  return openRooms(loadConfig(path, {}), pino({ level: 'silent' }))
}

it('moves all that a gateway sealed: it opens with the new key, and no longer with the old', async () => {
  const before = await open('old')
  before.secrets.set('orders', new Secret('hunter2'))
  const pseudonym = before.trail.pseudonym('github', 'somebody')
  await before.close('asked')

  const moved = rotateGatewayKey(join(folder, 'data'), from, to)
  expect([...moved.keys()].sort()).toEqual(['identity', 'names authority', 'secrets', 'trail'])
  for (const [purpose, count] of moved) expect(`${purpose} ${Math.min(count, 1)}`).toBe(`${purpose} 1`)
  // Interrupted or not: again with the same keys moves nothing more.
  expect([...rotateGatewayKey(join(folder, 'data'), from, to).values()]).toEqual([0, 0, 0, 0])

  await expect(open('old')).rejects.toThrow(expect.objectContaining({ code: 'GS_SEALED_ELSEWHERE' }))
  const after = await open('new')
  try {
    expect(after.secrets.get('orders')?.secret.reveal()).toBe('hunter2')
    expect(after.trail.pseudonym('github', 'somebody')).toBe(pseudonym)
    let entries = 0
    for await (const _ of after.trail.read()) entries++
    expect(entries).toBeGreaterThan(0)
  } finally {
    await after.close('asked')
  }
})

it('is refused while a gateway holds the folder', async () => {
  const running = await open('old')
  try {
    // The lock is a process's: this one holds it already, so SQLite says so at once.
    expect(() => rotateGatewayKey(join(folder, 'data'), from, to)).toThrow(expect.objectContaining({ code: 'GS_STORE_LOCKED' }))
  } finally {
    await running.close('asked')
  }
})

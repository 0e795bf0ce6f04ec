import { cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { TestTrail } from '../../test/parts/trail.ts'
import { openKeyStore } from '../store/index.ts'
import { parseCheckpoint, parseNote, parseVkey, verifiedBy } from '../tlog/index.ts'

let house: TestTrail
beforeEach(() => {
  house = new TestTrail()
})
afterEach(() => house.remove())

const at = (...path: string[]) => join(house.folder, ...path)
const checkpoint = (folder = 'trail') => parseCheckpoint(parseNote(readFileSync(at(folder, 'log/checkpoint'))).text)

async function write(count: number): Promise<void> {
  for (let n = 0; n < count; n++) await house.trail!.durable({ kind: 'log.read', fields: { n } })
  await house.trail!.publish()
}

/** A log that was restored from an older copy of its folder. */
async function rolledBack(): Promise<void> {
  await house.open()
  await write(3)
  await house.close()
  cpSync(at('trail'), at('older'), { recursive: true })
  await house.open()
  await write(4)
  await house.close()
  rmSync(at('trail'), { recursive: true })
  renameSync(at('older'), at('trail'))
  await expect(house.open()).rejects.toMatchObject({ code: 'GS_TRAIL_ROLLED_BACK', next: expect.stringContaining('--new-origin') })
}

it('goes on under another name where a log was rolled back, and says first what was known of the old one', async () => {
  await rolledBack()
  const kept = readFileSync(at('trail/log/checkpoint'))
  const trail = await house.open({ newLog: 'rolled-back' })
  expect(trail.name).toBe('test.example/trail/one.2')
  const [first] = await house.entries()
  expect(first).toMatchObject({
    index: 0,
    kind: 'log.continued',
    fields: { reason: 'rolled-back', refused: 'GS_TRAIL_ROLLED_BACK', previous: { origin: 'test.example/trail/one', size: 7 } },
  })
  await write(2)
  expect(checkpoint()).toMatchObject({ origin: 'test.example/trail/one.2', size: 3 })
  expect(readFileSync(at('trail.1/log/checkpoint')).equals(kept)).toBe(true)
  await house.close()
  expect((await house.open()).name).toBe('test.example/trail/one.2')
  expect((await house.entries()).map(({ kind }) => kind)).toEqual(['log.continued', 'log.read', 'log.read'])
  expect(house.said).toContainEqual(expect.objectContaining({ message: 'a new log begins; the one before it is kept aside' }))
})

it('signs with another key under the new name', async () => {
  await house.open()
  await write(1)
  const before = house.trail!.verifierKeys().map(parseVkey)
  await house.close()
  const trail = await house.open({ newLog: 'compromised' })
  const note = parseNote((await trail.publish()).checkpoint!)
  const after = trail.verifierKeys().map(parseVkey)
  expect(verifiedBy(note, after)).toHaveLength(1)
  expect(note.signatures).toHaveLength(1)
  expect(before.map(({ vkey }) => vkey.split('+')[2])).not.toContain(after[0]?.vkey.split('+')[2])
})

it('closes a log whose key is lost with a last entry, and nothing is ever written behind it', async () => {
  await house.open()
  await write(5)
  await house.close()
  await house.open({ newLog: 'compromised' })
  expect(checkpoint('trail.1').size).toBe(6)
  expect(readFileSync(at('trail.1/log/tile/entries/000.p/6'), 'latin1')).toContain('"kind":"log.closed"')
  expect((await house.entries())[0]).toMatchObject({
    fields: { reason: 'compromised', previous: { size: 6, root: checkpoint('trail.1').root.toString('base64') } },
  })
})

it('does not sign a log any further that only somebody else knows to be rolled back', async () => {
  await house.open()
  await write(5)
  await house.close()
  const before = readFileSync(at('trail/log/checkpoint'))
  await house.open({ newLog: 'rolled-back' })
  expect(readFileSync(at('trail.1/log/checkpoint')).equals(before)).toBe(true)
})

it('begins no new log where the one that is there is sound', async () => {
  await house.open()
  await write(5)
  await house.close()
  await expect(house.open({ newLog: 'damaged' })).rejects.toMatchObject({ code: 'GS_TRAIL_SOUND' })
  expect(existsSync(at('trail.1'))).toBe(false)
  await house.open()
  expect(house.trail!.name).toBe('test.example/trail/one')
})

it('goes on where its key store was lost, and never under a name that was used', async () => {
  await house.open()
  await write(2)
  await house.close()
  await house.open({ newLog: 'compromised' })
  await house.close()
  house.store.close()
  for (const name of readdirSync(house.folder)) if (name.startsWith('keys.sqlite')) rmSync(at(name))
  house.store = openKeyStore(house.folder)
  await expect(house.open()).rejects.toMatchObject({ code: 'GS_TRAIL_KEYS' })
  const trail = await house.open({ newLog: 'damaged' })
  expect(trail.name).toBe('test.example/trail/one.3')
  expect(readdirSync(house.folder).filter((name) => name.startsWith('trail'))).toEqual(['trail', 'trail.1', 'trail.2'])
})

it.each(['forgetState', 'set generation', 'first entry'])('comes out the same where it is interrupted at: %s', async (where) => {
  await rolledBack()
  const { store } = house
  const broken = {
    ...store,
    forgetState() {
      if (where === 'forgetState') throw new Error('killed')
      store.forgetState()
    },
    set(name: string, value: string | undefined) {
      if (where === 'set generation' && name === 'generation') throw new Error('killed')
      if (where === 'first entry' && name === 'beginning' && value === undefined) throw new Error('killed')
      store.set(name, value)
    },
  }
  await expect(house.open({ newLog: 'rolled-back', keys: broken })).rejects.toThrow('killed')
  house.trail = undefined
  const trail = await house.open()
  expect(trail.name).toBe('test.example/trail/one.2')
  expect((await house.entries()).map(({ kind }) => kind)).toEqual(['log.continued'])
  expect(store.setting('beginning')).toBeUndefined()
  expect(existsSync(at('trail.1/log/checkpoint'))).toBe(true)
})

it('refuses a log of another name in its place', async () => {
  await house.open()
  await write(2)
  await house.close()
  await house.open({ newLog: 'compromised' })
  await house.close()
  rmSync(at('trail'), { recursive: true })
  cpSync(at('trail.1'), at('trail'), { recursive: true })
  await expect(house.open()).rejects.toMatchObject({ code: expect.stringMatching(/^GS_TRAIL_/) })
})

it('refuses each part of a data folder that was put back to what it was before', async () => {
  const parts = { log: ['trail/log'], state: ['trail/state'], 'write-ahead file': ['trail/000000000001.wal'], 'whole trail': ['trail'] }
  await house.open()
  await write(3)
  await house.close()
  cpSync(at('trail'), at('older/trail'), { recursive: true })
  await house.open()
  await write(4)
  await house.close()
  cpSync(at('trail'), at('newest'), { recursive: true })
  for (const [what, paths] of Object.entries(parts)) {
    for (const path of paths) {
      rmSync(at(path), { recursive: true })
      cpSync(at('older', path), at(path), { recursive: true })
    }
    await expect(house.open(), what).rejects.toMatchObject({ code: expect.stringMatching(/^GS_TRAIL_(ROLLED_BACK|DAMAGED)$/) })
    rmSync(at('trail'), { recursive: true })
    cpSync(at('newest'), at('trail'), { recursive: true })
  }
  rmSync(at('trail/log/checkpoint'))
  await house.open()
  expect(await house.entries()).toHaveLength(7)
  await house.close()
  writeFileSync(at('trail/state'), '')
  await expect(house.open()).rejects.toMatchObject({ code: 'GS_TRAIL_DAMAGED' })
})

import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, onTestFinished } from 'vitest'
import { TestTrail } from '../../test/parts/trail.ts'
import { openKeyStore } from '../store/index.ts'
import { checkpointText, ed25519Signer, newSeed, parseCheckpoint, parseNote, parseVkey, signNote, verifiedBy } from '../tlog/index.ts'
import { readBundle } from './bundle.ts'
import { TrailError } from './errors.ts'
import type { KeyStore } from './key-store.ts'
import { segmentHeader, segmentName } from './segment.ts'

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
  const trail = await house.open({ newLog: 'refused' })
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

it('refuses from then on a log that somebody else showed to be rolled back, and signs it no further', async () => {
  await house.open()
  await write(5)
  await house.close()
  cpSync(at('trail'), at('older'), { recursive: true })
  const older = house.store.state()!
  await house.open()
  await write(5)
  const { size, root } = house.trail!.proven
  await house.close()
  cpSync(at('trail'), at('newest'), { recursive: true })
  rmSync(at('trail'), { recursive: true })
  renameSync(at('older'), at('trail'))
  house.store.saveState(older)
  const before = readFileSync(at('trail/log/checkpoint'))

  const trail = await house.open({ mayBeSigned: new Promise(() => undefined) })
  trail.abandon(new TrailError('GS_TRAIL_ROLLED_BACK'), { size, root: Buffer.from(root) })
  expect((await trail.failure).code).toBe('GS_TRAIL_ROLLED_BACK')
  await house.close()
  await expect(house.open()).rejects.toMatchObject({ code: 'GS_TRAIL_ROLLED_BACK' })
  expect(readFileSync(at('trail/log/checkpoint')).equals(before)).toBe(true)

  // Where the newest copy is found after all, it goes on.
  cpSync(at('trail'), at('older'), { recursive: true })
  rmSync(at('trail'), { recursive: true })
  cpSync(at('newest'), at('trail'), { recursive: true })
  const whole = (await (await house.open()).publish()).size
  await house.close()
  rmSync(at('trail'), { recursive: true })
  renameSync(at('older'), at('trail'))
  await house.open({ newLog: 'refused' })
  expect((await house.entries())[0]?.fields).toMatchObject({ reason: 'rolled-back', previous: { size: whole } })
})

it('refuses a log of which somebody else has another history, whether it is longer by now or not', async () => {
  await house.open()
  await write(5)
  house.trail!.abandon(new TrailError('GS_TRAIL_DAMAGED'), { size: 3, root: Buffer.alloc(32, 1) })
  await house.close()
  await expect(house.open()).rejects.toMatchObject({ code: 'GS_TRAIL_DAMAGED' })
  const trail = await house.open({ newLog: 'refused' })
  expect(trail.name).toBe('test.example/trail/one.2')
  await house.close()
  await house.open()
})

it('begins no new log where the one that is there is sound', async () => {
  await house.open()
  await write(5)
  await house.close()
  await expect(house.open({ newLog: 'refused' })).rejects.toMatchObject({ code: 'GS_TRAIL_SOUND' })
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
  const trail = await house.open({ newLog: 'refused' })
  expect(trail.name).toBe('test.example/trail/one.3')
  expect(readdirSync(house.folder).filter((name) => name.startsWith('trail'))).toEqual(['trail', 'trail.1', 'trail.2'])
})

/** Copies of the data folder as a kill would leave it in front of each write to the key store, and behind the last. */
async function killedAtEachWrite(act: (keys: KeyStore) => Promise<unknown>): Promise<string[]> {
  const copies: string[] = []
  const copy = () => {
    const folder = mkdtempSync(join(tmpdir(), 'gatescribe-killed-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    cpSync(house.folder, folder, { recursive: true })
    copies.push(folder)
  }
  const writes = new Set(['set', 'insert', 'destroy', 'forgetState'])
  const before =
    (write: (...args: unknown[]) => unknown) =>
    (...args: unknown[]) => {
      copy()
      return write(...args)
    }
  const { store } = house
  const keys = Object.fromEntries(
    Object.entries(store).map(([name, call]) => [name, writes.has(name) ? before(call as (...args: unknown[]) => unknown) : call]),
  ) as unknown as KeyStore
  await act(keys)
  copy()
  return copies
}

it('comes out the same wherever it is killed while a log is set aside', { timeout: 30_000 }, async () => {
  await rolledBack()
  const copies = await killedAtEachWrite((keys) => house.open({ newLog: 'refused', keys }))
  expect(copies.length).toBeGreaterThan(5)
  let begunAlready = 0
  for (const folder of copies) {
    const killed = new TestTrail(house.sealer, folder)
    // Where nothing had begun the log is refused as before.
    if (await killed.open().catch(() => undefined)) begunAlready++
    else await killed.open({ newLog: 'refused' })
    expect(killed.trail!.name).toBe('test.example/trail/one.2')
    expect((await killed.entries())[0]).toMatchObject({ kind: 'log.continued', fields: { reason: 'rolled-back', previous: { size: 7 } } })
    expect((await killed.entries()).filter(({ kind }) => kind === 'log.continued')).toHaveLength(1)
    expect(killed.store.setting('beginning')).toBeUndefined()
    expect(existsSync(join(folder, 'trail.1/log/checkpoint'))).toBe(true)
    await killed.close()
    killed.store.close()
  }
  expect(begunAlready).toBeGreaterThan(3)
})

it('comes out the same wherever it is killed while a log is closed for good', { timeout: 30_000 }, async () => {
  await house.open()
  await write(5)
  await house.close()
  const copies = await killedAtEachWrite((keys) => house.open({ newLog: 'compromised', keys }))
  const names: string[] = []
  for (const folder of copies) {
    const killed = new TestTrail(house.sealer, folder)
    const trail = await killed.open()
    names.push(trail.name)
    if (trail.name.endsWith('.2')) {
      expect((await killed.entries())[0]).toMatchObject({ kind: 'log.continued', fields: { reason: 'compromised' } })
      const bundle = readBundle(readFileSync(join(folder, 'trail.1/log/tile/entries/000.p/6')), 6)
      expect(bundle.filter((entry) => entry.includes('"kind":"log.closed"'))).toHaveLength(1)
      expect(bundle.at(-1)?.includes('"kind":"log.closed"')).toBe(true)
      const signed = parseCheckpoint(parseNote(readFileSync(join(folder, 'trail.1/log/checkpoint'))).text)
      expect((await killed.entries())[0]?.fields.previous).toEqual({
        origin: 'test.example/trail/one',
        size: signed.size,
        root: signed.root.toString('base64'),
      })
    }
    await killed.close()
    killed.store.close()
  }
  expect(new Set(names).size).toBe(2)
})

it('writes nothing behind the last entry of a log that was closed, whatever the process died of', async () => {
  await house.open()
  await write(2)
  await house.trail!.durable({ kind: 'log.closed', fields: { reason: 'compromised' } })
  const folder = mkdtempSync(join(tmpdir(), 'gatescribe-killed-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  cpSync(house.folder, folder, { recursive: true })
  const killed = new TestTrail(house.sealer, folder)
  await expect(killed.open()).rejects.toMatchObject({ code: 'GS_TRAIL_KEYS' })
  killed.store.set('closing', 'compromised')
  await killed.open()
  expect(killed.trail!.name).toBe('test.example/trail/one.2')
  expect(
    readBundle(readFileSync(join(folder, 'trail.1/log/tile/entries/000.p/3')), 3)
      .at(-1)
      ?.includes('log.closed'),
  ).toBe(true)
  await killed.close()
  killed.store.close()
})

it('says first what was known of the old log, also where the first start of the new one was killed at once', async () => {
  await rolledBack()
  const files = { failing: true }
  const stopping = {
    ...house.store,
    set(name: string, value: string | undefined) {
      house.store.set(name, value)
      if (name === 'generation' && files.failing) throw new Error('killed')
    },
  }
  await expect(house.open({ newLog: 'refused', keys: stopping })).rejects.toThrow('killed')
  // The first segment is made, and nothing whole is in it.
  const segment = Buffer.alloc(64 * 1024)
  segmentHeader('test.example/trail', 'one.2', 1).copy(segment)
  segment.fill(0x47, 512, 600)
  mkdirSync(at('trail'))
  writeFileSync(at('trail', segmentName(1)), segment)
  await house.open()
  expect((await house.entries()).map(({ kind }) => kind).slice(0, 2)).toEqual(['log.continued', 'gateway.recovered'])
})

it('believes no checkpoint that none of its keys signed', async () => {
  await rolledBack()
  const forged = signNote(checkpointText({ origin: 'test.example/trail/one', size: 4711, root: Buffer.alloc(32, 1) }), [
    ed25519Signer('test.example/trail/one', newSeed()),
  ])
  writeFileSync(at('trail/log/checkpoint'), forged)
  await house.open({ newLog: 'refused' })
  expect((await house.entries())[0]?.fields.previous).toMatchObject({ size: 7 })
})

it.each(['trail/log/checkpoint', 'trail/state', 'trail/log/tile/0/000.p/3'])('is the way out too where %s is no file', async (path) => {
  await house.open()
  await write(3)
  await house.close()
  rmSync(at(path))
  mkdirSync(at(path))
  await expect(house.open()).rejects.toMatchObject({ code: 'GS_TRAIL_DAMAGED' })
  expect((await house.open({ newLog: 'refused' })).name).toBe('test.example/trail/one.2')
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

it('does not sign a log further whose key is lost before others said that it is not an older copy', async () => {
  await house.open()
  await write(5)
  await house.close()
  const before = readFileSync(at('trail/log/checkpoint'))
  const trail = await house.open({ newLog: 'compromised', mayBeSigned: new Promise(() => undefined) })
  expect(readFileSync(at('trail.1/log/checkpoint')).equals(before)).toBe(true)
  expect((await house.entries())[0]?.fields.previous).toMatchObject({ size: 6 })
  expect(trail.name).toBe('test.example/trail/one.2')
})

import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { TestTrail, testSealer } from '../../test/parts/trail.ts'
import { openKeyStore } from '../store/index.ts'
import { leafHash, parseCheckpoint, parseNote, TreeBuilder, tilePath } from '../tlog/index.ts'
import { readBundle } from './bundle.ts'
import { segmentName } from './segment.ts'

/*
 * What somebody can do who writes to the data folder but has no master key: put back what was there before, in part or as a whole, move files,
 * and make new ones where nothing secret is needed for it.
 */

let house: TestTrail
beforeEach(() => {
  house = new TestTrail()
})
afterEach(async () => {
  // A trail that "crashed" is closed only now.
  for (const crashed of left.splice(0)) await crashed.close()
  await house.remove()
})

const left: { close(): Promise<void> }[] = []
const at = (...path: string[]) => join(house.folder, ...path)

async function write(count: number, filler = ''): Promise<void> {
  const trail = house.trail!
  const key = trail.sessionKey()
  for (let n = 0; n < count; n++) {
    trail.append({ kind: 'log.read', fields: { n, filler }, payloads: [{ name: 'a', key, content: Buffer.from(`said ${n}`) }] })
  }
  await new Promise<void>((resolve) => trail.whenDurable(() => resolve()))
  await trail.publish()
}

/** Opens the log, writes, closes it in order. */
async function writeAndClose(count: number): Promise<void> {
  await house.open()
  await write(count)
  await house.close()
}

/** Everything in the data folder as it is now. SQLite's own write-ahead files are part of it. */
function copyAs(name: string): void {
  mkdirSync(at('copies', name), { recursive: true })
  for (const file of readdirSync(house.folder)) if (file !== 'copies') cpSync(at(file), at('copies', name, file), { recursive: true })
}

const FILES: Readonly<Record<string, (copy: string) => string[]>> = {
  'keys.sqlite': () => ['keys.sqlite', 'keys.sqlite-wal', 'keys.sqlite-shm'],
  'write-ahead file': (copy) =>
    [...new Set([...segments(at('trail')), ...segments(at('copies', copy, 'trail'))])].map((name) => `trail/${name}`),
}

/** Puts parts of a copy back in the place of what is there. */
function putBack(name: string, ...paths: string[]): void {
  const keys = paths.includes('keys.sqlite')
  if (keys) house.store.close()
  for (const path of paths.flatMap((path) => FILES[path]?.(name) ?? [path])) {
    rmSync(at(path), { recursive: true, force: true })
    if (existsSync(at('copies', name, path))) cpSync(at('copies', name, path), at(path), { recursive: true })
  }
  if (keys) house.store = openKeyStore(house.folder)
}

const segments = (folder: string) => readdirSync(folder).filter((name) => name.endsWith('.wal'))
const opening = () => house.open().then(() => 'opened' as const)

it.each([
  ['the log', ['trail']],
  ['the published log and its state', ['trail/log', 'trail/state']],
  ['the state alone', ['trail/state']],
  ['the state and the write-ahead file', ['trail/state', 'write-ahead file']],
  ['the write-ahead file alone', ['write-ahead file']],
])('refuses %s as it was before', async (_, paths) => {
  await writeAndClose(300)
  copyAs('older')
  await writeAndClose(300)
  putBack('older', ...paths)
  await expect(opening()).rejects.toMatchObject({ code: expect.stringMatching(/^GS_TRAIL_(ROLLED_BACK|DAMAGED)$/) })
})

it.each([
  ['the log', ['trail']],
  ['the state and the write-ahead file', ['trail/state', 'write-ahead file']],
])('refuses %s as it was before, also where the newest checkpoint was deleted', async (_, paths) => {
  await writeAndClose(300)
  copyAs('older')
  await writeAndClose(300)
  putBack('older', ...paths)
  rmSync(at('trail/log/checkpoint'))
  await expect(opening()).rejects.toMatchObject({ code: 'GS_TRAIL_ROLLED_BACK' })
})

it('refuses the log as it was a moment before its last publication, also where a crash came right after the signature', async () => {
  const trail = await house.open()
  await write(10)
  copyAs('older')
  const signed = (folder: string) => parseCheckpoint(parseNote(readFileSync(join(folder, 'trail/log/checkpoint'))).text).size
  const { saveState } = house.store
  house.store.saveState = (state) => (signed(house.folder) === 10 ? saveState(state) : undefined)
  await trail.durable({ kind: 'log.read', fields: {} })
  expect((await trail.publish()).size).toBe(11)
  copyAs('crashed')
  left.push(trail)
  house.trail = undefined
  expect(signed(at('copies/crashed'))).toBe(11)

  const after = new TestTrail(house.sealer, at('copies/crashed'))
  rmSync(join(after.folder, 'trail'), { recursive: true })
  cpSync(at('copies/older/trail'), join(after.folder, 'trail'), { recursive: true })
  await expect(after.open()).rejects.toMatchObject({ code: 'GS_TRAIL_ROLLED_BACK' })
  after.store.close()
})

it('does not go on with a key that was left behind, where keys.sqlite alone is an older copy', async () => {
  await writeAndClose(3)
  copyAs('older')
  const trail = await house.open()
  await trail.rotateKey(Date.now() + 3_600_000)
  await house.close()
  putBack('older', 'keys.sqlite')
  await expect(opening()).rejects.toMatchObject({ code: 'GS_TRAIL_KEYS' })
})

it('says so where keys.sqlite alone is an older copy and payloads have lost their keys with it', async () => {
  await house.open()
  await write(3)
  await house.close()
  copyAs('older')
  for (let n = 0; n < 3; n++) {
    await house.open()
    for (let sessions = 0; sessions < 100; sessions++) await write(1)
    await house.close()
  }
  putBack('older', 'keys.sqlite')
  await house.open()
  expect(house.said).toContainEqual(expect.objectContaining({ message: expect.stringContaining('keys.sqlite is an older copy') }))
  const recovered = (await house.entries()).find(({ kind }) => kind === 'gateway.recovered')
  expect(recovered?.fields.keysMissing).toBeGreaterThan(0)
})

it('raises no alarm where keys are missing because they were erased, also in the middle of it', async () => {
  const trail = await house.open()
  const key = trail.sessionKey()
  await trail.durable({ kind: 'log.read', fields: {}, payloads: [{ name: 'a', key, content: Buffer.from('said') }] })
  const { destroy } = house.store
  house.store.destroy = (ids) => {
    destroy(ids)
    copyAs('in the middle')
  }
  await trail.erase([key.id], { kind: 'erased', fields: {} }, () => undefined)
  await house.close()
  const folders = [house.folder, at('copies/in the middle')]
  for (const opened of folders.map((folder) => new TestTrail(house.sealer, folder))) {
    await opened.open()
    expect(opened.said.filter((line) => 'keysMissing' in line)).toEqual([])
    await opened.close()
    opened.store.close()
  }
})

it('makes no new key for a log whose own is gone', async () => {
  await writeAndClose(3)
  rmSync(at('trail/log/checkpoint'))
  house.store.close()
  const database = new DatabaseSync(at('keys.sqlite'))
  database.exec("DELETE FROM key WHERE purpose = 'note'; DELETE FROM setting")
  database.close()
  house.store = openKeyStore(house.folder)
  await expect(opening()).rejects.toMatchObject({ code: 'GS_TRAIL_KEYS' })
})

it('cannot tell by itself that everything was put back together: nothing is signed before others were asked', async () => {
  await writeAndClose(3)
  copyAs('older')
  await writeAndClose(4)
  putBack('older', 'trail', 'keys.sqlite')
  const before = readFileSync(at('trail/log/checkpoint'))
  const trail = await house.open({ mayBeSigned: new Promise(() => undefined) })
  await write(5)
  expect(trail.proven.checkpoint).toBeUndefined()
  await house.close()
  expect(readFileSync(at('trail/log/checkpoint')).equals(before)).toBe(true)
})

it('opens a log whose checkpoint alone was deleted: state and key store know how far it was signed', async () => {
  await writeAndClose(3)
  rmSync(at('trail/log/checkpoint'))
  const trail = await house.open()
  await trail.publish()
  expect(parseCheckpoint(parseNote(readFileSync(at('trail/log/checkpoint'))).text).size).toBe(3)
})

it('refuses a write-ahead file from which batches in front of what is published were cut out', async () => {
  const trail = await house.open()
  for (let n = 0; n < 20; n++) await trail.durable({ kind: 'log.read', fields: { n, filler: 'x'.repeat(8_000) } })
  await trail.publish()
  await trail.publish()
  await trail.durable({ kind: 'log.read', fields: { last: 1 } })
  await trail.durable({ kind: 'log.read', fields: { last: 2 } })
  copyAs('crashed')
  left.push(trail)
  house.trail = undefined
  const crashed = new TestTrail(house.sealer, at('copies/crashed'))
  const state = JSON.parse(readFileSync(join(crashed.folder, 'trail/state'), 'utf8').split('\n')[0] as string)
  const path = join(crashed.folder, 'trail', segmentName(state.wal.segment))
  const bytes = readFileSync(path)
  expect(state.wal.segment).toBeGreaterThan(1)
  expect(state.wal.offset).toBeGreaterThan(512)
  // The batches that are not published yet, but for the first, follow the header now.
  const cutTo = state.wal.offset + 88 + bytes.readUInt32BE(state.wal.offset + 4)
  writeFileSync(path, Buffer.concat([bytes.subarray(0, 512), bytes.subarray(cutTo), Buffer.alloc(cutTo - 512)]))
  await expect(crashed.open()).rejects.toMatchObject({ code: 'GS_TRAIL_DAMAGED', message: expect.stringContaining('missing') })
  // Moved to the front as a whole they are not where publishing goes on.
  const moved = bytes.readUInt32BE(512 + 4) + 88
  writeFileSync(path, Buffer.concat([bytes.subarray(0, 512), bytes.subarray(512 + moved), Buffer.alloc(moved)]))
  await expect(crashed.open()).rejects.toMatchObject({ code: 'GS_TRAIL_DAMAGED' })
  writeFileSync(path, bytes)
  await crashed.open()
  expect((await crashed.entries()).filter(({ kind }) => kind === 'log.read')).toHaveLength(22)
  await crashed.close()
  crashed.store.close()
})

it('refuses the write-ahead file of another instance, and of another log under the same name', async () => {
  await writeAndClose(3)
  const other = new TestTrail(house.sealer)
  for (const options of [{ instance: 'two' }, {}]) {
    const trail = await other.open(options)
    await trail.durable({ kind: 'log.read', fields: {} })
    await other.close()
    for (const name of segments(at('trail'))) rmSync(at('trail', name))
    cpSync(join(other.folder, 'trail', segmentName(1)), at('trail', segmentName(1)))
    await expect(opening()).rejects.toMatchObject({ code: expect.stringMatching(/^GS_TRAIL_(ROLLED_BACK|DAMAGED)$/) })
    rmSync(join(other.folder, 'trail'), { recursive: true })
    other.store.forgetState()
  }
  await other.remove()
})

it('refuses a key store that was sealed under another master key', async () => {
  await writeAndClose(3)
  const stranger = new TestTrail(testSealer(), house.folder)
  await expect(stranger.open()).rejects.toThrow()
  stranger.store.close()
})

it('shows nobody entries that were changed together with their hashes', async () => {
  await writeAndClose(1_000)
  const forge = (n: number) => {
    const path = at(`trail/log/tile/entries/00${n}`)
    const entries = readBundle(readFileSync(path), 256)
    const forged = entries.map((entry) => Buffer.from(entry.toString('latin1').replace('"filler":""', '"filler":"","n2":1'), 'latin1'))
    writeFileSync(path, Buffer.concat(forged.flatMap((entry) => [Buffer.from([entry.byteLength >> 8, entry.byteLength & 255]), entry])))
    writeFileSync(at(`trail/log/tile/0/00${n}`), Buffer.concat(forged.map((entry) => leafHash(entry))))
  }
  forge(1)
  await house.open()
  await expect(house.entries({ from: 300 })).rejects.toMatchObject({
    code: 'GS_TRAIL_DAMAGED',
    message: expect.stringContaining('256 to 511'),
  })
  expect(await house.entries({ from: 600 })).toHaveLength(400)
  await house.close()
})

it('shows nobody bundles that changed places with their tiles', async () => {
  await writeAndClose(1_000)
  for (const level of ['entries', '0']) {
    renameSync(at(`trail/log/tile/${level}/000`), at('aside'))
    renameSync(at(`trail/log/tile/${level}/001`), at(`trail/log/tile/${level}/000`))
    renameSync(at('aside'), at(`trail/log/tile/${level}/001`))
  }
  await house.open()
  for (const from of [0, 256]) await expect(house.entries({ from })).rejects.toMatchObject({ code: 'GS_TRAIL_DAMAGED' })
  await house.close()
})

it('refuses a whole published log that was made anew, to the last tile', async () => {
  await writeAndClose(600)
  const tree = new TreeBuilder()
  for (let n = 0; n < 600; n++) tree.append(leafHash(Buffer.from(`{"forged":${n}}`)))
  for (const { id, hashes } of tree.take()) writeFileSync(at('trail/log', tilePath(id)), hashes)
  const entries = Array.from({ length: 600 - 512 }, (_, n) => Buffer.from(`{"forged":${n + 512}}`))
  writeFileSync(
    at('trail/log/tile/entries/002.p/88'),
    Buffer.concat(entries.flatMap((entry) => [Buffer.from([0, entry.byteLength]), entry])),
  )
  await expect(opening()).rejects.toMatchObject({ code: 'GS_TRAIL_DAMAGED' })
})

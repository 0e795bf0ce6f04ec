import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { MemorySegments } from '../../test/parts/memory-segments.ts'
import { TestTrail } from '../../test/parts/trail.ts'
import { openPayloadStore } from '../store/index.ts'
import { consistencyProof, leafHash, parseCheckpoint, parseNote, parseVkey, verifiedBy, verifyConsistency } from '../tlog/index.ts'
import { folderLogFiles, type LogFiles } from './log-files.ts'
import { segmentHeader } from './segment.ts'

let house: TestTrail
beforeEach(() => {
  house = new TestTrail()
})
afterEach(() => house.remove())

const read = (n: number, filler = '') => ({ kind: 'log.read' as const, fields: { n, filler } })
const inLog = (path: string) => join(house.folder, 'trail/log', path)
const checkpoint = () => parseCheckpoint(parseNote(readFileSync(inLog('checkpoint'))).text)

async function append(count: number, filler?: string): Promise<void> {
  const trail = house.trail!
  for (let n = 1; n < count; n++) trail.append(read(n, filler))
  await trail.durable(read(count, filler))
}

it('signs a checkpoint of exactly the entries that are durable, by the key that it names', async () => {
  const trail = await house.open()
  await append(300)
  const { size, root, checkpoint: note } = await trail.publish()
  const parsed = parseNote(note!)
  expect(verifiedBy(parsed, trail.verifierKeys().map(parseVkey))).toHaveLength(1)
  expect(parseCheckpoint(parsed.text)).toEqual({ origin: 'test.example/trail/one', size, root })
  expect(size).toBe(300)
  const entries = await house.entries()
  expect(readFileSync(inLog('tile/0/000')).equals(Buffer.concat(entries.slice(0, 256).map(({ bytes }) => leafHash(bytes))))).toBe(true)
  expect(existsSync(inLog('tile/entries/001.p/44'))).toBe(true)
  expect(existsSync(inLog('tile/1/000.p/1'))).toBe(true)
})

it('publishes by itself within a second', async () => {
  await house.open()
  await append(3)
  await expect.poll(() => existsSync(inLog('checkpoint')) && checkpoint().size, { timeout: 3000 }).toBe(3)
  expect(house.trail!.proven.age).toBe(0)
})

it('reads the same entries from the published log as from the write-ahead file, payloads included', async () => {
  const trail = await house.open()
  const key = trail.sessionKey()
  for (let n = 0; n < 600; n++) {
    trail.append({ kind: 'log.read', fields: { n }, payloads: [{ name: 'a', key, content: Buffer.from(`payload ${n}`) }] })
  }
  await trail.durable(read(600))
  const before = (await house.entries()).map((entry) => [entry.index, entry.bytes.toString(), entry.payloads()[0]?.content?.toString()])
  await trail.publish()
  const after = (await house.entries()).map((entry) => [entry.index, entry.bytes.toString(), entry.payloads()[0]?.content?.toString()])
  expect(after).toEqual(before)
  expect(after[599]?.[2]).toBe('payload 599')
  await house.close()
  await house.open()
  expect((await house.entries({ from: 599 }))[0]?.payloads()[0]?.content?.toString()).toBe('payload 599')
})

it('removes segments once they are published, and reads on', async () => {
  const trail = await house.open()
  await append(20, 'x'.repeat(20_000))
  expect(house.segments().length).toBeGreaterThan(4)
  await trail.publish()
  await trail.publish()
  expect(house.segments().length).toBeLessThan(4)
  expect(await house.entries()).toHaveLength(20)
})

it('starts again where it was killed between the removal of two segments', async () => {
  await house.open()
  await append(30, 'x'.repeat(20_000))
  const trail = house.trail!
  await trail.publish()
  const before = house.segments()
  await house.close()
  for (const [at, name] of before.entries()) {
    const path = join(house.folder, 'trail', name)
    if (!house.segments().includes(name) && at % 2 === 1) writeFileSync(path, segmentHeader('test.example/trail', 'one', at + 1))
  }
  expect(house.segments().length).toBeGreaterThan(3)
  await house.open()
  expect(await house.entries()).toHaveLength(30)
})

it('keeps on forwarding where there is no room for the segment that somebody asks for', async () => {
  const files = new MemorySegments()
  files.room = 1
  const trail = await house.open({ files })
  await append(1)
  const { id } = trail.sessionKey()
  await expect(trail.erase([id], { kind: 'erased', fields: { scope: 'session' } }, () => undefined)).rejects.toMatchObject({
    code: 'GS_TRAIL_FULL',
  })
  expect(trail.state).toBe('open')
  await append(1)
  expect((await house.entries()).map(({ kind }) => kind)).toEqual(['log.read', 'log.read'])
})

it('does not call it an orderly end where the last of it found no room', async () => {
  const files = new MemorySegments()
  files.room = 1
  const trail = await house.open({ files })
  await trail.durable({ kind: 'session.open', fields: { session: 'ses_1' } })
  for (let n = 0; n < 5; n++) trail.note(read(n, 'x'.repeat(20_000)))
  trail.note({ kind: 'session.close', fields: { session: 'ses_1', reason: 'client-closed' } })
  await house.close()
  expect(house.store.state()?.clean).toBe(false)
  files.room = 9
  await house.open({ files })
  expect((await house.entries()).at(-1)).toMatchObject({ kind: 'session.close', fields: { reason: 'unknown' } })
})

it('deletes a partial tile only once the full one is there', async () => {
  const trail = await house.open()
  for (const [more, size] of [
    [100, 100],
    [100, 200],
  ] as const) {
    await append(more)
    await trail.publish()
    expect(existsSync(inLog(`tile/0/000.p/${size}`))).toBe(true)
  }
  expect(readdirSync(inLog('tile/entries/000.p')).sort()).toEqual(['100', '200'])
  await append(56)
  await trail.publish()
  expect(existsSync(inLog('tile/0/000'))).toBe(true)
  expect(existsSync(inLog('tile/0/000.p'))).toBe(false)
  expect(existsSync(inLog('tile/entries/000.p'))).toBe(false)
})

it('grows one tree over restarts, in which every checkpoint is a part of the next', async () => {
  const seen: { size: number; root: Uint8Array }[] = []
  for (const more of [1, 254, 1, 1, 300, 700]) {
    const trail = await house.open()
    await append(more)
    const { size, root } = await trail.publish()
    for (const old of seen) {
      const proof = await consistencyProof(old.size, size, trail.tile)
      expect(verifyConsistency(old.size, old.root, size, root, proof)).toBe(true)
    }
    seen.push({ size, root })
    await house.close()
  }
})

it('ends in order with a checkpoint of its last entry', async () => {
  await house.open()
  await append(5)
  await house.close()
  expect(checkpoint().size).toBe(5)
})

it('waits with signing until it may, and publishes meanwhile', async () => {
  let may!: () => void
  const trail = await house.open({ mayBeSigned: new Promise<void>((resolve) => (may = resolve)) })
  await append(2)
  expect(await trail.publish()).toMatchObject({ size: 2, checkpoint: undefined })
  expect(existsSync(inLog('checkpoint'))).toBe(false)
  may()
  await new Promise(setImmediate)
  await trail.publish()
  expect(checkpoint().size).toBe(2)
})

const FULL = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })

/** The real folder, with a fault in front of it on request. */
function faulty() {
  mkdirSync(join(house.folder, 'trail'), { recursive: true })
  const files = folderLogFiles(join(house.folder, 'trail'))
  const fault: { at?: (path: string) => Error | undefined } = {}
  const meet = (path: string) => {
    const error = fault.at?.(path)
    if (error) throw error
  }
  const logFiles: LogFiles = {
    ...files,
    async write(all) {
      for (const file of all) {
        meet(file.path)
        await files.write([file])
      }
    },
    async replace(file) {
      meet(file.path)
      await files.replace(file)
    },
  }
  return { logFiles, fault }
}

it.each(['log/tile/entries', 'log/tile/0', 'state', 'log/checkpoint'])(
  'without room for %s it tries again and loses nothing',
  async (where) => {
    const { logFiles, fault } = faulty()
    const trail = await house.open({ logFiles })
    await append(300)
    fault.at = (path) => (path.startsWith(where) ? FULL : undefined)
    await expect(trail.publish()).rejects.toMatchObject({ code: 'GS_TRAIL_FULL' })
    expect(trail.state).toBe('open')
    await append(10)
    fault.at = undefined as never
    const { size, root } = await trail.publish()
    expect(size).toBe(310)
    expect(checkpoint()).toMatchObject({ size: 310, root })
    await house.close()
    await house.open()
    expect(await house.entries()).toHaveLength(310)
  },
)

it.each(['log/tile/entries', 'log/tile/0', 'state', 'log/checkpoint'])('stops for good where writing %s fails', async (where) => {
  const { logFiles, fault } = faulty()
  const trail = await house.open({ logFiles })
  await append(300)
  fault.at = (path) => (path.startsWith(where) ? Object.assign(new Error('EIO: i/o error'), { code: 'EIO' }) : undefined)
  await expect(trail.publish()).rejects.toMatchObject({ code: 'GS_TRAIL_FAILED' })
  expect((await trail.failure).code).toBe('GS_TRAIL_FAILED')
  expect(trail.state).toBe('failed')
  await expect(trail.durable(read(1))).rejects.toMatchObject({ code: 'GS_TRAIL_FAILED' })
  await house.close()
  await house.open()
  expect((await house.entries()).filter(({ kind }) => kind === 'log.read')).toHaveLength(300)
})

it('stops for good where payloads cannot be written, and has them all after the next start', async () => {
  let broken = false
  const payloads = (folder: string) => {
    const store = openPayloadStore(folder)
    return {
      ...store,
      put(...args: Parameters<typeof store.put>) {
        if (broken) throw Object.assign(new Error('disk I/O error'), { code: 'ERR_SQLITE_ERROR', errcode: 10 })
        store.put(...args)
      },
    }
  }
  const trail = await house.open({ payloads })
  broken = true
  const key = trail.sessionKey()
  await trail.durable({ ...read(1), payloads: [{ name: 'a', key, content: Buffer.from('kept') }] })
  await expect(trail.publish()).rejects.toMatchObject({ code: 'GS_TRAIL_FAILED' })
  expect(trail.state).toBe('failed')
  await house.close()
  await house.open()
  await house.trail?.publish()
  expect((await house.entries())[0]?.payloads()[0]?.content?.toString()).toBe('kept')
})

it('tells of payloads that went with an older copy of their store, so that they do not look erased', async () => {
  await house.open()
  const write = async () => {
    const key = house.trail!.sessionKey()
    await house.trail!.durable({ ...read(1), payloads: [{ name: 'a', key, content: Buffer.from('said') }] })
  }
  await write()
  await house.close()
  const store = join(house.folder, 'trail/payloads.sqlite')
  const older = readFileSync(store)
  await house.open()
  await write()
  await house.close()
  writeFileSync(store, older)
  const trail = await house.open()
  // What a start notes is durable a moment later.
  await new Promise((resolve) => trail.whenDurable(resolve))
  const entries = await house.entries()
  expect(entries.map((entry) => entry.payloads()[0]?.content?.toString())).toEqual(['said', undefined, undefined])
  expect(entries.at(-1)).toMatchObject({ kind: 'gap', fields: { reason: 'GS_TRAIL_PAYLOAD', lost: { from: 1, to: 2 } } })
  expect(house.said).toContainEqual(expect.objectContaining({ message: expect.stringContaining('payloads.sqlite is an older copy') }))
  await house.close()
  await house.open()
  expect((await house.entries()).filter(({ kind }) => kind === 'gap')).toHaveLength(1)
})

it('signs nothing whose size and root are not durable first', async () => {
  const { logFiles, fault } = faulty()
  const trail = await house.open({ logFiles })
  await append(3)
  await trail.publish()
  const order: string[] = []
  fault.at = (path) => void order.push(path)
  await append(3)
  await trail.publish()
  expect(order.indexOf('state')).toBeLessThan(order.indexOf('log/checkpoint'))
  expect(order.at(-1)).toBe('log/checkpoint')
})

it('refuses to start where state, tiles, last entries or checkpoint are not as they were', async () => {
  const trail = await house.open()
  await append(300)
  await trail.publish()
  await append(3)
  await house.close()
  const damage = async (path: string, change: (bytes: Buffer) => Buffer | undefined) => {
    const full = join(house.folder, 'trail', path)
    const before = readFileSync(full)
    const after = change(Buffer.from(before))
    if (after) writeFileSync(full, after)
    else rmSync(full)
    const outcome = await house.open().then(
      () => 'opened',
      (error: { code: string; message: string }) => error,
    )
    writeFileSync(full, before)
    return outcome
  }
  const flipped = (at: number) => (bytes: Buffer) => {
    bytes[at] = (bytes[at] as number) ^ 1
    return bytes
  }
  const refused = { code: 'GS_TRAIL_DAMAGED' }
  expect(await damage('state', flipped(20))).toMatchObject(refused)
  expect(await damage('state', () => undefined)).toMatchObject({ code: 'GS_TRAIL_ROLLED_BACK' })
  expect(await damage('log/checkpoint', flipped(30))).toMatchObject(refused)
  expect(await damage('log/tile/1/000.p/1', flipped(3))).toMatchObject(refused)
  const entry = await damage('log/tile/entries/001.p/47', flipped(40))
  expect(entry).toMatchObject({ ...refused, message: expect.stringContaining('entry 256 ') })
  await house.open()
  expect((await house.entries()).length).toBe(303)
})

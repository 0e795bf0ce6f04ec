import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { seeded } from '../../test/parts/seeded.ts'
import { eraseInSegment, SoughtKeys } from './erasure-in-segment.ts'

const WINDOW = 256 * 1024

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-segment-'))
  path = join(folder, '000000000001.wal')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const newKey = () => randomBytes(8).toString('hex')

/** As it stands in a record: id of the key, length, ciphertext. */
function sealed(key: string, content: Uint8Array, length = content.byteLength): Buffer {
  const header = Buffer.alloc(12)
  header.write(key, 'hex')
  header.writeUInt32BE(length, 8)
  return Buffer.concat([header, content])
}

async function erased(bytes: Buffer, ...keys: readonly string[]): Promise<Buffer> {
  writeFileSync(path, bytes)
  await eraseInSegment(path, new SoughtKeys(keys))
  return readFileSync(path)
}

it('overwrites what the keys sealed, and not a byte of anything else', async () => {
  const [mine, other] = [newKey(), newKey()]
  const [secret, kept] = [randomBytes(100), randomBytes(100)]
  const around = randomBytes(50)
  const before = Buffer.concat([around, sealed(mine, secret), around, sealed(other, kept), sealed(mine, secret), around])
  const zeros = sealed(mine, Buffer.alloc(100))
  expect(await erased(before, mine)).toEqual(Buffer.concat([around, zeros, around, sealed(other, kept), zeros, around]))
})

it('finds an id at every place around the edge of what is read at once', async () => {
  const key = newKey()
  const secret = randomBytes(40)
  for (let edge = -70; edge <= 14; edge++) {
    const before = Buffer.concat([Buffer.alloc(WINDOW + edge, 1), sealed(key, secret), Buffer.alloc(9, 1)])
    const after = await erased(before, key)
    expect(after.includes(secret), `${edge}`).toBe(false)
    expect(after.equals(Buffer.concat([Buffer.alloc(WINDOW + edge, 1), sealed(key, Buffer.alloc(40)), Buffer.alloc(9, 1)]))).toBe(true)
  }
})

it('goes no further than the file, whatever length stands there, and leaves a header alone that is cut', async () => {
  const key = newKey()
  const beyond = sealed(key, randomBytes(30), 0xffff_ffff)
  expect(await erased(beyond, key)).toEqual(sealed(key, Buffer.alloc(30), 0xffff_ffff))
  for (let length = 0; length <= 12; length++) {
    const cut = sealed(key, Buffer.alloc(0)).subarray(0, length)
    expect(await erased(cut, key)).toEqual(cut)
  }
})

it('finds what stands within another ciphertext of theirs', async () => {
  const [outer, inner] = [newKey(), newKey()]
  const secret = randomBytes(60)
  const nested = sealed(outer, sealed(inner, secret), 10)
  expect((await erased(nested, outer, inner)).includes(secret)).toBe(false)
})

it('erases more than is read at once', async () => {
  const key = newKey()
  const after = await erased(sealed(key, Buffer.alloc(3 * WINDOW + 5, 7)), key)
  expect(after.equals(sealed(key, Buffer.alloc(3 * WINDOW + 5)))).toBe(true)
})

it('changes nothing where there is none of theirs', async () => {
  const bytes = randomBytes(WINDOW + 1000)
  expect(await erased(bytes, ...Array.from({ length: 1000 }, newKey))).toEqual(bytes)
  expect(await erased(bytes)).toEqual(bytes)
})

it('finds each of thousands of keys as a plain search would', async () => {
  const random = seeded(11)
  const keys = Array.from({ length: 4000 }, newKey)
  const gone = new Set(keys.filter(() => random() < 0.5))
  const pieces: Buffer[] = []
  const expected: Buffer[] = []
  for (const key of keys) {
    const noise = randomBytes(Math.floor(random() * 40))
    const content = randomBytes(1 + Math.floor(random() * 200))
    pieces.push(noise, sealed(key, content))
    expected.push(noise, sealed(key, gone.has(key) ? Buffer.alloc(content.byteLength) : content))
  }
  expect((await erased(Buffer.concat(pieces), ...gone)).equals(Buffer.concat(expected))).toBe(true)
})

it('lets others have their turn while it goes through a whole segment for thousands of keys', async () => {
  const keys = Array.from({ length: 10_000 }, newKey)
  const bytes = Buffer.alloc(32 * 1024 * 1024)
  for (let at = 0; at < bytes.byteLength; at += 65_536) randomBytes(4096).copy(bytes, at)
  sealed(keys[77] as string, Buffer.alloc(200, 9)).copy(bytes, 20_000_000)
  let turns = 0
  const counting = setInterval(() => turns++, 1)
  const after = await erased(bytes, ...keys)
  clearInterval(counting)
  expect(after.subarray(20_000_012, 20_000_212)).toEqual(Buffer.alloc(200))
  // It is read in more than a hundred windows.
  expect(turns).toBeGreaterThan(20)
}, 30_000)

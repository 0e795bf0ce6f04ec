import { expect, it } from 'vitest'
import { naivePath } from '../../test/verify/naive-log.ts'
import { NaiveTree } from '../../test/verify/naive-tree.ts'
import { leafHash, openTree, rootOfProof, tilePath } from './tree.ts'
import { Failure } from './verdict.ts'

const entries = Array.from({ length: 70_000 }, (_, at) => Buffer.from(`entry ${at}`))
const naive = new NaiveTree(entries)
const text = (hash: Buffer) => hash.toString('latin1')

/** A tree whose tiles are made when they are asked for. */
function tree(size: number, change: (path: string, tile: Buffer) => Buffer | undefined = (_, tile) => tile) {
  return openTree(size, (path) => {
    const level = Number(path.split('/')[1])
    for (let n = 0; n * 256 ** (level + 1) <= size; n++) {
      const tile = naive.tile(level, n, size)
      if (tile.length > 0 && naivePath(level, n, tile.length / 32) === path) return change(path, tile)
    }
    return undefined
  })
}

it('has the roots of RFC 6962 for every size up to 600, also as they were before', () => {
  const whole = tree(600)
  for (let size = 0; size <= 600; size++) {
    expect(tree(size).root()).toBe(text(naive.hash(0, size)))
    expect(whole.root(size)).toBe(text(naive.hash(0, size)))
  }
})

it('has those of larger trees, with the tiles that the specification lists', () => {
  for (const size of [65_535, 65_536, 65_537, 70_000]) expect(tree(size).root()).toBe(text(naive.hash(0, size)))
  const whole = tree(70_000)
  const width = (level: number | 'entries', n: number) => whole.file(level, n).width
  expect([width(0, 273), width(0, 272)]).toEqual([112, 256])
  expect([width(1, 0), width(1, 1), width(2, 0)]).toEqual([256, 17, 1])
  expect([width('entries', 272), width('entries', 273)]).toEqual([256, 112])
  for (const at of [0, 255, 256, 69_631, 69_632, 69_999]) expect(whole.hashAt(0, at)).toBe(leafHash(entries[at] as Buffer))
  for (const before of [1, 255, 256, 257, 65_535, 65_536, 69_000]) expect(whole.root(before)).toBe(text(naive.hash(0, before)))
})

it('knows a path for each tile', () => {
  expect(tilePath(0, 0, 256)).toBe('tile/0/000')
  expect(tilePath(63, 1_234_067, 256)).toBe('tile/63/x001/x234/067')
  expect(tilePath('entries', 999, 5)).toBe('tile/entries/999.p/5')
  for (const n of [0, 7, 99, 999, 1000, 999_999, 1_000_000, 2 ** 45]) expect(tilePath(1, n, 9)).toBe(naivePath(1, n, 9))
})

it('finds a tile that is not the one in the tree, whatever level it is on', () => {
  const flipped = (which: string) =>
    tree(70_000, (path, tile) => {
      const copy = Buffer.from(tile)
      if (path === which) copy[9_000 % copy.length] = (copy[9_000 % copy.length] as number) ^ 1
      return copy
    })
  expect(() => flipped('tile/0/001').tile(0, 1)).toThrow('entries 256 to 511: tile/0/001 is not the one in the tree')
  // Below it everything is right, and still not what was signed.
  expect(() => flipped('tile/1/000').tile(0, 1)).toThrow('entries 0 to 65535: tile/1/000 is not the one in the tree')
  for (const edge of ['tile/0/273.p/112', 'tile/1/001.p/17', 'tile/2/000.p/1'])
    expect(flipped(edge).root()).not.toBe(text(naive.hash(0, 70_000)))
})

it('finds a tile that is missing, too short or too long', () => {
  const with0 = (change: (tile: Buffer) => Buffer | undefined) => tree(600, (path, tile) => (path === 'tile/0/001' ? change(tile) : tile))
  expect(() => with0(() => undefined).tile(0, 1)).toThrow('tile/0/001 is missing')
  expect(() => with0((tile) => tile.subarray(1)).tile(0, 1)).toThrow(Failure)
  expect(() => with0((tile) => Buffer.concat([tile, tile])).tile(0, 1)).toThrow(Failure)
  expect(() => with0(() => Buffer.alloc(0)).tile(0, 1)).toThrow(Failure)
  expect(() => openTree(2 ** 50, () => undefined).root()).toThrow(Failure)
})

it('takes the full tile in the place of a partial one', () => {
  const later = openTree(300, (path) =>
    path === 'tile/0/001'
      ? naive.tile(0, 1, 512)
      : path === 'tile/0/000'
        ? naive.tile(0, 0, 512)
        : path === 'tile/1/000.p/1'
          ? naive.tile(1, 0, 300)
          : undefined,
  )
  expect(later.root()).toBe(text(naive.hash(0, 300)))
  expect(later.hashAt(0, 299)).toBe(leafHash(entries[299] as Buffer))
  expect(later.hashAt(0, 300)).toBe('')
})

it('follows inclusion proofs, of every entry in every tree up to 70 entries', () => {
  for (let size = 1; size <= 70; size++) {
    for (let index = 0; index < size; index++) {
      const proof = naive.proof(index, size)
      const root = text(naive.hash(0, size))
      const of = (entry: number, at: number, count: number, hashes: Buffer[]) =>
        rootOfProof(leafHash(entries[entry] as Buffer), at, count, hashes)
      expect(of(index, index, size, proof)).toBe(root)
      expect(of(index, index, size, [...proof, proof[0] ?? Buffer.alloc(32)])).not.toBe(root)
      if (proof.length > 0) expect(of(index, index, size, proof.slice(1))).not.toBe(root)
      expect(of(index + 1, index, size, proof)).not.toBe(root)
      expect(of(index, size, size, proof)).not.toBe(root)
      if (size > 1) expect(of(index, (index + 1) % size, size, proof)).not.toBe(root)
    }
  }
})

it('has no hash for what is longer than an entry, nor for anything above it', () => {
  const long = Buffer.alloc(65_536)
  expect(leafHash(long)).toBe('')
  expect(rootOfProof(leafHash(long), 1, 2, [Buffer.alloc(32)])).toBe('')
})

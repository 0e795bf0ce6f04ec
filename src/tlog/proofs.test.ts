import fc from 'fast-check'
import { expect, it } from 'vitest'
import { naive, someLeaves, TreeWithTiles } from '../../test/parts/naive-merkle-tree.ts'
import { consistencyProof, inclusionProof, rootAt, tilesForInclusion } from './proofs.ts'
import { tilePath } from './tile-path.ts'
import { TreeBuilder } from './tree-builder.ts'
import { verifyConsistency, verifyInclusion } from './verify-proofs.ts'

const leaves = someLeaves(66_500)
const grown = TreeWithTiles.of(leaves)
const first = (size: number) => leaves.slice(0, size)
// tree-builder.test.ts shows that these are the roots of RFC 6962.
const growing = new TreeBuilder()
const roots = [growing.root()]
for (const leaf of leaves) {
  growing.append(leaf)
  roots.push(growing.root())
}
const rootOf = (size: number) => roots[size] as Buffer

const sizes = [...Array.from({ length: 40 }, (_, size) => size + 1), 255, 256, 257, 300, 511, 512, 513, 600]

it('computes the root at every size from the tiles of a larger tree, and from its own', async () => {
  for (let size = 0; size <= 620; size++) {
    expect(await rootAt(size, grown.read)).toEqual(rootOf(size))
    expect(await rootAt(size, grown.read, 66_500)).toEqual(rootOf(size))
  }
})

it('makes the inclusion proofs of RFC 6962 §2.1.1, and they verify', async () => {
  for (const size of sizes) {
    for (let index = 0; index < size; index += size > 64 ? 7 : 1) {
      const proof = await inclusionProof(index, size, grown.read)
      expect(proof).toEqual(naive.path(index, first(size)))
      expect(verifyInclusion(leaves[index] as Buffer, index, size, proof, rootOf(size))).toBe(true)
    }
  }
})

it('makes the consistency proofs of RFC 6962 §2.1.2, and they verify', async () => {
  for (const to of sizes) {
    for (let from = 0; from <= to; from += to > 64 ? 11 : 1) {
      const proof = await consistencyProof(from, to, grown.read)
      expect(proof).toEqual(naive.proof(from, first(to)))
      expect(verifyConsistency(from, rootOf(from), to, rootOf(to), proof)).toBe(true)
    }
  }
})

it('does so for trees of three levels of tiles', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 66_500 }), fc.nat(), async (size, seed) => {
      const index = seed % size
      const proof = await inclusionProof(index, size, grown.read)
      expect(verifyInclusion(leaves[index] as Buffer, index, size, proof, rootOf(size))).toBe(true)
      const growth = await consistencyProof(index, size, grown.read)
      expect(verifyConsistency(index, rootOf(index), size, rootOf(size), growth)).toBe(true)
    }),
    { numRuns: 60 },
  )
})

it('proves inclusion with the tiles that it names and no others', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 66_500 }), fc.nat(), async (size, seed) => {
      const index = seed % size
      const named = new Set(tilesForInclusion(index, size).map(tilePath))
      const read: typeof grown.read = (id) => {
        if (!named.has(tilePath(id))) throw new Error(`${tilePath(id)} was not named`)
        return grown.read(id)
      }
      await inclusionProof(index, size, read)
      await rootAt(size, read)
      expect(named).toContain(
        tilePath({ level: 0, n: Math.floor(index / 256), width: Math.min(256, size - Math.floor(index / 256) * 256) }),
      )
    }),
    { numRuns: 100 },
  )
})

it('refuses what no tree can have', async () => {
  await expect(inclusionProof(5, 5, grown.read)).rejects.toThrow(RangeError)
  await expect(inclusionProof(-1, 5, grown.read)).rejects.toThrow(RangeError)
  await expect(inclusionProof(0.5, 5, grown.read)).rejects.toThrow(RangeError)
  await expect(consistencyProof(6, 5, grown.read)).rejects.toThrow(RangeError)
  await expect(rootAt(6, grown.read, 5)).rejects.toThrow(RangeError)
  expect(() => tilesForInclusion(5, 5)).toThrow(RangeError)
})

it('refuses a tile of another length', async () => {
  const short: typeof grown.read = async (id) => (await grown.read(id)).subarray(32)
  await expect(inclusionProof(3, 300, short)).rejects.toMatchObject({ code: 'GS_TLOG_TILE' })
})

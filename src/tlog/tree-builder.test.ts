import fc from 'fast-check'
import { expect, it } from 'vitest'
import { naive, someLeaves, TreeWithTiles } from '../../test/parts/naive-merkle-tree.ts'
import { TlogError } from './errors.ts'
import { perfectRoot } from './merkle.ts'
import { edgeTiles, TILE_WIDTH, type TileId, tilePath } from './tile-path.ts'
import { TreeBuilder } from './tree-builder.ts'

// The leaves and roots that Certificate Transparency's own reference implementations test with.
const known = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f']
const knownRoots = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
]

it('has the roots that other implementations of RFC 6962 have', () => {
  const tree = new TreeBuilder()
  expect(tree.root()).toEqual(naive.root([]))
  for (const [index, entry] of known.entries()) {
    tree.append(naive.leaf(Buffer.from(entry, 'hex')))
    expect(tree.root().toString('hex')).toBe(knownRoots[index])
  }
})

it('has the root of RFC 6962 at every size up to 700', () => {
  const leaves = someLeaves(700)
  const tree = new TreeBuilder()
  for (let size = 0; size <= leaves.length; size++) {
    expect(tree.size).toBe(size)
    expect(tree.root()).toEqual(naive.root(leaves.slice(0, size)))
    if (size < leaves.length) tree.append(leaves[size] as Buffer)
  }
})

/** What a tile of a tree must hold by the definition in c2sp.org/tlog-tiles. */
const tileByDefinition = ({ level, n, width }: TileId, leaves: readonly Buffer[]) => {
  const span = TILE_WIDTH ** (level as number)
  return Buffer.concat(
    Array.from({ length: width }, (_, i) => naive.root(leaves.slice((n * TILE_WIDTH + i) * span, (n * TILE_WIDTH + i + 1) * span))),
  )
}

it('gives out every tile as it is defined, full or in part, and no other', () => {
  const leaves = someLeaves(66_200)
  const grown = TreeWithTiles.of(leaves, 601)
  const full = (level: number) => Math.floor(leaves.length / TILE_WIDTH ** (level + 1))
  const expected = [0, 1, 2].flatMap((level) => Array.from({ length: full(level) }, (_, n) => ({ level, n, width: TILE_WIDTH })))
  for (const id of [...expected, ...edgeTiles(leaves.length)]) {
    if (id.level === 0 || id.n % 64 === 0) expect(grown.tiles.get(tilePath(id))).toEqual(tileByDefinition(id, leaves))
  }
  expect([...grown.tiles.keys()].filter((path) => !path.includes('.p/')).sort()).toEqual(expected.map(tilePath).sort())
})

it('gives a tile out once: what has not changed is not given again', () => {
  const grown = TreeWithTiles.of(someLeaves(300))
  expect(grown.publish()).toEqual([])
  grown.tree.append(someLeaves(1)[0] as Buffer)
  expect(grown.publish().map(({ id }) => tilePath(id))).toEqual(['tile/0/001.p/45'])
})

it('does not change a tile that it gave out', () => {
  const grown = TreeWithTiles.of(someLeaves(257), 1000)
  const before = [...grown.tiles].map(([path, hashes]) => [path, hashes.toString('hex')])
  for (const leaf of someLeaves(600, 'more')) grown.tree.append(leaf)
  expect([...grown.tiles].map(([path, hashes]) => [path, hashes.toString('hex')])).toEqual(before)
})

it('copies the leaf that it is given', () => {
  const tree = new TreeBuilder()
  const [leaf, same] = [...someLeaves(1), ...someLeaves(1)] as [Buffer, Buffer]
  tree.append(leaf)
  leaf.fill(0)
  expect(tree.root()).toEqual(same)
  tree.root().fill(0)
  expect(tree.root()).toEqual(same)
})

it.each([0, 1, 2, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 65_792, 66_000])('goes on from its tiles at %d leaves', async (size) => {
  const leaves = someLeaves(size)
  const grown = TreeWithTiles.of(leaves, 10_000)
  const loaded = await TreeBuilder.load(size, grown.read)
  expect(loaded.size).toBe(size)
  expect(loaded.take()).toEqual([])
  expect(loaded.root()).toEqual(grown.tree.root())
  for (const leaf of someLeaves(700, 'more')) {
    loaded.append(leaf)
    grown.tree.append(leaf)
    expect(loaded.root()).toEqual(grown.tree.root())
  }
  expect(loaded.take()).toEqual(grown.publish())
})

it('goes on wherever it was left, however it was published', async () => {
  const leaves = someLeaves(3000)
  await fc.assert(
    fc.asyncProperty(fc.nat(1500), fc.nat(1500), fc.integer({ min: 1, max: 400 }), async (size, more, takeEvery) => {
      const before = TreeWithTiles.of(leaves.slice(0, size), takeEvery)
      const tree = await TreeBuilder.load(size, before.read)
      for (const leaf of leaves.slice(size, size + more)) tree.append(leaf)
      expect(tree.root()).toEqual(naive.root(leaves.slice(0, size + more)))
    }),
    { numRuns: 60 },
  )
})

it('refuses tiles of another length, and leaves that are no hashes', async () => {
  await expect(TreeBuilder.load(5, async () => Buffer.alloc(4 * 32))).rejects.toThrow(TlogError)
  await expect(TreeBuilder.load(5, async () => Buffer.alloc(6 * 32))).rejects.toThrow('tile/0/000.p/5')
  expect(() => new TreeBuilder().append(Buffer.alloc(31))).toThrow(RangeError)
})

it('stands above full tiles with the hash that the level above holds', () => {
  const grown = TreeWithTiles.of(someLeaves(600), 600)
  const above = grown.tiles.get('tile/1/000.p/2') as Buffer
  expect(above.subarray(0, 32)).toEqual(perfectRoot(grown.tiles.get('tile/0/000') as Buffer))
  expect(above.subarray(32)).toEqual(perfectRoot(grown.tiles.get('tile/0/001') as Buffer))
})

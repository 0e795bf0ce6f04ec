import { expect, it } from 'vitest'
import { naive, someLeaves } from '../../test/parts/naive-merkle-tree.ts'
import { EMPTY_ROOT, leafHash, nodeHash, perfectRoot } from './merkle.ts'

it('hashes nothing and the empty entry as RFC 6962 says', () => {
  expect(EMPTY_ROOT.toString('hex')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  expect(leafHash(Buffer.alloc(0)).toString('hex')).toBe('6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d')
})

it.each([0, 1, 600, 65_534, 65_535, 65_536, 200_000])('hashes an entry of %d bytes behind a zero byte', (length) => {
  const entry = Buffer.alloc(length, 'entry')
  expect(leafHash(entry)).toEqual(naive.leaf(entry))
  expect(leafHash(new Uint8Array(entry))).toEqual(naive.leaf(entry))
})

it('gives hashes that later ones do not change', () => {
  const [a, b] = someLeaves(2) as [Buffer, Buffer]
  const first = nodeHash(a, b)
  const kept = Buffer.from(first)
  nodeHash(b, a)
  leafHash(a)
  expect(first).toEqual(kept)
})

it.each([1, 2, 4, 8, 128, 256])('computes the root of a perfect subtree of %d leaves, and leaves them as they are', (count) => {
  const leaves = someLeaves(count)
  const hashes = Buffer.concat(leaves)
  expect(perfectRoot(hashes)).toEqual(naive.root(leaves))
  expect(hashes).toEqual(Buffer.concat(leaves))
})

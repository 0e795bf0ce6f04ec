import fc from 'fast-check'
import { expect, it } from 'vitest'
import { edgeTiles, parseTilePath, TILE_WIDTH, type TileId, tilePath } from './tile-path.ts'

it.each<[TileId, string]>([
  [{ level: 0, n: 0, width: 256 }, 'tile/0/000'],
  [{ level: 0, n: 0, width: 1 }, 'tile/0/000.p/1'],
  [{ level: 0, n: 1_234_067, width: 256 }, 'tile/0/x001/x234/067'],
  [{ level: 0, n: 1_234_067, width: 5 }, 'tile/0/x001/x234/067.p/5'],
  [{ level: 63, n: 999, width: 255 }, 'tile/63/999.p/255'],
  [{ level: 'entries', n: 1000, width: 12 }, 'tile/entries/x001/000.p/12'],
  [{ level: 1, n: Number.MAX_SAFE_INTEGER, width: 256 }, 'tile/1/x009/x007/x199/x254/x740/991'],
])('writes %j as %s, and reads it', (id, path) => {
  expect(tilePath(id)).toBe(path)
  expect(parseTilePath(path)).toEqual(id)
})

it.each([
  '',
  'tile/0/0',
  'tile/0/00',
  'tile/0/0000',
  'tile/0/001/',
  '/tile/0/001',
  'tile/00/001',
  'tile/64/001',
  'tile/-1/001',
  'tile/0/x000/001',
  'tile/0/001/002',
  'tile/0/x001',
  'tile/0/001.p/0',
  'tile/0/001.p/256',
  'tile/0/001.p/05',
  'tile/0/001.p/',
  'tile/0/001.p',
  'tile/data/001',
  'tile/8/0/001',
  'tile/0/../001',
  'tile/0/001\n',
  'tile/0/x009/x007/x199/x254/x740/992',
  'tile/0/x999/x999/x999/x999/x999/x999/999',
])('reads no tile from %j', (path) => {
  expect(parseTilePath(path)).toBeUndefined()
})

it('reads back every tile that it writes', () => {
  const level = fc.oneof(fc.integer({ min: 0, max: 63 }), fc.constant('entries' as const))
  const id = fc.record({ level, n: fc.maxSafeNat(), width: fc.integer({ min: 1, max: 256 }) })
  fc.assert(
    fc.property(id, (tile) => {
      expect(parseTilePath(tilePath(tile))).toEqual(tile)
    }),
  )
})

it('reads nothing, or what is written exactly so, from a path that was changed', () => {
  const path = fc.constantFrom('tile/0/x001/x234/067.p/5', 'tile/entries/000', 'tile/12/x123/456.p/255')
  const piece = fc.oneof(fc.string({ maxLength: 3 }), fc.constantFrom('/', 'x', '0', '.p/', '000', 'x000/'))
  fc.assert(
    fc.property(path, fc.nat(30), fc.nat(3), piece, (text, at, cut, put) => {
      const changed = text.slice(0, at) + put + text.slice(at + cut)
      const tile = parseTilePath(changed)
      if (tile !== undefined) expect(tilePath(tile)).toBe(changed)
    }),
    { numRuns: 5000 },
  )
})

it('has the right edge that the specification gives as examples', () => {
  expect(edgeTiles(0)).toEqual([])
  expect(edgeTiles(256)).toEqual([{ level: 1, n: 0, width: 1 }])
  expect(edgeTiles(70_000)).toEqual([
    { level: 0, n: 273, width: 112 },
    { level: 1, n: 1, width: 17 },
    { level: 2, n: 0, width: 1 },
  ])
})

it('has an edge of tiles in part, for the largest tree too', () => {
  for (const { width } of edgeTiles(Number.MAX_SAFE_INTEGER)) expect(width).toBeLessThan(TILE_WIDTH)
  expect(edgeTiles(Number.MAX_SAFE_INTEGER)).toHaveLength(7)
})

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { tilePath, tilesForInclusion } from '../tlog/index.ts'
import { TileSet } from './tile-set.ts'

it('is all tiles that prove one of the entries, each once, level by level', () => {
  const some = fc.uniqueArray(fc.nat(70_000), { minLength: 1, maxLength: 40 })
  const run = fc.tuple(fc.nat(70_000), fc.nat(2_000)).map(([first, length]) => Array.from({ length: length + 1 }, (_, n) => first + n))
  fc.assert(
    fc.property(fc.oneof(some, run), fc.nat(70_000), (indexes, more) => {
      const sorted = indexes.toSorted((a, b) => a - b)
      const size = (sorted.at(-1) as number) + 1 + more
      const set = new TileSet()
      for (const index of sorted) set.add(index)
      const tiles = [...set.tiles(size)]
      const needed = new Set(sorted.flatMap((index) => tilesForInclusion(index, size).map(tilePath)))
      expect(tiles.map(tilePath).toSorted()).toEqual([...needed].toSorted())
      const places = tiles.map(({ level, n }) => [level as number, n] as const)
      expect(places.map(([level]) => level)).toEqual(places.map(([level]) => level).toSorted((a, b) => a - b))
    }),
  )
})

it.each([1, 255, 256, 257, 65_535, 65_536, 65_537])('has what it takes where the tree has %i entries', (size) => {
  for (const index of new Set([0, Math.floor(size / 2), size - 1])) {
    const set = new TileSet()
    set.add(index)
    expect([...set.tiles(size)].map(tilePath).toSorted()).toEqual(tilesForInclusion(index, size).map(tilePath).toSorted())
  }
})

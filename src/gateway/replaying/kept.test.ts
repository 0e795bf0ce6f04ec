import { expect, it } from 'vitest'
import { Kept } from './kept.ts'
import { Window } from './window.ts'

it('keeps what was used last, as long as all of it is not too large', () => {
  const kept = new Kept<string, number>(10)
  for (const [key, value] of [
    ['a', 1],
    ['b', 2],
    ['c', 3],
  ] as const)
    kept.set(key, value, 4)
  expect([kept.get('a'), kept.get('b'), kept.get('c')]).toEqual([undefined, 2, 3])
  kept.get('b')
  kept.set('d', 4, 4)
  expect([kept.get('b'), kept.get('c'), kept.get('d')]).toEqual([2, undefined, 4])
  kept.set('d', 5, 9)
  expect([kept.get('b'), kept.get('d')]).toEqual([undefined, 5])
  kept.set('large', 6, 100)
  expect([kept.get('d'), kept.get('large')]).toEqual([undefined, 6])
})

it('keeps the last of what was said under numbers', () => {
  const window = new Window<string>(2)
  for (const n of [1, 2, 3]) window.set(n, `said ${n}`)
  expect([1, 2, 3].map((n) => window.get(n))).toEqual([undefined, 'said 2', 'said 3'])
})

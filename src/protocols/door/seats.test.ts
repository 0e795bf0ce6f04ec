import { expect, it } from 'vitest'
import { Seats } from './seats.ts'

it('gives each run so many connections, and those that are left to whoever comes next', () => {
  const seats = new Seats(2)
  expect([seats.take('a'), seats.take('a'), seats.take('a'), seats.take('b')]).toEqual([true, true, false, true])
  seats.leave('a')
  expect([seats.take('a'), seats.take('a')]).toEqual([true, false])
})

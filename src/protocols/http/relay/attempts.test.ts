import { expect, it } from 'vitest'
import { Attempts } from './attempts.ts'

it('tells the last attempt of a key, once', () => {
  const attempts = new Attempts<number>(10, () => 0)
  attempts.failed('a', 1)
  attempts.failed('a', 2)
  expect(attempts.take('b')).toBeUndefined()
  expect(attempts.take('a')).toBe(2)
  expect(attempts.take('a')).toBeUndefined()
})

it('forgets after a while', () => {
  let now = 0
  const attempts = new Attempts<number>(10, () => now)
  attempts.failed('a', 1)
  attempts.failed('b', 2)
  now = 10
  expect(attempts.take('a')).toBe(1)
  now = 11
  expect(attempts.take('b')).toBeUndefined()
})

it('remembers a thousand', () => {
  const attempts = new Attempts<number>(10, () => 0)
  for (let n = 0; n <= 1_000; n += 1) attempts.failed(`${n}`, n)
  expect(attempts.take('0')).toBeUndefined()
  expect(attempts.take('1')).toBe(1)
  expect(attempts.take('1000')).toBe(1_000)
})

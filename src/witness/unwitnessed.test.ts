import { expect, it } from 'vitest'
import { Unwitnessed } from './unwitnessed.ts'

it('counts from the first checkpoint that is not witnessed', () => {
  const unwitnessed = new Unwitnessed(10)
  expect(unwitnessed.age(5)).toBe(0)
  unwitnessed.published(10, 5)
  expect(unwitnessed.age(9)).toBe(0)
  unwitnessed.published(11, 10)
  unwitnessed.published(12, 20)
  expect(unwitnessed.age(25)).toBe(15)
})

it('goes on from the first one behind what was submitted', () => {
  const unwitnessed = new Unwitnessed(0)
  unwitnessed.published(1, 10)
  unwitnessed.published(2, 20)
  unwitnessed.submitted(2)
  unwitnessed.published(3, 30)
  unwitnessed.published(4, 40)
  unwitnessed.witnessed(2)
  expect(unwitnessed.age(100)).toBe(70)
  unwitnessed.submitted(4)
  unwitnessed.witnessed(4)
  expect(unwitnessed.age(100)).toBe(0)
  unwitnessed.published(5, 110)
  expect(unwitnessed.age(115)).toBe(5)
})

it('keeps the oldest where a submission came to nothing', () => {
  const unwitnessed = new Unwitnessed(0)
  unwitnessed.published(1, 10)
  unwitnessed.submitted(1)
  unwitnessed.published(2, 20)
  unwitnessed.submitted(2)
  expect(unwitnessed.age(30)).toBe(20)
  unwitnessed.witnessed(2)
  expect(unwitnessed.age(30)).toBe(0)
})

import { expect, it } from 'vitest'
import { untilAborted } from './until-aborted.ts'

it('gives what the source gives, in order, and its error', async () => {
  const given: number[] = []
  async function* source() {
    yield 1
    yield 2
    throw new Error('broken')
  }
  const reading = async () => {
    for await (const item of untilAborted(source(), new AbortController().signal)) given.push(item)
  }
  await expect(reading()).rejects.toThrow('broken')
  expect(given).toEqual([1, 2])
})

it('is over when the signal aborts, though the source never ends', async () => {
  const ending = new AbortController()
  async function* source() {
    yield 1
    await new Promise(() => undefined)
  }
  for await (const item of untilAborted(source(), ending.signal)) {
    expect(item).toBe(1)
    setTimeout(() => ending.abort(), 5)
  }
  for await (const _ of untilAborted(source(), ending.signal)) expect.unreachable()
})

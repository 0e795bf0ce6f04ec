import { expect, it } from 'vitest'
import { fewAtOnce } from './resolver.ts'

it('asks for few names at once, for each once at a time, and goes on behind what fails', async () => {
  const asked: string[] = []
  const answers = new Map<string, (answer: readonly string[] | Error) => void>()
  const resolve = fewAtOnce(
    (host) =>
      new Promise((take, fail) => {
        asked.push(host)
        answers.set(host, (answer) => (answer instanceof Error ? fail(answer) : take(answer)))
      }),
    2,
  )
  const [a, again, b, c, d] = ['a', 'a', 'b', 'c', 'd'].map((host) => resolve(host).catch(() => 'failed'))
  expect(asked).toEqual(['a', 'b'])
  answers.get('a')?.(['10.0.0.1'])
  expect(await Promise.all([a, again])).toEqual([['10.0.0.1'], ['10.0.0.1']])
  await expect.poll(() => asked).toEqual(['a', 'b', 'c'])
  answers.get('b')?.(new Error('none'))
  expect(await b).toBe('failed')
  await expect.poll(() => asked).toEqual(['a', 'b', 'c', 'd'])
  for (const host of ['c', 'd']) answers.get(host)?.([])
  expect(await Promise.all([c, d])).toEqual([[], []])
  void resolve('a')
  expect(asked.at(-1)).toBe('a')
})

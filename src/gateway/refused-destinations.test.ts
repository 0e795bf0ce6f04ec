import { expect, it } from 'vitest'
import { RefusedDestinations } from './refused-destinations.ts'

it('tells where a run wanted to go once in a minute, and of one run a hundred places at most', () => {
  let now = 0
  const told: string[] = []
  const refused = new RefusedDestinations(
    (run, { host, port }) => void told.push(`${run} ${host}:${port}`),
    () => now,
  )
  const at = (host: string, run = 'run_1') => refused.seen(run, { host, port: 443 })
  at('a.test')
  at('a.test')
  at('b.test')
  at('a.test', 'run_2')
  expect(told).toEqual(['run_1 a.test:443', 'run_1 b.test:443', 'run_2 a.test:443'])
  now = 60_000
  at('a.test')
  expect(told).toHaveLength(4)
  for (let n = 0; n < 1_000; n++) at(`${n}.test`)
  expect(told).toHaveLength(103)
  now = 120_000
  at('later.test')
  expect(told.at(-1)).toBe('run_1 later.test:443')
})

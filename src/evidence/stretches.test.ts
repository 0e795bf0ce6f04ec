import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { StoredEntry, Trail } from '../trail/index.ts'
import { stretchesOf } from './stretches.ts'

/** Boots, and the time of each of their entries, ms. A fake, as a real trail takes its time from a clock that only goes on. */
function logOf(boots: readonly (readonly number[])[], minimum = 0) {
  const times = boots.flatMap((boot, at) => boot.map((ms) => ({ id: `${at}.0`, ms })))
  let looks = 0
  const trail = {
    proven: { size: times.length, root: Buffer.alloc(32), minimum, checkpoint: undefined, age: 0 },
    async *read({ from = 0 } = {}) {
      looks++
      for (let index = from; index < times.length; index++) {
        const { id, ms } = times[index] as (typeof times)[number]
        // Finer than what is compared: by the millisecond.
        yield { index, id, at: new Date(ms).toISOString().replace('Z', '999999Z') } as unknown as StoredEntry
      }
    },
  } satisfies Pick<Trail, 'proven' | 'read'>
  return { trail, times: times.map(({ ms }) => ms), looks: () => looks }
}

it('finds exactly the entries of a time, also where the clock went back between boots', async () => {
  const boot = fc.array(fc.nat(60), { minLength: 1, maxLength: 30 }).map((times) => times.toSorted((a, b) => a - b))
  await fc.assert(
    fc.asyncProperty(
      fc.array(boot, { minLength: 1, maxLength: 6 }),
      ...[fc.nat(60), fc.nat(60), fc.nat(20), fc.nat(20)],
      async (boots, a, b, pruned, beyond) => {
        const { trail, times } = logOf(boots, pruned)
        const time = { from: Math.min(a, b), to: Math.max(a, b) }
        const end = Math.max(0, times.length - beyond)
        const stretches = await stretchesOf(trail, time, end)
        const found = stretches.flatMap(([first, behind]) => Array.from({ length: behind - first }, (_, n) => first + n))
        const all = times.flatMap((ms, index) => (index >= pruned && index < end && ms >= time.from && ms <= time.to ? [index] : []))
        expect(found).toEqual(all)
        for (const [at, [first]] of stretches.entries()) if (at > 0) expect(first).toBeGreaterThan(stretches[at - 1]?.[1] as number)
      },
    ),
  )
})

it('looks at few entries of many', async () => {
  const { trail, looks } = logOf([Array.from({ length: 100_000 }, (_, n) => n)])
  expect(await stretchesOf(trail, { from: 40_000, to: 60_000 }, 100_000)).toEqual([[40_000, 60_001]])
  expect(looks()).toBeLessThan(100)
})

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Ring } from './ring.ts'

it('is a queue, whatever is pushed and shifted', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.constant(null), fc.constant('second' as const), fc.nat()), { maxLength: 200 }), (steps) => {
      const ring = new Ring<number>()
      const queue: number[] = []
      for (const step of steps) {
        if (step === null) expect(ring.shift()).toBe(queue.shift())
        else if (step === 'second') {
          ring.dropSecond()
          queue.splice(1, 1)
        } else {
          ring.push(step)
          queue.push(step)
        }
        expect([ring.length, ring.head, ring.at(1)]).toEqual([queue.length, queue[0], queue[1]])
      }
    }),
  )
})

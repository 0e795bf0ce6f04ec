import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Counter } from './counter.ts'

const HOUR = 3_600_000

describe('a sum over a sliding window', () => {
  it('keeps what was counted for a window at least, and a sixtieth longer at most', () => {
    const counter = new Counter('b', 's', HOUR, [])
    counter.add('rows', 5, 1_000)
    expect(counter.sum('rows', 1_000 + HOUR - 1)).toBe(5)
    expect(counter.sum('rows', 1_000 + HOUR)).toBe(5)
    expect(counter.sum('rows', 60_000 + HOUR - 1)).toBe(5)
    expect(counter.sum('rows', 60_000 + HOUR)).toBe(0)
  })

  it('never holds less than what was counted within the window, nor what is older than the window and a part', () => {
    const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: HOUR / 4 }), fc.integer({ min: 1, max: 9 })), { maxLength: 80 })
    fc.assert(
      fc.property(steps, fc.integer({ min: 1_000, max: HOUR }), (all, window) => {
        const counter = new Counter('b', 's', window, [])
        const part = Math.ceil(window / 60)
        let now = 1_700_000_000_000
        const counted: [number, number][] = []
        const within = (span: number) => counted.filter(([at]) => at > now - span).reduce((sum, [, amount]) => sum + amount, 0)
        for (const [pause, amount] of all) {
          now += pause
          counter.add('bytes', amount, now)
          counted.push([now, amount])
          expect(counter.sum('bytes', now)).toBeGreaterThanOrEqual(within(window))
          expect(counter.sum('bytes', now)).toBeLessThanOrEqual(within(window + part))
        }
      }),
    )
  })

  it('has everything of a whole run', () => {
    const counter = new Counter('b', 's', undefined, [])
    counter.add('operations', 1, 0)
    counter.add('operations', 1, 9_000 * HOUR)
    expect(counter.sum('operations', 10_000 * HOUR)).toBe(2)
    expect(counter.changed()).toHaveLength(1)
  })

  it('goes on from what was stored, also under another window', () => {
    const before = new Counter('b', 's', HOUR, [])
    before.add('rows', 3, 10 * HOUR)
    before.add('rows', 4, 10.5 * HOUR)
    const stored = before.changed()
    expect(new Counter('b', 's', HOUR, stored).sum('rows', 10.9 * HOUR)).toBe(7)
    expect(new Counter('b', 's', HOUR, stored).sum('rows', 11.1 * HOUR)).toBe(4)
    expect(new Counter('b', 's', 24 * HOUR, stored).sum('rows', 12 * HOUR)).toBe(7)
    expect(new Counter('b', 's', HOUR / 60, stored).sum('rows', 10.5 * HOUR + 90_000)).toBe(4)
  })

  it('lets nothing leave early where the clock was set back', () => {
    const counter = new Counter('b', 's', HOUR, [])
    counter.add('rows', 1, 10 * HOUR)
    counter.add('rows', 1, 5 * HOUR)
    expect(counter.sum('rows', 5 * HOUR)).toBe(2)
    expect(counter.sum('rows', 10.9 * HOUR)).toBe(2)
    expect(counter.sum('rows', 11.1 * HOUR)).toBe(0)
  })

  it('takes back what was never done, and not twice where it has left already', () => {
    const counter = new Counter('b', 's', HOUR, [])
    const slot = counter.add('operations', 1, 0)
    counter.add('operations', 1, 2 * HOUR)
    counter.takeBack(slot, 'operations', 1)
    expect(counter.sum('operations', 2 * HOUR)).toBe(1)
    counter.takeBack(counter.add('operations', 1, 2 * HOUR), 'operations', 1)
    expect(counter.sum('operations', 2 * HOUR)).toBe(1)
  })
})

import { expect, it, vi } from 'vitest'
import { EntryClock, systemClock } from './entry-clock.ts'

function clocks() {
  const time = { wallMs: Date.parse('2026-01-02T03:04:05.678Z') + 0.25, monotonicMs: 1000.25 }
  const clock = new EntryClock({ wall: () => time.wallMs, monotonic: () => time.monotonicMs })
  const pass = (ms: number) => {
    time.wallMs += ms
    time.monotonicMs += ms
  }
  return { time, clock, pass }
}

it('tells the time in nanoseconds, across seconds', () => {
  const { clock, pass } = clocks()
  expect(clock.now()).toBe('2026-01-02T03:04:05.678250000Z')
  pass(321.5)
  expect(clock.now()).toBe('2026-01-02T03:04:05.999750000Z')
  pass(0.25)
  expect(clock.now()).toBe('2026-01-02T03:04:06.000000000Z')
})

it('reports that the clock was set back once, and never goes back', () => {
  const { time, clock, pass } = clocks()
  const before = clock.now()
  time.wallMs -= 3_600_000
  expect(clock.step()).toBe(-3_600_000)
  expect(clock.step()).toBeUndefined()
  pass(10)
  expect(clock.now() > before).toBe(true)
  time.wallMs += 3_600_000
  expect(clock.step()).toBe(3_600_000)
  expect(clock.now().slice(0, 19)).toBe('2026-01-02T03:04:05')
})

it('follows a clock that was set ahead', () => {
  const { time, clock } = clocks()
  time.wallMs += 60_000
  expect(clock.step()).toBe(60_000)
  expect(clock.now().slice(0, 19)).toBe('2026-01-02T03:05:05')
  expect(clock.step()).toBeUndefined()
})

it('takes drift for no step', () => {
  const { time, clock } = clocks()
  time.wallMs -= 999
  expect(clock.step()).toBeUndefined()
})

it('is never behind the wall clock, whatever the fraction of a millisecond at which it began', () => {
  for (let begun = 0; begun < 500; begun++) {
    const until = performance.now() + begun / 250
    while (performance.now() < until);
    const clock = new EntryClock(systemClock)
    const wall = Date.now()
    const at = Date.parse(clock.now())
    expect(at).toBeGreaterThanOrEqual(wall)
    expect(at).toBeLessThan(wall + 100)
  }
})

it('is never behind it either where somebody has set it since the process began', () => {
  const ahead = performance.timeOrigin + 3_600_000.75
  const set = vi.spyOn(Date, 'now').mockImplementation(() => Math.floor(ahead + performance.now()))
  try {
    for (let begun = 0; begun < 500; begun++) {
      const clock = new EntryClock(systemClock)
      const until = performance.now() + begun / 500
      while (performance.now() < until);
      const wall = Date.now()
      const at = Date.parse(clock.now())
      expect(at).toBeGreaterThanOrEqual(wall)
      expect(at).toBeLessThan(wall + 100)
    }
  } finally {
    set.mockRestore()
  }
})

it('carries nanoseconds over where both clocks have fractions', () => {
  let monotonic = 0.5
  const clock = new EntryClock({ wall: () => Date.parse('2026-01-02T03:04:05Z') + 0.75, monotonic: () => monotonic })
  expect(clock.now()).toBe('2026-01-02T03:04:05.000750000Z')
  monotonic = 0.9
  expect(clock.now()).toMatch(/^2026-01-02T03:04:05\.00115000\dZ$/)
})

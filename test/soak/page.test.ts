import { expect, it } from 'vitest'
import { type SoakRun, withRun } from './page.ts'

const run: SoakRun = {
  date: '2026-11-23',
  commit: 'abc1234',
  command: 'npm run soak -- --minutes 5',
  machine: 'linux x64, 2 cores',
  results: [
    { test: 'test/one.test.ts', seconds: 60, passed: true, numbers: { kills: 1200, lost: 0 } },
    { test: 'test/two.test.ts', seconds: 9, passed: false, numbers: {} },
  ],
}
const page = 'before\n<!-- written by npm run soak -->\nold\n<!-- end of what npm run soak writes -->\nafter\n'

it('puts a run in place of the one before, and leaves what people wrote', () => {
  const once = withRun(page, run)
  expect(once).toMatch(/^before\n/)
  expect(once).toMatch(/\nafter\n$/)
  expect(once).not.toContain('old')
  expect(once).toContain('| `test/one.test.ts` | 60 s | passed | kills: 1,200; lost: 0 |')
  expect(withRun(once, run)).toBe(once)
})

it('says of a test that failed that it did', () => {
  expect(withRun(page, run)).toContain('| `test/two.test.ts` | 9 s | **failed** | nothing was counted |')
})

it('refuses a page that has no place for it', () => {
  expect(() => withRun('nothing', run)).toThrow(/no place/)
})

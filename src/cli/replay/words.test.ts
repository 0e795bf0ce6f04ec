import { expect, it } from 'vitest'
import { fate, fateStyle } from './words.ts'

const operation = { n: 2, entry: 9, at: '', form: 'request', statement: 1, effect: 'allow' as const, rules: ['may'], policy: '' }
const outcome = { n: 2, entry: 10, at: '', status: 'completed', rows: 0, bytes: 10, us: 2000, code: '200' }

it('says of an operation what it tries again', () => {
  expect(fate({ ...operation, retryOf: { session: 'ses_1', operation: 4 } }, outcome)).toBe(
    'allow (may)  tries #4 of ses_1 again  completed 200, 10 bytes, 2.0 ms',
  )
})

it('takes an answer for good by how the operation ended, and not by having a code', () => {
  expect(fateStyle(operation, outcome)).toBe('green')
  expect(fateStyle(operation, { ...outcome, status: 'failed', code: '404' })).toBe('red')
})

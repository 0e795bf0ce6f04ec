import { expect, it } from 'vitest'
import { entryLine } from './entry-line.ts'

const line = (kind: string, fields: Record<string, never>) =>
  entryLine({ index: 7, id: 'b.7', at: '2026-11-27T15:00:00.123456Z', kind, fields, payloads: [] } as never)

it('says the operations of an entry in words, also which one tries another again', () => {
  const fields = {
    session: 'ses_2',
    ops: [[1, 1, 1, 'request']],
    decisions: [[1, 'deny', ['no-shells'], 'sha256:0']],
    retries: [[1, 'ses_1', 4]],
  }
  const said = line('operation.intent', fields as never)
  expect(said).toContain('#1 request of statement 1 by decision 1')
  expect(said).toContain('decision 1: deny (no-shells)')
  expect(said).toContain('#1 tries #4 of ses_1 again')
})

it('says what the target called an outcome, whatever the protocol', () => {
  const outcomes = [
    [1, 'completed', 0, 512, 1500, '200'],
    [2, 'failed', 0, 0, 90, '42601'],
  ]
  const said = line('operation.outcome', { session: 'ses_2', outcomes } as never)
  expect(said).toContain('#1 completed 200, 0 rows, 512 bytes, 1.5 ms')
  expect(said).toContain('#2 failed 42601')
})

it('says what models used, and what clients said of themselves', () => {
  const usage = [
    [1, 812, 34, 100, 250_000, 'USD'],
    [2, 5, 0, 0],
  ]
  const said = line('operation.outcome', { session: 'ses_2', outcomes: [], usage } as never)
  expect(said).toContain('#1 812 tokens in (100 cached), 34 out, 0.25 USD; #2 5 tokens in, 0 out')
  expect(line('operation.intent', { ops: [], claims: [[1, 2]] } as never)).toContain('#1 claims.2')
})

it('shows a row of another shape as it is', () => {
  expect(line('operation.intent', { retries: [[1]] } as never)).toContain('[1]')
})

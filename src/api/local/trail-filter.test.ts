import { describe, expect, it } from 'vitest'
import { trailFilter } from './trail-filter.ts'

const entries = [
  { kind: 'run.start', fields: { run: 'run_a' } },
  { kind: 'session.open', fields: { run: 'run_a', session: 'ses_1' } },
  { kind: 'session.open', fields: { run: 'run_b', session: 'ses_2' } },
  { kind: 'operation.intent', fields: { session: 'ses_1' } },
  { kind: 'operation.intent', fields: { session: 'ses_2' } },
  { kind: 'operation.outcome', fields: { session: 'ses_1' } },
] as const

const kept = (filter: Parameters<typeof trailFilter>[0]) => {
  const keep = trailFilter(filter)
  return entries.flatMap((entry, index) => (keep(entry) ? [index] : []))
}

describe('trail filter', () => {
  it('keeps everything where nothing is asked for', () => expect(kept({})).toEqual([0, 1, 2, 3, 4, 5]))
  it('keeps one session', () => expect(kept({ session: 'ses_1' })).toEqual([1, 3, 5]))
  it("keeps a run's operations, which only name their session", () => expect(kept({ run: 'run_a' })).toEqual([0, 1, 3, 5]))
  it('keeps one kind', () => expect(kept({ kind: 'operation.intent' })).toEqual([3, 4]))
  it('keeps a family of kinds, but not a kind that only starts alike', () => {
    expect(kept({ kind: 'operation' })).toEqual([3, 4, 5])
    expect(kept({ kind: 'operation.int' })).toEqual([])
  })
  it('finds the operations of a run even where session.open itself is of another kind', () => {
    expect(kept({ run: 'run_a', kind: 'operation.outcome' })).toEqual([5])
  })
})

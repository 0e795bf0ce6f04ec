import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Run } from '../operations/index.ts'
import type { ClaimedSpan } from '../protocols/otlp/index.ts'
import type { EntryDraft } from '../trail/index.ts'
import { SpanRecords } from './span-records.ts'

const run: Run = { id: 'run_1', principal: { kind: 'job', issuer: 'ci', subject: 'repo:1', groups: [] }, facts: {}, startedAt: 0 }
const span = (name: string, attributes: ClaimedSpan['attributes'] = {}): ClaimedSpan => ({
  ...{ trace: '0af7651916cd43dd8448eb211c80319c', span: 'b7ad6b7169203331', name, start: '2026-11-18T11:06:40.000Z', us: 5 },
  attributes,
})

function recording() {
  const entries: EntryDraft[] = []
  let live = true
  let expected = 0
  let keys = 0
  const records = new SpanRecords(
    {
      note(draft, placed) {
        entries.push(draft)
        placed?.(entries.length - 1)
        return `7f.${entries.length}` as never
      },
      sessionKey: () => ({ id: `key_${++keys}` }),
      pseudonym: (issuer, subject) => `p(${issuer},${subject})`,
    },
    {
      expect: () => {
        if (!live) return undefined
        expected++
        return () => {
          expected--
        }
      },
    },
  )
  const spans = () => entries.filter(({ kind }) => kind === 'run.spans')
  const end = () => {
    live = false
  }
  return { records, entries, spans, end, expected: () => expected }
}

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('spans of a run', () => {
  it('are one entry for what comes within a second, with what else came beside, as claimed', () => {
    const { records, spans, expected } = recording()
    expect(records.take(run, [span('a')], 3)).toBe(1)
    expect(records.take(run, [span('b')], 4)).toBe(1)
    expect(records.take(run, [], 2)).toBe(0)
    expect(spans()).toEqual([])
    // Until they are written, the run has not ended.
    expect(expected()).toBe(1)
    vi.advanceTimersByTime(1_000)
    expect(spans()).toHaveLength(1)
    expect(expected()).toBe(0)
    const [{ fields, payloads }] = spans() as [EntryDraft]
    expect(fields).toEqual({
      ...{
        run: 'run_1',
        batch: expect.stringMatching(/^spn_[0-9a-f]{24}$/),
        who: { pseudonym: 'p(ci,repo:1)', kind: 'job' },
        key: 'key_1',
      },
      ...{ spans: 2, other: 9, dropped: 0, claimed: true },
    })
    expect(payloads).toMatchObject([{ name: 'spans', key: { id: 'key_1' } }])
    expect(JSON.parse(Buffer.from(payloads?.[0]?.content ?? []).toString()).map(({ name }: ClaimedSpan) => name)).toEqual(['a', 'b'])
  })

  it('are written before the end of the run, and none is taken behind it', () => {
    const { records, spans, end } = recording()
    records.take(run, [span('a')], 0)
    end()
    records.runEnded('run_1')
    expect(spans()).toHaveLength(1)
    expect(records.take(run, [span('b')], 0)).toBeUndefined()
    expect(records.take(run, [], 1)).toBeUndefined()
    vi.advanceTimersByTime(5_000)
    expect(spans()).toHaveLength(1)
  })

  it('are so many at most; what is more is counted and said', () => {
    const { records, spans } = recording()
    const many = Array.from({ length: 1_000 }, () => span('a'))
    const taken = Array.from({ length: 11 }, () => records.take(run, many, 0))
    expect(taken).toEqual([...Array(10).fill(1_000), 0])
    records.stop()
    const counts = spans().map(({ fields }) => fields as { spans: number; dropped: number })
    expect(counts.reduce((sum, each) => sum + each.spans, 0)).toBe(10_000)
    expect(counts.reduce((sum, each) => sum + each.dropped, 0)).toBe(1_000)
    expect(Math.max(...counts.map((each) => each.spans))).toBe(256)
  })

  it('are kept without secrets, and a credential of ours in them is told as leaked', () => {
    const { records, spans, entries } = recording()
    const credential = 'gs_pg_0123456789abcdefghjkmnpqrstvwxyz0123456789abcdefghjk'
    records.take(run, [span('a', { 'gen_ai.agent.name': `I am ${credential}` })], 0)
    records.stop()
    expect(Buffer.from(spans()[0]?.payloads?.[0]?.content ?? []).toString()).not.toContain('gs_pg_0123456789abcdef')
    expect(spans()[0]?.fields).toHaveProperty('redacted')
    expect(entries.at(-1)).toMatchObject({ kind: 'credential.leaked', fields: { run: 'run_1', in: 'spans' } })
  })
})

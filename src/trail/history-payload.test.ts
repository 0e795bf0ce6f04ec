import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type HistoryPayload, readHistory, writeHistory } from './history-payload.ts'

const plain = (payload: HistoryPayload | undefined) =>
  payload && { ...payload, items: payload.items.map((item) => ('part' in item ? Buffer.from(item.part).toString('hex') : item)) }

it('reads what was written, whatever bytes the parts have', () => {
  const session = fc.stringMatching(/^ses_[a-z0-9]{1,20}$/)
  const number = fc.nat(1_000_000)
  const link = fc.record({ session, link: number })
  const item = fc.oneof(fc.record({ part: fc.uint8Array({ maxLength: 60 }) }), fc.record({ same: link, count: number }))
  const payload = fc.record({ after: fc.option(link, { nil: undefined }), items: fc.array(item, { maxLength: 8 }) })
  fc.assert(fc.property(payload, (each) => void expect(plain(readHistory(writeHistory(each)))).toEqual(plain(each))))
})

it('reads nothing of what is none, wherever it is cut', () => {
  const whole = writeHistory({
    after: { session: 'ses_a', link: 3 },
    items: [{ part: Buffer.from('{"a":\n1}') }, { same: { session: 'ses_b', link: 1 }, count: 2 }],
  })
  const ends = new Set([0, 'after ses_a 3\n'.length, 'after ses_a 3\npart 8\n{"a":\n1}\n'.length, whole.length])
  for (let at = 0; at <= whole.length; at++) expect(readHistory(whole.subarray(0, at)) !== undefined).toBe(ends.has(at))
  for (const bad of ['part 99\nx\n', 'part x\n', 'same ses_a 1\n', 'after ses_A 1\n', `${'x'.repeat(500)}\n`, 'part 0\n\nafter ses_a 1\n'])
    expect(readHistory(Buffer.from(bad)), bad).toBeUndefined()
})

it('never throws', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void readHistory(bytes)))
})

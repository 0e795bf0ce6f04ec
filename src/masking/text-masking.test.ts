import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Mask, MaskOperator } from '../operations/index.ts'
import { type Findings, findingsOf } from './found.ts'
import { TextMasking } from './text-masking.ts'

const key = Buffer.alloc(32, 7)
const findings = (as: MaskOperator, ...detect: string[]): Findings => {
  const mask: Mask = { name: 'logs', columns: [], detect, patterns: [], as, unmaskedWrite: false, predicates: false }
  return findingsOf([mask]) as Findings
}
const all = (as: MaskOperator, text: string, ...detect: string[]) => {
  const masking = new TextMasking(findings(as, ...detect), key, 100)
  const out = Buffer.concat([masking.push(Buffer.from(text), 0), masking.end()]).toString()
  return { out, counts: masking.counts() }
}

const LINE = 'user ada.lovelace@example.com paid\n'

it.each([
  ['redact', 'user [email]***************** paid\n'],
  ['null', 'user ************************ paid\n'],
  ['partial', 'user ********************.com paid\n'],
  ['hash', 'user 0123456789abcdef01234567 paid\n'],
  [{ fixed: 'hidden' }, 'user hidden****************** paid\n'],
  [{ fixed: 'something that is longer than the address' }, 'user something that is longer paid\n'],
] as const)('shows as many bytes as there were: %j', (as, shown) => {
  const { out, counts } = all(as, LINE, 'email')
  expect(out.replace(/[0-9a-f]{24}/, '0123456789abcdef01234567')).toBe(shown)
  expect(counts).toEqual([['logs', 'email', 1]])
})

it('shows asterisks where the name of a detector has no room', () => {
  expect(all('redact', 'at 10.20.30.4 now\n', 'ip').out).toBe('at [ip]****** now\n')
  expect(all('redact', 'call a@b.co now\n', 'email').out).toBe('call ****** now\n')
})

it('finds the same however the bytes are cut, and keeps their number', () => {
  const whole = all('redact', LINE.repeat(3), 'email').out
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: LINE.length * 3 }), { maxLength: 8 }), (cuts) => {
      const masking = new TextMasking(findings('redact', 'email'), key, 100)
      const bytes = Buffer.from(LINE.repeat(3))
      const ends = [...cuts.sort((a, b) => a - b), bytes.length]
      const out = ends.map((end, at) => masking.push(bytes.subarray(ends[at - 1] ?? 0, end), 0))
      expect(Buffer.concat([...out, masking.end()]).toString()).toBe(whole)
    }),
  )
})

it('lets go on what it has held for as long as it may, and counts it', () => {
  const masking = new TextMasking(findings('redact', 'email'), key, 100)
  expect(Buffer.from(masking.push(Buffer.from('user ada.lov'), 1000)).toString()).toBe('user ')
  expect(masking.deadline).toBe(1100)
  expect(masking.expire(1099)).toHaveLength(0)
  expect(Buffer.from(masking.expire(1100)).toString()).toBe('ada.lov')
  expect(masking.counts()).toEqual([['logs', 'let-through', 7]])
})

it('takes any bytes', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 10 }), (chunks) => {
      const masking = new TextMasking(findings('partial', 'email', 'card', 'secret', 'ip'), key, 100)
      const out = [...chunks.map((chunk) => masking.push(chunk, 0)), masking.end()]
      expect(Buffer.concat(out)).toHaveLength(Buffer.concat(chunks).length)
    }),
  )
})

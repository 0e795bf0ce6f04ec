import { expect, it } from 'vitest'
import { keptSince, readRetention } from './retention.ts'

const since = (text: string, now: string) => new Date(keptSince(readRetention(text), Date.parse(now))).toISOString()

it.each([
  ['90d', '2026-11-27T02:00:00Z', '2026-08-29T02:00:00.000Z'],
  ['1d', '2026-03-01T00:00:00Z', '2026-02-28T00:00:00.000Z'],
  ['13mo', '2026-11-27T02:00:00Z', '2025-10-27T02:00:00.000Z'],
  ['1mo', '2026-03-31T12:00:00Z', '2026-02-28T12:00:00.000Z'],
  ['1mo', '2028-03-31T12:00:00Z', '2028-02-29T12:00:00.000Z'],
  ['12mo', '2028-02-29T12:00:00Z', '2027-02-28T12:00:00.000Z'],
])('%s before %s is %s', (text, now, expected) => expect(since(text, now)).toBe(expected))

import { expect, it } from 'vitest'
import { momentOf } from './moments.ts'

const now = Date.UTC(2026, 10, 23, 12)

it.each([
  ['90s', '2026-11-23T11:58:30.000Z'],
  ['15m', '2026-11-23T11:45:00.000Z'],
  ['2h', '2026-11-23T10:00:00.000Z'],
  ['7d', '2026-11-16T12:00:00.000Z'],
  ['1w', '2026-11-16T12:00:00.000Z'],
  ['2026-11-23T10:00:00Z', '2026-11-23T10:00:00.000Z'],
  ['2026-11-23T10:00:00.5+02:00', '2026-11-23T08:00:00.500Z'],
  ['2026-11-23 10:00:00z', '2026-11-23T10:00:00.000Z'],
])('%s is %s', (text, moment) => {
  expect(momentOf(text, now)?.toISOString()).toBe(moment)
})

it.each([
  '',
  'soon',
  '2',
  'h',
  '2 h',
  '-2h',
  '2y',
  '99999999999d',
  '999999999w',
  '2026-11-23',
  '2026-13-01T00:00:00Z',
  '2026-11-23T10:00:00',
])('%j is no time', (text) => {
  expect(momentOf(text, now)).toBeUndefined()
})

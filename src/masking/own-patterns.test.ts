import { expect, it } from 'vitest'
import { detect, detectors, MaskingError, type OwnPattern } from './index.ts'

const found = (text: string | Uint8Array, ...own: OwnPattern[]) => {
  const bytes = Buffer.from(text)
  return detect(bytes, detectors([], own)).map(({ start, end, detector }) => `${detector}: ${bytes.subarray(start, end)}`)
}

it('finds what a pattern of the user describes, by bytes of UTF-8', () => {
  expect(found('ünder EMP-0042 and EMP-7', { name: 'employee', pattern: 'EMP-[0-9]+' })).toEqual(['employee: EMP-0042', 'employee: EMP-7'])
  expect(found('größe ß', { name: 'sharp', pattern: 'ß' })).toEqual(['sharp: ß', 'sharp: ß'])
})

it('matches within one line, whose ends are its ends', () => {
  expect(found('one\r\ntwo\nthree', { name: 'whole', pattern: '^t.*$' })).toEqual(['whole: two', 'whole: three'])
  expect(found('a\nb', { name: 'across', pattern: 'a\\sb' })).toEqual([])
})

it('matches a line that is too long in pieces', () => {
  expect(found(`${'x'.repeat(4094)}abcd`, { name: 'cut', pattern: 'abcd' })).toEqual([])
  expect(found(`${'x'.repeat(5000)}abcd`, { name: 'cut', pattern: 'abcd' })).toEqual(['cut: abcd'])
})

it('goes on where the bytes are not UTF-8', () => {
  expect(found(Buffer.from([0xff, 0xc3, ...Buffer.from('EMP-1'), 0xff]), { name: 'employee', pattern: 'EMP-[0-9]' })).toEqual([
    'employee: EMP-1',
  ])
})

it('gives a place that a built-in detector and a pattern both find to the one that begins first', () => {
  const bytes = Buffer.from('to: bob@example.com')
  const wanted = detectors(['email'], [{ name: 'line', pattern: 'to: bob' }])
  expect(detect(bytes, wanted)).toEqual([{ start: 0, end: 19, detector: 'line' }])
})

it.each([
  ['a name of ours', [{ name: 'email', pattern: 'x' }]],
  [
    'a name twice',
    [
      { name: 'a', pattern: 'x' },
      { name: 'a', pattern: 'y' },
    ],
  ],
  ['no pattern', [{ name: 'a', pattern: '(' }]],
  ['a pattern that matches nothing at all', [{ name: 'a', pattern: 'x*' }]],
  ['a back reference', [{ name: 'a', pattern: '(x)\\1' }]],
  ['a look-ahead', [{ name: 'a', pattern: 'x(?=y)' }]],
  ['a pattern that grows', [{ name: 'a', pattern: '((x{100}){100}){100}' }]],
  ['a long pattern', [{ name: 'a', pattern: 'x'.repeat(501) }]],
  ['many', Array.from({ length: 17 }, (_, at) => ({ name: `a${at}`, pattern: 'x' }))],
])('refuses %s', (_, own) => {
  expect(() => detectors([], own)).toThrow(MaskingError)
  expect(() => detectors([], own)).toThrow(expect.objectContaining({ code: 'GS_MASK_PATTERN' }))
})

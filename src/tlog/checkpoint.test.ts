import fc from 'fast-check'
import { expect, it } from 'vitest'
import { checkpointText, parseCheckpoint } from './checkpoint.ts'
import { TlogError } from './errors.ts'

// The example of c2sp.org/tlog-checkpoint.
const TEXT = 'example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n'

it('reads the example of the specification, and writes it', () => {
  const checkpoint = parseCheckpoint(TEXT)
  expect(checkpoint).toMatchObject({ origin: 'example.com/behind-the-sofa', size: 20_852_163 })
  expect(checkpoint.root.toString('base64')).toBe('CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=')
  expect(checkpointText(checkpoint)).toBe(TEXT)
})

it('lets extension lines through', () => {
  expect(parseCheckpoint(`${TEXT}extension\nanother one\n`)).toEqual(parseCheckpoint(TEXT))
})

it.each([
  ['nothing', ''],
  ['two lines', 'origin\n5\n'],
  ['no last newline', TEXT.slice(0, -1)],
  ['no origin', TEXT.replace('example.com/behind-the-sofa', '')],
  ['an empty extension line', `${TEXT}\n`],
  ['an empty line between', TEXT.replace('\n', '\n\n')],
  ['a leading zero', TEXT.replace('2085', '02085')],
  ['a sign', TEXT.replace('2085', '+2085')],
  ['a fraction', TEXT.replace('2085', '2.085')],
  ['another notation', TEXT.replace('20852163', '2e5')],
  ['a size that no number holds', TEXT.replace('20852163', '9007199254740992')],
  ['a size of many digits', TEXT.replace('20852163', '9'.repeat(1000))],
  ['digits of another script', TEXT.replace('20852163', '٢٠')],
  ['a shorter root', TEXT.replace('CsUY', '')],
  ['a longer root', TEXT.replace('CsUY', 'CsUYCsUY')],
  ['base64url', TEXT.replace('/Xaj', '_Xaj')],
  ['base64 without padding', TEXT.replace('2I=', '2I')],
  ['base64 with bits that mean nothing', TEXT.replace('2I=', '2J=')],
  ['white space', TEXT.replace('\n20', '\n 20')],
])('reads no checkpoint with %s', (_, text) => {
  expect(() => parseCheckpoint(text)).toThrow(expect.objectContaining({ code: 'GS_TLOG_CHECKPOINT' }))
})

it('has one spelling for each checkpoint: what is read is written the same', () => {
  fc.assert(
    fc.property(fc.nat(TEXT.length), fc.nat(2), fc.string({ maxLength: 2 }), (at, cut, put) => {
      const changed = TEXT.slice(0, at) + put + TEXT.slice(at + cut)
      try {
        const written = checkpointText(parseCheckpoint(changed))
        expect(changed.slice(0, written.length)).toBe(written)
      } catch (error) {
        expect(error).toBeInstanceOf(TlogError)
      }
    }),
    { numRuns: 5000 },
  )
})

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { someLeaves } from '../../test/parts/naive-merkle-tree.ts'
import { TlogError } from './errors.ts'
import { parseProof, proofText } from './tlog-proof.ts'

const CHECKPOINT = 'example.com/fancylog\n109482\nsFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=\n\n— example.com/fancylog aGVsbG8gd29ybGQ=\n'
const TEXT = `c2sp.org/tlog-proof@v1
index 73894
gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=
B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=

${CHECKPOINT}`

it('reads a proof as the specification shows one, and writes it', () => {
  const proof = parseProof(TEXT)
  expect(proof).toMatchObject({ index: 73_894, checkpoint: CHECKPOINT })
  expect(proof.hashes).toHaveLength(2)
  expect(proofText(proof.index, proof.hashes, proof.checkpoint)).toBe(TEXT)
})

it('reads a proof without hashes, and lets an extra line through', () => {
  expect(parseProof(proofText(0, [], CHECKPOINT))).toEqual({ index: 0, hashes: [], checkpoint: CHECKPOINT })
  expect(parseProof(TEXT.replace('\nindex', '\nextra YWdlLXYxLjI=\nindex'))).toEqual(parseProof(TEXT))
})

it.each([
  ['nothing', ''],
  ['another version', TEXT.replace('@v1', '@v2')],
  ['no index', TEXT.replace('index 73894\n', '')],
  ['an index with a leading zero', TEXT.replace('index 7', 'index 07')],
  ['an index beyond 2^53', TEXT.replace('73894', '18446744073709551615')],
  ['two indexes', TEXT.replace('index 73894\n', 'index 73894\nindex 73894\n')],
  ['the extra line behind the index', TEXT.replace('73894\n', '73894\nextra YWdlLXYxLjI=\n')],
  ['an extra line that is not base64', TEXT.replace('\nindex', '\nextra ???\nindex')],
  ['two extra lines', TEXT.replace('\nindex', '\nextra YQ==\nextra YQ==\nindex')],
  ['a short hash', TEXT.replace('gSKy', '')],
  ['a carriage return', TEXT.replaceAll('\n', '\r\n')],
  ['no checkpoint', TEXT.slice(0, TEXT.indexOf('\n\n') + 1)],
  ['more hashes than levels', proofText(0, someLeaves(65), CHECKPOINT)],
  ['too many bytes', `${TEXT}${'x'.repeat(200 << 10)}`],
])('reads no proof with %s', (_, text) => {
  expect(() => parseProof(text)).toThrow(expect.objectContaining({ code: 'GS_TLOG_PROOF' }))
})

it('gives out nothing but hashes and a number, whatever is changed', () => {
  fc.assert(
    fc.property(fc.nat(TEXT.length), fc.nat(5), fc.string({ maxLength: 5 }), (at, cut, put) => {
      const changed = TEXT.slice(0, at) + put + TEXT.slice(at + cut)
      try {
        const proof = parseProof(changed)
        for (const hash of proof.hashes) expect(hash).toHaveLength(32)
        expect(Number.isSafeInteger(proof.index)).toBe(true)
        expect(changed.endsWith(proof.checkpoint)).toBe(true)
      } catch (error) {
        expect(error).toBeInstanceOf(TlogError)
      }
    }),
    { numRuns: 5000 },
  )
})

it('reads back every proof that it writes', () => {
  const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes))
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.array(hash, { maxLength: 63 }), (index, hashes) => {
      expect(parseProof(proofText(index, hashes, CHECKPOINT))).toEqual({ index, hashes, checkpoint: CHECKPOINT })
    }),
  )
})

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { someLeaves } from '../../test/parts/naive-merkle-tree.ts'
import { formatAddCheckpoint, MAX_REQUEST_BYTES, parseAddCheckpoint } from './add-checkpoint-request.ts'

// The example of c2sp.org/tlog-witness.
const EXAMPLE = `old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
`

it('reads the example of the specification, and writes it', () => {
  const request = parseAddCheckpoint(Buffer.from(EXAMPLE))
  expect(request).toMatchObject({ old: 20_852_014, note: EXAMPLE.slice(EXAMPLE.indexOf('\n\n') + 2) })
  expect(request?.proof).toHaveLength(4)
  expect(formatAddCheckpoint(request as NonNullable<typeof request>)).toBe(EXAMPLE)
})

const first = EXAMPLE.split('\n')[1] as string

it.each([
  ['nothing', ''],
  ['no blank line', EXAMPLE.replaceAll('\n\n', '\n')],
  ['no old size', EXAMPLE.replace('old 20852014\n', '')],
  ['another word', EXAMPLE.replace('old', 'new')],
  ['a leading zero', EXAMPLE.replace('old 2', 'old 02')],
  ['a size beyond 2^53', EXAMPLE.replace('20852014', '9007199254740992')],
  ['a negative size', EXAMPLE.replace('old 2', 'old -2')],
  ['a carriage return', EXAMPLE.replace('\n', '\r\n')],
  ['a short hash', EXAMPLE.replace('PlRN', '')],
  ['a long hash', EXAMPLE.replace('PlRN', 'PlRNPlRN')],
  ['base64url', EXAMPLE.replace('/6WV', '_6WV')],
  ['bits that mean nothing', EXAMPLE.replace('kaw=', 'kax=')],
  ['64 hashes', EXAMPLE.replace(first, new Array(61).fill(first).join('\n'))],
  ['too many bytes', `${EXAMPLE}${'x'.repeat(MAX_REQUEST_BYTES)}`],
])('reads no request with %s', (_, text) => {
  expect(parseAddCheckpoint(Buffer.from(text))).toBeUndefined()
})

it('reads up to 63 hashes', () => {
  expect(parseAddCheckpoint(Buffer.from(EXAMPLE.replace(first, new Array(60).fill(first).join('\n'))))?.proof).toHaveLength(63)
})

it('reads no bytes that are not UTF-8', () => {
  const bytes = Buffer.from(EXAMPLE)
  bytes[bytes.length - 5] = 0xff
  expect(parseAddCheckpoint(bytes)).toBeUndefined()
})

it('has one spelling for each request, whatever is changed', () => {
  const bytes = Buffer.from(EXAMPLE)
  fc.assert(
    fc.property(fc.nat(bytes.length), fc.nat(50), fc.uint8Array({ maxLength: 4 }), (at, cut, put) => {
      const changed = Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + cut)])
      const request = parseAddCheckpoint(changed)
      if (request !== undefined) expect(Buffer.from(formatAddCheckpoint(request))).toEqual(changed)
    }),
    { numRuns: 5000 },
  )
})

it('reads back every request that it writes', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.nat(63), fc.string(), (old, hashes, note) => {
      const request = { old, proof: someLeaves(hashes), note }
      expect(parseAddCheckpoint(Buffer.from(formatAddCheckpoint(request)))).toEqual(request)
    }),
  )
})

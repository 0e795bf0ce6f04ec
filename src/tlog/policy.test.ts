import fc from 'fast-check'
import { expect, it } from 'vitest'
import { TlogError } from './errors.ts'
import { parsePolicy } from './policy.ts'
import { cosignatureSigner, ed25519Signer } from './signers.ts'

const log = (n: number) => ed25519Signer(`log.example/${n}`, Buffer.alloc(32, n)).vkey
const witness = (n: number) => cosignatureSigner(`witness.example/${n}`, Buffer.alloc(32, n), () => 1).vkey
const read = (...lines: string[]) => parsePolicy(Buffer.from(lines.map((line) => `${line}\n`).join('')))
const cosigned = (...names: string[]) => new Set(names)

const EXAMPLE = [
  '# The example of c2sp.org/tlog-policy.',
  `log ${log(1)}`,
  '',
  `witness X1 ${witness(11)}`,
  `witness X2 ${witness(12)} https://witness.example/x2`,
  `  witness\tX3 \t ${witness(13)}  `,
  'group X-witnesses 2 X1 X2 X3',
  ' \t ',
  `witness Y1 ${witness(21)}`,
  `witness Y2 ${witness(22)}`,
  `witness Y3 ${witness(23)}`,
  'group Y-witnesses any Y1 Y2 Y3',
  '\t# two levels',
  'group X-and-Y all X-witnesses Y-witnesses',
  'quorum X-and-Y',
]

it('reads the example of the specification, and asks for two of X and one of Y', () => {
  const policy = read(...EXAMPLE)
  expect(policy.logs.map(({ vkey }) => vkey)).toEqual([log(1)])
  expect([...policy.witnesses.keys()]).toEqual(['X1', 'X2', 'X3', 'Y1', 'Y2', 'Y3'])
  expect(policy.witnesses.get('X3')?.vkey).toBe(witness(13))
  expect(policy.satisfied(cosigned('X1', 'X3', 'Y2'))).toBe(true)
  expect(policy.satisfied(cosigned('X1', 'X2', 'X3', 'Y1', 'Y2', 'Y3'))).toBe(true)
  expect(policy.satisfied(cosigned('X1', 'Y1', 'Y2', 'Y3'))).toBe(false)
  expect(policy.satisfied(cosigned('X1', 'X2', 'X3'))).toBe(false)
  expect(policy.satisfied(cosigned())).toBe(false)
})

it('lets nobody stand for a group, or for somebody who is not in the policy', () => {
  const policy = read(...EXAMPLE)
  expect(policy.satisfied(cosigned('X-and-Y', 'X-witnesses', 'Y-witnesses', 'Z'))).toBe(false)
})

it('asks for nobody with quorum none, and for the one witness that is the quorum', () => {
  expect(read('quorum none').satisfied(cosigned())).toBe(true)
  const one = read(`witness W ${witness(1)}`, `witness V ${witness(2)}`, 'quorum W')
  expect(one.satisfied(cosigned('V'))).toBe(false)
  expect(one.satisfied(cosigned('W'))).toBe(true)
})

const W = [`witness A ${witness(1)}`, `witness B ${witness(2)}`]
const V = `log ${log(1)}`

it.each<[string, readonly string[], RegExp]>([
  ['no quorum', W, /no quorum/],
  ['two quorums', ['quorum none', 'quorum none'], /Line 2/],
  ['an unknown quorum', ['quorum A', ...W], /Line 1/],
  ['an unknown keyword', [...W, 'threshold 2', 'quorum none'], /Line 3/],
  ['the name of something that every object has', ['constructor', 'quorum none'], /Line 1/],
  ['a comment behind something', ['quorum none # nobody'], /Line 1/],
  ['an unknown member', [...W, 'group G all A C', 'quorum G'], /Line 3/],
  ['a group that contains itself', [...W, 'group G all A G', 'quorum G'], /Line 3/],
  ['a member twice in one group', [...W, 'group G 2 A A', 'quorum G'], /Line 3/],
  ['a member of two groups', [...W, 'group G any A', 'group H any A', 'quorum H'], /Line 4/],
  ['none as a member', [...W, 'group G any none A', 'quorum G'], /Line 3/],
  ['a witness called none', [`witness none ${witness(3)}`, 'quorum none'], /Line 1/],
  ['a group called none', [...W, 'group none all A', 'quorum none'], /Line 3/],
  ['a group named as a witness', [...W, 'group A all B', 'quorum A'], /Line 3/],
  ['two witnesses of one name', [...W, `witness A ${witness(3)}`, 'quorum A'], /Line 3/],
  ['two witnesses of one key', [...W, `witness C ${witness(1)}`, 'quorum A'], /Line 3/],
  [
    'two witnesses of one key with two names',
    [...W, `witness C ${cosignatureSigner('x', Buffer.alloc(32, 1), () => 1).vkey}`, 'quorum A'],
    /Line 3/,
  ],
  ['two logs of one key', [V, V, 'quorum none'], /Line 2/],
  ['a group of nobody', [...W, 'group G all', 'quorum G'], /Line 3/],
  ['a threshold of zero', [...W, 'group G 0 A B', 'quorum G'], /Line 3/],
  ['a threshold that is never met', [...W, 'group G 3 A B', 'quorum G'], /Line 3/],
  ['a threshold that is no number', [...W, 'group G most A B', 'quorum G'], /Line 3/],
  ['a threshold written otherwise', [...W, 'group G 0x1 A B', 'quorum G'], /Line 3/],
  ['a log with the key of a witness', [`log ${witness(1)}`, 'quorum none'], /Line 1/],
  ['a witness with the key of a log', [`witness A ${log(1)}`, 'quorum A'], /Line 1/],
  ['a broken key', [`${V}x`, 'quorum none'], /Line 1/],
  ['a log with too much behind it', [`${V} https://log.example x`, 'quorum none'], /Line 1/],
  ['a log without a key', ['log', 'quorum none'], /Line 1/],
  ['a carriage return', ['quorum none\r'], /Line 1/],
  ['a null byte', ['# \0', 'quorum none'], /Line 1/],
  ['too many lines', [...new Array(5000).fill('#'), 'quorum none'], /4,096/],
  ['too many bytes', [`# ${'x'.repeat(300_000)}`, 'quorum none'], /256 KiB/],
])('refuses a policy with %s', (_, lines, message) => {
  expect(() => read(...lines)).toThrow(expect.objectContaining({ code: 'GS_TLOG_POLICY', message: expect.stringMatching(message) }))
})

it('refuses a policy that was cut in its last line, where a quorum may have become another', () => {
  expect(() => parsePolicy(Buffer.from('quorum none'))).toThrow(/may have been cut/)
})

it('takes names for octets: those that look alike are different, and need not be UTF-8', () => {
  const kelvin = read(`witness \u212a ${witness(1)}`, `witness K ${witness(2)}`, 'quorum \u212a')
  expect(kelvin.satisfied(cosigned('K'))).toBe(false)
  const octets = Buffer.concat([
    Buffer.from('witness '),
    Buffer.of(0xe9, 0x20),
    Buffer.from(`${witness(1)}\nquorum `),
    Buffer.of(0xe9, 0x0a),
  ])
  expect([...parsePolicy(octets).witnesses.keys()]).toEqual(['\xe9'])
})

it('holds many groups in groups', () => {
  const groups = Array.from({ length: 2000 }, (_, n) => `group g${n + 1} all g${n}`)
  const policy = read(`witness g0 ${witness(1)}`, ...groups, 'quorum g2000')
  expect(policy.satisfied(cosigned('g0'))).toBe(true)
  expect(policy.satisfied(cosigned())).toBe(false)
})

it('reads a changed policy as a policy or not at all, and never asks for nobody unless it says so', () => {
  const bytes = Buffer.from(EXAMPLE.map((line) => `${line}\n`).join(''))
  fc.assert(
    fc.property(fc.nat(bytes.length), fc.nat(20), fc.uint8Array({ maxLength: 6 }), (at, cut, put) => {
      const changed = Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + cut)])
      try {
        expect(parsePolicy(changed).satisfied(cosigned())).toBe(false)
      } catch (error) {
        expect(error).toBeInstanceOf(TlogError)
      }
    }),
    { numRuns: 3000 },
  )
})

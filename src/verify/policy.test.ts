import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkpointText, logKey, note, witnessKey } from '../../test/verify/naive-keys.ts'
import { checkSignature, checkWitnesses, parseCheckpoint, parsePolicy, trustKeys } from './policy.ts'
import { Failure, Unusable } from './verdict.ts'

const log = logKey('example.org/log')
const witnesses = ['X1', 'X2', 'X3', 'Y1', 'Y2', 'Y3'].map((name) => [name, witnessKey(`witness.example/${name}`)] as const)
const lines = witnesses.map(([name, key]) => `witness ${name} ${key.vkey}`)
const parse = (...all: readonly string[]) => parsePolicy(Buffer.from(`${all.join('\n')}\n`))
const text = checkpointText(log.name, 9, Buffer.alloc(32, 7))
const checkpoint = (...names: readonly string[]) =>
  parseCheckpoint(Buffer.from(note(text, [log, ...witnesses.filter(([name]) => names.includes(name)).map(([, key]) => key)])))

describe('the example of the specification', () => {
  const policy = parse(
    `log ${log.vkey} https://log.example/`,
    '',
    ...lines.slice(0, 3),
    'group X-witnesses 2 X1 X2 X3',
    ' \t# a comment',
    ...lines.slice(3),
    'group\tY-witnesses any Y1 Y2 Y3 ',
    'group X-and-Y all X-witnesses Y-witnesses',
    'quorum X-and-Y',
  )

  it.each([
    [['X1', 'X2', 'Y3'], true],
    [['X1', 'X2', 'X3', 'Y1', 'Y2', 'Y3'], true],
    [['X1', 'X2', 'X3'], false],
    [['X1', 'Y1', 'Y2', 'Y3'], false],
    [[], false],
  ])('with %j is enough: %j', (names, enough) => {
    if (enough) expect(checkWitnesses([checkpoint(...names)], policy)).toBe(`9 entries by ${names.join(', ')}`)
    else expect(() => checkWitnesses([checkpoint(...names)], policy)).toThrow(Failure)
  })
})

it('asks for one witness, or for none', () => {
  expect(checkWitnesses([checkpoint('X1')], parse(...lines, 'quorum X1'))).toBe('9 entries by X1')
  expect(() => checkWitnesses([checkpoint('X2')], parse(...lines, 'quorum X1'))).toThrow('9 entries by X2: not enough for the policy')
  expect(checkWitnesses([checkpoint()], parse('quorum none'))).toBe('9 entries by none; the policy asks for none')
  expect(checkWitnesses([checkpoint()], trustKeys([log.vkey]))).toBe('9 entries by none; the policy asks for none')
})

it('refuses a note in which a known key signed something else', () => {
  const other = note(checkpointText(log.name, 10, Buffer.alloc(32, 7)), [log, witnesses[0]?.[1] as never])
  const forged = parseCheckpoint(Buffer.from(text + other.slice(other.indexOf('\n\n') + 1)))
  const policy = parse(`log ${log.vkey}`, ...lines, 'quorum none')
  expect(() => checkSignature(forged, policy)).toThrow('signature of example.org/log is wrong')
  expect(() => checkWitnesses([forged], policy)).toThrow('signature of witness.example/X1 is wrong')
  // One that is right does not make up for one that is wrong.
  const both = parseCheckpoint(Buffer.from(`${note(text, [log])}${other.split('\n').at(-3)}\n`))
  expect(() => checkSignature(both, policy)).toThrow('signature of example.org/log is wrong')
})

it('takes the signature of a trusted key of that origin, and no other', () => {
  const other = logKey('example.org/other')
  const second = logKey(log.name)
  expect(checkSignature(checkpoint(), trustKeys([other.vkey, log.vkey, second.vkey]))).toMatch(
    /^example.org\/log, 9 entries, signed by key [0-9a-f]{8}$/,
  )
  expect(() => checkSignature(checkpoint(), trustKeys([second.vkey]))).toThrow('no trusted key signed for example.org/log')
  expect(() => checkSignature(checkpoint(), trustKeys([other.vkey]))).toThrow(Failure)
  // The key is trusted, but not for what it signed here.
  const foreign = parseCheckpoint(Buffer.from(note(checkpointText('example.org/log', 9, Buffer.alloc(32)), [other])))
  expect(() => checkSignature(foreign, trustKeys([other.vkey]))).toThrow('no trusted key signed for example.org/log')
  expect(checkSignature(parseCheckpoint(Buffer.from(note(text, [log, second]))), trustKeys([log.vkey, second.vkey]))).toContain(' and ')
})

const [one, two] = lines as [string, string]
it.each([
  ['nothing', []],
  ['no quorum', [`log ${log.vkey}`]],
  ['two quorums', ['quorum none', 'quorum none']],
  ['a quorum that is not defined', ['quorum X1']],
  ['a quorum that is defined later', ['quorum X1', one]],
  ['a witness called none', [one.replace('X1', 'none'), 'quorum none']],
  ['a witness twice', [one, two.replace('X2', 'X1'), 'quorum none']],
  ['one key under two names', [one, one.replace('X1', 'X9'), 'quorum none']],
  ['one log twice', [`log ${log.vkey}`, `log ${log.vkey}`, 'quorum none']],
  ['a log key for a witness', [`witness X1 ${log.vkey}`, 'quorum none']],
  ['a witness key for a log', [`log ${witnesses[0]?.[1].vkey}`, 'quorum none']],
  ['a group called as a witness is', [one, 'group X1 any X1', 'quorum none']],
  ['a group without members', [one, 'group G any', 'quorum none']],
  ['a group of itself', ['group G any G', 'quorum none']],
  ['a group of none', ['group G any none', 'quorum none']],
  ['a member twice in a group', [one, 'group G 1 X1 X1', 'quorum none']],
  ['a member of two groups', [one, two, 'group G any X1', 'group H any X1 X2', 'quorum none']],
  ['a threshold of zero', [one, 'group G 0 X1', 'quorum none']],
  ['a threshold beyond its members', [one, 'group G 2 X1', 'quorum none']],
  ['a threshold in another notation', [one, 'group G 0x1 X1', 'quorum none']],
  ['an unknown word', ['logs x', 'quorum none']],
  ['a word too many', ['quorum none none']],
  ['a CR', ['quorum none\r']],
  ['a form feed for a space', ['quorum\fnone']],
])('refuses a policy with %s', (_, all) => {
  expect(() => parse(...all)).toThrow(Unusable)
})

it('says which line is wrong', () => {
  expect(() => parse('quorum none', 'what')).toThrow('line 2 of the policy')
})

it('holds names to be octets', () => {
  const kelvin = witnessKey('witness.example/K')
  const policy = parse(`witness K ${witnesses[1]?.[1].vkey}`, `witness \u212a ${kelvin.vkey}`, 'quorum \u212a')
  expect(policy.witnesses.size).toBe(2)
  const named = logKey('größe.example')
  expect(
    checkSignature(
      parseCheckpoint(Buffer.from(note(checkpointText(named.name, 1, Buffer.alloc(32)), [named]))),
      parse(`log ${named.vkey}`, 'quorum none'),
    ),
  ).toBeTruthy()
})

it('follows a chain of a thousand groups', () => {
  const chain = Array.from({ length: 1000 }, (_, at) => `group G${at + 1} any ${at === 0 ? 'X1' : `G${at}`}`)
  const policy = parse(one, ...chain, 'quorum G1000')
  expect([policy.enough(['X1']), policy.enough([])]).toEqual([true, false])
})

it('reads whatever comes, or refuses it', () => {
  const word = fc.constantFrom(
    'log',
    'witness',
    'group',
    'quorum',
    'none',
    'any',
    'all',
    'X1',
    'G',
    '1',
    log.vkey,
    witnesses[0]?.[1].vkey as string,
    '#',
  )
  const any = fc.array(
    fc.array(word, { maxLength: 5 }).map((words) => words.join(' ')),
    { maxLength: 8 },
  )
  fc.assert(
    fc.property(
      fc.oneof(
        any.map((all) => Buffer.from(all.join('\n'))),
        fc.uint8Array().map((bytes) => Buffer.from(bytes)),
      ),
      (bytes) => {
        try {
          expect(parsePolicy(bytes).enough(['X1', 'G'])).toBeTypeOf('boolean')
        } catch (error) {
          expect(error).toBeInstanceOf(Unusable)
        }
      },
    ),
    { numRuns: 500 },
  )
})

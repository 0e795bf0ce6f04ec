import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { checkpointText, logKey, note, witnessKey } from '../../test/verify/naive-keys.ts'
import { decode, parseCheckpoint, parseKey } from './policy.ts'
import { Unusable } from './verdict.ts'

const root = createHash('sha256').update('root').digest()
const key = logKey('example.org/prod/main')
const text = checkpointText(key.name, 4711, root)
const signed = note(text, [key])
const parse = (bytes: string | Buffer) => parseCheckpoint(Buffer.from(bytes))

it('verifies the example of the specification', () => {
  const body = 'This is an example message.\n'
  const line = 'Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM='
  const example = parseKey('example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k', 'log')
  expect(example.id).toBe('530d903a')
  expect(example.verifies(body, Buffer.from(line, 'base64').subarray(4))).toBe(true)
  expect(example.verifies(`${body} `, Buffer.from(line, 'base64').subarray(4))).toBe(false)
})

it('reads a checkpoint, also with extension lines and unknown signatures', () => {
  expect(parse(signed)).toMatchObject({ origin: key.name, size: 4711, root: root.toString('latin1'), text })
  expect(parse(note(`${text}more\n`, [key, logKey('other')])).signatures.map(({ name }) => name)).toEqual([key.name, 'other'])
  expect(parse(note(checkpointText('größe', 0, root), [logKey('größe')]))).toMatchObject({ origin: 'größe', size: 0 })
})

it('knows a cosignature over text and time from any other', () => {
  const witness = witnessKey('witness.example/w1', 1_700_000_000)
  const known = parseKey(witness.vkey, 'witness')
  const bytes = parse(signed + witness.line(text)).signatures[1]?.bytes as Buffer
  expect(known.verifies(text, bytes)).toBe(true)
  expect(known.verifies(checkpointText(key.name, 4712, root), bytes)).toBe(false)
  const later = Buffer.from(bytes)
  later.writeBigUInt64BE(1_700_000_001n)
  expect(known.verifies(text, later)).toBe(false)
  expect(known.verifies(text, bytes.subarray(8))).toBe(false)
  expect(parseKey(key.vkey, 'log').verifies(text, bytes.subarray(8))).toBe(false)
})

const line = key.line(text)
const encoded = line.split(' ')[2] as string
it.each([
  ['nothing', ''],
  ['a text alone', text],
  ['no signatures', `${text}\n`],
  ['no blank line', text + line],
  ['a last line without its newline', signed.slice(0, -1)],
  ['something behind the signatures', `${signed}x\n`],
  ['CRLF', signed.replaceAll('\n', '\r\n')],
  ['a CR', signed.replace('\n', '\r\n')],
  ['a NUL', signed.replace('4711', '4711\0')],
  ['a tab', signed.replace('prod', 'pr\tod')],
  ['a hyphen for the dash', signed.replace('—', '-')],
  ['two spaces', signed.replace('— ', '—  ')],
  ['a signature line of three words', signed.replace(/\n$/, ' x\n')],
  ['a key name with a plus', `${text}\n— a+b ${encoded}`],
  ['a key name with a Unicode space', `${text}\n— a\u2003b ${encoded}`],
  ['a key name with a next-line character', `${text}\n— a\u0085b ${encoded}`],
  ['no key name', `${text}\n—  ${encoded}`],
  ['base64 with its padding missing', signed.replace('=\n\n', '\n\n').replace(/=+\n$/, '\n')],
  ['base64 with other bits in its last character', signed.replace(/([A-Za-z0-9+/])==?\n$/, 'B==\n')],
  ['base64 of the URL alphabet', `${text}\n— a ${Buffer.alloc(68, 0xff).toString('base64url')}\n`],
  ['a signature of four bytes', `${text}\n— a AAAAAA==\n`],
  ['a size with a leading zero', note(checkpointText(key.name, 0, root).replace('\n0\n', '\n00\n'), [key])],
  ['a size with a sign', note(text.replace('4711', '+4711'), [key])],
  ['a size beyond what can be counted', note(text.replace('4711', '99999999999999999999'), [key])],
  ['a size in another notation', note(text.replace('4711', '1e3'), [key])],
  ['an empty origin', note(text.slice(key.name.length), [key])],
  ['a root of 31 bytes', note(checkpointText(key.name, 1, root.subarray(1)), [key])],
  ['no root', note(`${key.name}\n1\n`, [key])],
  ['an empty extension line', note(`${text}\nmore\n`, [key])],
  ['65 signatures', note(text, Array(65).fill(key))],
  ['64 KiB', note(text + 'x'.repeat(65_536), [key])],
])('refuses a note with %s', (_, bytes) => {
  expect(() => parse(bytes)).toThrow(Unusable)
})

it('refuses a note that is no UTF-8', () => {
  const bytes = Buffer.from(signed)
  bytes[3] = 0xff
  expect(() => parse(bytes)).toThrow(Unusable)
})

it('refuses every shorter and every longer note', () => {
  for (let end = 0; end < signed.length; end++) expect(() => parse(signed.slice(0, end))).toThrow(Unusable)
  expect(() => parse(`${signed}\n`)).toThrow(Unusable)
})

it.each([
  ['nothing', ''],
  ['the name alone', key.name],
  ['another id', key.vkey.replace(/\+[0-9a-f]{8}\+/, '+00000000+')],
  ['another name', `x${key.vkey}`],
  ['an id in capitals', key.vkey.replace(/\+([0-9a-f]{8})\+/, (_, id) => `+${id.toUpperCase().replace(/^\d+$/, 'ABCDEF01')}+`)],
  ['a space in the name', key.vkey.replace('prod', 'pr od')],
  ['a newline in the name', key.vkey.replace('prod', 'pr\nod')],
  ['the key of a witness', witnessKey('w').vkey],
  ['a key of 31 bytes', key.vkey.slice(0, -4)],
  ['an unknown type', `a+00000000+${Buffer.alloc(33, 2).toString('base64')}`],
  ['base64 that is not canonical', `${key.vkey}=`],
])('refuses a verifier key with %s', (_, vkey) => {
  expect(() => parseKey(vkey, 'log')).toThrow(Unusable)
})

it('reads whatever comes as a checkpoint, or refuses it, and does nothing else', () => {
  const part = fc.oneof(fc.constantFrom(signed, text, line, '\n', '\n\n', '— ', key.name, '4711\n', root.toString('base64')), fc.string())
  fc.assert(
    fc.property(fc.array(part, { maxLength: 6 }), fc.nat(), fc.nat(255), (parts, at, byte) => {
      const bytes = Buffer.from(parts.join(''))
      if (bytes.length > 0) bytes[at % bytes.length] = byte
      try {
        expect(bytes.toString()).toContain(parseCheckpoint(bytes).text)
      } catch (error) {
        expect(error).toBeInstanceOf(Unusable)
      }
    }),
  )
  fc.assert(
    fc.property(fc.string(), (vkey) => {
      expect(() => parseKey(vkey, 'log')).toThrow(Unusable)
    }),
  )
})

it('has one base64 text for each content', () => {
  fc.assert(fc.property(fc.uint8Array(), (bytes) => decode(Buffer.from(bytes).toString('base64')).equals(bytes)))
  for (const text of ['A', 'AA', 'AB==', 'AA= =', 'AA==\n', 'A-__', ' AAAA', undefined, 7]) expect(() => decode(text)).toThrow(Unusable)
})

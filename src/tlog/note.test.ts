import fc from 'fast-check'
import { expect, it } from 'vitest'
import { TlogError } from './errors.ts'
import { appendSignatures, parseNote, signNote, verifiedBy } from './note.ts'
import { cosignatureSigner, ed25519Signer } from './signers.ts'
import { parseVkey } from './vkey.ts'

// The example of c2sp.org/signed-note, Verifier keys.
const specified = {
  vkey: 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k',
  note: 'This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n',
}

// What golang.org/x/mod/sumdb/note signs and tests with.
const go = {
  vkey: 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
  note: "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n",
}

const [alice, bob] = [ed25519Signer('alice.example/1', Buffer.alloc(32, 1)), ed25519Signer('bob.example', Buffer.alloc(32, 2))]
const [aliceKey, bobKey] = [parseVkey(alice.vkey), parseVkey(bob.vkey)]
const TEXT = 'Nothing passes\n\nunwritten. ünd ☃\n'

it.each([
  ['the specification', specified],
  ['the Go implementation', go],
])('verifies the note of %s', (_, { vkey, note }) => {
  const key = parseVkey(vkey)
  expect(verifiedBy(parseNote(note), [key])).toEqual([key])
  expect(verifiedBy(parseNote(Buffer.from(note)), [aliceKey, key])).toEqual([key])
  expect(() => verifiedBy(parseNote(note.replace('th', 'ht').replace('is', 'si')), [key])).toThrow(TlogError)
})

it('signs with several keys, in their order, and finds who signed', () => {
  const note = parseNote(signNote(TEXT, [bob, alice]))
  expect(note.text).toBe(TEXT)
  expect(note.signatures.map(({ name, id }) => [name, id])).toEqual([
    [bob.name, bob.id],
    [alice.name, alice.id],
  ])
  expect(verifiedBy(note, [aliceKey, bobKey])).toEqual([bobKey, aliceKey])
  expect(verifiedBy(note, [aliceKey])).toEqual([aliceKey])
  expect(verifiedBy(note, [])).toEqual([])
})

it('ignores keys that share only name or only id with a known one', () => {
  const namesake = ed25519Signer(alice.name, Buffer.alloc(32, 3))
  expect(verifiedBy(parseNote(signNote(TEXT, [namesake])), [aliceKey])).toEqual([])
  expect(verifiedBy(parseNote(signNote(TEXT, [{ ...namesake, name: 'mallory', id: alice.id }])), [aliceKey])).toEqual([])
})

it('rejects the whole note where a known key is said to have signed and has not, whoever else has', () => {
  const impostor = { ...ed25519Signer('mallory', Buffer.alloc(32, 4)), name: alice.name, id: alice.id }
  for (const signers of [[impostor], [bob, impostor], [impostor, bob], [alice, impostor]])
    expect(() => verifiedBy(parseNote(signNote(TEXT, signers)), [aliceKey, bobKey])).toThrow(
      expect.objectContaining({ code: 'GS_TLOG_SIGNATURE' }),
    )
})

it('names a key once that signed twice', () => {
  const witness = cosignatureSigner('witness.example/w', Buffer.alloc(32, 5), () => 1_700_000_000)
  const key = parseVkey(witness.vkey)
  expect(verifiedBy(parseNote(signNote(TEXT, [witness, alice, witness])), [key])).toEqual([key])
})

it('takes further signatures below those it has', () => {
  const second = signNote(TEXT, [alice, bob]).trimEnd().split('\n').at(-1) as string
  expect(appendSignatures(signNote(TEXT, [alice]), [second])).toBe(signNote(TEXT, [alice, bob]))
  expect(() => appendSignatures(signNote(TEXT, [alice]), ['not a signature'])).toThrow(TlogError)
})

it.each([
  ['without its last newline', 'text'],
  ['with a control character', 'te\u0007xt\n'],
  ['with a carriage return', 'text\r\n'],
  ['with half a character', 'te\ud800xt\n'],
  ['of nothing at all', ''],
])('signs no text %s', (_, text) => {
  expect(() => signNote(text, [alice])).toThrow(TlogError)
})

it('makes no note without a signature', () => {
  expect(() => signNote(TEXT, [])).toThrow(TlogError)
})

const good = signNote(TEXT, [alice])
const line = good.split('\n').at(-2) as string

it.each([
  ['nothing', ''],
  ['a text alone', 'text\n'],
  ['no blank line', `text\n${line}\n`],
  ['no newline at the end', good.slice(0, -1)],
  ['no signature', 'text\n\n'],
  ['a hyphen for the dash', good.replaceAll('—', '-')],
  ['no space behind the dash', good.replace('— ', '—')],
  ['two spaces', good.replace('— ', '—  ')],
  ['something behind the signature', `${good.slice(0, -1)} x\n`],
  ['a name with a plus', good.replace('alice.example', 'alice+example')],
  ['a name with a Unicode space', good.replace('alice.example', 'alice\u2003example')],
  ['a signature that is not base64', good.replace(line, `${line.slice(0, -4)}!!!=`)],
  ['base64 without padding', good.replace(line, line.replaceAll('=', ''))],
  ['nothing behind the key id', `text\n\n— alice ${Buffer.alloc(4).toString('base64')}\n`],
  ['a carriage return', good.replace('\n\n—', '\r\n\r\n—')],
  ['a tab in the text', `\t${good}`],
  ['65 signatures', `${good}${`${line}\n`.repeat(64)}`],
  ['more than 64 KiB', `${'x'.repeat(65 << 10)}\n\n${line}\n`],
])('reads no note with %s', (_, note) => {
  expect(() => parseNote(note)).toThrow(expect.objectContaining({ code: 'GS_TLOG_NOTE' }))
  expect(() => parseNote(Buffer.from(note))).toThrow(TlogError)
})

it('reads up to 64 signatures', () => {
  expect(parseNote(`${good}${`${line}\n`.repeat(63)}`).signatures).toHaveLength(64)
})

it('reads no note that is not UTF-8', () => {
  const bytes = Buffer.from(good)
  bytes[3] = 0xff
  expect(() => parseNote(bytes)).toThrow(TlogError)
})

it('verifies nothing that is cut, at any byte', () => {
  const bytes = Buffer.from(signNote('a\n\nb\n', [alice, bob]))
  for (let end = 0; end < bytes.length; end++) {
    let verified: readonly unknown[] = []
    try {
      verified = verifiedBy(parseNote(bytes.subarray(0, end)), [aliceKey, bobKey])
    } catch (error) {
      expect(error).toBeInstanceOf(TlogError)
    }
    // Cut behind the first signature the note is whole, and says only who signed so far.
    expect(verified.length).toBeLessThan(2)
  }
})

it('verifies no text but the one that was signed, whatever is changed', () => {
  const bytes = Buffer.from(good)
  fc.assert(
    fc.property(fc.nat(bytes.length), fc.nat(3), fc.uint8Array({ maxLength: 3 }), (at, cut, put) => {
      const changed = Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + cut)])
      try {
        const note = parseNote(changed)
        if (verifiedBy(note, [aliceKey]).length > 0) expect(note.text).toBe(TEXT)
      } catch (error) {
        expect(error).toBeInstanceOf(TlogError)
      }
    }),
    { numRuns: 5000 },
  )
})

it('reads back whatever it signed', () => {
  const text = fc.string({ unit: 'grapheme' }).map((some) => `${some.replaceAll(/(?!\n)\p{Cc}/gu, '')}\n`)
  fc.assert(
    fc.property(text, (some) => {
      const note = parseNote(signNote(some, [alice]))
      expect(note.text).toBe(some)
      expect(verifiedBy(note, [aliceKey])).toHaveLength(1)
    }),
  )
})

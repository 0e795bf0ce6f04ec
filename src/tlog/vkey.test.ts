import fc from 'fast-check'
import { expect, it } from 'vitest'
import { cosignatureTime } from './cosignature.ts'
import { TlogError } from './errors.ts'
import { newSeed } from './seed.ts'
import { cosignatureSigner, ed25519Signer } from './signers.ts'
import { formatVkey, parseVkey, signatureTypes } from './vkey.ts'

const CHECKPOINT = 'example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n'
const seed = Buffer.alloc(32, 7)

// RFC 8032 §7.1, TEST 1.
const rfc8032 = {
  seed: '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
  publicKey: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
  signature:
    'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
}

it('makes the key and the signature of RFC 8032 from its seed', () => {
  const signer = ed25519Signer('rfc', Buffer.from(rfc8032.seed, 'hex'))
  expect(signer.vkey).toBe(formatVkey('rfc', 1, Buffer.from(rfc8032.publicKey, 'hex')))
  expect(signer.sign('').toString('hex')).toBe(rfc8032.signature)
})

it('reads the key of the Go checksum database', () => {
  const vkey = 'sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8'
  expect(parseVkey(vkey)).toMatchObject({ name: 'sum.golang.org', id: 0x033de0ae, kind: 'ed25519' })
})

it('writes the id with its leading zeroes', () => {
  const short = Array.from({ length: 3000 }, (_, n) => formatVkey(`key-${n}`, 1, Buffer.alloc(32))).find((vkey) => vkey.includes('+00'))
  expect(parseVkey(short as string).vkey).toBe(short)
})

it.each([
  ['ed25519' as const, ed25519Signer('log.example/main', seed)],
  ['cosignature' as const, cosignatureSigner('witness.example/w1', seed, () => 1_679_315_147.9)],
])('verifies with its vkey what an %s signer signed, and nothing else', (kind, signer) => {
  const verifier = parseVkey(signer.vkey)
  expect(verifier).toMatchObject({ kind, name: signer.name, id: signer.id, vkey: signer.vkey })
  const signature = signer.sign(CHECKPOINT)
  expect(verifier.verify(CHECKPOINT, signature)).toBe(true)
  expect(verifier.verify(CHECKPOINT.replace('3', '4'), signature)).toBe(false)
  for (let at = 0; at < signature.length; at++) {
    const changed = Buffer.from(signature)
    changed[at]! ^= 1
    expect(verifier.verify(CHECKPOINT, changed)).toBe(false)
  }
  for (const other of [Buffer.alloc(0), signature.subarray(1), Buffer.concat([signature, Buffer.alloc(1)])])
    expect(verifier.verify(CHECKPOINT, other)).toBe(false)
})

it('keeps a cosignature and a signature of one key apart', () => {
  const [log, witness] = [ed25519Signer('one.example', seed), cosignatureSigner('one.example', seed, () => 5)]
  expect(log.id).not.toBe(witness.id)
  expect(parseVkey(log.vkey).verify(CHECKPOINT, witness.sign(CHECKPOINT).subarray(8))).toBe(false)
})

it('cosigns a header, the time in whole seconds and the checkpoint (c2sp.org/tlog-cosignature)', () => {
  const witness = cosignatureSigner('witness.example/w1', seed, () => 1_679_315_147.9)
  const cosignature = witness.sign(CHECKPOINT)
  expect(cosignatureTime(cosignature)).toBe(1_679_315_147)
  const plain = parseVkey(ed25519Signer('witness.example/w1', seed).vkey)
  expect(plain.verify(`cosignature/v1\ntime 1679315147\n${CHECKPOINT}`, cosignature.subarray(8))).toBe(true)
  expect(cosignatureTime(cosignature.subarray(1))).toBeUndefined()
  expect(cosignatureTime(Buffer.alloc(72, 0xff))).toBeUndefined()
})

const vkey = ed25519Signer('log.example/main', seed).vkey

it.each([
  '',
  'name',
  'name+00000000',
  vkey.replace('log', 'lag'),
  vkey.replace('log', 'l g'),
  vkey.replace('log', ''),
  ` ${vkey}`,
  `${vkey}\n`,
  `${vkey}=`,
  vkey.slice(1),
  vkey.slice(0, -4),
  vkey.replace(/\+([0-9a-f]{8})\+/, (_, id: string) => `+${id.toUpperCase()}+`).replace('+', '+A'),
  formatVkey('a b', 1, Buffer.alloc(32)),
  formatVkey('', 1, Buffer.alloc(32)),
  formatVkey('a', 1, Buffer.alloc(31)),
  formatVkey('a', 1, Buffer.alloc(33)),
  formatVkey('a', 2, Buffer.alloc(32)),
  formatVkey('a', 6, Buffer.alloc(700)),
  formatVkey('a'.repeat(300), 1, Buffer.alloc(32)),
  'x'.repeat(10_000),
])('takes no key from %j', (text) => {
  expect(() => parseVkey(text)).toThrow(expect.objectContaining({ code: 'GS_TLOG_KEY' }))
})

it('takes a changed key for no key, or for one that is written exactly so', () => {
  fc.assert(
    fc.property(fc.nat(vkey.length), fc.nat(2), fc.string({ maxLength: 2 }), (at, cut, put) => {
      const changed = vkey.slice(0, at) + put + vkey.slice(at + cut)
      try {
        expect(parseVkey(changed).vkey).toBe(vkey)
      } catch (error) {
        expect(error).toBeInstanceOf(TlogError)
      }
    }),
    { numRuns: 5000 },
  )
})

it('reads every key that it writes', () => {
  const kind = fc.constantFrom(...Object.values(signatureTypes))
  const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }).filter((some) => !/[\p{White_Space}+\p{Cc}]/u.test(some))
  fc.assert(
    fc.property(name, kind, fc.uint8Array({ minLength: 32, maxLength: 32 }), (some, type, key) => {
      const written = formatVkey(some, type, key)
      expect(parseVkey(written)).toMatchObject({ name: some, vkey: written })
    }),
  )
})

it('makes seeds that differ, and no signer of a wrong one or a wrong name', () => {
  expect(newSeed()).toHaveLength(32)
  expect(newSeed()).not.toEqual(newSeed())
  expect(() => ed25519Signer('a', Buffer.alloc(31))).toThrow(RangeError)
  expect(() => ed25519Signer('a+b', seed)).toThrow(RangeError)
  expect(() => cosignatureSigner('a b', seed, () => 1)).toThrow(RangeError)
})

import { createHash, hkdfSync, randomBytes } from 'node:crypto'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { TestTrail, testSealer } from '../../test/parts/trail.ts'
import { payloadNonce } from './entry-writer.ts'
import { OpenPayloadKey } from './payload-key.ts'

let house: TestTrail
beforeEach(() => {
  house = new TestTrail()
})
afterEach(() => house.remove())

it('commits with SHA-256 over an HKDF salt that anyone with the key can derive again', () => {
  const bytes = randomBytes(32)
  const key = new OpenPayloadKey('00'.repeat(8), bytes)
  const salt = Buffer.from(hkdfSync('sha256', bytes, 'gatescribe payload commitment v1', '0102030405.7\nstatement.1', 32))
  expect(key.salt('0102030405.7', 'statement.1')).toEqual(salt)
  const commitment = createHash('sha256').update(salt).update('SELECT 1').digest('base64url')
  expect(key.commitment('0102030405.7', 'statement.1', Buffer.from('SELECT 1'))).toBe(commitment)
})

it('opens a payload only in the place it was sealed for', () => {
  const key = new OpenPayloadKey('00'.repeat(8), randomBytes(32))
  const place = { origin: 'o', id: '0102030405.7', kind: 'operation.intent', name: 'statement.1', nonce: payloadNonce('0102030405.7', 0) }
  const sealed = Buffer.alloc(24)
  key.seal(place, Buffer.from('SELECT 1'), sealed, 0)
  expect(key.open(place, sealed).toString()).toBe('SELECT 1')
  for (const other of [{ origin: 'p' }, { id: '0102030405.8' }, { kind: 'operation.outcome' }, { name: 'statement.2' }]) {
    expect(() => key.open({ ...place, ...other }, sealed)).toThrow()
  }
})

it('uses no nonce twice within a boot', () => {
  const nonces = ['0102030405.1', '0102030405.256', '0102030405.1099511627775'].flatMap((id) =>
    [0, 1, 65535].map((place) => payloadNonce(id as `${string}.${number}`, place).toString('hex')),
  )
  expect(new Set(nonces).size).toBe(9)
  expect(nonces.every((nonce) => nonce.length === 24)).toBe(true)
})

it('loses the payload with its key, and keeps entry and commitment', async () => {
  const trail = await house.open()
  const kept = trail.sessionKey()
  const erased = trail.subjectKey(trail.pseudonym('people', 'alice'))
  await trail.durable({
    kind: 'session.open',
    fields: { session: 'ses_1' },
    payloads: [
      { name: 'who', key: erased, content: Buffer.from('Alice') },
      { name: 'client', key: kept, content: Buffer.from('127.0.0.1') },
    ],
  })
  await trail.durable({ kind: 'session.close', fields: { session: 'ses_1', reason: 'client-closed' } })
  const before = (await house.entries())[0]
  await house.close()
  house.store.destroy([erased.id])
  await house.open()
  const after = (await house.entries())[0]
  expect(after?.bytes).toEqual(before?.bytes)
  expect(after?.commitments).toEqual(before?.commitments)
  expect(after?.payloads()).toMatchObject([
    { name: 'client', content: Buffer.from('127.0.0.1') },
    { name: 'who', content: undefined },
  ])
})

it('names principals by pseudonyms that cannot be confused or guessed without the key', async () => {
  const trail = await house.open()
  expect(trail.pseudonym('a', 'b|c')).not.toBe(trail.pseudonym('a|b', 'c'))
  expect(trail.pseudonym('a', 'b')).toBe(trail.pseudonym('a', 'b'))
  expect(trail.subjectKey('p').id).toBe(trail.subjectKey('p').id)
  const other = new TestTrail()
  expect((await other.open()).pseudonym('a', 'b')).not.toBe(trail.pseudonym('a', 'b'))
  await other.remove()
})

it('has keys for more sessions than it made beforehand, each its own', async () => {
  const trail = await house.open()
  const ids = new Set(Array.from({ length: 300 }, () => trail.sessionKey().id))
  expect(ids.size).toBe(300)
  for (const id of ids) expect(house.store.find(id)).toBeDefined()
})

it('does not open under another master key', async () => {
  await house.open()
  await house.close()
  const master = testSealer()
  await expect(house.open({ masterKey: master })).rejects.toThrow()
})

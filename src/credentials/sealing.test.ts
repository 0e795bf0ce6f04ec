import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type EmbeddedDatabase, embeddedSecretStore, openDatabase } from '../store/index.ts'
import { createMasterKey, loadMasterKey, MasterKey, portedSealer } from './master-key.ts'
import { createReferences } from './references.ts'
import { type Resealable, resealableSecrets, rotateMasterKey } from './rotate.ts'
import { Secret } from './secret.ts'
import { createSecretStore, type SealedSecrets } from './secret-store.ts'

const keyText = Buffer.from(Array.from({ length: 32 }, (_, index) => index)).toString('base64')
const otherText = Buffer.from(Array.from({ length: 32 }, (_, index) => 255 - index)).toString('hex')
const value = 'hunter2-correct-horse'
const coded = (code: string) => expect.objectContaining({ code })

let folder: string
let database: EmbeddedDatabase
let rows: SealedSecrets
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-sealing-'))
  database = openDatabase(join(folder, 'data'))
  rows = embeddedSecretStore(database)
})
afterEach(() => {
  database.close()
  rmSync(folder, { recursive: true, force: true })
})
const storeUnder = (key: MasterKey) => createSecretStore(rows, key.sealer('secrets'), () => 1_000)

describe('the master key', () => {
  it('is read as base64, base64url or hex, with one id for one key', () => {
    const bytes = Buffer.from(keyText, 'base64')
    const ids = [keyText, bytes.toString('base64url'), bytes.toString('hex'), `${keyText}\n`].map((text) => new MasterKey(text).id)
    expect(new Set(ids).size).toBe(1)
    expect(new MasterKey(otherText).id).not.toBe(ids[0])
  })

  it.each(['', 'short', keyText.slice(0, 40), `${keyText}AA`, 'A'.repeat(43), '0'.repeat(64), 'g'.repeat(64)])(
    'is refused without being repeated: %j',
    (text) => {
      try {
        new MasterKey(text)
        expect.unreachable()
      } catch (error) {
        expect(error).toMatchObject({ code: 'GS_MASTER_KEY_INVALID' })
        if (text !== '') expect((error as Error).message).not.toContain(text)
      }
    },
  )

  it('does not show its bytes', () => {
    expect(inspect(new MasterKey(keyText), { depth: 9, showHidden: true }) + JSON.stringify(new MasterKey(keyText))).not.toMatch(
      /00 01 02|AAEC|000102/,
    )
  })

  it('is made for its owner only, never over another, and loads again', async () => {
    const path = join(folder, 'master.key')
    const made = await createMasterKey(path)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    await expect(createMasterKey(path)).rejects.toThrow('EEXIST')
    const references = createReferences({ env: {} })
    expect((await loadMasterKey({ from: 'file', path }, references)).id).toBe(made.id)
    await expect(loadMasterKey({ from: 'file', path: join(folder, 'none') }, references)).rejects.toThrow(coded('GS_MASTER_KEY_MISSING'))
  })
})

describe('sealed bytes', () => {
  const sealer = new MasterKey(keyText).sealer('a')

  it('open to what was sealed, for the same purpose and place only', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.string(), fc.string(), (plain, aad, other) => {
        const sealed = sealer.seal(plain, aad)
        expect(Buffer.from(sealer.open(sealed, aad)).equals(Buffer.from(plain))).toBe(true)
        if (other !== aad) expect(() => sealer.open(sealed, other)).toThrow(coded('GS_SEALED_BROKEN'))
        expect(() => new MasterKey(keyText).sealer('b').open(sealed, aad)).toThrow(coded('GS_SEALED_BROKEN'))
      }),
    )
  })

  it('open in another thread, for the same purpose only', () => {
    const master = new MasterKey(keyText)
    const sealed = master.sealer('trail').seal(Buffer.from(value), 'here')
    const there = (purpose: string) => portedSealer(structuredClone(master.portable(purpose)))
    expect(Buffer.from(there('trail').open(sealed, 'here')).toString()).toBe(value)
    expect(() => there('secrets').open(sealed, 'here')).toThrow(coded('GS_SEALED_BROKEN'))
  })

  it('do not open where any one bit was changed or any byte cut off', () => {
    const sealed = sealer.seal(Buffer.from(value), 'x')
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const changed = Uint8Array.from(sealed)
      changed[bit >> 3]! ^= 1 << (bit & 7)
      expect(() => sealer.open(changed, 'x')).toThrow()
    }
    for (let length = 0; length < sealed.length; length++) expect(() => sealer.open(sealed.subarray(0, length), 'x')).toThrow()
  })

  it('say that they belong to another master key', () => {
    const sealed = sealer.seal(Buffer.from(value), 'x')
    expect(() => new MasterKey(otherText).sealer('a').open(sealed, 'x')).toThrow(coded('GS_SEALED_ELSEWHERE'))
  })

  it('never repeat: the same content seals to other bytes', () => {
    expect(Buffer.compare(sealer.seal(Buffer.from(value), 'x'), sealer.seal(Buffer.from(value), 'x'))).not.toBe(0)
  })
})

describe('the sealed store', () => {
  it('keeps a value under a version that grows, and that is not used again after a removal', () => {
    const secrets = storeUnder(new MasterKey(keyText))
    expect([secrets.nextVersion('a'), secrets.set('a', new Secret('one')), secrets.set('a', new Secret('two'))]).toEqual([1, 1, 2])
    expect(secrets.get('a')?.secret.reveal()).toBe('two')
    expect(secrets.list()).toEqual([{ name: 'a', version: 2, changedAt: 1_000 }])
    expect([secrets.remove('a'), secrets.remove('a'), secrets.get('a'), secrets.list()]).toEqual([true, false, undefined, []])
    expect(secrets.set('a', new Secret('three'))).toBe(3)
  })

  it('refuses an empty value and one beyond 64 KiB', () => {
    const secrets = storeUnder(new MasterKey(keyText))
    expect(() => secrets.set('a', new Secret(''))).toThrow(coded('GS_SECRET_UNREADABLE'))
    expect(() => secrets.set('a', new Secret('x'.repeat(65_537)))).toThrow(coded('GS_SECRET_TOO_LARGE'))
  })

  it('does not open a value that was put in the place of another, or an older one of the same name', () => {
    const secrets = storeUnder(new MasterKey(keyText))
    secrets.set('a', new Secret('one'))
    const old = rows.find('a')!
    secrets.set('a', new Secret('two'))
    rows.put({ ...rows.find('a')!, sealed: old.sealed })
    expect(() => secrets.get('a')).toThrow(coded('GS_SEALED_BROKEN'))
    rows.put({ ...old, name: 'b' })
    expect(() => secrets.get('b')).toThrow(coded('GS_SEALED_BROKEN'))
  })

  it('leaves no trace of a value in its files, nor of the sealed bytes that were replaced', () => {
    const secrets = storeUnder(new MasterKey(keyText))
    secrets.set('a', new Secret(value))
    const replaced = Buffer.from(rows.find('a')!.sealed!)
    secrets.set('a', new Secret('other'))
    secrets.remove('a')
    for (const file of ['gateway.sqlite', 'gateway.sqlite-wal']) {
      const bytes = readFileSync(join(folder, 'data', file))
      expect(bytes.includes(value)).toBe(false)
      expect(bytes.includes(replaced)).toBe(false)
    }
  })
})

describe('rotation', () => {
  const from = new MasterKey(keyText)
  const to = new MasterKey(otherText)

  /** A second store, like the trail's keys: values in a list, changed as a whole. */
  const listed = (values: Uint8Array[]): Resealable => ({
    purpose: 'keys',
    reseal: (change) => {
      const changed = values.map((sealed, index) => change(sealed, `key ${index}`))
      values.splice(0, values.length, ...changed)
    },
  })

  it('seals everything again: the old key opens nothing any more', () => {
    storeUnder(from).set('a', new Secret('one'))
    storeUnder(from).set('b', new Secret('two'))
    storeUnder(from).set('gone', new Secret('x'))
    storeUnder(from).remove('gone')
    expect(rotateMasterKey(from, to, [resealableSecrets(rows)])).toEqual(new Map([['secrets', 2]]))
    expect([storeUnder(to).get('a'), storeUnder(to).get('b')].map((found) => [found?.secret.reveal(), found?.version])).toEqual([
      ['one', 1],
      ['two', 1],
    ])
    expect(() => storeUnder(from).get('a')).toThrow(coded('GS_SEALED_ELSEWHERE'))
    expect(storeUnder(to).nextVersion('gone')).toBe(2)
  })

  it('that is interrupted in a store leaves that store as it was, and is finished by running it again', () => {
    const keys = [0, 1, 2].map((index) => from.sealer('keys').seal(Buffer.of(index), `key ${index}`))
    for (const name of ['a', 'b', 'c']) storeUnder(from).set(name, new Secret(name))
    let left = 2
    const dying: SealedSecrets = {
      ...rows,
      reseal: (change, aadOf) =>
        rows.reseal((sealed, aad) => {
          if (left-- === 0) throw new Error('power cut')
          return change(sealed, aad)
        }, aadOf),
    }
    expect(() => rotateMasterKey(from, to, [listed(keys), resealableSecrets(dying)])).toThrow('power cut')
    // Two stores now disagree, and each is whole.
    expect(to.sealer('keys').open(keys[2]!, 'key 2')).toEqual(Buffer.of(2))
    expect(['a', 'b', 'c'].map((name) => storeUnder(from).get(name)?.secret.reveal())).toEqual(['a', 'b', 'c'])
    expect(rotateMasterKey(from, to, [listed(keys), resealableSecrets(rows)])).toEqual(
      new Map([
        ['keys', 0],
        ['secrets', 3],
      ]),
    )
    expect(['a', 'b', 'c'].map((name) => storeUnder(to).get(name)?.secret.reveal())).toEqual(['a', 'b', 'c'])
  })

  it('is refused, with nothing changed, where a value belongs to neither key', () => {
    const third = new MasterKey(otherText.replace('ff', 'f0'))
    storeUnder(from).set('a', new Secret('one'))
    storeUnder(third).set('b', new Secret('two'))
    expect(() => rotateMasterKey(from, to, [resealableSecrets(rows)])).toThrow(coded('GS_SEALED_ELSEWHERE'))
    expect(storeUnder(from).get('a')?.secret.reveal()).toBe('one')
  })
})

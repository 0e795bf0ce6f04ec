import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { Unusable } from '../../src/verify/verdict.ts'
import { NaiveEntries } from './naive-entries.ts'
import { logKey, type NaiveKey, witnessKey } from './naive-keys.ts'
import { NaiveLog } from './naive-log.ts'
import { policyOf, said, type Terms, Workplace } from './verdicts.ts'

const place = new Workplace()
afterAll(() => place.remove())

const made = NaiveEntries.of(1000)
const log = new NaiveLog(made.entries)
const trust = log.key
const judge = (file: string | object, terms: Partial<Terms> = {}) =>
  said(place.file(typeof file === 'string' ? file : JSON.stringify(file)), { trust, ...terms })
const entryOf = (index: number) => log.entries[index] as Buffer

describe('a .tlog-proof', () => {
  it('shows that its entry is in the log', () => {
    for (const index of [0, 1, 255, 256, 511, 999]) {
      expect(judge(log.proof(index), { entry: entryOf(index) })).toMatchObject({ exit: 0, passed: ['signature', 'inclusion', 'witnessed'] })
    }
    const one = new NaiveLog([Buffer.from('only')], trust)
    expect(judge(one.proof(0), { entry: Buffer.from('only') }).exit).toBe(0)
    expect(judge(log.proof(7).replace('\nindex', '\nextra AAAA\nindex'), { entry: entryOf(7) }).exit).toBe(0)
  })

  it('shows it of no other entry, at no other place', () => {
    expect(judge(log.proof(7), { entry: entryOf(8) })).toMatchObject({ exit: 12, entries: { inclusion: 7 } })
    expect(judge(log.proof(7).replace('index 7', 'index 8'), { entry: entryOf(7) }).exit).toBe(12)
    expect(judge(log.proof(7).replace('index 7', 'index 1000'), { entry: entryOf(7) }).exit).toBe(12)
    expect(judge(log.proof(7), { entry: Buffer.alloc(70_000) }).exit).toBe(12)
    expect(judge(log.proof(7), { entry: entryOf(7), trust: logKey(trust.name) })).toMatchObject({
      exit: 10,
      skipped: ['inclusion', 'witnessed'],
    })
  })

  it('needs the witnesses of the policy', () => {
    const witness = witnessKey('witness.example')
    const policy = policyOf(trust, [witness], 'quorum W1')
    expect(judge(log.proof(7), { entry: entryOf(7), trust: policy })).toMatchObject({ exit: 14, passed: ['signature', 'inclusion'] })
    expect(judge(log.proof(7, 1000, log.checkpoint(1000, [witness])), { entry: entryOf(7), trust: policy }).exit).toBe(0)
  })

  it('is refused with every byte of it changed, or anything cut off', () => {
    const proof = Buffer.from(log.proof(700))
    for (let at = 0; at < proof.length; at++) {
      const changed = Buffer.from(proof)
      changed[at] = (changed[at] as number) ^ (1 << (at % 8))
      for (const bytes of [changed, proof.subarray(0, at)]) {
        let exit = 3
        try {
          exit = judge(bytes.toString('latin1') === proof.toString('latin1') ? '' : bytes.toString(), { entry: entryOf(700) }).exit
        } catch {
          // No proof any more, as far as can be seen.
        }
        expect(exit, String(at)).not.toBe(0)
      }
    }
  })

  it.each([
    ['another first line', (text: string) => text.replace('@v1', '@v2')],
    ['CRLF', (text: string) => text.replaceAll('\n', '\r\n')],
    ['an index with a leading zero', (text: string) => text.replace('index 7', 'index 07')],
    ['a second index', (text: string) => text.replace('index 7', 'index 7\nindex 7')],
    ['a hash of 31 bytes', (text: string) => text.replace(/\n[A-Za-z0-9+/]{43}=\n/, `\n${Buffer.alloc(31).toString('base64')}\n`)],
    ['a hash with other bits in its last character', (text: string) => text.replace(/\n([A-Za-z0-9+/]{42}).=\n/, '\n$1B=\n')],
    ['64 hashes', (text: string) => text.replace('\nindex 7\n', `\nindex 7\n${`${Buffer.alloc(32).toString('base64')}\n`.repeat(64)}`)],
    ['extra data that is no base64', (text: string) => text.replace('\nindex', '\nextra AB==\nindex')],
    ['no checkpoint', (text: string) => text.slice(0, text.indexOf('\n\n') + 2)],
  ])('is refused with %s', (_, change) => {
    expect(() => judge(change(log.proof(7)), { entry: entryOf(7) })).toThrow(Unusable)
  })

  it('is read or refused, whatever comes', () => {
    const pieces = [...log.proof(7).split('\n'), '\n', 'index 7', 'extra ', 'c2sp.org/tlog-proof@v1\n']
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constantFrom(...pieces), fc.string()), { maxLength: 20 }), (parts) => {
        try {
          expect(judge(`c2sp.org/tlog-proof@v1\n${parts.join('\n')}`, { entry: entryOf(7) }).exit).toBeGreaterThan(0)
        } catch (error) {
          expect(error).toBeInstanceOf(Unusable)
        }
      }),
      { numRuns: 200 },
    )
  })
})

describe('a receipt', () => {
  const leaf = (of: NaiveLog, index: number) => ({
    index,
    bytes: String(of.entries[index]),
    proof: of.tree.proof(index, of.size).map((hash) => hash.toString('base64')),
  })
  const end = made.entries.findIndex((entry) => entry.includes('"run.end"'))
  const { run, first } = JSON.parse(String(entryOf(end))) as { run: string; first: number }
  const part = (of: NaiveLog = log, cosigners: NaiveKey[] = []) => ({
    origin: of.key.name,
    checkpoint: of.checkpoint(of.size, cosigners),
    start: leaf(of, first),
    end: leaf(of, end),
  })
  const receipt = { gatescribe: 'run-receipt', version: 1, run, logs: [part()] }

  it('shows start and end of its run in each log', () => {
    expect(judge(receipt)).toMatchObject({ exit: 0, passed: ['signature', 'inclusion', 'witnessed', 'semantic'] })
    const second = new NaiveLog(made.entries, logKey('example.org/prod/second'))
    const witness = witnessKey('witness.example')
    const both = { ...receipt, logs: [part(log, [witness]), part(second, [witness])] }
    const policy = policyOf(trust, [witness], `log ${second.key.vkey}`, 'quorum W1')
    expect(judge(both, { trust: policy }).exit).toBe(0)
    expect(judge(both)).toMatchObject({
      exit: 10,
      failed: { signature: 'no trusted key signed for example.org/prod/second' },
      skipped: ['inclusion', 'witnessed', 'semantic'],
    })
    expect(judge({ ...receipt, logs: [part(log, [witness]), part(second)] }, { trust: policy }).exit).toBe(14)
  })

  it('sees what was changed', () => {
    const start = (fields: object) => ({ ...receipt, logs: [{ ...part(), start: { ...leaf(log, first), ...fields } }] })
    expect(judge(start({ bytes: String(entryOf(first)).replace('2026', '2027') }))).toMatchObject({
      exit: 12,
      entries: { inclusion: first },
    })
    expect(judge(start({ index: first + 1 })).exit).toBe(12)
    expect(judge(start({ proof: leaf(log, first).proof.slice(1) })).exit).toBe(12)
    expect(judge(start({ proof: [] })).exit).toBe(12)
    expect(judge(start(leaf(log, first + 1)))).toMatchObject({ exit: 15, entries: { semantic: first + 1 } })
    expect(judge({ ...receipt, run: 'run_other' }).exit).toBe(15)
    expect(judge({ ...receipt, logs: [{ ...part(), end: leaf(log, first) }] }).exit).toBe(15)
  })

  it.each<[string, object]>([
    ['no run', { run: undefined }],
    ['no log', { logs: [] }],
    ['logs that are none', { logs: 'x' }],
    ['the checkpoint of another log', { logs: [{ ...part(), origin: 'other' }] }],
    ['a log that is null', { logs: [null] }],
    ['an entry that is none', { logs: [{ ...part(), start: 7 }] }],
    ['an index that is a text', { logs: [{ ...part(), start: { ...leaf(log, first), index: String(first) } }] }],
    ['a hash that is none', { logs: [{ ...part(), start: { ...leaf(log, first), proof: [7] } }] }],
    ['another version', { version: 2 }],
    ['another format', { gatescribe: 'run-receipts' }],
    ['a prototype in the place of a field', { run: undefined, ['__proto__']: { run } }],
  ])('is refused with %s', (_, fields) => {
    expect(() => judge({ ...receipt, ...fields })).toThrow(Unusable)
  })
})

describe('a disclosure', () => {
  const index = made.payloads[0]?.entry as number
  const payloads = made.payloads
    .filter(({ entry }) => entry === index)
    .map(({ name, salt, content }) => ({ name, salt: salt.toString('base64url'), content: content.toString('base64') }))
  const disclosure = {
    gatescribe: 'trail-disclosure',
    version: 1,
    entry: { index, bytes: String(entryOf(index)) },
    payloads,
    proof: log.proof(index),
  }

  it('shows one entry, and that its payloads are what it commits to', () => {
    expect(judge(disclosure)).toMatchObject({ exit: 0, passed: ['signature', 'inclusion', 'witnessed', 'payload'] })
    expect(judge({ ...disclosure, payloads: [] }).exit).toBe(0)
  })

  it('sees what was changed', () => {
    const other = { ...payloads[0], content: Buffer.from('other').toString('base64') }
    expect(judge({ ...disclosure, payloads: [other] })).toMatchObject({ exit: 16, entries: { payload: index } })
    expect(() => judge({ ...disclosure, payloads: [7] })).toThrow(Unusable)
    expect(judge({ ...disclosure, entry: { index, bytes: `${entryOf(index)} ` } })).toMatchObject({ exit: 12, skipped: ['payload'] })
    expect(() => judge({ ...disclosure, entry: { ...disclosure.entry, index: index + 1 } })).toThrow('the proof of another entry')
    expect(() => judge({ ...disclosure, proof: 7 })).toThrow(Unusable)
    expect(() => judge({ ...disclosure, entry: undefined })).toThrow(Unusable)
  })
})

it('refuses JSON that is neither', () => {
  for (const text of ['{}', '{', '{"gatescribe":"trail-bundle","version":1}', `{"a":${'['.repeat(1 << 20)}`])
    expect(() => judge(text)).toThrow(Unusable)
})

it('refuses to compare what cannot be compared', () => {
  expect(() => judge(log.proof(7), { entry: entryOf(7), kept: log.checkpoint() })).toThrow(
    '--checkpoint goes with a log folder or a bundle',
  )
  expect(() => judge(log.proof(7))).toThrow('--entry goes with a .tlog-proof')
  expect(() => said(log.write(place.path()), { trust, entry: entryOf(7) })).toThrow('--entry goes with a .tlog-proof')
})

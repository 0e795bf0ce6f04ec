import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { someLeaves } from '../../test/parts/naive-merkle-tree.ts'
import { type TestLog, testLog } from '../../test/parts/test-log.ts'
import {
  checkpointText,
  cosignatureSigner,
  ed25519Signer,
  parseCheckpoint,
  parseNote,
  parseSignatureLine,
  parseVkey,
  signNote,
  verifiedBy,
} from '../tlog/index.ts'
import { formatAddCheckpoint } from './add-checkpoint-request.ts'
import { checkpointFiles, originHash } from './checkpoint-files.ts'
import { Witness, type WitnessEvent } from './witness.ts'
import { createWitnessKey, readWitnessKey } from './witness-key.ts'

const NOW = 1_800_000_000
const log = testLog(300)
const split = log.fork(100)

let folder: string
let events: WitnessEvent[]
let witness: Witness

const start = (logs = [log.vkey]) =>
  new Witness({
    key: readWitnessKey(folder),
    logs: logs.map(parseVkey),
    store: checkpointFiles(folder),
    now: () => NOW,
    onEvent: (event) => events.push(event),
  })

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-witness-'))
  createWitnessKey(folder, 'witness.example/w1')
  events = []
  witness = start()
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const body = async (of: TestLog, old: number, size: number) =>
  Buffer.from(formatAddCheckpoint({ old, proof: old <= size ? await of.consistency(old, size) : [], note: of.checkpoint(size) }))
const submit = async (of: TestLog, old: number, size: number) => witness.addCheckpoint(await body(of, old, size))
const remembered = () => parseCheckpoint(parseNote(witness.checkpoint(originHash(log.origin)) as string).text)

it('cosigns the first checkpoint of a log, and each that goes on from there', async () => {
  for (const [old, size] of [
    [0, 1],
    [1, 5],
    [5, 5],
    [5, 256],
    [256, 300],
  ] as const) {
    const answer = await submit(log, old, size)
    expect(answer.status).toBe(200)
    const { text } = parseNote(log.checkpoint(size))
    const signature = parseSignatureLine(answer.body.trimEnd())
    expect(verifiedBy({ text, signatures: [signature] }, [parseVkey(witness.vkey)])).toHaveLength(1)
    expect(signature.signature.readBigUInt64BE()).toBe(BigInt(NOW))
    expect(remembered()).toEqual({ origin: log.origin, size, root: log.root(size) })
  }
  expect(events.map(({ outcome, size }) => [outcome, size])).toEqual([1, 5, 5, 256, 300].map((size) => ['cosigned', size]))
})

it('cosigns the checkpoint of an empty log', async () => {
  expect(await submit(log, 0, 0)).toMatchObject({ status: 200 })
  expect(await submit(log, 0, 4)).toMatchObject({ status: 200 })
})

it('gives out the checkpoint with the signatures of log and witness, and of nobody else', async () => {
  const others = [ed25519Signer('somebody.example', Buffer.alloc(32, 8)), ed25519Signer(log.origin, Buffer.alloc(32, 9))]
  const note = signNote(parseNote(log.checkpoint(7)).text, [...others, log.signer, log.signer])
  expect(witness.addCheckpoint(Buffer.from(formatAddCheckpoint({ old: 0, proof: [], note }))).status).toBe(200)
  const kept = parseNote(witness.checkpoint(originHash(log.origin)) as string)
  expect(kept.signatures.map(({ name }) => name)).toEqual([log.origin, 'witness.example/w1'])
  expect(verifiedBy(kept, [parseVkey(log.vkey), parseVkey(witness.vkey)])).toHaveLength(2)
})

it('has no checkpoint of a log that it never cosigned for, or does not know', async () => {
  expect(witness.checkpoint(originHash(log.origin))).toBeUndefined()
  expect(witness.checkpoint(originHash('other.example'))).toBeUndefined()
})

it('says 409 and the size that it saw last to anybody who starts elsewhere', async () => {
  expect(await submit(log, 3, 9)).toEqual({ status: 409, body: '0\n' })
  await submit(log, 0, 200)
  for (const [old, size] of [
    [0, 300],
    [199, 300],
    [201, 300],
    [0, 10],
    [10, 10],
    [0, 0],
  ] as const)
    expect(await submit(log, old, size)).toEqual({ status: 409, body: '200\n' })
})

it('says 400 where the old size is larger than the new one: a log does not shrink', async () => {
  await submit(log, 0, 200)
  expect(await submit(log, 200, 100)).toMatchObject({ status: 400 })
  expect(remembered().size).toBe(200)
})

it('refuses another story of the same log, at the same size and beyond, and keeps the evidence', async () => {
  await submit(log, 0, 200)
  expect(await submit(split, 200, 200)).toMatchObject({ status: 422 })
  expect(await submit(split, 200, 250)).toMatchObject({ status: 422 })
  expect(await submit(split, 0, 250)).toMatchObject({ status: 409 })
  expect(remembered()).toMatchObject({ size: 200, root: log.root(200) })
  expect(events.map(({ outcome }) => outcome)).toEqual(['cosigned', 'split', 'inconsistent', 'stale'])
  const place = join(folder, 'logs', originHash(log.origin), 'split')
  const evidence = readFileSync(join(place, readdirSync(place)[0] as string), 'utf8')
  expect(evidence).toContain(log.root(200).toString('base64'))
  expect(evidence).toContain(split.checkpoint(200))
  expect(await submit(log, 200, 250)).toMatchObject({ status: 200 })
})

it('still refuses it after a start', async () => {
  await submit(log, 0, 200)
  witness = start()
  expect(await submit(split, 200, 250)).toMatchObject({ status: 422 })
  expect(await submit(log, 0, 100)).toEqual({ status: 409, body: '200\n' })
  expect(await submit(log, 200, 201)).toMatchObject({ status: 200 })
})

it('says 422 to an empty log with a root of its own, to a proof from nothing, and to a wrong proof', async () => {
  const empty = signNote(checkpointText({ origin: log.origin, size: 0, root: log.root(1) }), [log.signer])
  expect(witness.addCheckpoint(Buffer.from(formatAddCheckpoint({ old: 0, proof: [], note: empty })))).toMatchObject({ status: 422 })
  const proof = someLeaves(1)
  const note = log.checkpoint(5)
  expect(witness.addCheckpoint(Buffer.from(formatAddCheckpoint({ old: 0, proof, note })))).toMatchObject({ status: 422 })
  await submit(log, 0, 5)
  expect(witness.addCheckpoint(Buffer.from(formatAddCheckpoint({ old: 5, proof, note })))).toMatchObject({ status: 422 })
  const next = formatAddCheckpoint({ old: 5, proof: [], note: log.checkpoint(6) })
  expect(witness.addCheckpoint(Buffer.from(next))).toMatchObject({ status: 422 })
})

it('says 404 for a log that it does not know, whoever signed', async () => {
  const unknown = testLog(5, 'log.example/other')
  expect(await submit(unknown, 0, 5)).toMatchObject({ status: 404 })
  const stranger = signNote(parseNote(unknown.checkpoint(5)).text, [log.signer])
  expect(witness.addCheckpoint(Buffer.from(formatAddCheckpoint({ old: 0, proof: [], note: stranger })))).toMatchObject({ status: 404 })
})

it('says 403 where no known key of the log signed, or one is said to have and has not', async () => {
  const { text } = parseNote(log.checkpoint(5))
  const strangers = ed25519Signer(log.origin, Buffer.alloc(32, 3))
  const impostor = { ...strangers, id: log.signer.id }
  for (const signers of [[strangers], [impostor], [log.signer, impostor], [impostor, log.signer]]) {
    const request = formatAddCheckpoint({ old: 0, proof: [], note: signNote(text, signers) })
    expect(witness.addCheckpoint(Buffer.from(request))).toMatchObject({ status: 403 })
  }
  expect(events).toEqual([])
})

it('takes a new key of a log beside the old one', async () => {
  const renewed = testLog(300, log.origin, ed25519Signer(log.origin, Buffer.alloc(32, 4)))
  await submit(log, 0, 5)
  expect(await submit(renewed, 5, 6)).toMatchObject({ status: 403 })
  witness = start([log.vkey, renewed.vkey])
  expect(witness.origins).toEqual([log.origin])
  expect(await submit(renewed, 5, 6)).toMatchObject({ status: 200 })
})

it('keeps logs apart', async () => {
  const other = testLog(20, 'log.example/other')
  witness = start([log.vkey, other.vkey])
  await submit(log, 0, 200)
  expect(await submit(other, 0, 10)).toMatchObject({ status: 200 })
  expect(await submit(other, 200, 20)).toMatchObject({ status: 400 })
  expect(remembered().size).toBe(200)
})

it('cosigns extension lines as part of the text, unless they are too long', async () => {
  const { text } = parseNote(log.checkpoint(5))
  const request = (extension: string) =>
    Buffer.from(formatAddCheckpoint({ old: 0, proof: [], note: signNote(`${text}${extension}\n`, [log.signer]) }))
  expect(witness.addCheckpoint(request('x'.repeat(20_000)))).toMatchObject({ status: 400 })
  expect(witness.addCheckpoint(request('extension'))).toMatchObject({ status: 200 })
  expect(witness.checkpoint(originHash(log.origin))).toContain('\nextension\n')
})

it('starts on nothing that it did not sign itself', async () => {
  await submit(log, 0, 5)
  const place = join(folder, 'logs', originHash(log.origin))
  const path = join(place, readdirSync(place).at(-1) as string)
  const kept = readFileSync(path, 'utf8')
  const mallory = cosignatureSigner('witness.example/w1', Buffer.alloc(32, 6), () => NOW)
  const other = testLog(5, 'log.example/other')
  const { key } = { key: readWitnessKey(folder) }
  for (const changed of [
    '',
    kept.slice(0, -10),
    kept.replace('\n5\n', '\n4\n'),
    log.checkpoint(5),
    signNote(parseNote(kept).text, [log.signer, mallory]),
    signNote(parseNote(other.checkpoint(5)).text, [cosignatureSigner(key.name, key.seed, () => NOW)]),
  ]) {
    writeFileSync(path, changed)
    expect(() => start()).toThrow(expect.objectContaining({ code: 'GS_WITNESS_STATE' }))
    const next = await body(log, 5, 6)
    expect(() => witness.addCheckpoint(next)).toThrow(expect.objectContaining({ code: 'GS_WITNESS_STATE' }))
  }
})

it('cosigns nothing but what the log signed, whatever is changed in a request', async () => {
  await submit(log, 0, 100)
  const request = await body(log, 100, 200)
  const texts = new Set([parseNote(log.checkpoint(200)).text, parseNote(log.checkpoint(100)).text])
  fc.assert(
    fc.property(fc.nat(request.length), fc.nat(8), fc.uint8Array({ maxLength: 4 }), (at, cut, put) => {
      const answer = witness.addCheckpoint(Buffer.concat([request.subarray(0, at), put, request.subarray(at + cut)]))
      expect([200, 400, 403, 404, 409, 422]).toContain(answer.status)
      expect(texts).toContain(parseNote(witness.checkpoint(originHash(log.origin)) as string).text)
    }),
    { numRuns: 2000 },
  )
})

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TestTrail } from '../../test/parts/trail.ts'
import { leafHash, parseCheckpoint, parseNote, parseProof, parseVkey, verifiedBy, verifyInclusion } from '../tlog/index.ts'
import type { Trail } from '../trail/index.ts'
import { main } from '../verify/main.ts'
import { disclosure, findEntry, payloadsToDisclose, placesInLog, prove, receipt } from './index.ts'

const SECRETS = { 'statement.1': 'update accounts set owner = $1', 'parameters.1': 'somebody' }
let house: TestTrail
let trail: Trail
let folder: string
let intent: number
const run = { first: 0, end: 0 }

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-prove-'))
  house = new TestTrail()
  trail = await house.open()
  const key = trail.sessionKey()
  run.first = (await trail.durable({ kind: 'run.start', fields: { run: 'run_a' } })).index
  for (let n = 0; n < 300; n++) trail.note({ kind: 'config.refused', fields: { code: `GS_${n}` } })
  const payloads = Object.entries(SECRETS).map(([name, text]) => ({ name, key, content: Buffer.from(text) }))
  intent = (await trail.durable({ kind: 'operation.intent', fields: { session: 'ses_1', ops: [] }, payloads })).index
  const fields = { run: 'run_a', state: 'ended', first: run.first, last: intent, decisions: { allow: 0, ask: 0, deny: 0 } }
  run.end = (await trail.durable({ kind: 'run.end', fields })).index
})
afterAll(async () => {
  await house.remove()
  rmSync(folder, { recursive: true, force: true })
})

function exitOf(text: string, entry?: Uint8Array): number {
  const [evidence, leaf] = [join(folder, 'evidence'), join(folder, 'entry')]
  writeFileSync(evidence, text)
  if (entry) writeFileSync(leaf, entry)
  const keys = trail.verifierKeys().flatMap((key) => ['--key', key])
  return main(['--quiet', ...keys, ...(entry ? ['--entry', leaf] : []), evidence])
}

/** Where one bit can be changed without the verifier minding. */
function unnoticed(text: string, entry?: Uint8Array): string[] {
  const bytes = Buffer.from(text)
  const missed: string[] = []
  for (let at = 0; at < bytes.byteLength; at += 3) {
    const changed = Buffer.from(bytes)
    changed[at] = (changed[at] as number) ^ (1 << (at % 7))
    if (exitOf(changed.toString('latin1'), entry) === 0) missed.push(text.slice(at - 20, at + 20))
  }
  return missed
}

describe('a proof', () => {
  it('is of an entry by index or id, made when it is asked for, and checked by formats and verifier alike', async () => {
    const { index } = await trail.durable({ kind: 'config.refused', fields: { code: 'GS_LAST' } })
    const entry = await findEntry(trail, String(index))
    expect((await findEntry(trail, entry.id)).index).toBe(index)
    const text = await prove(trail, index)
    const proof = parseProof(text)
    const note = parseNote(proof.checkpoint)
    expect(verifiedBy(note, trail.verifierKeys().map(parseVkey))).toHaveLength(1)
    const { size, root } = parseCheckpoint(note.text)
    expect(verifyInclusion(leafHash(entry.bytes), index, size, proof.hashes, root)).toBe(true)
    expect(exitOf(text, entry.bytes)).toBe(0)
  })

  it('is of no other entry, and shows every change', async () => {
    const text = await prove(trail, intent)
    const [entry, other] = [await findEntry(trail, String(intent)), await findEntry(trail, '7')]
    expect(exitOf(text, other.bytes)).toBe(12)
    expect(unnoticed(text, entry.bytes)).toEqual([])
    const changed = Buffer.from(entry.bytes)
    changed[40] = (changed[40] as number) ^ 1
    expect(exitOf(text, changed)).toBe(12)
  })

  it('is not of an entry that is not there', async () => {
    for (const ref of ['99999', '0123456789.4711'])
      await expect(findEntry(trail, ref)).rejects.toMatchObject({ code: 'GS_EVIDENCE_NOT_FOUND' })
  })
})

describe('a disclosure', () => {
  it('shows the payloads that were chosen, and nothing of the others', async () => {
    const entry = await findEntry(trail, String(intent))
    const text = await disclosure(trail, entry, payloadsToDisclose(entry, ['statement.1']))
    expect(exitOf(text)).toBe(0)
    expect(text).toContain(Buffer.from(SECRETS['statement.1']).toString('base64'))
    expect(text).not.toContain(Buffer.from(SECRETS['parameters.1']).toString('base64'))
    expect(unnoticed(text)).toEqual([])
    const whole = await disclosure(trail, entry, payloadsToDisclose(entry, undefined))
    expect(whole).toContain(Buffer.from(SECRETS['parameters.1']).toString('base64'))
    expect(exitOf(whole)).toBe(0)
  })

  it('cannot be of a payload that is not there any more, or never was', async () => {
    const key = trail.sessionKey()
    const payloads = [{ name: 'a', key, content: Buffer.from('a') }]
    const { index } = await trail.durable({ kind: 'signin.refused', fields: {}, payloads })
    await trail.erase([key.id], { kind: 'erased', fields: {} }, () => undefined)
    const entry = await findEntry(trail, String(index))
    expect(payloadsToDisclose(entry, undefined)).toEqual([])
    for (const name of ['a', 'b'])
      expect(() => payloadsToDisclose(entry, [name])).toThrow(expect.objectContaining({ code: 'GS_EVIDENCE_NO_PAYLOAD' }))
  })
})

describe('a receipt', () => {
  it('says that a run began and ended, and what it came to', async () => {
    const text = await receipt(trail, 'run_a', run)
    expect(exitOf(text)).toBe(0)
    expect(unnoticed(text)).toEqual([])
    const { logs } = JSON.parse(text) as { logs: { end: { bytes: string } }[] }
    expect(JSON.parse(logs[0]?.end.bytes as string)).toMatchObject({ first: 0, last: intent, decisions: { allow: 0 } })
  })

  it('is of no other run, and of none that is not over', async () => {
    await expect(receipt(trail, 'run_b', run)).rejects.toMatchObject({ code: 'GS_EVIDENCE_RUN_ELSEWHERE' })
    await expect(receipt(trail, 'run_a', { ...run, end: 5 })).rejects.toMatchObject({ code: 'GS_EVIDENCE_RUN_ELSEWHERE' })
    const at = (index: number, log = trail.name) => ({ log, index })
    const refused = (places: Parameters<typeof placesInLog>[1]) => {
      try {
        return placesInLog(trail.name, places)
      } catch (error) {
        return (error as { code: string }).code
      }
    }
    expect(refused({ state: 'live', began: at(1), ended: undefined })).toBe('GS_EVIDENCE_RUN_LIVE')
    expect(refused({ state: 'ended', began: at(1), ended: undefined })).toBe('GS_EVIDENCE_RUN_ENDING')
    expect(refused({ state: 'ended', began: at(1, 'other'), ended: undefined })).toBe('GS_EVIDENCE_RUN_ELSEWHERE')
    expect(refused({ state: 'ended', began: undefined, ended: at(3) })).toBe('GS_EVIDENCE_RUN_ELSEWHERE')
    expect(refused({ state: 'ended', began: at(1), ended: at(3) })).toEqual({ first: 1, end: 3 })
  })
})

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { found, needs } from '../../test/parts/require.ts'
import { TestTrail } from '../../test/parts/trail.ts'
import { ed25519Signer } from '../tlog/index.ts'
import type { PayloadKey, Trail } from '../trail/index.ts'
import { verify } from '../verify/main.ts'
import { trustKeys } from '../verify/policy.ts'
import { Unusable } from '../verify/verdict.ts'
import { bundle, type Scope, survey } from './index.ts'

const SECRET = 'select secret_of_run_a'
let house: TestTrail
let trail: Trail
let folder: string
let others = 0
let key: PayloadKey

/** What the guard writes for a session of one operation, with others' entries in between. */
function session(run: string, id: string, text: string, between: () => void = () => {}): void {
  trail.note({ kind: 'session.open', fields: { session: id, run } })
  between()
  const decisions = [[1, 'allow', ['r'], 'sha256:1']]
  const payloads = [{ name: 'statement.1', key, content: Buffer.from(text) }]
  trail.note({ kind: 'operation.intent', fields: { session: id, ops: [[1, 1, 1]], decisions }, payloads })
  between()
  trail.note({ kind: 'operation.outcome', fields: { session: id, outcomes: [[1, 'completed', 1, 2, 3]] } })
  trail.note({ kind: 'session.close', fields: { session: id, reason: 'client-closed', allowed: 1, refused: 0 } })
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-bundle-'))
  house = new TestTrail()
  trail = await house.open()
  key = trail.sessionKey()
  trail.note({ kind: 'run.start', fields: { run: 'run_b' } })
  trail.note({ kind: 'run.start', fields: { run: 'run_a' } })
  session('run_a', 'ses_1', SECRET, () => session('run_b', `ses_b${others++}`, 'select others'))
  for (let n = 0; n < 300; n++) session('run_b', `ses_n${n}`, 'select many')
  session('run_a', 'ses_2', SECRET)
  const { index } = await trail.durable({ kind: 'config.refused', fields: { code: 'GS_X' } })
  const fields = { run: 'run_a', state: 'ended', first: 1, last: index - 1, decisions: { allow: 2, ask: 0, deny: 0 } }
  await trail.durable({ kind: 'run.end', fields: { ...fields, durability: 'disk', seal: 'none', gaps: 0 } })
  await trail.publish()
})
afterAll(async () => {
  await house.remove()
  rmSync(folder, { recursive: true, force: true })
})

async function write(scope: Scope, payloads = false, name = 'bundle.tar'): Promise<string> {
  const surveyed = await survey(trail, scope, payloads)
  writeFileSync(join(folder, name), await all(bundle(trail, surveyed)))
  return join(folder, name)
}

async function all(pieces: AsyncIterable<Buffer>): Promise<Buffer> {
  const held: Buffer[] = []
  for await (const piece of pieces) held.push(piece)
  return Buffer.concat(held)
}

const verdict = (path: string) => {
  const report = verify(path, { trust: trustKeys([...trail.verifierKeys()]) })
  return { exit: report.exit, says: report.print(false) }
}

describe('a bundle', () => {
  it.each<[string, Scope, number]>([
    ['a run', { run: 'run_a' }, 10],
    ['a session', { session: 'ses_1' }, 4],
    ['a time', { from: '2000-01-01T00:00:00Z', to: '2100-01-01T00:00:00Z' }, 1220],
  ])('of %s is verified without anything else but the key', async (_, scope, entries) => {
    const { exit, says } = verdict(await write(scope, true))
    expect(says).toContain(`${entries} entries are in the tree`)
    expect(says).toContain('are what their entries commit to; 0 are erased')
    expect(exit).toBe(0)
  })

  it('says what it is of, and that others are not in it', async () => {
    const bytes = readFileSync(await write({ run: 'run_a' }))
    const says = JSON.parse(bytes.toString('utf8', 512, bytes.indexOf(0, 512))) as object
    expect(says).toMatchObject({
      gatescribe: 'trail-bundle',
      version: 1,
      origin: trail.name,
      scope: { run: 'run_a' },
      entries: 10,
      range: null,
    })
    expect(bytes.includes('ses_1')).toBe(true)
    for (const absent of ['ses_n1"', 'run_b', SECRET, 'payloads\0']) expect(`${absent} ${bytes.includes(absent)}`).toBe(`${absent} false`)
  })

  it('has payloads only where they were asked for, and only those of its entries', async () => {
    const text = readFileSync(await write({ session: 'ses_2' }, true)).toString('latin1')
    const contents = [...text.matchAll(/"content":"([^"]*)"/g)].map(([, content]) => Buffer.from(content as string, 'base64').toString())
    expect(contents).toEqual([SECRET])
  })

  it('is an archive for any tar', async (test) => {
    needs(test, found('tar'), 'an implementation of tar')
    const path = await write({ run: 'run_a' }, true)
    const listed = spawnSync('tar', ['-tvf', path], { encoding: 'utf8' })
    expect(listed.stderr).toBe('')
    const names = listed.stdout.trim().split('\n')
    expect(names[0]).toMatch(/^-rw-------.*bundle\.json$/)
    expect(names.at(-1)).toMatch(/payloads$/)
    const entries = spawnSync('tar', ['-xOf', path, 'entries'], { encoding: 'utf8' }).stdout
    expect(entries.split('\n')).toHaveLength(11)
  })

  it('shows every change of it', async () => {
    const path = await write({ run: 'run_a' }, true)
    const bytes = readFileSync(path)
    const missed: number[] = []
    for (let at = 0; at < bytes.byteLength; at += 23) {
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] as number) ^ (1 << (at % 8))
      writeFileSync(join(folder, 'changed.tar'), changed)
      try {
        if (verdict(join(folder, 'changed.tar')).exit === 0) missed.push(at)
      } catch (error) {
        if (!(error instanceof Unusable)) throw error
      }
    }
    expect(missed).toEqual([])
  })

  it('cut off anywhere is not taken for a whole one', async () => {
    const bytes = readFileSync(await write({ session: 'ses_1' }, true))
    for (let length = 0; length < bytes.byteLength; length += 509) {
      writeFileSync(join(folder, 'cut.tar'), bytes.subarray(0, length))
      expect(() => verdict(join(folder, 'cut.tar'))).toThrow(Unusable)
    }
  })

  it('stands under the checkpoint of witnesses where that covers all of it, else under the newest', async () => {
    await trail.publish()
    const { checkpoint, size } = trail.proven
    const cosigner = ed25519Signer('somebody.example/else', Buffer.alloc(32, 7))
    const witnessed = `${checkpoint}— ${cosigner.name} AAAAAAAA\n`
    await trail.keepWitnessed(witnessed)
    await trail.durable({ kind: 'config.refused', fields: { code: 'GS_X' } })
    await trail.publish()
    expect(readFileSync(await write({ run: 'run_a' })).includes(witnessed)).toBe(true)
    const { index } = await trail.durable({ kind: 'session.killed', fields: { session: 'ses_late', run: 'run_late' } })
    expect(index).toBeGreaterThanOrEqual(size)
    expect(readFileSync(await write({ run: 'run_late' })).includes(cosigner.name)).toBe(false)
  })

  it('tells of what has been erased, and still verifies', async () => {
    const other = trail.sessionKey()
    const payloads = [{ name: 'statement.1', key: other, content: Buffer.from(SECRET) }]
    await trail.durable({ kind: 'signin.refused', fields: { session: 'ses_gone' }, payloads })
    await trail.erase([other.id], { kind: 'erased', fields: { scope: 'session' } }, () => undefined)
    const path = await write({ session: 'ses_gone' }, true)
    expect(readFileSync(path).includes('"erased":true')).toBe(true)
    expect(verdict(path)).toMatchObject({ exit: 0, says: expect.stringContaining('1 are erased') })
  })

  it('breaks off where something is erased while it is written', async () => {
    const other = trail.sessionKey()
    const payloads = [{ name: 'statement.1', key: other, content: Buffer.from(SECRET) }]
    await trail.durable({ kind: 'signin.refused', fields: { session: 'ses_going' }, payloads })
    const surveyed = await survey(trail, { session: 'ses_going' }, true)
    await trail.erase([other.id], { kind: 'erased', fields: { scope: 'session' } }, () => undefined)
    await expect(all(bundle(trail, surveyed))).rejects.toMatchObject({ code: 'GS_EVIDENCE_CHANGED' })
  })

  it('is not made of nothing', async () => {
    await expect(survey(trail, { run: 'run_c' }, false)).rejects.toMatchObject({ code: 'GS_EVIDENCE_NOT_FOUND' })
    const before = { from: '2000-01-01T00:00:00Z', to: '2000-01-02T00:00:00Z' }
    await expect(survey(trail, before, false)).rejects.toMatchObject({ code: 'GS_EVIDENCE_NOT_FOUND' })
  })

  it('is not made while no checkpoint may be signed', async () => {
    const unsigned = {
      ...bound(trail),
      publish: async () => ({ ...trail.proven, checkpoint: undefined }),
      witnessed: async () => undefined,
    }
    const surveyed = await survey(unsigned, { run: 'run_a' }, false)
    await expect(all(bundle(unsigned, surveyed))).rejects.toMatchObject({ code: 'GS_EVIDENCE_UNSIGNED' })
  })
})

function bound(of: Trail) {
  const { name, tile, proven } = of
  return { name, tile, proven, read: of.read.bind(of) }
}

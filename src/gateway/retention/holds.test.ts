import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { Retained } from '../../../test/parts/retained.ts'
import { verify } from '../../verify/main.ts'
import { trustKeys } from '../../verify/policy.ts'

let house: Retained
beforeEach(async () => {
  house = new Retained()
  await house.open()
})
afterEach(() => house.remove())

const place = (run: string, name?: string) => house.operator.placeHold({ run, reason: 'case 4711', name })
const erase = (scope: { run: string } | { session: string } | { issuer: string; subject: string }) =>
  house.operator.eraseTrail({ scope, reason: 'asked for', dryRun: false })
const copyOf = (id: string) => join(house.folder, 'holds', id, 'bundle.tar')

function verdict(path: string) {
  const report = verify(path, { trust: trustKeys([...house.trail.verifierKeys()]) })
  return { exit: report.exit, says: report.print(false) }
}

async function exported(id: string, payloads: boolean): Promise<string> {
  const { bytes } = await house.operator.exportHold(id, payloads)
  const pieces: Uint8Array[] = []
  for await (const piece of bytes) pieces.push(piece)
  const path = join(house.folder, `${id}-${payloads}.tar`)
  writeFileSync(path, Buffer.concat(pieces))
  return path
}

it('keeps a copy of the run with proofs, records why, and is told', async () => {
  await house.whole('run_a', 'alice', 'alpha', 'beta')
  await house.whole('run_b', 'alice', 'gamma')
  const hold = await place('run_a', 'Smith')
  expect(hold).toMatchObject({ id: expect.stringMatching(/^hold_[0-9a-f]{16}$/), run: 'run_a', name: 'Smith', reason: 'case 4711' })
  expect(hold.copy).toMatchObject({ first: 0, last: hold.entry, entries: 15, whole: true })
  expect(await house.operator.holds()).toEqual([hold])
  const { exit, says } = verdict(copyOf(hold.id))
  expect(says).toContain('15 entries are in the tree')
  expect(exit).toBe(0)
  expect(statSync(copyOf(hold.id)).mode & 0o777).toBe(0o600)
  expect(statSync(join(house.folder, 'holds')).mode & 0o777).toBe(0o700)
  const entry = (await house.entries())[hold.entry]
  expect(entry).toMatchObject({ kind: 'hold.placed', fields: { hold: hold.id, run: 'run_a', by: 'local-operator', persons: 'unproven' } })
  expect(entry?.payloads()[0]?.content?.toString()).toBe('Smith: case 4711')
})

it('beats erasure, whatever it is asked for by, and says its name', async () => {
  const [session] = (await house.whole('run_a', 'alice', 'alpha')) as [string]
  await house.whole('run_b', 'alice', 'beta')
  const hold = await place('run_a')
  for (const scope of [{ session }, { run: 'run_a' }, { issuer: 'ci', subject: 'alice' }])
    await expect(erase(scope)).rejects.toMatchObject({ code: 'GS_RETENTION_HELD', message: `run_a is under the legal hold ${hold.id}.` })
  expect(await erase({ run: 'run_b' })).toMatchObject({ keys: 1 })
  expect(await house.operator.liftHold(hold.id, 'settled')).toMatchObject({ id: hold.id })
  expect(existsSync(join(house.folder, 'holds', hold.id))).toBe(false)
  expect(await house.operator.holds()).toEqual([])
  const lifted = (await house.entries()).find(({ kind }) => kind === 'hold.lifted')
  expect(lifted?.fields).toMatchObject({ hold: hold.id, run: 'run_a' })
  expect(lifted?.payloads()[0]?.content?.toString()).toBe('settled')
  expect(await erase({ issuer: 'ci', subject: 'alice' })).toMatchObject({ runs: ['run_a', 'run_b'], keys: 2 })
})

it('is one of several: each must be lifted', async () => {
  await house.whole('run_a', 'alice', 'alpha')
  const holds = [await place('run_a', 'one'), await place('run_a', 'two')] as const
  await house.operator.liftHold(holds[0].id, 'settled')
  await expect(erase({ run: 'run_a' })).rejects.toThrow(holds[1].id)
  await expect(house.operator.liftHold(holds[0].id, 'again')).rejects.toMatchObject({ code: 'GS_RETENTION_NO_HOLD' })
})

it('holds a run that goes on, and copies the rest of it once it is over', async () => {
  await house.begin('run_a', 'alice')
  await house.session('run_a', 'alpha')
  const hold = await place('run_a')
  expect(hold.copy).toMatchObject({ whole: false })
  const late = await house.session('run_a', 'beta')
  await house.end('run_a')
  await expect(erase({ session: late })).rejects.toMatchObject({ code: 'GS_RETENTION_HELD' })
  house.retain = { entries: { count: 1, unit: 'd' } }
  await house.operator.pruneTrail(false)
  const [whole] = await house.operator.holds()
  expect(whole?.copy).toMatchObject({ whole: true, entries: 15 })
  expect(verdict(copyOf(hold.id)).exit).toBe(0)
})

it('is of a run that the log has, and that began in it', async () => {
  await house.whole('run_a', 'alice', 'alpha')
  await expect(place('run_x')).rejects.toMatchObject({ code: 'GS_RETENTION_NOT_FOUND' })
  await house.again({ newLog: 'compromised' })
  await expect(place('run_a')).rejects.toMatchObject({ code: 'GS_RETENTION_ELSEWHERE' })
  expect(await house.operator.holds()).toEqual([])
})

it('keeps what it holds readable where retention has taken all around it', async () => {
  await house.whole('run_z', 'alice', 'omega')
  await house.trail.publish()
  await house.whole('run_a', 'alice', 'alpha', 'beta')
  const hold = await place('run_a')
  await house.fill()
  await house.whole('run_b', 'bob', 'gamma')
  await house.fill()
  house.day = 100
  await house.fill()
  house.retain = { entries: { count: 60, unit: 'd' }, payloads: { count: 30, unit: 'd' } }
  expect(await house.operator.pruneTrail(false)).toMatchObject({ entriesBelow: 512, payloadsBelow: 512, keys: 2, holds: 1 })
  expect((await house.entries())[0]?.index).toBe(512)
  expect(house.runs.run('run_a')?.run.principal.subject).toBe('alice')
  expect(house.runs.run('run_b')?.run.principal.subject).toBe('')

  const path = await exported(hold.id, true)
  const { exit, says } = verdict(path)
  expect(says).toContain('are what their entries commit to; 0 are erased')
  expect(exit).toBe(0)
  const lines = readMember(path, 'payloads')
  for (const text of ['select alpha from t', 'beta value3', 'repository of alice', 'case 4711']) expect(lines).toContain(text)
  expect(lines).not.toContain('omega')
  expect(verdict(await exported(hold.id, false)).exit).toBe(0)
  expect((await house.entries()).at(-1)).toMatchObject({
    kind: 'log.exported',
    fields: { what: 'hold', scope: { hold: hold.id, run: 'run_a' } },
  })

  // Once it is lifted, retention takes that too.
  const keys = heldKeys(path)
  expect(keys).toHaveLength(2)
  await house.operator.liftHold(hold.id, 'settled')
  await house.operator.pruneTrail(false)
  for (const key of keys) expect(house.trail.hasKey(key)).toBe(false)
  expect(house.runs.run('run_a')?.run.principal.subject).toBe('')
})

it.each(['between row and entry', 'between entry and row'])('is in force and recorded once where it was interrupted: %s', async (where) => {
  await house.whole('run_a', 'alice', 'alpha')
  const durable = house.trail.durable.bind(house.trail)
  house.trail.durable = async (draft) => {
    if (draft.kind === 'hold.placed' && where === 'between row and entry') throw new Error('the process is dead')
    const recorded = await durable(draft)
    if (draft.kind === 'hold.placed') throw new Error('the process is dead')
    return recorded
  }
  await expect(place('run_a')).rejects.toThrow('dead')
  await house.again()
  await expect(erase({ run: 'run_a' })).rejects.toMatchObject({ code: 'GS_RETENTION_HELD' })
  await house.again()
  const placed = (await house.entries()).filter(({ kind }) => kind === 'hold.placed')
  expect(placed).toHaveLength(1)
  expect((await house.operator.holds())[0]).toMatchObject({ entry: placed[0]?.index })
})

it('beats erasure also where retention has taken the entries of its run, which can be erased once it is lifted', async () => {
  const [session] = (await house.whole('run_a', 'alice', 'alpha')) as [string]
  const remains = await house.remainsOf([await house.keyOf(session)])
  const hold = await place('run_a')
  await house.fill()
  house.day = 100
  await house.fill()
  house.retain = { entries: { count: 60, unit: 'd' } }
  expect(await house.operator.pruneTrail(false)).toMatchObject({ entriesBelow: 256, holds: 1 })
  for (const scope of [{ run: 'run_a' }, { session }, { issuer: 'ci', subject: 'alice' }])
    await expect(erase(scope)).rejects.toMatchObject({ code: 'GS_RETENTION_HELD' })
  expect(house.occurring(remains)).toBe(remains.length)
  await house.operator.liftHold(hold.id, 'settled')
  expect(await erase({ run: 'run_a' })).toMatchObject({ runs: ['run_a'], sessions: [session], keys: 1 })
  expect(house.occurring(remains)).toBe(0)
})

it('is in force also where its copy cannot be written; what it would be made of stays until it is', async () => {
  house.retain = { entries: { count: 1, unit: 'd' } }
  await house.whole('run_z', 'alice', 'omega')
  await house.fill()
  await house.whole('run_a', 'alice', 'alpha')
  writeFileSync(join(house.folder, 'holds'), 'in the way')
  const hold = await place('run_a')
  expect(hold.copy).toBeUndefined()
  await expect(erase({ run: 'run_a' })).rejects.toMatchObject({ code: 'GS_RETENTION_HELD' })
  await expect(house.operator.exportHold(hold.id, false)).rejects.toMatchObject({ code: 'GS_RETENTION_NO_COPY' })
  await house.fill()
  house.day = 9
  await house.fill()
  expect(await house.operator.pruneTrail(false)).toMatchObject({ entriesBelow: 256 })
  rmSync(join(house.folder, 'holds'))
  expect(await house.operator.pruneTrail(false)).toMatchObject({ entriesBelow: 512 })
  expect(verdict(copyOf(hold.id)).exit).toBe(0)
})

/** A member of an archive whose headers are whole blocks of 512 bytes; payloads decoded. */
function readMember(path: string, name: string): string {
  const bytes = readArchive(path).get(name) as string
  return bytes
    .trim()
    .split('\n')
    .map((line) => Buffer.from((JSON.parse(line) as { content: string }).content, 'base64').toString())
    .join('\n')
}

function readArchive(path: string): Map<string, string> {
  const bytes = readFileSync(path)
  const members = new Map<string, string>()
  for (let at = 0; bytes[at] !== 0; ) {
    const size = Number.parseInt(bytes.toString('latin1', at + 124, at + 135), 8)
    members.set(bytes.toString('latin1', at, bytes.indexOf(0, at)), bytes.toString('utf8', at + 512, at + 512 + size))
    at += 512 + Math.ceil(size / 512) * 512
  }
  return members
}

function heldKeys(path: string): string[] {
  const lines = (readArchive(path).get('entries') as string).trim().split('\n')
  return lines.flatMap((line) => (JSON.parse(line.slice(line.indexOf(' '))) as { key?: string }).key ?? [])
}

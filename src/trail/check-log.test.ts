import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { everythingBelow, TestTrail } from '../../test/parts/trail.ts'
import { ed25519Signer, newSeed, parseNote, signNote } from '../tlog/index.ts'
import type { CheckStep, LogReport, Trail } from './trail.ts'

let house: TestTrail
let trail: Trail
beforeEach(async () => {
  house = new TestTrail()
  trail = await house.open()
})
afterEach(() => house.remove())

async function write(count: number): Promise<void> {
  for (let n = 0; n < count; n++) trail.append({ kind: 'config.refused', fields: { n } })
  await trail.durable({ kind: 'gateway.stop', fields: {} })
  await trail.publish()
}

async function check(payloads = false): Promise<{ report: LogReport; steps: CheckStep[] }> {
  const steps: CheckStep[] = []
  for await (const step of trail.check(payloads, new AbortController().signal)) steps.push(step)
  const last = steps.pop()
  if (!last || !('report' in last)) throw new Error('there is no report')
  return { report: last.report, steps }
}

const at = (path: string) => join(house.folder, 'trail/log', path)

/** Changes one byte of a file of the published log. */
function change(path: string, place: number): void {
  const bytes = readFileSync(at(path))
  bytes[place] = (bytes[place] as number) ^ 1
  writeFileSync(at(path), bytes)
}

it('finds nothing wrong in a log that is whole, and says how far it is', async () => {
  await write(699)
  const { report, steps } = await check(true)
  const { size, root } = trail.proven
  expect(report).toEqual({
    ...{ size, root, pruned: 0, checkpoint: 700, witnessed: undefined, bad: undefined },
    payloads: { opened: 0, erased: 0 },
  })
  expect(steps).toEqual([256, 512, 700].map((done) => ({ done, of: 700 })))
})

it('has nothing to find in an empty log', async () => {
  expect((await check()).report).toMatchObject({ size: 0, checkpoint: undefined, bad: undefined })
})

describe('a change', () => {
  it('of an entry is found, and named', async () => {
    await write(699)
    change('tile/entries/001', 3000)
    expect((await check()).report.bad).toMatch(/: entry 2[789]\d does not match its hash/)
  })

  it('of a hash in any tile at any level is found', async () => {
    await write(65_536 + 600)
    const { report } = await check()
    expect(report).toMatchObject({ size: 66_137, bad: undefined })
    for (const [path, says] of [
      ['tile/0/007', /entry 1\d\d\d does not match its hash/],
      ['tile/0/258.p/89', /entry 660\d\d does not match its hash/],
      ['tile/1/000', /tile\/1\/000 does not match the entries 0 to 65535/],
      ['tile/1/001.p/2', /tile\/1\/001\.p\/2 does not match the entries 65536 to 66047/],
      ['tile/2/000.p/1', /tile\/2\/000\.p\/1 does not match the entries 0 to 65535/],
    ] as const) {
      change(path, 40 % readFileSync(at(path)).byteLength)
      expect((await check()).report.bad).toMatch(says)
      change(path, 40 % readFileSync(at(path)).byteLength)
    }
    expect((await check()).report.bad).toBeUndefined()
  }, 60_000)

  it('of the checkpoint is found, and one that somebody else signed', async () => {
    await write(9)
    const note = readFileSync(at('checkpoint'), 'utf8')
    writeFileSync(at('checkpoint'), note.replace('\n10\n', '\n9\n'))
    expect((await check()).report.bad).toContain('trail/log/checkpoint is none that this log signed')
    writeFileSync(at('checkpoint'), signNote(parseNote(note).text, [ed25519Signer(trail.name, newSeed())]))
    expect((await check()).report.bad).toContain('trail/log/checkpoint is none that this log signed')
    writeFileSync(at('checkpoint'), note)
    writeFileSync(at('witnessed'), 'no note')
    expect((await check()).report).toMatchObject({ checkpoint: 10, bad: expect.stringContaining('trail/log/witnessed is none') })
    writeFileSync(at('witnessed'), note)
    expect((await check()).report).toMatchObject({ checkpoint: 10, witnessed: 10, bad: undefined })
  })

  it('that a file is missing is found', async () => {
    await write(699)
    rmSync(at('tile/entries/000'))
    expect((await check()).report.bad).toContain('tile/entries/000 is missing')
  })
})

describe('payloads', () => {
  it('are opened, each, and those that were erased counted', async () => {
    const [kept, erased] = [trail.sessionKey(), trail.sessionKey()]
    for (const key of [kept, kept, erased]) {
      await trail.durable({ kind: 'session.open', fields: {}, payloads: [{ name: 'client', key, content: Buffer.from('somebody') }] })
    }
    await trail.erase([erased.id], { kind: 'erased', fields: {} }, () => undefined)
    expect((await check(true)).report).toMatchObject({ payloads: { opened: 2, erased: 1 }, bad: undefined })
    expect((await check()).report.payloads).toBeUndefined()
  })

  it('that were changed are found, with their entry', async () => {
    const key = trail.sessionKey()
    for (let n = 0; n < 3; n++) {
      await trail.durable({ kind: 'session.open', fields: {}, payloads: [{ name: 'client', key, content: Buffer.from(`somebody ${n}`) }] })
    }
    await trail.publish()
    const database = new DatabaseSync(join(house.folder, 'trail/payloads.sqlite'))
    const { content } = database.prepare('SELECT content FROM payload').get() as { content: Uint8Array }
    const changed = Buffer.from(content)
    changed[changed.byteLength - 1]! ^= 1
    database.prepare('UPDATE payload SET content = ?').run(changed)
    expect((await check(true)).report.bad).toMatch(/^entry 2: .+ has a payload client that cannot be opened/)
    database.prepare('UPDATE payload SET content = ?').run(changed.subarray(0, 20))
    expect((await check(true)).report.bad).toMatch(/^entry 0: /)
    database.close()
    expect((await check()).report.bad).toBeUndefined()
  })
})

it('tells what is pruned, and checks the hashes that are left of it', async () => {
  await write(699)
  await trail.prune(everythingBelow(300), { kind: 'pruned', fields: {} }, () => undefined)
  expect((await check(true)).report).toMatchObject({ size: 701, pruned: 256, bad: undefined })
  change('tile/0/000', 32 * 17)
  expect((await check()).report.bad).toContain('the entries')
})

it('goes on while the log grows and is pruned', async () => {
  await write(2_000)
  const steps: CheckStep[] = []
  for await (const step of trail.check(false, new AbortController().signal)) {
    steps.push(step)
    if (steps.length === 2) await trail.prune(everythingBelow(1_024), { kind: 'pruned', fields: {} }, () => undefined)
    await write(100)
  }
  expect(steps.at(-1)).toMatchObject({ report: { size: 2_001, pruned: 1_024, bad: undefined } })
})

it('ends when it is told to', async () => {
  await write(600)
  const stop = new AbortController()
  const checking = async () => {
    for await (const _ of trail.check(false, stop.signal)) stop.abort(new Error('enough'))
  }
  await expect(checking()).rejects.toThrow('enough')
})

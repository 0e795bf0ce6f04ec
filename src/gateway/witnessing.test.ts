import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, onTestFinished } from 'vitest'
import { startTestWitness, type TestWitness } from '../../test/parts/test-witness.ts'
import { TestTrail, testSealer } from '../../test/parts/trail.ts'
import { parseNote, parseVkey, verifiedBy } from '../tlog/index.ts'
import { type WitnessFetch, witnessFetch } from '../witness/index.ts'
import { startWitnessing, type Witnessing } from './witnessing.ts'

const SEALER = testSealer(Buffer.alloc(32, 5))
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-witnessing-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

interface Watched {
  readonly house: TestTrail
  readonly witnessing: Witnessing
  readonly said: { readonly level: string; readonly message: string }[]
  close(): Promise<void>
}

/** A trail that signs nothing before its witnesses were asked, as the gateway opens it. */
async function watched(at: string, witness: Pick<TestWitness, 'url' | 'vkey'>, fetch: WitnessFetch = witnessFetch()): Promise<Watched> {
  const house = new TestTrail(SEALER, at)
  let allow!: () => void
  const trail = await house.open({ mayBeSigned: new Promise<void>((resolve) => (allow = resolve)) })
  const said: Watched['said'][number][] = []
  const say = (level: string) => (_: unknown, message?: string) => void said.push({ level, message: message ?? '' })
  const close = async () => {
    await house.close()
    house.store.close()
  }
  try {
    const witnessing = await startWitnessing({
      settings: { need: 1, of: [{ url: witness.url, key: witness.vkey }] },
      ...{ trail, fetch, allow, waits: { start: 300, again: 100 } },
      log: { info: say('info'), warn: say('warn'), error: say('error') } as never,
    })
    return {
      ...{ house, witnessing, said },
      async close() {
        await witnessing.close()
        await close()
      },
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** The log's key exists before the first start, as `gatescribe keys new` makes it. */
async function witnessOf(at: string): Promise<TestWitness> {
  const house = new TestTrail(SEALER, at)
  const vkeys = (await house.open()).verifierKeys()
  await house.close()
  house.store.close()
  return startTestWitness(vkeys)
}

async function write({ house }: Pick<Watched, 'house'>, count: number): Promise<void> {
  for (let n = 0; n < count; n++) await house.trail!.durable({ kind: 'log.read', fields: { n } })
  await house.trail!.publish()
}

const checkpoint = (at: string) => readFileSync(join(at, 'trail/log/checkpoint'), 'utf8')

it('has checkpoints cosigned, and keeps the newest that has its quorum', async () => {
  const witness = await witnessOf(folder)
  const gateway = await watched(folder, witness)
  await write(gateway, 5)
  await gateway.witnessing.submit()
  const note = parseNote(readFileSync(join(folder, 'trail/log/witnessed')))
  expect(verifiedBy(note, [...gateway.house.trail!.verifierKeys(), witness.vkey].map(parseVkey))).toHaveLength(2)
  expect(note.text.split('\n')[1]).toBe('5')
  expect(gateway.witnessing).toMatchObject({ compared: true, age: 0, states: [{ size: 5, error: undefined }] })
  await gateway.close()
  const again = await watched(folder, witness)
  expect(again.witnessing.compared).toBe(true)
  await again.close()
})

it('knows what a witness remembers also where the key that signed it is gone', async () => {
  const witness = await witnessOf(folder)
  const gateway = await watched(folder, witness)
  await write(gateway, 3)
  await gateway.witnessing.submit()
  await gateway.house.trail!.rotateKey(Date.now())
  await gateway.witnessing.submit()
  // The witness has not been told of the new key: it remembers what the old one signed.
  expect(gateway.witnessing.states[0]).toMatchObject({ size: 3, error: { code: 'GS_WITNESS_LOG_KEY' } })
  await gateway.close()
  const again = await watched(folder, witness)
  expect(again.house.store.all('note')).toHaveLength(1)
  expect(again.witnessing.compared).toBe(true)
  await again.close()
})

it('refuses to go on from an older copy of the whole data folder, before anything is signed', async () => {
  const witness = await witnessOf(folder)
  const copy = mkdtempSync(join(tmpdir(), 'gatescribe-copy-'))
  onTestFinished(() => rmSync(copy, { recursive: true, force: true }))
  const gateway = await watched(folder, witness)
  await write(gateway, 3)
  await gateway.close()
  cpSync(folder, copy, { recursive: true })
  const before = checkpoint(copy)
  const later = await watched(folder, witness)
  await write(later, 3)
  await later.witnessing.submit()
  await later.close()
  await expect(watched(copy, witness)).rejects.toMatchObject({
    code: 'GS_TRAIL_ROLLED_BACK',
    message: expect.stringContaining('saw 6 entries of this log, which has 3 here'),
  })
  expect(checkpoint(copy)).toBe(before)
})

it('refuses to go on from an older copy that has grown another history since', async () => {
  const witness = await witnessOf(folder)
  const copy = mkdtempSync(join(tmpdir(), 'gatescribe-copy-'))
  onTestFinished(() => rmSync(copy, { recursive: true, force: true }))
  cpSync(folder, copy, { recursive: true })
  const gateway = await watched(folder, witness)
  await write(gateway, 4)
  await gateway.witnessing.submit()
  await gateway.close()
  // The other one wrote while its witness could not be asked.
  const other = new TestTrail(SEALER, copy)
  await other.open()
  await write({ house: other }, 9)
  await other.close()
  other.store.close()
  await expect(watched(copy, witness)).rejects.toMatchObject({
    code: 'GS_TRAIL_DAMAGED',
    message: expect.stringContaining('another history'),
  })
})

it('starts without an answer, signs nothing until there is one, and then does', async () => {
  const witness = await witnessOf(folder)
  rmSync(join(folder, 'trail/log/checkpoint'), { force: true })
  let down = true
  const real = witnessFetch()
  const gateway = await watched(folder, witness, (url, request) => (down ? Promise.reject(new Error('down')) : real(url, request)))
  await write(gateway, 3)
  expect(gateway.witnessing.compared).toBe(false)
  expect(existsSync(join(folder, 'trail/log/checkpoint'))).toBe(false)
  expect(gateway.said).toContainEqual({ level: 'warn', message: expect.stringContaining('no checkpoint is signed until they do') })
  down = false
  await expect.poll(() => gateway.witnessing.compared, { timeout: 5000 }).toBe(true)
  await gateway.house.trail!.publish()
  expect(checkpoint(folder)).toContain('test.example/trail/one\n3\n')
  await gateway.close()
})

it('is not stopped by a witness that claims to have seen more and cannot show it', async () => {
  const witness = await witnessOf(folder)
  const real = witnessFetch()
  let lies = false
  const gateway = await watched(folder, witness, async (url, request) =>
    lies && request.method === 'POST' ? { status: 409, text: '999999\n' } : real(url, request),
  )
  await write(gateway, 2)
  await gateway.witnessing.submit()
  lies = true
  await write(gateway, 2)
  await gateway.witnessing.submit()
  expect(gateway.witnessing.states[0]?.error?.code).toBe('GS_WITNESS_AHEAD')
  await write(gateway, 1)
  expect(gateway.house.trail!.state).toBe('open')
  await gateway.close()
})

it('stops a log that a witness proves to be longer elsewhere, also after the start', async () => {
  const witness = await witnessOf(folder)
  const copy = mkdtempSync(join(tmpdir(), 'gatescribe-copy-'))
  onTestFinished(() => rmSync(copy, { recursive: true, force: true }))
  cpSync(folder, copy, { recursive: true })
  const [here, there] = [await watched(folder, witness), await watched(copy, witness)]
  await write(there, 7)
  await there.witnessing.submit()
  await write(here, 2)
  await here.witnessing.submit()
  expect((await here.house.trail!.failure).code).toBe('GS_TRAIL_ROLLED_BACK')
  expect(here.house.trail!.state).toBe('failed')
  await here.close()
  await there.close()
})

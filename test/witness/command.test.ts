import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { run } from '../../src/cli/main.ts'
import { parseNote, parseVkey, verifiedBy } from '../../src/tlog/index.ts'
import { submitCheckpoint, witnessFetch } from '../../src/witness/index.ts'
import { testSurroundings } from '../parts/surroundings.ts'
import { testLog } from '../parts/test-log.ts'
import { startWitnessProcess } from './witness-process.ts'

const log = testLog(60)
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-witness-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

async function gatescribe(...args: string[]) {
  const surroundings = testSurroundings({ folder })
  const code = await run(args, surroundings)
  return { code, ...surroundings.printed }
}

it('goes the whole way: a key, a witness, a cosignature, a stop, a start, a refusal', async () => {
  const made = await gatescribe('witness', 'init', '--name', 'witness.example/w1')
  expect([made.code, made.out.split('\n').length]).toEqual([0, 2])
  const vkey = made.out.trim()
  const fetch = witnessFetch()
  const submit = async (url: string, of: typeof log, size: number) =>
    submitCheckpoint({ url, verifier: parseVkey(vkey), fetch }, of.checkpoint(size), (from) => of.consistency(from, size), {
      signal: AbortSignal.timeout(5_000),
    })

  const first = await startWitnessProcess(join(folder, 'witness'), [log.vkey])
  expect(first.vkey).toBe(vkey)
  await submit(first.url, log, 20)
  expect(await first.end('SIGTERM')).toBe(0)

  const second = await startWitnessProcess(join(folder, 'witness'), [log.vkey])
  await submit(second.url, log, 30)
  await expect(submit(second.url, log.fork(5), 30)).rejects.toMatchObject({ code: 'GS_WITNESS_INCONSISTENT' })
  expect(await second.end('SIGINT')).toBe(0)
  expect(second.log()).toContain('as evidence')

  const { out } = await gatescribe('witness', 'show', '--json')
  const shown = JSON.parse(out)
  expect(shown).toMatchObject({ name: 'witness.example/w1', vkey })
  expect(verifiedBy(parseNote(shown.logs[0]), [parseVkey(vkey), parseVkey(log.vkey)])).toHaveLength(2)
  expect((await gatescribe('witness', 'show')).out).toContain(log.origin)
  await fetch.close()
})

it('makes a key once, and prints it again', async () => {
  const { vkey } = JSON.parse((await gatescribe('witness', 'init', '--name', 'w', '--data', 'w', '--json')).out)
  const again = await gatescribe('witness', 'init', '--name', 'other', '--data', 'w', '--json')
  expect([again.code, JSON.parse(again.err).error.code]).toEqual([1, 'GS_WITNESS_KEY_FILE'])
  expect((await gatescribe('witness', 'show', '--data', 'w')).out).toBe(`${vkey}\n`)
})

describe('does not start', () => {
  beforeEach(() => gatescribe('witness', 'init', '--name', 'witness.example/w1'))
  const start = (...args: string[]) => gatescribe('witness', 'start', '--json', ...args)

  it.each<[string, readonly string[], number, string]>([
    ['without a log', [], 2, 'GS_CLI_USAGE'],
    ['with a key that is none', ['--log', 'log.example'], 2, 'GS_CLI_USAGE'],
    ['at an address that is none', ['--log', log.vkey, '--listen', '8446'], 2, 'GS_CLI_USAGE'],
    ['at a port that is none', ['--log', log.vkey, '--listen', '127.0.0.1:70000'], 2, 'GS_CLI_USAGE'],
    ['at an address of another machine', ['--log', log.vkey, '--listen', '192.0.2.1:0'], 1, 'GS_WITNESS_LISTEN'],
    ['with half of what TLS takes', ['--log', log.vkey, '--cert', 'cert.pem'], 2, 'GS_CLI_USAGE'],
    ['with a certificate that is not there', ['--log', log.vkey, '--cert', 'no.pem', '--key', 'no.key'], 1, 'GS_CLI_FILE'],
    ['in a folder without a key', ['--log', log.vkey, '--data', 'elsewhere'], 1, 'GS_WITNESS_KEY_FILE'],
  ])('%s', async (_, args, code, error) => {
    const said = await start(...args)
    expect([said.code, JSON.parse(said.err).error.code]).toEqual([code, error])
  })

  it('with the key of a witness in the place of that of a log', async () => {
    const vkey = (await gatescribe('witness', 'show')).out.trim()
    expect((await start('--log', vkey)).code).toBe(2)
  })

  it('in a folder that others can write in', async () => {
    chmodSync(join(folder, 'witness'), 0o777)
    const said = await start('--log', log.vkey)
    expect([said.code, JSON.parse(said.err).error.code]).toEqual([1, 'GS_WITNESS_FOLDER'])
  })
})

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type InMemoryOperator, inMemoryOperator } from '../../test/parts/operator.ts'
import { testSurroundings } from '../../test/parts/surroundings.ts'
import { listenLocally, localApi } from '../api/local/index.ts'
import { createMasterKey } from '../credentials/index.ts'
import { openGateway } from '../gateway/index.ts'
import { parseCheckpoint, parseNote, parseVkey, verifiedBy } from '../tlog/index.ts'
import { TrailError } from '../trail/index.ts'
import { run } from './main.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-keys-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

async function gatescribe(line: string) {
  const surroundings = testSurroundings({ folder })
  const code = await run(line.split(' '), surroundings)
  return { code, ...surroundings.printed }
}

describe('against a running gateway', () => {
  let operator: InMemoryOperator
  let close: () => Promise<void>
  beforeEach(async () => {
    writeFileSync(join(folder, 'gatescribe.yaml'), 'gateway: { data: . }')
    operator = inMemoryOperator()
    const closing = new AbortController()
    const listener = await listenLocally(folder, localApi(operator, { error: () => undefined }, closing.signal))
    close = async () => {
      closing.abort()
      await listener.close()
    }
  })
  afterEach(() => close())

  it('shows the keys that sign, and nothing else on standard output', async () => {
    expect(await gatescribe('keys show')).toEqual({ code: 0, out: 'example.org/test/one+0a1b2c3d+AAAA\n', err: '' })
    operator.keys.push({ vkey: 'example.org/test/one+99999999+CCCC', state: 'former', since: 0, until: 86_400_000 })
    expect((await gatescribe('keys show')).out).not.toContain('CCCC')
    const { keys } = JSON.parse((await gatescribe('keys show --history --json')).out)
    expect(keys[1]).toEqual({
      ...{ vkey: 'example.org/test/one+99999999+CCCC', state: 'former' },
      ...{ since: '1970-01-01T00:00:00.000Z', until: '1970-01-02T00:00:00.000Z' },
    })
    expect((await gatescribe('keys show --history')).out).toMatch(
      /former +1970-01-01 00:00:00Z +1970-01-02 00:00:00Z +example.org\/test\/one\+9/,
    )
  })

  it('rotates, and says until when both sign', async () => {
    const { code, out, err } = await gatescribe('keys rotate --overlap 12h')
    expect({ code, out }).toEqual({ code: 0, out: 'example.org/test/one+4e5f6071+BBBB\nexample.org/test/one+0a1b2c3d+AAAA\n' })
    expect(err).toContain('example.org/test/one+0a1b2c3d signs until 2026-11-24 12:00:00Z.')
    expect(JSON.parse((await gatescribe('keys rotate --json')).out).keys[1].until).toBe('2026-12-01T00:00:00.000Z')
    operator.fail('rotateLogKey', new TrailError('GS_TRAIL_ROTATING'))
    expect(await gatescribe('keys rotate')).toMatchObject({ code: 1, out: '', err: expect.stringContaining('GS_TRAIL_ROTATING') })
  })

  it.each(['soon', '7', '-1d', '53w', '0.5h'])('refuses an overlap of %s', async (overlap) => {
    expect((await gatescribe(`keys rotate --overlap=${overlap}`)).code).toBe(2)
    expect(operator.keys).toHaveLength(1)
  })

  it('shows the key that waits for a checkpoint', async () => {
    operator.keys.unshift({ vkey: 'example.org/test/one+4e5f6071+BBBB', state: 'next' })
    const { out, err } = await gatescribe('keys show')
    expect(out).toBe('example.org/test/one+0a1b2c3d+AAAA\n')
    expect(err).toContain('example.org/test/one+4e5f6071 signs once a checkpoint covers')
  })

  it('makes no key where there is one', async () => {
    const { code, out, err } = await gatescribe('keys new')
    expect({ code, out }).toEqual({ code: 0, out: 'example.org/test/one+0a1b2c3d+AAAA\n' })
    expect(err).toContain('had its key already')
    expect(JSON.parse((await gatescribe('keys new --json')).out).made).toBe(false)
  })

  it('checks the log: progress beside the output, and a non-zero exit code where something is wrong', async () => {
    const report = { size: 700, root: Buffer.alloc(32), pruned: 256, checkpoint: 700, witnessed: 512, payloads: undefined, bad: undefined }
    operator.checking.push({ done: 256, of: 700 }, { done: 700, of: 700 }, { report })
    const { code, out, err } = await gatescribe('trail check')
    expect({ code, err }).toEqual({ code: 0, err: 'checked 35 % of 700 entries\nchecked 100 % of 700 entries\n' })
    expect(out).toContain('Those below 256 are pruned')
    expect(out).toContain('Every entry and every hash is as it was published.')
    operator.checking[2] = { report: { ...report, payloads: { opened: 3, erased: 1 }, bad: 'entry 471 does not match its hash' } }
    const bad = await gatescribe('trail check --payloads --json')
    expect(bad.code).toBe(1)
    expect(JSON.parse(bad.out)).toMatchObject({ bad: 'entry 471 does not match its hash', payloads: { opened: 3, erased: 1 } })
    expect((await gatescribe('trail check')).out).not.toContain('as it was published')
    operator.fail('checkLog', new TrailError('GS_TRAIL_FULL'))
    expect(await gatescribe('trail check')).toMatchObject({ code: 1, err: expect.stringContaining('GS_TRAIL_FULL') })
  })
})

describe('before the first start', () => {
  beforeEach(async () => {
    await createMasterKey(join(folder, 'master.key'))
    writeFileSync(
      join(folder, 'gatescribe.yaml'),
      `gateway:
  origin: example.org/prod
  instance: main
  data: ./data
  listen: { postgres: "127.0.0.1:0", token: "127.0.0.1:0" }
  tls: { names: [gw.example.org] }
  masterKey: file:./master.key
issuers: []
resources: []
rules: []
`,
    )
  })

  it('makes the key of the log once', async () => {
    const made = JSON.parse((await gatescribe('keys new --json')).out)
    expect(made).toMatchObject({ log: 'example.org/prod/main', made: true, keys: [{ state: 'signs' }] })
    expect(parseVkey(made.keys[0].vkey).name).toBe('example.org/prod/main')
    const again = await gatescribe('keys new')
    expect(again.out).toBe(`${made.keys[0].vkey}\n`)
    expect(again.err).toContain('had its key already')
  })

  it('rotates without a running gateway, and checks what is there', async () => {
    const { out: first } = await gatescribe('keys new')
    const rotated = (await gatescribe('keys rotate --overlap 1h')).out.split('\n')
    expect(rotated).toEqual([expect.stringContaining('example.org/prod/main+'), first.trim(), ''])
    const { code, out } = await gatescribe('trail check --payloads')
    expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('Every entry and every hash is as it was published.') })
    expect(readFileSync(join(folder, 'data/trail/log/checkpoint'), 'utf8').match(/^— /gm)).toHaveLength(2)
  })

  it('closes a log whose key somebody else may have, and begins the next one with another key', async () => {
    const { out: first } = await gatescribe('keys new')
    const { code, out, err } = await gatescribe('keys rotate --compromised --json')
    expect({ code, err }).toEqual({ code: 0, err: '' })
    const { log, keys, previous } = JSON.parse(out)
    expect(log).toBe('example.org/prod/main.2')
    expect(parseVkey(keys[0]).name).toBe(log)
    const last = parseNote(readFileSync(join(folder, 'data/trail.1/log/checkpoint')))
    expect(verifiedBy(last, [parseVkey(first.trim())])).toHaveLength(1)
    const { size, root } = parseCheckpoint(last.text)
    expect(previous).toEqual({ origin: 'example.org/prod/main', size, root: root.toString('base64') })
    expect((await gatescribe('keys show')).out).toBe(`${keys[0]}\n`)
    expect((await gatescribe('keys show --history')).out).toContain(first.trim())

    const again = await gatescribe('keys rotate --compromised')
    expect(again.out).toContain('example.org/prod/main.3+')
    expect(again.err).toContain('example.org/prod/main.2 is closed with')
  })

  it('closes no log under a running gateway, and gives a compromised key no overlap', async () => {
    const running = await openGateway({ configPath: join(folder, 'gatescribe.yaml'), log: pino({ level: 'silent' }) })
    try {
      expect(await gatescribe('keys rotate --compromised')).toMatchObject({ code: 1, err: expect.stringContaining('GS_STORE_LOCKED') })
    } finally {
      await running.close()
    }
    expect((await gatescribe('keys rotate --compromised --overlap 1h')).code).toBe(2)
  })
})

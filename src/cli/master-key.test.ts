import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { testSurroundings } from '../../test/parts/surroundings.ts'
import { openGateway } from '../gateway/index.ts'
import { run } from './main.ts'

let folder: string
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-master-key-'))
  expect(await gatescribe('init')).toMatchObject({ code: 0 })
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

async function gatescribe(line: string, over: Parameters<typeof testSurroundings>[0] = {}) {
  const surroundings = testSurroundings({ folder, ...over })
  const code = await run(line.split(' '), surroundings)
  return { code, ...surroundings.printed }
}

describe('master-key new', () => {
  it('writes a key that only its owner can read, and prints none of it', async () => {
    const { code, out } = await gatescribe('master-key new new.key --json')
    const path = join(folder, 'new.key')
    expect([code, JSON.parse(out)]).toEqual([0, { path, id: expect.stringMatching(/^[0-9a-f]{16}$/) }])
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(out).not.toContain(readFileSync(path, 'utf8').trim())
  })

  it('overwrites nothing', async () => {
    const before = readFileSync(join(folder, 'master.key'))
    const { code, err } = await gatescribe('master-key new master.key')
    expect([code, err]).toEqual([1, expect.stringContaining('GS_CLI_NOT_OVERWRITTEN')])
    expect(readFileSync(join(folder, 'master.key')).equals(before)).toBe(true)
  })
})

describe('master-key rotate', () => {
  beforeEach(async () => {
    expect(await gatescribe('secret set orders-ro', { stdin: 'hunter2' })).toMatchObject({ code: 0, err: '' })
    expect(await gatescribe('master-key new new.key')).toMatchObject({ code: 0 })
  })

  it('says what to change in the configuration, after which everything is there', async () => {
    const { code, out, err } = await gatescribe('master-key rotate --to file:./new.key')
    expect([code, err]).toEqual([0, ''])
    const written = `masterKey: file:${join(folder, 'new.key')}`
    expect(out).toContain(written)
    expect(out).not.toContain('hunter2')
    expect(await gatescribe('secret ls')).toMatchObject({ code: 1, err: expect.stringContaining('GS_SEALED_ELSEWHERE') })
    const config = join(folder, 'gatescribe.yaml')
    writeFileSync(config, readFileSync(config, 'utf8').replace(/masterKey: \S+/, written))
    expect(await gatescribe('secret ls')).toMatchObject({ code: 0, out: expect.stringContaining('orders-ro') })
  })

  it('is refused while a gateway runs', async () => {
    const running = await openGateway({ configPath: join(folder, 'gatescribe.yaml'), log: pino({ level: 'silent' }) })
    try {
      expect(await gatescribe('master-key rotate --to file:./new.key')).toMatchObject({
        code: 1,
        err: expect.stringContaining('GS_STORE_LOCKED'),
      })
    } finally {
      await running.close()
    }
  })

  it.each([
    ['--to secret:orders-ro', 2, 'GS_CLI_USAGE'],
    ['--to new.key', 2, 'GS_CLI_USAGE'],
    ['', 2, 'GS_CLI_USAGE'],
    ['--to file:./absent.key', 1, 'GS_MASTER_KEY_MISSING'],
    ['--to file:./master.key', 1, 'GS_GATEWAY_SAME_KEY'],
    ['--to file:./new.key -c absent.yaml', 78, 'GS_CONFIG_'],
  ])('refuses "%s" with %i', async (options, exit, said) => {
    const { code, err } = await gatescribe(`master-key rotate ${options}`.trim())
    expect([code, err]).toEqual([exit, expect.stringContaining(said)])
  })
})

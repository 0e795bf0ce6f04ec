import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Config } from '../config/index.ts'
import { examineClock } from './clock.ts'
import { examineDurability } from './durability.ts'
import { examineFiles } from './files.ts'
import { type Permitted, type RoleToJudge, roleFindings, unreadRoleFinding, unverifiedFinding } from './role.ts'

const never = new AbortController().signal

describe('the files of a gateway', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'gatescribe-doctor-'))
    writeFileSync(join(folder, 'gatescribe.yaml'), '', { mode: 0o600 })
    writeFileSync(join(folder, 'master.key'), '', { mode: 0o600 })
    mkdirSync(join(folder, 'data'), { mode: 0o700 })
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  function examined(masterKey: Config['gateway']['masterKey'] = { from: 'file', path: join(folder, 'master.key') }) {
    const gateway = { data: join(folder, 'data'), masterKey } as Config['gateway']
    return [...examineFiles({ gateway }, join(folder, 'gatescribe.yaml'))].map(({ subject, level }) => `${subject}: ${level}`)
  }

  it('are fine where only their owner can touch them', () => {
    expect(examined()).toEqual(['configuration: ok', 'configuration folder: ok', 'master key: ok', 'data folder: ok'])
  })
  it('are not fine where others can read the master key', () => {
    chmodSync(join(folder, 'master.key'), 0o640)
    expect(examined()).toContain('master key: fail')
  })
  it('are not fine where others can write the rules, or replace their file', () => {
    chmodSync(join(folder, 'gatescribe.yaml'), 0o666)
    chmodSync(folder, 0o777)
    expect(examined()).toEqual(expect.arrayContaining(['configuration: fail', 'configuration folder: fail']))
  })
  it('are doubtful where a group can write the rules', () => {
    chmodSync(join(folder, 'gatescribe.yaml'), 0o660)
    expect(examined()).toContain('configuration: warn')
  })
  it('are not fine where others can look into the data folder', () => {
    chmodSync(join(folder, 'data'), 0o755)
    expect(examined()).toContain('data folder: fail')
  })
  it('may not be there yet, but for the master key', () => {
    rmSync(join(folder, 'data'), { recursive: true })
    expect(examined()).toContain('data folder: ok')
    expect(examined({ from: 'file', path: join(folder, 'none') })).toContain('master key: fail')
    expect(examined({ from: 'env', name: 'KEY' })).toContain('master key: ok')
  })
})

describe('durability', () => {
  const on = (type: number) => (async () => ({ type })) as unknown as typeof statfs
  it.each([
    ['tmpfs', 0x01021994, 'fail'],
    ['ramfs, as a signed number', 0x858458f6 | 0, 'fail'],
    ["a container's layer", 0x794c7630, 'warn'],
    ['NFS', 0x6969, 'warn'],
    ['ext4', 0xef53, 'ok'],
  ])('on %s', async (_name, type, level) => {
    expect(await examineDurability('/nowhere/at/all', on(type))).toMatchObject({ level })
  })
})

describe('the clock', () => {
  const issuers = [
    { name: 'silent', issuer: 'https://silent.example.org' },
    { name: 'github', issuer: 'https://github.example.org' },
  ]
  const answering = (date: string) =>
    (async (url: string) => {
      if (url.includes('silent')) throw new Error('unreachable')
      return new Response(null, { headers: { date } })
    }) as typeof fetch
  const noon = Date.UTC(2026, 10, 23, 12)

  it('is compared with the first issuer that answers', async () => {
    const get = answering('Mon, 23 Nov 2026 12:00:10 GMT')
    expect(await examineClock(issuers, never, get, () => noon)).toMatchObject({ level: 'ok' })
  })
  it('is doubted where it is minutes away', async () => {
    const get = answering('Mon, 23 Nov 2026 12:02:00 GMT')
    expect(await examineClock(issuers, never, get, () => noon)).toMatchObject({
      level: 'warn',
      found: expect.stringContaining('120 s behind'),
    })
  })
  it('is not vouched for where nobody answers', async () => {
    expect(await examineClock([issuers[0]!], never, answering(''))).toMatchObject({ level: 'warn' })
  })
})

it('doubts a target whose certificate is not verified', () => {
  expect(unverifiedFinding('orders-db')).toMatchObject({ level: 'warn', found: expect.stringContaining('verify: off') })
})

describe('the role of the gateway at a target', () => {
  const nothing = { write: false, define: false }
  const judge = (role: Partial<RoleToJudge>, permitted: Permitted) =>
    roleFindings('resource orders-db', { name: 'app', powers: [], owns: 0, writes: 0, creates: [], ...role }, permitted).map(
      ({ level, found }) => `${level} ${found}`,
    )
  it('is doubted, no more, where a pooler does not say what it is', () => {
    expect(unreadRoleFinding('resource orders-db', 'It said nothing.')).toMatchObject({
      level: 'warn',
      found: expect.stringMatching(/said nothing\.$/),
    })
  })
  it('is doubted by what it may do beyond its grants', () => {
    const found = judge({ powers: ['SUPERUSER'], owns: 9, writes: 9, creates: ['public'] }, nothing)
    expect(found).toEqual(['warn Its role app has SUPERUSER.'])
    expect(judge({}, nothing)).toEqual(['ok Its role app may do what it was granted, and no more than the rules permit.'])
  })
  it('is doubted by what it was granted and nothing permits', () => {
    const role = { owns: 1, writes: 7, creates: ['public', 'database'] }
    expect(judge(role, nothing)).toEqual([
      expect.stringMatching(/^warn .* change rows of 7 relations/),
      expect.stringMatching(/^warn .* owns one relation/),
      expect.stringMatching(/^warn .* create objects in public, database/),
    ])
    expect(judge(role, { write: true, define: false })).toHaveLength(2)
    expect(judge(role, { write: true, define: true })).toEqual([expect.stringMatching(/^ok /)])
  })
})

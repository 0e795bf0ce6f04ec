import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { askedErasure, type InMemoryOperator } from '../../test/parts/operator.ts'
import { serveLocally } from '../../test/parts/served-locally.ts'
import { testSurroundings } from '../../test/parts/surroundings.ts'
import { RetentionError } from '../retention/index.ts'
import { run } from './main.ts'

let folder: string
let operator: InMemoryOperator
let remove: () => Promise<void>

beforeEach(async () => {
  ;({ folder, operator, remove } = await serveLocally())
})
afterEach(() => remove())

async function gatescribe(...words: readonly string[]) {
  const surroundings = testSurroundings({ folder, env: { XDG_CONFIG_HOME: folder } })
  const code = await run([...words], surroundings)
  return { code, ...surroundings.printed }
}

describe('erasures', () => {
  it('lists what is asked for, and shows who asked and why', async () => {
    operator.askedErasures.push(askedErasure('erq_one'))
    expect((await gatescribe('erasures', 'ls')).out).toMatch(/^REQUEST.*\nerq_one +asked +run run_one +AbCdEf/)
    expect((await gatescribe('erasures', 'show', 'erq_one')).out).toMatch(/asked by {3}Ada .*\nbecause {4}request 17\n/)
    expect(JSON.parse((await gatescribe('erasures', 'show', 'erq_one', '--json')).out)).toMatchObject({ reason: 'request 17' })
  })

  it('denies over the local socket, and approves as a person only', async () => {
    expect(await gatescribe('erasures', 'deny', 'erq_one', '--reason', 'no')).toMatchObject({ code: 0, out: 'erq_one is denied.\n' })
    expect(operator.erasureAnswers).toEqual([{ id: 'erq_one', verdict: 'deny', reason: 'no' }])
    expect(await gatescribe('erasures', 'approve', 'erq_one')).toMatchObject({
      code: 7,
      err: expect.stringContaining('GS_CLI_NOT_SIGNED_IN'),
    })
    expect(operator.erasureAnswers).toHaveLength(1)
  })

  it('says what stands in the way, and whom to ask where it was only asked for', async () => {
    operator.fail('eraseTrail', new RetentionError('GS_RETENTION_TWO_PERSONS'))
    const words = ['trail', 'erase', '--run', 'run_one', '--reason', 'letter', '--yes']
    expect(await gatescribe(...words)).toMatchObject({
      code: 1,
      err: expect.stringMatching(/GS_RETENTION_TWO_PERSONS.*\nnext: .*gatescribe login/),
    })
    operator.eraseTrail = async () => ({ scope: 'run', runs: ['run_one'], sessions: [], keys: 3, request: askedErasure('erq_two') })
    expect((await gatescribe(...words)).out).toContain('gatescribe erasures approve erq_two\n')
  })
})

describe('persons', () => {
  it('revokes and restores by issuer and account, or by how the trail names them', async () => {
    const revoked = await gatescribe('persons', 'revoke', 'okta', '00u1', '--reason', 'left')
    expect(revoked.out).toBe('AbCdEfGhIjKlMnOpQrStUv is revoked: 2 sessions ended, 1 approvals are taken back.\n')
    await gatescribe('persons', 'restore', 'okta', '00u1')
    expect((await gatescribe('persons', 'restore', '--pseudonym', 'AbCdEfGhIjKlMnOpQrStUv')).out).toContain('may sign in again')
    expect(operator.revocations).toEqual([
      { person: { issuer: 'okta', subject: '00u1' }, reason: 'left' },
      { person: { issuer: 'okta', subject: '00u1' }, reason: undefined },
      { person: { pseudonym: 'AbCdEfGhIjKlMnOpQrStUv' }, reason: undefined },
    ])
    expect((await gatescribe('persons', 'ls')).out).toContain('AbCdEfGhIjKlMnOpQrStUv')
    expect(await gatescribe('persons', 'restore', 'okta')).toMatchObject({ code: 2 })
  })
})

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { InMemoryOperator } from '../../../../test/parts/operator.ts'
import { serveLocally } from '../../../../test/parts/served-locally.ts'
import { testSurroundings } from '../../../../test/parts/surroundings.ts'
import { RetentionError, type retentionErrors } from '../../../retention/index.ts'
import { TrailError } from '../../../trail/index.ts'
import { run } from '../../main.ts'

const PSEUDONYM = 'AbCdEfGhIjKlMnOpQrStUv'

let folder: string
let operator: InMemoryOperator
let close: () => Promise<void>
let remove: () => Promise<void>

beforeEach(async () => {
  ;({ folder, operator, close, remove } = await serveLocally())
})
afterEach(() => remove())

/** Words as the shell would hand them over. */
async function gatescribe(...words: readonly string[]) {
  const surroundings = testSurroundings({ folder })
  const code = await run([...words], surroundings)
  return { code, ...surroundings.printed }
}

const refused = (code: keyof typeof retentionErrors) => ({
  code: 1,
  out: '',
  err: expect.stringMatching(new RegExp(`^${code}: .+\nnext: .+\n$`)),
})

describe('trail erase', () => {
  const erase = (...words: readonly string[]) => gatescribe('trail', 'erase', ...words)

  it('says what would go, and does nothing without --yes', async () => {
    const { code, out, err } = await erase('--run', 'run_one', '--reason', 'request 17')
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toBe('Would destroy 3 payload keys, of 2 sessions in 1 runs. Nothing has gone: say --yes.\nwho it was\n')
    expect(operator.erasures).toEqual([{ scope: { run: 'run_one' }, reason: 'request 17', dryRun: true }])
  })

  it('erases with --yes, and says which entry tells of it', async () => {
    const { code, out } = await erase('--session', 'ses_one', '--reason', 'request 17', '--yes')
    expect(code).toBe(0)
    expect(out).toBe('Destroyed 3 payload keys, of 2 sessions in 1 runs, and what they sealed; entry 12 says so.\nwho it was\n')
    expect(operator.erasures).toEqual([{ scope: { session: 'ses_one' }, reason: 'request 17', dryRun: false }])
  })

  it('takes a person by issuer and subject, or as entries name them', async () => {
    const { out } = await erase('--person', 'github', 'repo:acme/reports:ref:refs/heads/main', '--reason', 'r')
    expect(out).not.toContain('who it was')
    await erase('--pseudonym', PSEUDONYM, '--reason', 'r')
    expect(operator.erasures.map(({ scope }) => scope)).toEqual([
      { issuer: 'github', subject: 'repo:acme/reports:ref:refs/heads/main' },
      { pseudonym: PSEUDONYM },
    ])
  })

  it('prints the report as JSON', async () => {
    expect(JSON.parse((await erase('--run', 'run_one', '--reason', 'r', '--json')).out)).toEqual({
      ...{ scope: 'run', run: 'run_one', runs: ['run_one'], sessions: ['ses_one', 'ses_two'], keys: 3, remains: 'who it was' },
    })
    expect(JSON.parse((await erase('--run', 'run_one', '--reason', 'r', '--yes', '--json')).out)).toMatchObject({ entry: 12 })
  })

  it.each([
    ['nothing', []],
    ['two scopes', ['--run', 'run_one', '--session', 'ses_one']],
    ['a person twice over', ['--pseudonym', PSEUDONYM, '--person', 'github', 'x']],
    ['an issuer alone', ['--person', 'github']],
    ['a person of three words', ['--person', 'github', 'x', 'y']],
    ['an argument', ['run_one', '--run', 'run_one']],
    ['an option that is none', ['--run', 'run_one', '--force']],
  ])('is of one session, run or person: %s is refused, and nobody is asked', async (_what, words) => {
    expect(await erase(...words, '--reason', 'r')).toMatchObject({ code: 2, out: '', err: expect.stringContaining('next:') })
    expect(operator.erasures).toEqual([])
  })

  it('is not done without a reason', async () => {
    expect(await erase('--run', 'run_one', '--yes')).toMatchObject({ code: 2, out: '' })
    for (const reason of ['', 'two\nlines'])
      expect(await erase('--run', 'run_one', '--yes', '--reason', reason)).toMatchObject({
        code: 1,
        err: expect.stringContaining('GS_LOCAL_BAD_REQUEST'),
      })
    expect(operator.erasures).toEqual([])
  })

  it('passes on why it may not, with a next step, and 4 where there is nothing', async () => {
    const words = ['--run', 'run_one', '--reason', 'r', '--yes']
    for (const code of ['GS_RETENTION_LIVE', 'GS_RETENTION_HELD'] as const) {
      operator.fail('eraseTrail', new RetentionError(code))
      expect(await erase(...words)).toMatchObject(refused(code))
    }
    operator.fail('eraseTrail', new RetentionError('GS_RETENTION_NOT_FOUND'))
    const none = await erase(...words, '--json')
    expect(none).toMatchObject({ code: 4, out: '' })
    expect(JSON.parse(none.err)).toMatchObject({ error: { code: 'GS_RETENTION_NOT_FOUND', next: expect.any(String) } })
    operator.fail('eraseTrail', new TrailError('GS_TRAIL_ERASING'))
    expect(await erase(...words)).toMatchObject({ code: 1, err: expect.stringMatching(/^GS_TRAIL_ERASING: .+\nnext: .+\n$/) })
  })

  it('ends with 3 where no gateway runs', async () => {
    await close()
    expect(await erase('--run', 'run_one', '--reason', 'r')).toMatchObject({ code: 3, out: '' })
  })
})

describe('trail hold', () => {
  const hold = (...words: readonly string[]) => gatescribe('trail', 'hold', ...words)

  it('is placed on a run with a reason, and perhaps a name', async () => {
    expect(await hold('place', '--run', 'run_one', '--reason', 'case 4711')).toMatchObject({
      code: 0,
      out: 'hold_0 holds run_one; entry 10 says so.\n',
    })
    const json = await hold('place', '--run', 'run_two', '--reason', 'case 4711', '--name', 'Smith', '--json')
    expect(JSON.parse(json.out)).toMatchObject({ id: 'hold_1', run: 'run_two', name: 'Smith', placedAt: '2026-11-23T00:00:00.000Z' })
    expect(operator.held.map(({ run, name }) => [run, name])).toEqual([
      ['run_one', undefined],
      ['run_two', 'Smith'],
    ])
  })

  it('is listed with why, since when, and whether its copy is whole', async () => {
    await hold('place', '--run', 'run_one', '--reason', 'case 4711', '--name', 'Smith')
    await hold('place', '--run', 'run_two', '--reason', 'another')
    await hold('place', '--run', 'run_three', '--reason', 'a third\u202e')
    const [one, two, three] = operator.held
    if (!one || !two?.copy || !three) throw new Error('three were placed')
    operator.held[1] = { ...two, copy: { ...two.copy, whole: false } }
    const { copy: _, ...uncopied } = three
    operator.held[2] = uncopied
    const { code, out } = await hold('ls')
    expect(code).toBe(0)
    expect(out).toMatch(/^HOLD +RUN +SINCE +COPY +WHY\n/)
    expect(out).toMatch(/hold_0 +run_one +2026-11-23 00:00:00Z +5 entries +Smith: case 4711\n/)
    expect(out).toMatch(/hold_1 +run_two +\S+ \S+ +5 entries, not whole +another\n/)
    expect(out).toMatch(/hold_2 +run_three +\S+ \S+ +not yet +a third\\u\{202e\}\n/)
    expect(JSON.parse((await hold('ls', '--json')).out)).toHaveLength(3)
  })

  it('is lifted by its id, with a reason', async () => {
    await hold('place', '--run', 'run_one', '--reason', 'case 4711')
    expect(await hold('lift', 'hold_0')).toMatchObject({ code: 2, out: '' })
    expect(await hold('lift', '--reason', 'closed')).toMatchObject({ code: 2, out: '' })
    expect(operator.held).toHaveLength(1)
    expect(await hold('lift', 'hold_0', '--reason', 'closed')).toMatchObject({ code: 0, out: 'hold_0 is lifted.\n' })
    expect(operator.held).toEqual([])
    operator.fail('liftHold', new RetentionError('GS_RETENTION_NO_HOLD'))
    expect(await hold('lift', 'hold_0', '--reason', 'closed')).toMatchObject(refused('GS_RETENTION_NO_HOLD'))
  })

  it('writes its copy to a file of its owner that is not there yet', async () => {
    operator.evidence.push(Buffer.from('what a '), Buffer.from('hold keeps'))
    const { code, out } = await hold('export', 'hold_0', '-o', 'run.tar')
    expect({ code, out }).toEqual({ code: 0, out: `Wrote ${join(folder, 'run.tar')}.\n` })
    expect(readFileSync(join(folder, 'run.tar'), 'utf8')).toBe('what a hold keeps')
    expect(statSync(join(folder, 'run.tar')).mode & 0o777).toBe(0o600)
    expect(JSON.parse((await hold('export', 'hold_0', '--payloads', '-o', 'clear.tar', '--json')).out)).toEqual({
      path: join(folder, 'clear.tar'),
    })
    expect(operator.exported.map(({ payloads }) => payloads)).toEqual([false, true])
    expect(await hold('export', 'hold_0', '-o', 'run.tar')).toMatchObject({
      code: 1,
      err: expect.stringContaining('GS_CLI_NOT_OVERWRITTEN'),
    })
    expect(await hold('export', 'hold_0')).toMatchObject({ code: 2 })
  })

  it('leaves no part of a copy that breaks off', async () => {
    operator.evidence.push(Buffer.from('half'), new RetentionError('GS_RETENTION_NO_COPY'))
    expect((await hold('export', 'hold_0', '-o', 'run.tar')).code).toBe(1)
    expect(existsSync(join(folder, 'run.tar'))).toBe(false)
    expect(readdirSync(folder).filter((name) => name.startsWith('run.tar'))).toEqual([])
  })

  it.each([
    ['without a run', ['place', '--reason', 'r']],
    ['without a reason', ['place', '--run', 'run_one']],
    ['without saying what', []],
    ['of another verb', ['remove', 'hold_0']],
  ])('is refused %s', async (_what, words) => {
    expect(await hold(...words)).toMatchObject({ code: 2, out: '' })
    expect(operator.held).toEqual([])
  })

  it('passes on why it cannot be placed', async () => {
    operator.fail('placeHold', new RetentionError('GS_RETENTION_ELSEWHERE'))
    expect(await hold('place', '--run', 'run_one', '--reason', 'r')).toMatchObject(refused('GS_RETENTION_ELSEWHERE'))
    operator.fail('placeHold', new RetentionError('GS_RETENTION_NOT_FOUND'))
    expect(await hold('place', '--run', 'run_one', '--reason', 'r')).toMatchObject({ code: 4 })
  })
})

describe('trail prune', () => {
  it('says what has gone, and what holds keep', async () => {
    expect(await gatescribe('trail', 'prune')).toMatchObject({
      code: 0,
      out: 'Gone: 512 entries, those below 512; payloads of entries below 768, and 4 keys.\n1 holds keep what they are of.\n',
    })
  })

  it('only says what would go with --dry-run', async () => {
    expect((await gatescribe('trail', 'prune', '--dry-run')).out).toMatch(/^Would go: 256 entries/)
  })

  it('prints the report as JSON', async () => {
    expect(JSON.parse((await gatescribe('trail', 'prune', '--json')).out)).toEqual({
      ...{ entriesBelow: 512, payloadsBelow: 768, entries: 512, keys: 4, holds: 1 },
    })
  })

  it('takes no arguments, and passes on that nothing is said of how long', async () => {
    expect(await gatescribe('trail', 'prune', 'run_one')).toMatchObject({ code: 2, out: '' })
    operator.fail('pruneTrail', new RetentionError('GS_RETENTION_UNSET'))
    expect(await gatescribe('trail', 'prune')).toMatchObject(refused('GS_RETENTION_UNSET'))
  })
})

it.each(['erase', 'hold place', 'hold ls', 'hold lift', 'hold export', 'prune'])(
  'trail %s explains itself, with an example',
  async (command) => {
    const { code, out, err } = await gatescribe('trail', ...command.split(' '), '--help')
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toMatch(new RegExp(`Examples?:\n(.*\n)*? {2}\\$ gatescribe trail ${command}`))
    expect(out).toContain('--json')
  },
)

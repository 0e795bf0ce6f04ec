import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type InMemoryOperator, inMemoryOperator, liveRun } from '../../test/parts/operator.ts'
import { serveLocally } from '../../test/parts/served-locally.ts'
import { testSurroundings } from '../../test/parts/surroundings.ts'
import { issueTestCertificates } from '../../test/parts/test-certificates.ts'
import { EvidenceError } from '../evidence/index.ts'
import { SearchError } from '../search/index.ts'
import { TrailError } from '../trail/index.ts'
import { run } from './main.ts'

let folder: string
let operator: InMemoryOperator
let remove: () => Promise<void>

/** A command line, as the shell would split it, against a gateway whose Operator is in memory. */
async function gatescribe(line: string, over: Parameters<typeof testSurroundings>[0] = {}) {
  const surroundings = testSurroundings({ folder, ...over })
  const code = await run(line.split(' '), surroundings)
  return { code, ...surroundings.printed }
}

beforeEach(async () => {
  ;({ folder, operator, remove } = await serveLocally(
    'gateway: { data: . }\nrules:\n  - name: "being edited',
    inMemoryOperator((await issueTestCertificates()).ca),
  ))
})
afterEach(() => remove())

it('says how the gateway is, and that it forwards nothing in its exit code too', async () => {
  const well = await gatescribe('status')
  expect(well).toMatchObject({ code: 0, err: '' })
  expect(well.out).toMatch(/forwards +yes/)
  expect(well.out).toContain('example.org/test/one, 3 entries published')
  expect(JSON.parse((await gatescribe('status --json')).out)).toMatchObject({ log: { size: 3, checkpointAge: 0 } })
  const before = operator.status
  operator.status = () => ({ ...before(), unavailable: 'GS_TRAIL_FULL' })
  const full = await gatescribe('status')
  expect(full.code).toBe(1)
  expect(full.out).toMatch(/forwards +no: GS_TRAIL_FULL/)
})

describe('runs and sessions', () => {
  beforeEach(() => {
    const { run, session } = liveRun()
    operator.live.runs.push(run)
    operator.live.sessions.push(session)
  })

  it('are listed as a table, and as JSON', async () => {
    const table = await gatescribe('runs ls')
    expect(table).toMatchObject({ code: 0, err: '' })
    expect(table.out).toMatch(/^RUN +STATE +SESSIONS/)
    expect(table.out).toContain('run_one  live   1         2026-11-23 12:00:00Z  2026-11-23 12:15:00Z  github acme/reports nightly #1')
    expect(JSON.parse((await gatescribe('runs ls --json')).out)).toMatchObject([{ id: 'run_one', state: 'live' }])
    expect(JSON.parse((await gatescribe('sessions ls --json --run run_other')).out)).toEqual({ sessions: [] })
    expect(JSON.parse((await gatescribe('sessions ls --json')).out)).toMatchObject({
      sessions: [{ id: 'ses_one', run: 'run_one', state: 'live' }],
    })
  })

  it('show a run that may do nothing as such, and let it go on', async () => {
    operator.live.runs[0] = { ...operator.live.runs[0]!, suspended: { at: Date.UTC(2026, 10, 23, 13), budget: 'default-refusals' } }
    expect((await gatescribe('runs ls --live')).out).toMatch(/run_one +suspended +1 /)
    expect(JSON.parse((await gatescribe('runs ls --json')).out)).toMatchObject([
      { state: 'live', suspended: { budget: 'default-refusals' } },
    ])
    expect(await gatescribe('runs resume run_one')).toMatchObject({ code: 0, out: 'run_one may go on.\n' })
    expect((await gatescribe('runs ls')).out).toMatch(/run_one +live /)
    expect(await gatescribe('runs resume run_one')).toMatchObject({
      code: 4,
      err: expect.stringContaining('No suspended run has this id.'),
    })
  })

  it('mark what the client merely says of itself', async () => {
    expect((await gatescribe('sessions show ses_one')).out).toMatch(/user +alice \(claimed\)/)
  })

  it('are ended by id; what is not there is exit code 4', async () => {
    expect(await gatescribe('sessions kill ses_one')).toMatchObject({ code: 0, out: 'ses_one is ended.\n' })
    expect(await gatescribe('runs revoke run_one --json')).toMatchObject({ code: 0, out: '{\n  "revoked": "run_one"\n}\n' })
    expect(await gatescribe('sessions kill ses_one')).toMatchObject({ code: 4, out: '' })
    const gone = await gatescribe('runs revoke run_one --json')
    expect(gone.code).toBe(4)
    expect(JSON.parse(gone.err)).toMatchObject({ error: { code: 'GS_LOCAL_NOT_FOUND', next: expect.any(String) } })
  })

  it('shows what a hostile client calls itself, instead of obeying it', async () => {
    operator.live.sessions[0] = {
      ...liveRun().session,
      client: { address: '127.0.0.1:1', tls: true, application: '\u001b[2J\u202egnp.exe' },
    }
    for (const line of ['sessions ls', 'sessions show ses_one', 'sessions ls --json']) {
      const { out } = await gatescribe(line, { terminal: true, env: { NO_COLOR: '1' } })
      expect(out).not.toContain('\u001b')
      expect(out).not.toContain('\u202e')
    }
    expect((await gatescribe('sessions ls')).out).toContain('\\x1b[2J\\u{202e}gnp.exe')
  })
})

describe('the trail', () => {
  beforeEach(() => {
    operator.append('session.open', { session: 'ses_one', run: 'run_one', resource: 'orders-db' })
    operator.append(
      'operation.intent',
      { session: 'ses_one', ops: [[1, 1, 1, 'query']], decisions: [[1, 'allow', ['reports-may-read'], 'sha256:00']] },
      [{ name: 'statement.1', content: Buffer.from('select 1\n\u001b]0;owned\u0007from t') }],
    )
    operator.append('operation.outcome', { session: 'ses_one', outcomes: [[1, 'failed', 0, 12, 1234, '42P01']] })
  })

  it('is one line per entry, in words', async () => {
    const { out, code } = await gatescribe('trail tail')
    expect(code).toBe(0)
    expect(out.split('\n')).toEqual([
      '     0  2026-11-23T12:00:00.000Z  session.open       session=ses_one  run=run_one  resource=orders-db',
      '     1  2026-11-23T12:00:00.000Z  operation.intent   session=ses_one  #1 query of statement 1 by decision 1  decision 1: allow (reports-may-read)',
      '     2  2026-11-23T12:00:00.000Z  operation.outcome  session=ses_one  #1 failed 42P01, 0 rows, 12 bytes, 1.2 ms',
      '',
    ])
  })

  it('is JSON lines, filtered, from any place', async () => {
    const { out } = await gatescribe('trail tail --json --run run_one --kind operation --from 1')
    expect(
      out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).index),
    ).toEqual([1, 2])
    expect((await gatescribe('trail tail --from=-1 --json')).out.trim().split('\n')).toHaveLength(1)
  })

  it('shows an entry with its payloads, made harmless', async () => {
    const { out } = await gatescribe('trail show 1')
    expect(out).toContain('    statement.1\n      select 1\n      \\x1b]0;owned\\x07from t\n')
    const json = await gatescribe('trail show boot.1 --json')
    expect(JSON.parse(json.out).payloads[0].content).toBe('select 1\n\u001b]0;owned\u0007from t')
    expect(json.out).not.toContain('\u001b')
    expect((await gatescribe('trail show 99')).code).toBe(4)
  })

  it('is followed until Ctrl-C', async () => {
    const surroundings = testSurroundings({ folder })
    const following = run(['trail', 'tail', '-f', '--from', '2'], surroundings)
    await expect.poll(() => surroundings.printed.out).toContain('operation.outcome')
    operator.append('session.close', { session: 'ses_one' })
    await expect.poll(() => surroundings.printed.out).toContain('session.close')
    surroundings.ending.abort()
    expect(await following).toBe(0)
    expect(surroundings.printed.err).toBe('')
  })

  it('passes on why it cannot be read', async () => {
    operator.fail('readTrail', new TrailError('GS_TRAIL_CLOSED'))
    const failed = await gatescribe('trail tail')
    expect(failed.code).toBe(1)
    expect(failed.err).toMatch(/^GS_TRAIL_CLOSED: .+\nnext: .+\n$/)
  })
})

describe('searching the trail', () => {
  beforeEach(() => {
    operator.append('session.open', { session: 'ses_one', run: 'run_one' })
    for (let n = 1; n <= 3; n++)
      operator.append('operation.intent', { session: 'ses_one', ops: [[n, 1, 1]] }, [
        { name: 'statement.1', content: Buffer.from('select \u001b[2J') },
      ])
  })

  it('prints a line per entry, and beside the output where to go on', async () => {
    const { out, err, code } = await gatescribe('trail search --kind operation.intent --limit 2')
    expect(code).toBe(0)
    expect(out.trim().split('\n')).toHaveLength(2)
    expect(out).toContain('#1 bind of statement 1 by decision 1')
    expect(err).toBe('There may be more: repeat the search with --cursor 2\n')
    const next = await gatescribe('trail search --kind operation.intent --limit 2 --cursor 2 --payloads')
    expect(next.err).toBe('')
    expect(next.out).toContain('select \\x1b[2J')
    const json = JSON.parse((await gatescribe('trail search --kind session.open --json')).out)
    expect(json).toMatchObject({ entries: [{ index: 0, kind: 'session.open' }], first: 0, indexed: 4, size: 4 })
    expect(json).not.toHaveProperty('next')
  })

  it('passes on what is searched for, with phrases as such', async () => {
    const surroundings = testSurroundings({ folder })
    const words = ['drop table', 'customers', 'say "so now']
    const filters = ['--who', 'ci:repo:acme/x', '--decision', 'deny', '--object', 'a b', '--since', '2026-11-23T10:00:00+02:00', '--oldest']
    expect(await run(['trail', 'search', ...words, ...filters], surroundings)).toBe(0)
    expect(operator.searches).toEqual([
      {
        query: {
          text: '"drop table" customers "say  so now"',
          who: 'ci:repo:acme/x',
          decision: 'deny',
          object: 'a b',
          since: Date.UTC(2026, 10, 23, 8),
          oldest: true,
        },
        limit: 50,
        opened: false,
      },
    ])
    await gatescribe('trail search --since 2h')
    expect(Date.now() - (operator.searches[1]?.query.since ?? 0) - 7_200_000).toBeLessThan(60_000)
  })

  it('says that the index is behind, and what is pruned', async () => {
    operator.searchTrail = async () => ({ entries: [], next: undefined, first: 10, indexed: 20, size: 25 })
    const { out, err } = await gatescribe('trail search')
    expect(out).toBe('')
    expect(err).toMatch(/^Entries below 10 are pruned\.\nThe index is 5 entries behind the log/)
  })

  it('refuses times that are none, and what the gateway refuses', async () => {
    expect((await gatescribe('trail search --since soon')).code).toBe(2)
    for (const line of ['--who alice', '--decision maybe', '--limit 0', '--limit 201', '--run a@b', '--kind a|b'])
      expect(await gatescribe(`trail search ${line}`)).toMatchObject({ code: 2, out: '' })
    expect(await gatescribe(`trail search --cursor ${'x'.repeat(65)}`)).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^GS_LOCAL_BAD_REQUEST/),
    })
    expect(operator.searches).toEqual([])
    operator.fail('searchTrail', new SearchError('GS_SEARCH_QUERY'))
    expect(await gatescribe('trail search ***')).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringMatching(/^GS_SEARCH_QUERY: .+\nnext: .+\n$/),
    })
  })

  it('rebuilds and checks, and exits with 1 where something differs', async () => {
    const report = { first: 0, end: 4, terms: 9, digest: 'ab', differences: 0, examples: [], unreadable: 0 }
    operator.reindexing.push({ phase: 'build', done: 4, of: 4 }, { phase: 'check', done: 4, of: 4 }, { report })
    const built = await gatescribe('trail reindex')
    expect(built).toMatchObject({ code: 0, err: 'built 100 % of 4 entries\nchecked 100 % of 4 entries\n' })
    expect(built.out).toBe('4 entries from 0 on, 9 terms, sha256:ab\nThe index is complete, and holds nothing that the log does not say.\n')
    operator.reindexing.splice(0, 3, { report: { ...report, differences: 2, examples: [{ entry: 3, what: 'a missing term' }] } })
    const checked = await gatescribe('trail reindex --check')
    expect(checked).toMatchObject({ code: 1, err: '', out: expect.stringContaining('differ 2 times:\n  entry 3: a missing term\n') })
    expect(JSON.parse((await gatescribe('trail reindex --check --json')).out)).toMatchObject({ differences: 2 })
    operator.fail('reindex', new SearchError('GS_SEARCH_UNAVAILABLE'))
    expect((await gatescribe('trail reindex')).code).toBe(1)
  })
})

describe('evidence', () => {
  /** As far as the command looks at it: what a bundle begins with. */
  const bundle = (says: object) => {
    const content = Buffer.from(JSON.stringify(says))
    const header = Buffer.alloc(512)
    header.write(content.byteLength.toString(8).padStart(11, '0'), 124)
    return Buffer.concat([header, content, Buffer.alloc(70_000, 'x')])
  }
  const says = { origin: 'example.org/test/one', scope: { run: 'run_one' }, size: 12, entries: 5, range: [3, 8] }
  const inFolder = (name: string) => readFileSync(join(folder, name), 'utf8')

  it('is written to a file of its owner, with progress beside the output', async () => {
    const bytes = bundle(says)
    operator.evidence.push(...[0, 100, 600, 40_000].map((start, at, all) => bytes.subarray(start, all[at + 1])))
    const { code, out, err } = await gatescribe('trail export --run run_one -o run.tar')
    expect({ code, err }).toEqual({ code: 0, err: 'looking for entries\n' })
    expect(out).toBe(`Wrote ${join(folder, 'run.tar')}: 5 entries of example.org/test/one, provable under its checkpoint of 12.\n`)
    expect(readFileSync(join(folder, 'run.tar')).equals(bytes)).toBe(true)
    expect(statSync(join(folder, 'run.tar')).mode & 0o777).toBe(0o600)
    const json = await gatescribe('trail export --from 2026-11-23T00:00:00Z --payloads -o time.tar --json')
    expect(JSON.parse(json.out)).toMatchObject({ entries: 5, range: [3, 8], size: 12, payloads: true, bytes: bytes.byteLength })
    expect(operator.exported).toMatchObject([
      { scope: { run: 'run_one' }, payloads: false },
      { scope: { from: '2026-11-23T00:00:00.000Z', to: expect.any(String) }, payloads: true },
    ])
  })

  it('overwrites nothing, and asks for nothing then', async () => {
    writeFileSync(join(folder, 'run.tar'), 'mine')
    writeFileSync(join(folder, 'entry-7.entry'), 'mine')
    for (const call of ['disclose', 'receipt'] as const) operator.fail(call, new Error('it was asked'))
    for (const line of [
      'trail export --run run_one -o run.tar',
      'trail disclose 7 -o run.tar',
      'runs receipt run_one -o run.tar',
      'trail prove 7 -o run.tar',
      'trail prove 7',
    ])
      expect(await gatescribe(line)).toMatchObject({ code: 1, out: '', err: expect.stringContaining('GS_CLI_NOT_OVERWRITTEN') })
    expect(inFolder('run.tar') + inFolder('entry-7.entry')).toBe('minemine')
    expect(readdirSync(folder)).not.toContain('entry-7.tlog-proof')
    expect(operator.exported).toEqual([])
  })

  it('leaves nothing of a bundle that breaks off, or that there is not', async () => {
    operator.evidence.push(bundle(says), new EvidenceError('GS_EVIDENCE_CHANGED'))
    expect(await gatescribe('trail export --run run_one -o run.tar')).toMatchObject({
      code: 1,
      err: expect.stringContaining('GS_LOCAL_INTERRUPTED'),
    })
    operator.fail('exportTrail', new EvidenceError('GS_EVIDENCE_NOT_FOUND'))
    expect(await gatescribe('trail export --session ses_one -o run.tar')).toMatchObject({ code: 4, out: '' })
    expect(readdirSync(folder).filter((name) => name.startsWith('run.tar'))).toEqual([])
  })

  it.each(['', '--run run_one --session ses_one', '--to 2026-11-23T00:00:00Z', '--from soon', '--run run_one --from 2h'])(
    'is of one run, session or time: %s',
    async (scope) => {
      const { code } = await gatescribe(`trail export ${scope} -o run.tar`.replace('  ', ' '))
      expect(code).toBe(2)
      expect(operator.exported).toEqual([])
    },
  )

  it('is a proof with its entry beside it, byte for byte', async () => {
    expect(await gatescribe('trail prove boot.7')).toMatchObject({ code: 0, out: expect.stringContaining('the proof of entry 7') })
    expect(inFolder('entry-7.tlog-proof')).toBe('proof of boot.7\n')
    expect(inFolder('entry-7.entry')).toBe('entry boot.7')
    const json = await gatescribe('trail prove 7 -o mine.tlog-proof --json')
    expect(JSON.parse(json.out)).toEqual({
      index: 7,
      id: 'boot.7',
      proof: join(folder, 'mine.tlog-proof'),
      entry: join(folder, 'mine.entry'),
    })
  })

  it('is a disclosure of some payloads', async () => {
    operator.disclose = async (ref, names) =>
      JSON.stringify({ entry: { index: Number(ref) }, payloads: (names ?? ['a', 'b']).map((name) => ({ name })) })
    expect((await gatescribe('trail disclose 7 -o all.json')).out).toContain('entry 7 with a, b, in clear')
    const json = await gatescribe('trail disclose 7 -o one.json --payload statement.1 --json')
    expect(JSON.parse(json.out)).toEqual({ path: join(folder, 'one.json'), index: 7, payloads: ['statement.1'] })
    expect(statSync(join(folder, 'one.json')).mode & 0o777).toBe(0o600)
  })

  it('is the receipt of a run', async () => {
    expect(await gatescribe('runs receipt run_one')).toMatchObject({ code: 0 })
    expect(inFolder('gatescribe-receipt.json')).toBe('{"run":"run_one"}\n')
    operator.fail('receipt', new EvidenceError('GS_EVIDENCE_RUN_LIVE'))
    expect(await gatescribe('runs receipt run_one -o other.json')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^GS_EVIDENCE_RUN_LIVE: .+\nnext: .+\n$/),
    })
  })
})

describe('secrets', () => {
  it.each([
    ['piped in', 'secret set orders-ro', { stdin: 's3cret\n' }],
    ['piped in with CRLF', 'secret set orders-ro', { stdin: 's3cret\r\n' }],
    ['piped in without a line break', 'secret set orders-ro', { stdin: 's3cret' }],
    ['typed', 'secret set orders-ro', { typed: 's3cret\r' }],
    ['read from a file', 'secret set orders-ro --from-file secret.txt', {}],
  ])('are %s', async (_how, line, over) => {
    writeFileSync(join(folder, 'secret.txt'), 's3cret\n')
    const { code, out, err } = await gatescribe(line, over)
    expect({ code, out }).toEqual({ code: 0, out: 'secret:orders-ro is sealed, version 1.\n' })
    expect(operator.sealed.get('orders-ro')?.value).toBe('s3cret')
    expect(out + err).not.toContain('s3cret')
  })

  it('keep all but one line break at the end', async () => {
    await gatescribe('secret set key', { stdin: 'a\nb\n\n' })
    expect(operator.sealed.get('key')?.value).toBe('a\nb\n')
  })

  it.each([
    'secret set orders-ro hunter2',
    'secret set orders-ro=hunter2',
    'secret set orders-ro --value=hunter2',
    'secret set orders-ro -p hunter2',
  ])('are refused as an argument, and not repeated: %s', async (line) => {
    const { code, out, err } = await gatescribe(line, { stdin: 'other' })
    expect(code).toBe(2)
    expect(err).toMatch(/^GS_CLI_SECRET_IN_ARGUMENTS: .*history/)
    expect(out + err).not.toContain('hunter2')
    expect(operator.sealed.size).toBe(0)
  })

  it('are not empty', async () => {
    expect(await gatescribe('secret set orders-ro', { stdin: '\n' })).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^GS_CLI_NO_SECRET_GIVEN/),
    })
  })

  it('are listed by name and version, and removed', async () => {
    await gatescribe('secret set orders-ro', { stdin: 's3cret' })
    expect((await gatescribe('secret ls')).out).toBe('SECRET     VERSION  CHANGED\norders-ro  1        2026-11-23 00:00:00Z\n')
    expect((await gatescribe('secret rm orders-ro')).code).toBe(0)
    expect((await gatescribe('secret rm orders-ro')).code).toBe(4)
  })
})

describe('the rest', () => {
  it('prints the CA exactly, and its fingerprint as JSON', async () => {
    expect((await gatescribe('ca show')).out).toMatch(/^-----BEGIN CERTIFICATE-----\n[\s\S]+\n-----END CERTIFICATE-----\n$/)
    expect(JSON.parse((await gatescribe('ca show --json')).out).fingerprint).toMatch(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/)
  })

  it('says what is wrong with a configuration, by line, with exit code 78', async () => {
    writeFileSync(join(folder, 'gatescribe.yaml'), 'gateway: { data: . }\nrules: none\n')
    const { code, out } = await gatescribe('check')
    expect(code).toBe(78)
    expect(out).toMatch(/gatescribe\.yaml:2:\d+: error GS_CONFIG_/)
    const json = await gatescribe('check --json')
    expect(json.code).toBe(78)
    expect(JSON.parse(json.out)).toMatchObject({
      ok: false,
      problems: expect.arrayContaining([expect.objectContaining({ line: 2, path: 'rules' })]),
    })
  })

  it('writes a first configuration that passes check, and overwrites nothing', async () => {
    const { code } = await gatescribe('init new')
    expect(code).toBe(0)
    for (const name of ['gatescribe.yaml', 'master.key']) expect(statSync(join(folder, 'new', name)).mode & 0o777).toBe(0o600)
    expect(Buffer.from(readFileSync(join(folder, 'new/master.key'), 'utf8'), 'base64')).toHaveLength(32)
    expect((await gatescribe('check -c new/gatescribe.yaml')).code).toBe(0)
    const key = readFileSync(join(folder, 'new/master.key'))
    expect(await gatescribe('init new')).toMatchObject({ code: 1, err: expect.stringMatching(/^GS_CLI_NOT_OVERWRITTEN/) })
    expect(readFileSync(join(folder, 'new/master.key'))).toEqual(key)
  })

  it('refuses to print a credential to a terminal that was not asked to', async () => {
    const { code, err } = await gatescribe('token --gateway https://127.0.0.1:1', { terminal: true })
    expect(code).toBe(1)
    expect(err).toContain('GS_CLI_SECRET_ON_TERMINAL')
  })

  it('tells a wrong command from a refused one, and from a gateway that is not there', async () => {
    expect(await gatescribe('rums ls')).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringMatching(/^GS_CLI_USAGE: unknown command 'rums'/),
    })
    expect(JSON.parse((await gatescribe('runs revoke --json')).err)).toMatchObject({ error: { code: 'GS_CLI_USAGE' } })
    expect((await gatescribe('trail tail --from soon')).code).toBe(2)
    expect(await gatescribe('runs ls --socket other.sock')).toMatchObject({ code: 3, err: expect.stringContaining('gatescribe start') })
    expect(await gatescribe('runs ls -c none.yaml')).toMatchObject({ code: 78, err: expect.stringContaining('none.yaml is not there') })
  })

  it('uses colours on a terminal only, and not where NO_COLOR is set', async () => {
    operator.live.runs.push(liveRun().run)
    expect((await gatescribe('runs ls', { terminal: true })).out).toContain('\u001b[32mlive')
    expect((await gatescribe('runs ls', { terminal: true, env: { NO_COLOR: '1' } })).out).not.toContain('\u001b')
    expect((await gatescribe('runs ls')).out).not.toContain('\u001b')
  })
})

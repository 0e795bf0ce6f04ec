import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { operationsOf } from '../parts/recorded.ts'
import { comparable } from './compare.ts'
import { JOB } from './governed.ts'
import { EXAMPLES } from './python.ts'
import { expectBlocked, expectLeadsToJob, expectNoSecrets, expectRead, expectSame, type Twice } from './twice.ts'
import type { ExampleRun, Said, Targets } from './world.ts'

// Each check of this folder finds what it is there to find.

const said = (source: string, text: string): Said => ({ source, type: 'TextMessage', text })
const REFUSED = 'ERROR: no.\nDETAIL:  Refused by rule "history-stays" (GS_POLICY_DENIED).\nHINT:  Leave it.'
const TICKET = 'DETAIL:  Refused by rule "asks" (GS_APPROVAL_PENDING).'
const DIRECT = [said('dba', 'rows: grace@example.com'), said('dba', 'TRUNCATE TABLE'), said('dba', 'DELETE 1'), said('dba', 'DONE')]
const GOVERNED = [
  said('dba', 'rows: ****.com'),
  said('dba', REFUSED),
  said('dba', TICKET),
  said('dba', 'Noted: GS_APPROVAL_PENDING by asks.\nagain'),
  said('dba', 'DELETE 1'),
  said('dba', 'Noted: GS_POLICY_DENIED by history-stays.\nDONE'),
]
const SECRET = 'open-sesame'
const targets = { secrets: [SECRET] } as unknown as Targets

function run(transcript: readonly Said[], more: Partial<ExampleRun> = {}): ExampleRun {
  const [stdout] = [transcript.map(({ text }) => text).join('\n')]
  const ran = { status: 0, stderr: '', bytes: Buffer.of(), ms: 1, digest: 'abc', environment: {}, asked: [], log: '' }
  return { ...ran, stdout, transcript, ...more }
}

const entry = (kind: string, fields: object, payloads: readonly object[] = []) => ({ kind, fields, payloads }) as never
const ENTRIES = [
  entry('run.start', { run: 'run_1', who: { kind: 'job', issuer: 'github', proof: 'proven' } }, [
    { name: 'run', content: JSON.stringify({ issuer: 'github', subject: 'repo:acme/reports:ref:refs/heads/main', attempt: '1', ...JOB }) },
  ]),
  entry('session.open', { session: 'ses_1', run: 'run_1' }),
  entry('operation.intent', { session: 'ses_1', ops: [1, 2, 3, 4, 5, 6].map((n) => [n, n, 1]) }),
]

function twice(change: { direct?: Partial<ExampleRun>; governed?: Partial<ExampleRun>; entries?: Twice['entries'] } = {}): Twice {
  const kubeconfig = join(import.meta.dirname, 'fixtures/kubeconfig.json')
  const direct = run(change.direct?.transcript ?? DIRECT, {
    log: 'TRUNCATE x',
    environment: { KUBECONFIG: kubeconfig, PGPASSWORD: SECRET },
    ...change.direct,
  })
  const asked = [{ text: REFUSED, status: 200, asked: { turns: [{ role: 'tool', text: REFUSED }] } }] as never
  const governed = run(change.governed?.transcript ?? GOVERNED, { asked, ...change.governed })
  const compared = comparable(governed.transcript)
  const entries = change.entries ?? ENTRIES
  return {
    direct: { ...direct, compared: comparable(direct.transcript, compared.refusedAt) },
    governed: { ...governed, compared, summary: { run: 'run_1', exitCode: 0, resources: [] } },
    entries,
    operations: operationsOf(entries),
  }
}

const changed = (index: number, text: string) => GOVERNED.map((one, at) => (at === index ? { ...one, text } : one))

it('lets pass what is as it should be', () => {
  expectSame(twice())
  expectNoSecrets(targets, twice())
  expectBlocked(twice(), ['TRUNCATE x'])
  expectRead(twice(), ['Leave it.'])
  expectLeadsToJob(twice())
})

it.each<[string, () => void]>([
  ['another script', () => expectSame(twice({ governed: { digest: 'abd' } }))],
  ['a run that fails', () => expectSame(twice({ governed: { status: 1 } }))],
  ['another answer', () => expectSame(twice({ governed: { transcript: changed(4, 'DELETE 2') } }))],
  ['a message that is missing', () => expectSame(twice({ governed: { transcript: GOVERNED.slice(0, -1) } }))],
  ['a value that is not masked', () => expectSame(twice({ governed: { transcript: changed(0, 'rows: grace@example.com') } }))],
  ['a run in which nothing is refused', () => expectSame(twice({ governed: { transcript: changed(1, 'TRUNCATE TABLE') } }))],
  ['a secret in the environment', () => expectNoSecrets(targets, twice({ governed: { environment: { A: SECRET } } }))],
  ['a secret in what is printed', () => expectNoSecrets(targets, twice({ governed: { stderr: SECRET } }))],
  ['a secret in a transcript', () => expectNoSecrets(targets, twice({ governed: { transcript: changed(4, SECRET) } }))],
  [
    'what proves who the job is',
    () => expectNoSecrets(targets, twice({ governed: { environment: { ACTIONS_ID_TOKEN_REQUEST_URL: 'x' } } })),
  ],
  [
    'a job that had no secret to lose',
    () => expectNoSecrets(targets, twice({ direct: { environment: { ...twice().direct.environment, PGPASSWORD: '' } } })),
  ],
  ['a blocked statement that ran', () => expectBlocked(twice({ governed: { log: 'TRUNCATE x' } }), ['TRUNCATE x'])],
  ['a blocked statement that nobody tried', () => expectBlocked(twice({ direct: { log: '' } }), ['TRUNCATE x'])],
  ['a reason that the model never read', () => expectRead(twice({ governed: { asked: [] } }), ['Leave it.'])],
  [
    'a session of another run',
    () => expectLeadsToJob(twice({ entries: [ENTRIES[0]!, entry('session.open', { session: 'ses_1', run: 'run_2' }), ENTRIES[2]!] })),
  ],
  ['a run of nobody', () => expectLeadsToJob(twice({ entries: ENTRIES.slice(1) }))],
])('finds %s', (_, check) => {
  expect(check).toThrow()
})

it('has examples that know nothing of the gateway', () => {
  const scripts = readdirSync(EXAMPLES, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.py'))
  expect(scripts.length).toBeGreaterThanOrEqual(3)
  for (const script of scripts) expect(readFileSync(join(EXAMPLES, script), 'utf8'), script).not.toMatch(/gatescribe|gs_\w+_/i)
})

it('has workflows that give the templates what they take', () => {
  const read = (path: string): unknown => parse(readFileSync(join(EXAMPLES, '..', path), 'utf8'))
  const { jobs } = read('examples/ci/github.yml') as { jobs: Record<string, { steps: { uses?: string; with?: object }[] }> }
  const { inputs } = read('deploy/ci/github/action.yml') as { inputs: Record<string, { required?: boolean }> }
  const step = Object.values(jobs)
    .flatMap(({ steps }) => steps)
    .find(({ uses }) => uses?.includes('/deploy/ci/github@'))
  const given = Object.keys(step?.with ?? {})
  expect(Object.keys(inputs)).toEqual(expect.arrayContaining(given))
  for (const [name, { required }] of Object.entries(inputs)) if (required) expect(given).toContain(name)
  const gitlab = read('examples/ci/gitlab.yml') as { team: { extends: string } }
  expect(Object.keys(read('deploy/ci/gitlab/gatescribe.gitlab-ci.yml') as object)).toContain(gitlab.team.extends)
})

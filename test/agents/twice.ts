import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { EntryAnswer } from '../../src/api/local/schemas.ts'
import type { Script } from '../parts/model-server.ts'
import { operationsOf, type RecordedOperation, readTrail } from '../parts/recorded.ts'
import { type Comparable, comparable } from './compare.ts'
import { type Governed, JOB } from './governed.ts'
import type { Framework } from './python.ts'
import { type ExampleRun, runExample, type Targets } from './world.ts'

/** An example that was run directly, and then as a job of a workflow under `gatescribe run`. */
export interface Twice {
  readonly direct: ExampleRun & { readonly compared: Comparable }
  readonly governed: ExampleRun & { readonly compared: Comparable; readonly summary: Summary }
  /** What the gateway recorded meanwhile. */
  readonly entries: readonly EntryAnswer[]
  readonly operations: readonly RecordedOperation[]
}

/** What `gatescribe run --json` says, as far as it is looked at. */
export interface Summary {
  readonly run: string
  readonly exitCode: number
  readonly resources: readonly { readonly name: string; readonly refused: number; readonly held: number; readonly masked: number }[]
}

/** @param story made anew for each run */
export async function runTwice(targets: Targets, governed: Governed, framework: Framework, story: () => Script): Promise<Twice> {
  await targets.refill()
  const direct = await runExample(targets, framework, story(), { environment: targets.environment })
  await targets.refill()
  const before = (await readTrail(governed.gateway.operator)).length
  const file = join(governed.gateway.folder, 'summary.json')
  const under = await runExample(targets, framework, story(), governed.launch({}, ['--no-receipt', '--json', file]))
  const entries = (await readTrail(governed.gateway.operator)).slice(before)
  const compared = comparable(under.transcript)
  return {
    direct: { ...direct, compared: comparable(direct.transcript, compared.refusedAt) },
    governed: { ...under, compared, summary: JSON.parse(readFileSync(file, 'utf8')) as Summary },
    entries,
    operations: operationsOf(entries),
  }
}

/** The same script said and did the same, but for what the rules and masks of the gateway are about. */
export function expectSame({ direct, governed }: Twice): void {
  expect(governed.digest).toBe(direct.digest)
  expect({ direct: direct.status, governed: governed.status }, governed.stderr).toEqual({ direct: 0, governed: 0 })
  expect(direct.compared.refusals).toEqual([])
  expect(governed.compared.said).toEqual(direct.compared.said)
  // What the comparison is not about was there.
  expect(governed.compared.refusedAt.length).toBeGreaterThan(0)
  expect(direct.stdout).toContain('grace@example.com')
  expect(governed.stdout + governed.asked.map(({ text }) => text).join('')).not.toMatch(/grace@example\.com|ada@example\.com/)
}

/** Nothing that opens a target was where the job, its model or whoever reads its output could see it. */
export function expectNoSecrets({ secrets }: Targets, { direct, governed, entries }: Twice): void {
  const seen = (run: ExampleRun) => [JSON.stringify(run.environment), run.stdout, run.stderr, JSON.stringify(run.transcript)].join('\n')
  const all = seen(governed) + governed.asked.map(({ text }) => text).join('') + JSON.stringify(entries)
  for (const secret of secrets) expect(all).not.toContain(secret)
  expect(Object.keys(governed.environment).filter((name) => name.startsWith('ACTIONS_'))).toEqual([])
  // A job of its own has them.
  for (const secret of secrets) if (secret !== kubernetesToken(direct)) expect(seen(direct)).toContain(secret)
}

/** In a file that the environment names. */
function kubernetesToken({ environment }: ExampleRun): string {
  return (JSON.parse(readFileSync(environment.KUBECONFIG!, 'utf8')) as { users: { user: { token: string } }[] }).users[0]!.user.token
}

/** Statements that were blocked are in the log of the server that had no gateway, and in no other. */
export function expectBlocked({ direct, governed }: Twice, statements: readonly string[]): void {
  for (const statement of statements) {
    expect(direct.log).toContain(statement)
    expect(governed.log).not.toContain(statement)
  }
}

/** The model was told why, in its own conversation, and answered to that. */
export function expectRead({ governed }: Twice, reasons: readonly string[]): void {
  for (const reason of reasons) {
    const told = governed.asked.findIndex(({ asked }) =>
      asked?.turns.some(({ role, text }) => role !== 'assistant' && text.includes(reason)),
    )
    expect(told, reason).toBeGreaterThanOrEqual(0)
    expect(governed.asked[told]?.status).toBe(200)
  }
}

/** Every operation belongs to a session, every session to the run, and the run to a job that its issuer vouches for. */
export function expectLeadsToJob({ entries, operations, governed }: Twice): void {
  const runs = new Map(entries.filter(({ kind }) => kind === 'run.start').map((entry) => [String(entry.fields.run), entry]))
  const sessions = new Map(
    entries.filter(({ kind }) => kind === 'session.open').map(({ fields }) => [String(fields.session), String(fields.run)]),
  )
  expect(operations.length).toBeGreaterThan(5)
  const opened = new Set(operations.map(({ session }) => sessions.get(session)))
  expect([...opened]).toEqual([governed.summary.run])
  for (const { kind, fields } of entries) {
    if (fields.session !== undefined && kind !== 'signin') expect(sessions.get(String(fields.session)), kind).toBe(governed.summary.run)
  }
  const start = runs.get(governed.summary.run)
  expect(start?.fields.who).toMatchObject({ kind: 'job', issuer: 'github', proof: 'proven' })
  const payload = start?.payloads?.find(({ name }) => name === 'run')?.content
  expect(JSON.parse(payload ?? '{}')).toMatchObject({
    issuer: 'github',
    subject: 'repo:acme/reports:ref:refs/heads/main',
    attempt: '1',
    ...JOB,
  })
}

/** What the run came to at a resource, as its summary says it. */
export function numbersOf({ governed }: Twice, resource: string): Summary['resources'][number] | undefined {
  return governed.summary.resources.find(({ name }) => name === resource)
}

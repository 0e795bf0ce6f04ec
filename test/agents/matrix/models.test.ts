import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { runCommand } from '../../parts/command.ts'
import type { Answer, ModelRequest, Script } from '../../parts/model-server.ts'
import { readTrail } from '../../parts/recorded.ts'
import { needs } from '../../parts/require.ts'
import { type Governed, startGoverned } from '../governed.ts'
import { FRAMEWORKS, type Framework, frameworkPython } from '../python.ts'
import { startTargets, type Targets } from '../world.ts'
import { JOBS, type JobTwice, jobTwice } from './job-twice.ts'

let targets: Targets
let governed: Governed
beforeAll(async () => {
  targets = await startTargets({ cluster: false })
  governed = await startGoverned(targets)
})
afterAll(async () => {
  await governed?.stop()
  await targets?.stop()
})

/** What the jobs ask for by their last word. */
const ANSWERS: Readonly<Record<string, Answer>> = {
  hello: { text: 'Hello there, friend.' },
  call: { calls: [{ name: 'query', arguments: { sql: 'SELECT 1' } }] },
  later: { text: 'Now it is time.' },
  wrong: { fail: { status: 400 } },
  long: { text: 'word '.repeat(2_000), delay: 5 },
}

function script(): Script {
  let failures = 0
  return ({ turns }) => {
    const asked = turns.at(-1)?.text ?? ''
    if (asked === 'later' && failures++ < 2) return { fail: { status: 429, headers: { 'retry-after-ms': '5' } } }
    return ANSWERS[asked] ?? { text: 'I do not understand.' }
  }
}

async function twice(command: readonly string[]): Promise<JobTwice & { readonly retries: number }> {
  const entries = () => readTrail(governed.gateway.operator)
  const before = (await entries()).length
  const both = await jobTwice(targets, governed, command, () => {
    targets.model.script = script()
  })
  const intents = (await entries()).slice(before).filter(({ kind }) => kind === 'operation.intent')
  return { ...both, retries: intents.flatMap(({ fields }) => (fields.retries as unknown[] | undefined) ?? []).length }
}

/** Line by line the same, but for the model that nobody may ask; and the same was asked of the provider. */
async function expectSame({ direct, governed: under, summary, retries }: Awaited<ReturnType<typeof twice>>): Promise<void> {
  expect([direct.status, under.status], under.stderr).toEqual([0, 0])
  expect(under.lines.slice(0, -1)).toEqual(direct.lines.slice(0, -1))
  expect(JSON.parse(direct.lines.at(-1)!)).toEqual({ secret: 'answered' })
  expect(JSON.parse(under.lines.at(-1)!)).toMatchObject({ secret: 'denied', message: expect.stringContaining('Ask another model.') })

  const statuses = (asked: readonly ModelRequest[]) => asked.map(({ status }) => status)
  expect(statuses(under.asked)).toEqual(statuses(direct.asked).slice(0, -1))
  const secret = (asked: readonly ModelRequest[]) => asked.filter(({ body }) => String(body.model).endsWith('-secret')).length
  expect([secret(direct.asked), secret(under.asked)]).toEqual([1, 0])

  const left = (asked: readonly ModelRequest[]) => asked.find(({ text }) => text.includes('"long"'))
  for (const run of [direct, under]) await expect.poll(() => left(run.asked)?.aborted).toBe(true)
  expect(left(under.asked)?.sent).toBeLessThan(1_000)
  for (const { headers } of under.asked) expect(JSON.stringify(headers)).not.toMatch(/gs_(model|http|mcp|pg|run)_/)

  expect(retries).toBe(2)
  expect(summary.resources).toMatchObject([{ refused: 1 }])
}

it.for<[string, Framework]>([
  ['2.x', 'agent-framework'],
  ['3.x', 'autogen'],
])('OpenAI’s client for Python, %s, gets through the gateway what it gets without', async ([version, framework], test) => {
  const python = frameworkPython(framework)
  needs(test, python, FRAMEWORKS)
  const { stdout } = await runCommand(python, ['-c', 'import openai; print(openai.__version__)'])
  expect(stdout.split('.')[0]).toBe(version.split('.')[0])
  await expectSame(await twice([python, join(JOBS, 'openai_client.py')]))
})

it('OpenAI’s client for Node gets through the gateway what it gets without', async () => {
  await expectSame(await twice([process.execPath, join(JOBS, 'openai-client.ts')]))
})

it('Anthropic’s client for Node gets through the gateway what it gets without', async () => {
  await expectSame(await twice([process.execPath, join(JOBS, 'anthropic-client.ts')]))
})

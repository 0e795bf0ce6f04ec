import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { KUBERNETES_PARTS, kubernetesBinaries } from '../../parts/kubernetes-binaries.ts'
import { needs } from '../../parts/require.ts'
import { DATABASE_RESOURCE, type Governed, startGoverned } from '../governed.ts'
import { FRAMEWORKS, frameworkPython } from '../python.ts'
import { expectBlocked, expectLeadsToJob, expectNoSecrets, expectRead, expectSame, numbersOf, runTwice, type Twice } from '../twice.ts'
import { startTargets, type Targets } from '../world.ts'
import { BLOCKED, story } from './story.ts'

const python = frameworkPython('agent-framework')
let targets: Targets
let governed: Governed
let twice: Twice
beforeEach((test) => {
  needs(test, python, FRAMEWORKS)
  needs(test, kubernetesBinaries(), KUBERNETES_PARTS)
})
beforeAll(async () => {
  if (!python || !kubernetesBinaries()) return
  targets = await startTargets()
  governed = await startGoverned(targets)
  twice = await runTwice(targets, governed, 'agent-framework', () => story)
})
afterAll(async () => {
  await governed?.stop()
  await targets?.stop()
})

describe('an analyst in Agent Framework, which asks for responses', () => {
  it('does the same under gatescribe run, but for what is masked and refused', () => {
    expectSame(twice)
    expect(twice.governed.compared.refusals).toHaveLength(2)
    expect(new Set(twice.governed.asked.map(({ path }) => path))).toEqual(new Set(['/v1/responses']))
  })

  it('holds nothing that opens a target', () => expectNoSecrets(targets, twice))

  it('reads why something is refused, and goes on', async () => {
    expectBlocked(twice, [BLOCKED])
    expectRead(twice, ['The history of orders is kept.', 'Read the logs instead.'])
    expect(await targets.server.queryIn({ database: 'shop', user: 'postgres' }, 'SELECT count(*)::int FROM reports')).toEqual([
      { count: 1 },
    ])
  })

  it('is refused a shell in a pod once', () => {
    expect(numbersOf(twice, 'cluster')).toMatchObject({ refused: 1, held: 0 })
    expect(numbersOf(twice, DATABASE_RESOURCE)).toMatchObject({ refused: 1, masked: 3 })
  })

  it('leaves entries that lead to the job', () => expectLeadsToJob(twice))
})

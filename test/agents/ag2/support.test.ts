import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { KUBERNETES_PARTS, kubernetesBinaries } from '../../parts/kubernetes-binaries.ts'
import { needs } from '../../parts/require.ts'
import { type Governed, startGoverned } from '../governed.ts'
import { FRAMEWORKS, frameworkPython } from '../python.ts'
import { expectBlocked, expectLeadsToJob, expectNoSecrets, expectRead, expectSame, runTwice, type Twice } from '../twice.ts'
import { startTargets, type Targets } from '../world.ts'
import { BLOCKED, story, TICKET } from './story.ts'

const python = frameworkPython('ag2')
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
  twice = await runTwice(targets, governed, 'ag2', () => story)
})
afterAll(async () => {
  await governed?.stop()
  await targets?.stop()
})

describe('somebody in support in AG2, with streams and the stateless dialect of MCP', () => {
  it('does the same under gatescribe run, but for what is masked and refused', () => {
    expectSame(twice)
    expect(twice.governed.compared.refusals).toHaveLength(2)
    expect(twice.governed.asked.every(({ asked }) => asked?.stream)).toBe(true)
  })

  it('holds nothing that opens a target', () => expectNoSecrets(targets, twice))

  it('reads why something is refused, and goes on', () => {
    expectBlocked(twice, [BLOCKED])
    expectRead(twice, ['The history of orders is kept.', 'Only people file urgent tickets.'])
    expect(targets.tickets.calls.filter(({ tool }) => tool === 'create_ticket')).toEqual([
      { tool: 'create_ticket', arguments: { ...TICKET, priority: 'low' } },
    ])
  })

  it('leaves entries that lead to the job', () => expectLeadsToJob(twice))
})

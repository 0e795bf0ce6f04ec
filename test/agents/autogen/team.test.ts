import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { KUBERNETES_PARTS, kubernetesBinaries } from '../../parts/kubernetes-binaries.ts'
import { needs } from '../../parts/require.ts'
import { DATABASE_RESOURCE, type Governed, startGoverned } from '../governed.ts'
import { FRAMEWORKS, frameworkPython } from '../python.ts'
import { expectBlocked, expectLeadsToJob, expectNoSecrets, expectRead, expectSame, numbersOf, runTwice, type Twice } from '../twice.ts'
import { startTargets, type Targets } from '../world.ts'
import { BLOCKED, REMOVE, story } from './story.ts'

const python = frameworkPython('autogen')
let targets: Targets
let governed: Governed
let twice: Twice
/** What the model had read when it had somebody asked. */
const tickets: string[] = []
const cards: string[] = []

beforeEach((test) => {
  needs(test, python, FRAMEWORKS)
  needs(test, kubernetesBinaries(), KUBERNETES_PARTS)
})
beforeAll(async () => {
  if (!python || !kubernetesBinaries()) return
  targets = await startTargets()
  governed = await startGoverned(targets)
  // With the default of approvals.hold.postgres, which is to fit into the 60 s that AutoGen gives a command.
  twice = await runTwice(targets, governed, 'autogen', () =>
    story(async (read) => {
      tickets.push(read)
      cards.push(await governed.approve())
    }),
  )
}, 240_000)
afterAll(async () => {
  await governed?.stop()
  await targets?.stop()
})

describe('a team in AutoGen', () => {
  it('does the same under gatescribe run, but for what is masked and refused', () => {
    expectSame(twice)
    expect(twice.governed.compared.refusals).toHaveLength(4)
  })

  it('holds nothing that opens a target', () => expectNoSecrets(targets, twice))

  it('reads why something is refused, and goes on', () => {
    expectBlocked(twice, [BLOCKED])
    expectRead(twice, ['The history of orders is kept.', 'Read the logs instead.', 'Only people file urgent tickets.'])
    expect(targets.tickets.tickets.map(({ priority, title }) => [title, priority])).toContainEqual(['Order 3 is removed', 'low'])
    expect(targets.tickets.calls.filter(({ arguments: { priority } }) => priority === 'high')).toEqual([])
  })

  it('is given a ticket within the 60 s of its executor, and what is then approved runs once', () => {
    expect(tickets).toHaveLength(1)
    expect(tickets[0]).not.toMatch(/timeout/i)
    expect(tickets[0]).toContain('Run the same statement again once it is approved; do not rephrase it.')
    expect(cards[0]).toContain(REMOVE)
    const ran = twice.governed.log.split('\n').filter((line) => line.includes(REMOVE))
    expect(ran).toHaveLength(1)
    const kinds = twice.entries.map(({ kind }) => kind).filter((kind) => kind.startsWith('approval.'))
    expect(kinds).toEqual(['approval.asked', 'approval.decided', 'approval.used'])
    expect(twice.operations.filter(({ statement, status }) => statement === REMOVE && status === 'completed')).toHaveLength(1)
  })

  it('is refused a shell in a pod once, however often kubectl tries', () => {
    expect(numbersOf(twice, 'cluster')).toMatchObject({ refused: 1, held: 0 })
    expect(numbersOf(twice, DATABASE_RESOURCE)).toMatchObject({ masked: 4 })
  })

  it('sends the spans of its agents with its run', () => {
    const spans = twice.entries.filter(({ kind }) => kind === 'run.spans')
    expect(spans.length).toBeGreaterThan(0)
    for (const { fields } of spans) expect(fields.run).toBe(twice.governed.summary.run)
    const said = JSON.stringify(spans)
    for (const name of ['dba', 'sre', 'support', 'create_ticket']) expect(said).toContain(name)
  })

  it('leaves entries that lead to the job', () => expectLeadsToJob(twice))
})

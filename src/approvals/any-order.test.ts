import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ApprovalHouse, personOf, termsOf } from '../../test/parts/approvals.ts'
import { type Grant, Refusal, type Run } from '../operations/index.ts'
import type { Asked } from './approvals.ts'

const people = [personOf('alice'), personOf('bob'), personOf('eve')]
const terms = [termsOf({ for: 60_000 }), termsOf({ for: 60_000, requirements: [{ rule: 'two', groups: ['okta/sre'], count: 2 }] })]

/** What may become of one request, as its entries tell it; an end that a crash cut off may be told twice. */
const LIFE =
  /^asked( approve\?)*( approve!( used| (ended (used|expired|revoked|void))+)?| deny| approve! (ended withdrawn)| ended (withdrawn|expired|denied))?( ended (denied|withdrawn|expired))*$/

let house: ApprovalHouse
beforeAll(async () => {
  house = await new ApprovalHouse().open()
})
afterAll(async () => {
  await house.close()
  await house.remove()
})

const often = <T>(weight: number, arbitrary: fc.Arbitrary<T>) => ({ weight, arbitrary })
const verdict = fc.constantFrom('approve' as const, 'approve' as const, 'approve' as const, 'deny' as const)
const step = fc.oneof(
  often(4, fc.record({ do: fc.constant('ask' as const), what: fc.nat(1), mode: fc.constantFrom('hold' as const, 'ticket' as const) })),
  often(6, fc.record({ do: fc.constant('decide' as const), what: fc.nat(3), who: fc.nat(2), verdict })),
  often(5, fc.record({ do: fc.constant('spend' as const), what: fc.nat(3) })),
  often(1, fc.record({ do: fc.constant('leave' as const), what: fc.nat(3) })),
  often(1, fc.record({ do: fc.constant('revoke' as const), what: fc.nat(3) })),
  often(1, fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(1_000, 61_000) })),
  often(1, fc.record({ do: fc.constant('crash' as const) })),
)

type Step = typeof step extends fc.Arbitrary<infer One> ? One : never

const APPROVED: readonly (readonly [Step, boolean])[] = [
  [{ do: 'ask', what: 0, mode: 'ticket' }, false],
  [{ do: 'decide', what: 0, who: 0, verdict: 'approve' }, false],
]

let runs = 0
it('uses nothing that was not approved, and nothing twice, in whatever order things happen and however many at once', async () => {
  let used = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.tuple(
          step,
          fc.nat(3).map((n) => n === 0),
        ),
        { minLength: 6, maxLength: 16 },
      ),
      // Half of them begin with something that may be used.
      fc.boolean(),
      async (drawn, approved) => {
        const steps = approved ? [...APPROVED, ...drawn] : drawn
        const run = await house.run(`run_${++runs}`)
        const asked: Asked[] = []
        const grants: [Asked, Grant][] = []
        const going: Promise<unknown>[] = []
        const spent = new Map<string, number>()
        for (const [one, together] of steps) {
          // A process that has ended answers nobody: what is under way is over first.
          if (one.do === 'crash') await Promise.all(going.splice(0))
          const done = act(one, run).catch((error: unknown) => {
            if (!/^GS_(APPROVAL|RUN)/.test((error as { code?: string }).code ?? '')) throw error
          })
          if (together && one.do !== 'crash') going.push(done)
          else await Promise.all([...going.splice(0), done])
        }
        await Promise.all(going)
        house.runs.revoke(run.id, 'local-operator')
        const lives = new Map<string, string[]>()
        for (const { kind, fields } of await house.entries()) {
          if (!asked.some(({ id }) => id === fields.approval)) continue
          const life = lives.get(fields.approval as string) ?? []
          const verdict = fields.verdict === 'approve' ? `approve${fields.complete === true ? '!' : '?'}` : fields.verdict
          life.push(kind === 'approval.ended' ? `ended ${fields.state}` : ((verdict ?? kind.slice('approval.'.length)) as string))
          lives.set(fields.approval as string, life)
        }
        for (const [id, life] of lives) {
          expect(life.join(' ')).toMatch(LIFE)
          expect(life.filter((what) => what === 'used')).toHaveLength(spent.get(id) ?? 0)
          expect(life.at(-1)).toMatch(/used|deny|ended/)
        }
        expect(house.approvals.list({ run: run.id, states: ['pending', 'approved'] })).toEqual([])
        for (const count of spent.values()) used += count
        expect([...spent.values()].every((count) => count === 1)).toBe(true)

        async function act(one: Step, of: Run): Promise<void> {
          const about = 'what' in one ? asked[one.what % Math.max(1, asked.length)] : undefined
          switch (one.do) {
            case 'ask': {
              const request = await house.ask(of, `DELETE FROM t${one.what}`, { terms: terms[one.what] as (typeof terms)[0] }, one.mode)
              asked.push(request)
              void request.decided.then((answer) => answer instanceof Refusal || grants.push([request, answer]))
              return
            }
            case 'decide':
              if (about) await house.approvals.decide(about.id, people[one.who] as (typeof people)[0], one.verdict, 'cli')
              return
            case 'spend':
              for (const [{ id }, grant] of grants) {
                for (const what of [0, 1]) {
                  const release = house.release(of, `DELETE FROM t${what}`, { terms: terms[what] as (typeof terms)[0] })
                  if (release.digest === grant.digest && house.approvals.spend(grant, release) === undefined)
                    spent.set(id, (spent.get(id) ?? 0) + 1)
                }
              }
              return
            case 'leave':
              about?.leave('disconnected')
              return
            case 'revoke':
              if (about) await house.approvals.revoke(about.id, 'local-operator', 'cli')
              return
            case 'pass':
              house.now += one.ms
              return
            case 'crash':
              await house.story()
              await house.crash()
              await house.open()
          }
        }
      },
    ),
    { numRuns: 80 },
  )
  expect(used).toBeGreaterThan(5)
}, 120_000)

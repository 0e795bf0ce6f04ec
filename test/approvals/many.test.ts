import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { seeded } from '../parts/seeded.ts'
import { durationOr, patience, seedOr, shown } from '../parts/soak.ts'
import { type Agent, codeOf, type Held, Office } from './office.ts'

/** Operations that are held at once; and how many of them are decided one by one. */
const HELD = process.env.GATESCRIBE_SOAK === undefined ? 200 : 1_000
const DECIDED = 24
const RUNS = 10

/** What a held operation may cost beside its idle session, kB, and what the process may have grown by anyhow. */
const KB_PER_HELD = 64
const KB_ANYHOW = 48 * 1024

let office: Office
let agents: Agent[]
let honest: Agent
beforeAll(async () => {
  office = await Office.open({
    postgres: { settings: { max_connections: HELD + 50 } },
    config: {
      approvals: { hold: { postgres: '1h' } },
      budgets: [{ name: 'many', per: 'run', limit: { approvalsAsked: 100_000 } }],
    },
  })
  honest = await office.agent()
  await honest.send('CREATE TABLE ledger (n int)')
  const firsts = await Promise.all(Array.from({ length: RUNS }, () => office.agent()))
  agents = [...firsts]
  while (agents.length < HELD) agents.push(...(await Promise.all(firsts.map(({ job }) => office.agent(job)))))
  for (const { send } of agents) await send('SELECT 1')
}, 120_000)
afterAll(() => office?.close())

/** Of the gateway, kB. */
function resident(): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${office.shop.gateway.pid}/status`, 'utf8'))?.[1])
}

/** How long an honest session waits for its answers, ms. */
async function latencies(rounds: number): Promise<number[]> {
  const taken: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    const began = performance.now()
    await honest.send('SELECT 1')
    taken.push(performance.now() - began)
  }
  return taken
}

const quantile = (values: readonly number[], part: number) => values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * part)]!
const rounded = (milliseconds: number) => Math.round(milliseconds * 100) / 100

it(
  'holds many at once for next to nothing, leaves others alone, and tells each at once what was decided',
  async () => {
    const random = seeded(seedOr(7))
    await latencies(200)
    const before = await latencies(500)
    const memoryBefore = resident()
    const held = new Map<number, Held>()
    const began = performance.now()
    await Promise.all(agents.map(async ({ ask }, n) => held.set(n, await ask(`DELETE FROM ledger WHERE n = ${n}`))))
    const askedIn = performance.now() - began
    const during = await latencies(500)
    const memoryHeld = resident()
    await sleep(durationOr(1_000))
    const memoryLater = resident()

    const ada = await office.person('ada')
    const waits: number[] = []
    const chosen = [...held.keys()].toSorted(() => random() - 0.5).slice(0, DECIDED)
    for (const n of chosen) {
      const { id, result } = held.get(n)!
      const told = performance.now()
      const heard = result.then((came) => ({ came, after: performance.now() - told }))
      await ada.decide(id, 'approve')
      const { came, after } = await heard
      expect(codeOf(came)).toBe('it ran')
      waits.push(after)
    }
    shown('test/approvals/many.test.ts', {
      held: HELD,
      askedMs: Math.round(askedIn),
      kbPerHeld: rounded((memoryHeld - memoryBefore) / HELD),
      kbGrownWhileHeld: memoryLater - memoryHeld,
      othersMedianMsBefore: rounded(quantile(before, 0.5)),
      othersMedianMsDuring: rounded(quantile(during, 0.5)),
      othersP99MsDuring: rounded(quantile(during, 0.99)),
      decisionMedianMs: rounded(quantile(waits, 0.5)),
      decisionMostMs: rounded(quantile(waits, 1)),
    })
    expect(memoryHeld - memoryBefore).toBeLessThan(KB_ANYHOW + HELD * KB_PER_HELD)
    expect(memoryLater - memoryHeld).toBeLessThan(KB_ANYHOW)
    // What else the machine does is not the gateway's: half of them show what it needs.
    expect(quantile(during, 0.5)).toBeLessThan(Math.max(5, 3 * quantile(before, 0.5)))
    expect(quantile(waits, 0.5)).toBeLessThan(100)

    for (const agent of agents) agent.die()
    await expect.poll(() => office.requests({ state: 'pending' }), { timeout: 20_000 }).toEqual([])
    expect((await office.requests({ state: 'withdrawn' })).every(({ why }) => why === 'disconnected')).toBe(true)
  },
  patience(60_000),
)

it('has left a log that verifies', async () => {
  expect(await office.verify()).toMatch(/verified\n$/)
})

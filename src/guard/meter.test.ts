import { afterEach, beforeEach, expect, it } from 'vitest'
import { ApprovalHouse, effectiveOf, personOf } from '../../test/parts/approvals.ts'
import { type Decided, type Facts, type Operation, type PostgresResource, Refusal } from '../operations/index.ts'
import { createPolicy, type Policy, type Rule } from '../policy/index.ts'
import { type Admission, createGuard, type Guard, type GuardMeter, type Session } from './index.ts'

const resource: PostgresResource = {
  ...{ name: 'orders-db', kind: 'postgres', tags: [], host: '127.0.0.1', port: 5432 },
  ...{ hosts: [], aliases: [], databases: new Map() },
}
const rules: readonly Rule[] = [
  { name: 'may-read', effect: 'allow', do: ['postgres.read'] },
  { name: 'ask-sre', effect: 'ask', do: ['postgres.delete'], approvers: { groups: ['okta/sre'] } },
  { name: 'no-inserts', effect: 'deny', do: ['postgres.insert'] },
]
const CLIENT = { address: '127.0.0.1:5', tls: true }

let policy: Policy
let house: ApprovalHouse
let guard: Guard<string, string> & { stop(): void }
let session: Session<string, string>
/** What the meter was told, without times. */
let told: string[]
let times: number[]
let target: () => Promise<string>

const meter: GuardMeter = {
  at: ({ name }) => ({
    opened: () => void told.push(`opened ${name}`),
    refused: (code) => void told.push(`refused ${code}`),
    closed: () => void told.push('closed'),
    decided: (ms) => void times.push(ms),
    admitted: (ms) => void times.push(ms),
    answered: ({ effect, rules: by }, refusal) => void told.push(`answered ${effect} ${by.join()} ${refusal?.code ?? 'goes'}`),
    settled: ({ status }) => void told.push(`settled ${status}`),
    masked: (mask, count) => void told.push(`masked ${mask} ${count}`),
    used: (model, { inputTokens }) => void told.push(`used ${model} ${inputTokens}`),
    connected: (_, error) => void told.push(`connected ${error instanceof Error ? error.message : 'well'}`),
    held: () => void told.push('held'),
    released: (_, end) => void told.push(`released ${end instanceof Refusal ? end.code : typeof end === 'string' ? end : 'approved'}`),
  }),
}

beforeEach(async () => {
  told = []
  times = []
  target = async () => 'a connection'
  policy = createPolicy(rules)
  house = await new ApprovalHouse().open(policy.digest)
  guard = createGuard<string, string>({
    policy: () => policy,
    runs: house.runs,
    trail: house.trail,
    connect: async () => ({ target: await target(), credential: { name: 'job', version: 1 } }),
    asking: { approvals: house.approvals, hold: () => 45_000 },
    meter,
    now: () => house.now,
  })
  session = await guard.open(await house.run(), resource, CLIENT)
})
afterEach(async () => {
  session.close('client-closed')
  guard.stop()
  await house.close()
  await house.remove()
})

const factsOf = (action: string): Facts => ({ effects: [{ class: action === 'select' ? 'read' : 'write', action }] })
const decide = (action: string, more: Partial<Operation> = {}): Decided => {
  const operation: Operation = {
    protocol: 'postgres',
    form: 'query',
    statement: { text: Buffer.from(action) },
    facts: factsOf(action),
    ...more,
  }
  return { operation, decision: guard.decide(session, operation) }
}
const admit = (...decided: Decided[]) => new Promise<readonly (Admission | Refusal)[]>((answer) => guard.admit(session, decided, answer))
const ask = (decided: Decided) =>
  guard.ask(session, [decided], effectiveOf('', { parts: [{ label: 'statement', content: decided.operation.statement.text }] }))

it('is told of each operation: what the rules said, whether it goes, and how it ended', async () => {
  const cost = { model: 'small', inputTokens: 9, outputTokens: 9 }
  const [goes, refused] = await admit(decide('select', { cost }), decide('insert'))
  expect(refused).toBeInstanceOf(Refusal)
  const admission = goes as Admission
  admission.masked('emails', 'email', 2)
  admission.masked('emails', 'email', 1)
  admission.spent({ inputTokens: 7, outputTokens: 1 })
  admission.settle({ status: 'completed' })
  expect(told).toEqual([
    'opened orders-db',
    'answered allow may-read goes',
    'answered deny no-inserts GS_POLICY_DENIED',
    'settled refused',
    'masked emails 3',
    'used small 7',
    'settled completed',
  ])
  // One of two decisions, as one of eight is timed, and one wait for both.
  expect(times).toHaveLength(2)
  for (const ms of times) expect(ms).toBeGreaterThanOrEqual(0)
})

it('is told of targets that are reached, and that are not, but not of clients that go away', async () => {
  const never = new AbortController()
  await session.connect('', never.signal)
  target = () => Promise.reject(new Error('nobody there'))
  await session.connect('', never.signal).catch(() => undefined)
  const left = AbortSignal.abort(new Error('gone'))
  await session.connect('', left).catch(() => undefined)
  expect(told.slice(1)).toEqual(['connected well', 'connected nobody there'])
})

it('is told of sessions that are refused, and of each that ends once', async () => {
  const run = await house.run('run_b')
  policy = createPolicy([{ name: 'nothing', effect: 'deny', do: ['postgres.*'] }])
  await guard.open(run, resource, CLIENT).catch(() => undefined)
  session.close('client-closed')
  session.close('client-lost')
  expect(told.slice(1)).toEqual(['refused GS_POLICY_DENIED', 'closed'])
})

it.for([
  ['released approved', (waiting) => house.approvals.decide(waiting.id, personOf('bob'), 'approve', 'cli').then(() => waiting.decided)],
  [
    'released GS_APPROVAL_DENIED',
    (waiting) => house.approvals.decide(waiting.id, personOf('bob'), 'deny', 'cli').then(() => waiting.decided),
  ],
  ['released ticket', async (waiting) => waiting.becomeTicket()],
  ['released cancelled', async (waiting) => waiting.leave('cancelled')],
  ['released disconnected', async () => session.close('client-lost')],
] as readonly (readonly [string, (waiting: Awaited<ReturnType<typeof ask>>) => Promise<unknown>])[])(
  'is told once that a wait is over: %s',
  async ([expected, end]) => {
    const waiting = await ask(decide('delete'))
    expect(told.at(-1)).toBe('held')
    await end(waiting)
    await new Promise((resolve) => setImmediate(resolve))
    waiting.leave('session-ended')
    session.close('client-closed')
    expect(told.filter((line) => line.startsWith('released'))).toEqual([expected])
  },
)

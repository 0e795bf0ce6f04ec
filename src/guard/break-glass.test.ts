import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ApprovalHouse } from '../../test/parts/approvals.ts'
import type { Opening } from '../breakglass/index.ts'
import { OpenNow } from '../breakglass/open-now.ts'
import type { Decided, Facts, Operation, PostgresResource, Principal } from '../operations/index.ts'
import { Refusal } from '../operations/index.ts'
import { createPolicy, type MaskRule, type Policy, type Rule } from '../policy/index.ts'
import { checkSemantics } from '../verify/semantics.ts'
import { type Admission, createGuard, type Guard, type Session } from './index.ts'

const orders: PostgresResource = {
  ...{ name: 'orders-db', kind: 'postgres', tags: [], host: '127.0.0.1', port: 5432 },
  ...{ hosts: [], aliases: [], databases: new Map() },
}
const stock: PostgresResource = { ...orders, name: 'stock-db' }
const READ: Rule = { name: 'may-read', effect: 'allow', on: { resources: ['orders-db'] }, do: ['postgres.read'] }
const rules: readonly Rule[] = [
  READ,
  { name: 'no-drops', effect: 'deny', do: ['postgres.define'] },
  { name: 'ask-sre', effect: 'ask', do: ['postgres.delete'], approvers: { groups: ['okta/sre'] } },
]
const mask: MaskRule = {
  mask: {
    ...{ name: 'contact', columns: ['shop.public.customers.email'], detect: [], patterns: [], as: 'redact' },
    ...{ unmaskedWrite: false, predicates: false },
  },
}
const facts = {
  drop: {
    effects: [{ class: 'define', action: 'drop table' }],
    sql: { statements: 1, columns: { output: [], predicate: [], sources: [], written: [] } },
  },
  delete: { effects: [{ class: 'write', action: 'delete' }] },
  select: { effects: [{ class: 'read', action: 'select' }] },
  /** Deletes by a masked column. */
  chooses: {
    effects: [{ class: 'define', action: 'create table as' }],
    sql: { statements: 1, columns: { output: [], predicate: ['public.customers.email'], written: [] } },
  },
} satisfies Record<string, Facts>
const ada: Principal = { kind: 'person', issuer: 'okta', subject: 'ada', groups: ['okta/sre'] }

let house: ApprovalHouse
let policy: Policy
let openings: OpenNow
let guard: Guard<string, string> & { stop(): void }
let wanted: ReadonlySet<string>[]
const sessions: Session<string, string>[] = []

beforeEach(async () => {
  policy = createPolicy(rules)
  house = await new ApprovalHouse().open(policy.digest, [], {})
  openings = new OpenNow()
  wanted = []
  guard = createGuard<string, string>({
    policy: () => policy,
    runs: house.runs,
    trail: house.trail,
    connect: async (_resource, _ask, _signal, permitted) => {
      wanted.push(permitted)
      return { target: 'connected', credential: { name: 'owner', version: 1 } }
    },
    openings,
    now: () => house.now,
  })
})
afterEach(async () => {
  for (const session of sessions.splice(0)) session.close('client-closed')
  guard.stop()
  await house.close()
  await house.remove()
})

function opening(over: Partial<Opening> = {}): Opening {
  const about = { issuer: 'okta', subject: 'ada', groups: ['okta/sre'], resources: ['orders-db'] }
  const made: Opening = { id: 'bgl_1', ...about, until: house.now + 60_000, ...over }
  openings.add(made)
  return made
}

let runs = 0
async function open(principal: Principal = ada, resource = orders): Promise<Session<string, string>> {
  const begun = await house.runs.begin({ id: `run_${++runs}`, principal, facts: {} })
  const session = await guard.open(begun.run, resource, { address: '127.0.0.1:5', tls: true, database: 'shop' })
  sessions.push(session)
  return session
}

const asked = (what: keyof typeof facts): Operation => ({
  ...{ protocol: 'postgres', form: 'query', statement: { text: Buffer.from(`${what} something`) }, facts: facts[what] },
})
const decide = (session: Session<string, string>, ...what: (keyof typeof facts)[]): Decided[] =>
  what.map((each) => asked(each)).map((operation) => ({ operation, decision: guard.decide(session, operation) }))
const admit = (session: Session<string, string>, decided: readonly Decided[]) =>
  new Promise<readonly (Admission | Refusal)[]>((answer) => guard.admit(session, decided, answer))
const told = (answers: readonly (Admission | Refusal)[]) => answers.map((answer) => (answer instanceof Refusal ? answer.code : 'goes'))

async function entries() {
  await new Promise<void>((durable) => house.trail.whenDurable(() => durable()))
  return house.at.entries()
}
const fieldsOf = async (kind: string) => (await entries()).filter((entry) => entry.kind === kind).map(({ fields }) => fields)

describe('a session under break-glass', () => {
  it('may what the rules deny and ask about; entries keep what the rules said', async () => {
    opening()
    const session = await open()
    expect(session.breakGlass).toEqual({ id: 'bgl_1', until: house.now + 60_000 })
    expect(session.readOnly).toBe(false)
    const decided = decide(session, 'drop', 'delete', 'select')
    expect(decided.map(({ decision }) => [decision.effect, decision.breakGlass, decision.overruled?.effect])).toEqual([
      ['allow', 'bgl_1', 'deny'],
      ['allow', 'bgl_1', 'ask'],
      ['allow', undefined, undefined],
    ])
    const answers = await admit(session, decided)
    expect(told(answers)).toEqual(['goes', 'goes', 'goes'])
    for (const each of answers) if (!(each instanceof Refusal)) each.settle({ status: 'completed' })
    expect(await fieldsOf('session.open')).toMatchObject([{ effect: 'allow', breakGlass: 'bgl_1' }])
    expect(await fieldsOf('operation.intent')).toMatchObject([
      {
        breakGlass: 'bgl_1',
        decisions: [
          [1, 'deny', ['no-drops'], policy.digest, 1],
          [2, 'ask', ['ask-sre'], policy.digest, 2],
          [3, 'allow', ['may-read'], policy.digest, 3],
        ],
      },
    ])
  })

  it('is nothing that an entry says of what the rules permit', async () => {
    opening()
    const session = await open()
    await admit(session, decide(session, 'select'))
    expect((await fieldsOf('operation.intent'))[0]).not.toHaveProperty('breakGlass')
  })

  it('opens where no rule could allow anything, with a connection that does for everything', async () => {
    await expect(open(ada, stock)).resolves.toMatchObject({ breakGlass: undefined })
    policy = createPolicy([READ])
    await expect(open(ada, stock)).rejects.toMatchObject({ code: 'GS_POLICY_DENIED' })
    opening({ resources: ['stock-db'] })
    const session = await open(ada, stock)
    await session.connect('', new AbortController().signal)
    expect([...(wanted[0] ?? [])]).toEqual(expect.arrayContaining(['define', 'credential', 'opaque', 'session']))
    expect(told(await admit(session, decide(session, 'drop')))).toEqual(['goes'])
  })

  it('is of nobody else, of no job, and of no other resource', async () => {
    opening()
    for (const principal of [
      { ...ada, subject: 'grace' },
      { ...ada, issuer: 'entra' },
      { ...ada, kind: 'job' as const },
    ]) {
      const session = await open(principal)
      expect(session.breakGlass).toBeUndefined()
      expect(told(await admit(session, decide(session, 'drop')))).toEqual(['GS_POLICY_DENIED'])
    }
    const elsewhere = await open(ada, stock)
    expect(told(await admit(elsewhere, decide(elsewhere, 'drop')))).toEqual(['GS_POLICY_DENIED'])
  })

  it('is none that was open before: it gains nothing', async () => {
    const before = await open()
    opening()
    expect(before.breakGlass).toBeUndefined()
    expect(told(await admit(before, decide(before, 'drop')))).toEqual(['GS_POLICY_DENIED'])
    expect(before.signal.aborted).toBe(false)
  })

  it('says the same of the same: a decision is one object, and stands in the trail once', async () => {
    opening()
    const session = await open()
    const [first, again] = decide(session, 'drop', 'drop')
    expect(first?.decision).toBe(again?.decision)
  })

  it('lets nothing pass that is too long, or that a mask refuses', async () => {
    policy = createPolicy(rules, { statementBytes: 20 }, [mask])
    opening()
    const session = await open()
    const [chooses] = decide(session, 'chooses')
    expect(chooses?.decision).toMatchObject({ effect: 'deny', masked: 'predicate', overruled: { effect: 'deny', rules: ['no-drops'] } })
    expect(told(await admit(session, [chooses!]))).toEqual(['GS_MASKED_COLUMN'])
    expect((await fieldsOf('operation.intent'))[0]).toMatchObject({ decisions: [[1, 'deny', ['no-drops'], policy.digest, 1]] })
    expect((await fieldsOf('operation.intent'))[0]).not.toHaveProperty('breakGlass')
    const long: Operation = { ...asked('drop'), statement: { text: Buffer.alloc(21) } }
    expect(guard.decide(session, long)).toMatchObject({ effect: 'deny', exceeds: 'statementBytes' })
    expect(decide(session, 'drop')[0]?.decision).toMatchObject({ effect: 'allow', masks: [{ name: 'contact' }] })
  })
})

describe('the end of break-glass', () => {
  it('cuts every session that could use it, and no other', async () => {
    const before = await open()
    const made = opening()
    const [under, other, elsewhere] = [await open(), await open({ ...ada, subject: 'grace' }), await open(ada, stock)]
    openings.end(made.id, 'closed')
    expect(under.signal.reason).toMatchObject({ code: 'GS_SESSION_ENDED', message: expect.stringContaining('bgl_1 is over') })
    expect([before, other, elsewhere].map(({ signal }) => signal.aborted)).toEqual([false, false, false])
    expect(told(await admit(under, decide(under, 'drop', 'select')))).toEqual(['GS_SESSION_ENDED', 'GS_SESSION_ENDED'])
  })

  it('counts at once: what was decided before is judged again, and what was on its way to the disk too', async () => {
    const { until } = opening()
    const session = await open()
    const decided = decide(session, 'drop', 'select')
    house.now = until
    expect(told(await admit(session, decided))).toEqual(['GS_POLICY_DENIED', 'goes'])
    expect((await fieldsOf('operation.intent'))[0]).not.toHaveProperty('breakGlass')
    expect(decide(session, 'drop')[0]?.decision).toMatchObject({ effect: 'deny', rules: ['no-drops'] })

    opening({ id: 'bgl_2', until: until + 1_000 })
    const next = await open()
    const answered = admit(next, decide(next, 'drop'))
    house.now = until + 1_000
    expect(told(await answered)).toEqual(['GS_POLICY_DENIED'])
  })

  it('refuses nothing where another opening that lasts longer came in between', async () => {
    opening()
    const session = await open()
    const decided = decide(session, 'drop')
    opening({ id: 'bgl_2', until: house.now + 120_000 })
    const answered = admit(session, decided)
    opening({ id: 'bgl_3', until: house.now + 180_000 })
    expect(told(await answered)).toEqual(['goes'])
    expect((await fieldsOf('operation.intent')).map(({ breakGlass }) => breakGlass)).toEqual(['bgl_2'])
  })

  it('leaves a log that holds, whose counts are what the rules said', async () => {
    const made = opening()
    const session = await open()
    const [answer] = await admit(session, decide(session, 'drop'))
    if (answer && !(answer instanceof Refusal)) answer.settle({ status: 'completed' })
    openings.end(made.id, 'expired')
    session.close('ended')
    house.runs.end(session.run.id)
    await house.runs.recorded(5_000)
    expect(await fieldsOf('run.end')).toMatchObject([{ decisions: { allow: 0, ask: 0, deny: 1 } }])
    const check = checkSemantics('none')
    check.next()
    for (const { index, ...entry } of await entries()) check.next([index, entry as never])
    expect(() => check.next(undefined as never)).not.toThrow()
  })
})

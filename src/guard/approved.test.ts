import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ApprovalHouse, effectiveOf, personOf } from '../../test/parts/approvals.ts'
import { MemorySegments } from '../../test/parts/memory-segments.ts'
import {
  type Decided,
  type EffectiveOperation,
  type Facts,
  type Grant,
  type Operation,
  type PostgresResource,
  Refusal,
} from '../operations/index.ts'
import { createPolicy, type Policy, type Rule } from '../policy/index.ts'
import { checkSemantics } from '../verify/semantics.ts'
import { type Admission, type Approved, createGuard, type Guard, type Session } from './index.ts'

const resource: PostgresResource = {
  ...{ name: 'orders-db', kind: 'postgres', tags: [], host: '127.0.0.1', port: 5432 },
  ...{ hosts: [], aliases: [], databases: new Map() },
}
const rules: readonly Rule[] = [
  { name: 'may-read', effect: 'allow', do: ['postgres.read'] },
  { name: 'ask-sre', effect: 'ask', do: ['postgres.delete'], approvers: { groups: ['okta/sre'] } },
  { name: 'ask-dba', effect: 'ask', do: ['postgres.update'], approvers: { groups: ['okta/dba'] }, for: 60_000, stream: true },
  { name: 'no-inserts', effect: 'deny', do: ['postgres.insert'] },
]
const factsOf = (action: string): Facts => ({ effects: [{ class: action === 'select' ? 'read' : 'write', action }] })
const facts = { select: factsOf('select'), delete: factsOf('delete'), update: factsOf('update'), insert: factsOf('insert') }
type Verb = keyof typeof facts
const bob = personOf('bob')

let house: ApprovalHouse
let policy: Policy
let guard: Guard<string, string> & { stop(): void }
let session: Session<string, string>
const HOLD = 45_000

async function setUp(budgets: Parameters<ApprovalHouse['open']>[1] = [], trail: Parameters<ApprovalHouse['open']>[2] = {}): Promise<void> {
  policy = createPolicy(rules)
  house = await new ApprovalHouse().open(policy.digest, budgets, trail)
  guard = createGuard<string, string>({
    policy: () => policy,
    runs: house.runs,
    trail: house.trail,
    connect: () => Promise.reject(new Error('nobody connects here')),
    asking: { approvals: house.approvals, hold: () => HOLD },
    now: () => house.now,
  })
  session = await guard.open(await house.run(), resource, { address: '127.0.0.1:5', tls: true })
}
async function tearDown(): Promise<void> {
  session.close('client-closed')
  guard.stop()
  await house.close()
  await house.remove()
}
async function anew(...how: Parameters<typeof setUp>): Promise<void> {
  await tearDown()
  await setUp(...how)
}
beforeEach(() => setUp())
afterEach(tearDown)

const operation = (verb: Verb, text = `${verb} something`, form: Operation['form'] = 'query'): Operation => ({
  ...{ protocol: 'postgres', form, statement: { text: Buffer.from(text) }, facts: facts[verb] },
})
const decide = (...operations: Operation[]): Decided[] =>
  operations.map((each) => ({ operation: each, decision: guard.decide(session, each) }))
const effective = (decided: readonly Decided[], more: Partial<EffectiveOperation> = {}): EffectiveOperation =>
  effectiveOf('', { parts: decided.map(({ operation: { statement } }) => ({ label: 'statement', content: statement.text })), ...more })
const admit = (decided: readonly Decided[], approved?: Approved) =>
  new Promise<readonly (Admission | Refusal)[]>((answer) => guard.admit(session, decided, answer, approved))
const codesOf = (answers: readonly (Admission | Refusal)[]) => answers.map((answer) => (answer instanceof Refusal ? answer.code : 'goes'))

/** Asked, and approved by Bob. */
async function granted(decided: readonly Decided[], about = effective(decided)): Promise<Approved & { readonly grant: Grant }> {
  const waiting = await guard.ask(session, decided, about)
  await house.approvals.decide(waiting.id, bob, 'approve', 'cli')
  const grant = await waiting.decided
  if (grant instanceof Refusal) throw grant
  return { grant, effective: about }
}

const entries = async () => {
  await new Promise<void>((durable) => house.trail.whenDurable(() => durable()))
  return house.at.entries()
}
const kinds = async () => (await entries()).map(({ kind }) => kind).filter((kind) => /^(approval|operation)/.test(kind))
const stateOf = (id: Grant['id']) => house.approvals.list().find((request) => request.id === id)?.state

describe('asking', () => {
  it('is one request for everything that a client sent at once: what every rule needs, as long as the shortest may wait', async () => {
    const decided = decide(operation('select'), operation('delete'), operation('update'), operation('delete', 'another'))
    const waiting = await guard.ask(session, decided, effective(decided), { message: 'cleaning up' })
    const [request, ...others] = house.approvals.list()
    expect(others).toEqual([])
    expect(request).toMatchObject({ id: waiting.id, state: 'pending', mode: 'hold', stream: false, session: session.id })
    expect(request?.requirements.map(({ rule, groups, needed }) => [rule, groups, needed])).toEqual([
      ['ask-sre', ['okta/sre'], 1],
      ['ask-dba', ['okta/dba'], 1],
    ])
    expect((request?.expiresAt ?? 0) - house.now).toBe(60_000)
    expect(waiting).toMatchObject({ hold: HOLD, link: `https://gw.example/approvals/${waiting.id}` })
    expect(await kinds()).toEqual(['approval.asked'])
  })

  it('is the same request for the same again, and a ticket once the client waits no longer', async () => {
    const decided = decide(operation('delete'))
    const first = await guard.ask(session, decided, effective(decided))
    expect(first.becomeTicket()).toMatchObject({ code: 'GS_APPROVAL_PENDING', ticket: first.id, rule: 'ask-sre' })
    const second = await guard.ask(session, decided, effective(decided))
    expect(second.id).toBe(first.id)
    session.close('client-closed')
    expect(stateOf(first.id)).toBe('pending')
  })

  it('has its answer with it where it was approved meanwhile: nobody need be told to wait', async () => {
    const decided = decide(operation('delete'))
    const first = await guard.ask(session, decided, effective(decided))
    first.becomeTicket()
    await house.approvals.decide(first.id, bob, 'approve', 'cli')
    const second = await guard.ask(session, decided, effective(decided))
    expect(await Promise.race([second.decided, 'not yet'])).toMatchObject({ id: first.id })
  })

  it('does not ask for what is denied, or cannot be carried, or was decided under other rules', async () => {
    const denied = decide(operation('delete'), operation('insert'))
    await expect(guard.ask(session, denied, effective(denied))).rejects.toMatchObject({ code: 'GS_POLICY_DENIED', rule: 'no-inserts' })
    const refusal = new Refusal('GS_OPERATION_NOT_SUPPORTED')
    const carried = decide(operation('delete')).map((each) => ({ ...each, refusal }))
    await expect(guard.ask(session, carried, effective(carried))).rejects.toBe(refusal)
    const before = decide(operation('delete'))
    policy = createPolicy([...rules, { name: 'more', effect: 'allow', do: ['postgres.read'] }])
    await expect(guard.ask(session, before, effective(before))).rejects.toMatchObject({ code: 'GS_APPROVAL_VOID' })
    expect(await kinds()).toEqual([])
  })

  it('is not for what asks nobody, or is only prepared', async () => {
    const decided = decide(operation('select'), operation('delete', 'delete', 'prepare'))
    await expect(guard.ask(session, decided, effective(decided))).rejects.toThrow(TypeError)
  })

  it('stores nothing that is secret, while the approver sees what would be run', async () => {
    const decided = decide(operation('delete', "ALTER ROLE a PASSWORD 'hunter2'"))
    const about = effective(decided, {
      parts: [
        { label: 'statement', content: Buffer.from("ALTER ROLE a PASSWORD 'hunter2'") },
        { label: 'comment', content: Buffer.from('postgres://a:hunter2@db.example/x') },
      ],
    })
    const { id } = await guard.ask(session, decided, about, { message: 'with postgres://a:hunter2@db.example/x' })
    const card = await house.approvals.view(id)
    expect(card?.content?.effective.parts.map(({ content }) => Buffer.from(content).toString())).toEqual([
      "ALTER ROLE a PASSWORD 'hunter2'",
      'postgres://a:hunter2@db.example/x',
    ])
    expect(card?.content?.claimed?.message).not.toContain('hunter2')
    const asked = (await entries()).find(({ kind }) => kind === 'approval.asked')
    const payloads = asked?.payloads().map(({ content }) => Buffer.from(content ?? []).toString()) ?? []
    expect(payloads.join('\n')).toContain('«redacted:')
    expect(payloads.join('\n')).not.toContain('hunter2')
  })

  it('takes the parameters of a statement out where they stand for a secret', async () => {
    const decided = decide(operation('delete', 'x'))
    const wire = Buffer.concat([Buffer.from([0, 0, 0, 1, 0, 0, 0, 7]), Buffer.from('hunter2'), Buffer.from([0, 0])])
    const about = effective(decided, {
      parts: [
        { label: 'statement', content: Buffer.from('SELECT set_config($$app.password$$, $1, false)') },
        { label: 'parameters', content: wire },
      ],
    })
    await guard.ask(session, decided, about)
    const asked = (await entries()).find(({ kind }) => kind === 'approval.asked')
    const stored = asked?.payloads().find(({ name }) => name === 'part.2')?.content
    expect(Buffer.from(stored ?? []).toString()).not.toContain('hunter2')
    expect(Buffer.from(stored ?? []).toString()).toContain('«redacted:')
  })
})

describe('admitting what was approved', () => {
  it('spends the grant and records the intents at once, the grant first; they say under which approval', async () => {
    const decided = decide(operation('select'), operation('delete'))
    const approved = await granted(decided)
    const append = vi.spyOn(house.trail, 'append')
    const waits = admit(decided, approved)
    // Both staged before anything else could happen.
    expect(append.mock.calls.map(([{ kind }]) => kind)).toEqual(['approval.used', 'operation.intent'])
    expect(codesOf(await waits)).toEqual(['goes', 'goes'])
    expect(stateOf(approved.grant.id)).toBe('used')
    const intent = (await entries()).find(({ kind }) => kind === 'operation.intent')
    expect(intent?.fields).toMatchObject({ approval: approved.grant.id, session: session.id })
    expect(((intent?.fields.decisions ?? []) as unknown[][]).map(([, effect, by]) => [effect, by])).toEqual([
      ['allow', ['may-read']],
      ['ask', ['ask-sre']],
    ])
  })

  it('is good for one time', async () => {
    const decided = decide(operation('delete'))
    const approved = await granted(decided)
    const [once, again] = [admit(decided, approved), admit(decided, approved)]
    expect(codesOf(await once)).toEqual(['goes'])
    expect(codesOf(await again)).toEqual(['GS_APPROVAL_USED'])
    expect((await kinds()).filter((kind) => kind === 'approval.used')).toHaveLength(1)
  })

  it.each<[string, Partial<EffectiveOperation>]>([
    ['the text', { parts: [{ label: 'statement', content: Buffer.from('delete something ') }] }],
    ['the session', { session: { search_path: 'evil', user: 'gatescribe' } }],
    ['the database', { database: 'other' }],
  ])('is void where %s is not what was approved: nothing goes, and the same again is asked anew', async (_, more) => {
    const decided = decide(operation('select'), operation('delete', 'delete something'))
    const approved = await granted(decided)
    const changed = { ...approved, effective: effective(decided, more) }
    expect(codesOf(await admit(decided, changed))).toEqual(['GS_APPROVAL_VOID', 'GS_APPROVAL_VOID'])
    expect(codesOf(await admit(decided, approved))).toEqual(['GS_APPROVAL_VOID', 'GS_APPROVAL_VOID'])
    expect(stateOf(approved.grant.id)).toBe('void')
    expect(await kinds()).not.toContain('approval.used')
  })

  it('asks the rules again, and those that are in force now: other rules void it', async () => {
    const decided = decide(operation('delete'))
    const approved = await granted(decided)
    policy = createPolicy([...rules, { name: 'more', effect: 'allow', do: ['postgres.read'] }])
    expect(codesOf(await admit(decided, approved))).toEqual(['GS_APPROVAL_VOID'])
    expect(stateOf(approved.grant.id)).toBe('void')
  })

  it('runs nothing of it where one part is denied now, and spends nothing', async () => {
    const decided = decide(operation('select'), operation('delete'))
    const approved = await granted(decided)
    const denying = createPolicy([...rules, { name: 'freeze', effect: 'deny', do: ['postgres.delete'] }])
    policy = { ...denying, digest: policy.digest }
    const answers = await admit(decided, approved)
    expect(codesOf(answers)).toEqual(['GS_APPROVAL_VOID', 'GS_POLICY_DENIED'])
    expect(answers[0]).toMatchObject({ ticket: approved.grant.id })
    expect(stateOf(approved.grant.id)).toBe('approved')
    expect(await kinds()).not.toContain('approval.used')
  })

  it('runs nothing of it where a part finds no room in a budget, and gives back the room of the others', async () => {
    await anew([{ name: 'few', per: 'run', limit: { operations: 2 } }])
    const three = decide(operation('select'), operation('delete'), operation('select'))
    const approved = await granted(three)
    expect(codesOf(await admit(three, approved))).toEqual(['GS_APPROVAL_VOID', 'GS_APPROVAL_VOID', 'GS_BUDGET_EXCEEDED'])
    expect(stateOf(approved.grant.id)).toBe('approved')
    const two = decide(operation('select'), operation('delete', 'other'))
    expect(codesOf(await admit(two, await granted(two)))).toEqual(['goes', 'goes'])
  })

  /** No segment can be made any more. Writes until there is no room for `spare` more of 1,000 bytes. @returns how many were written */
  async function fillBut(spare: number, files: MemorySegments): Promise<number> {
    files.room = 0
    let written = 0
    for (const filler = 'x'.repeat(1_000); house.trail.state === 'open' && written < spare; written++)
      await house.trail.durable({ kind: 'log.read', fields: { filler } }).catch(() => undefined)
    return written
  }

  it('spends nothing where there is no room in the trail; it goes when there is', async () => {
    const files = new MemorySegments()
    await anew([], { files })
    const decided = decide(operation('delete'))
    const approved = await granted(decided)
    await fillBut(1_000, files)
    expect(house.trail.state).toBe('full')
    expect(codesOf(await admit(decided, approved))).toEqual(['GS_TRAIL_UNAVAILABLE'])
    expect(stateOf(approved.grant.id)).toBe('approved')
    files.room = Number.POSITIVE_INFINITY
    await vi.waitUntil(() => house.trail.state === 'open', 5_000)
    expect(codesOf(await admit(decided, approved))).toEqual(['goes'])
  })

  it('forwards nothing where the room ends with it; that it was spent for nothing is said once there is some', async () => {
    const sql = `delete ${'x'.repeat(20_000)}`
    const begin = async (): Promise<[MemorySegments, readonly Decided[], Approved & { readonly grant: Grant }]> => {
      const files = new MemorySegments()
      await anew([], { files })
      const decided = decide(operation('delete', sql))
      return [files, decided, await granted(decided)]
    }
    const [first] = await begin()
    const fits = await fillBut(1_000, first)
    const [files, decided, approved] = await begin()
    await fillBut(fits - 4, files)
    expect(house.trail.state).toBe('open')
    expect(codesOf(await admit(decided, approved))).toEqual(['GS_TRAIL_UNAVAILABLE'])
    files.room = Number.POSITIVE_INFINITY
    await vi.waitUntil(() => house.trail.state === 'open', 5_000)
    expect(codesOf(await admit(decided, approved))).toEqual(['GS_APPROVAL_USED'])
    const story = (await entries()).flatMap(({ kind, fields: { approval, state, first: from } }) =>
      /^(gap|approval\.(used|ended))$/.test(kind) ? [[kind, approval ?? from, state]] : [],
    )
    expect(story).toContainEqual(['approval.ended', approved.grant.id, 'used'])
    expect(story).toContainEqual(['gap', 1, undefined])
  })

  it('does not go in a session that has to end, and is not spent', async () => {
    const decided = decide(operation('delete'))
    const approved = await granted(decided)
    house.runs.kill(session.id, 'local-operator')
    expect(codesOf(await admit(decided, approved))).toEqual(['GS_SESSION_ENDED'])
    expect(await kinds()).not.toContain('approval.used')
  })

  it('lets pass what is only prepared, without any approval; its decision says that it asks', async () => {
    const prepared = operation('delete', 'delete', 'prepare')
    expect(codesOf(await admit(decide(prepared)))).toEqual(['goes'])
    const intent = (await entries()).find(({ kind }) => kind === 'operation.intent')
    expect(intent?.fields.decisions).toEqual([[1, 'ask', ['ask-sre'], policy.digest, 1]])
    expect(intent?.fields).not.toHaveProperty('approval')
    expect(codesOf(await admit(decide(operation('delete', 'delete', 'bind'))))).toEqual(['GS_APPROVAL_UNAVAILABLE'])
  })

  it('may follow what was prepared with it or before it: that adds nothing to what is asked', async () => {
    const [prepared, bound] = [operation('update', 'u', 'prepare'), operation('delete', 'd', 'bind')]
    const about = effective(decide(bound))
    const { grant } = await granted(decide(prepared, bound), about)
    expect(codesOf(await admit(decide(bound), { grant, effective: about }))).toEqual(['goes'])
  })
})

describe('the end of the waiting', () => {
  it.each<[string, () => void, string, string]>([
    ['the session is killed', () => void house.runs.kill(session.id, 'local-operator'), 'GS_SESSION_ENDED', 'session-ended'],
    ['the run is revoked', () => void house.runs.revoke(session.run.id, 'local-operator'), 'GS_RUN_ENDED', 'run-ended'],
    ['the client is gone', () => session.close('client-lost'), 'GS_APPROVAL_WITHDRAWN', 'disconnected'],
  ])('comes when %s: that is the answer, and the request is withdrawn', async (_, end, code, why) => {
    const decided = decide(operation('delete'))
    const waiting = await guard.ask(session, decided, effective(decided))
    end()
    expect(await waiting.decided).toMatchObject({ code })
    await expect.poll(() => house.approvals.list()[0]).toMatchObject({ state: 'withdrawn', why })
  })

  it('stands in the log within the run, which the verifier agrees with', async () => {
    const decided = decide(operation('delete'), operation('select'))
    const approved = await granted(decided)
    for (const answer of await admit(decided, approved)) if (!(answer instanceof Refusal)) answer.settle({ status: 'completed' })
    await guard.ask(session, decide(operation('update')), effective(decide(operation('update'))))
    house.runs.revoke(session.run.id, 'local-operator')
    session.close('ended')
    await house.leave(session.run)
    guard.stop()
    await house.runs.recorded(2_000)
    const check = checkSemantics('all')
    check.next()
    for (const { index, bytes } of await entries()) check.next([index, JSON.parse(Buffer.from(bytes).toString())])
    expect(check.next().value).toContain('1 runs')
    expect((await kinds()).filter((kind) => kind.startsWith('approval'))).toEqual([
      'approval.asked',
      'approval.decided',
      'approval.used',
      'approval.asked',
      'approval.ended',
    ])
  })

  it('comes also where the client went while it was being recorded', async () => {
    const decided = decide(operation('delete'))
    const asking = guard.ask(session, decided, effective(decided))
    session.close('client-lost')
    expect(await (await asking).decided).toMatchObject({ code: 'GS_APPROVAL_WITHDRAWN' })
  })

  it('voids what was approved and not used', async () => {
    const { grant } = await granted(decide(operation('delete')))
    session.close('client-closed')
    expect(stateOf(grant.id)).toBe('void')
  })

  it('keeps no listener behind: a session may ask a thousand times', async () => {
    const add = vi.spyOn(session.signal, 'addEventListener')
    const remove = vi.spyOn(session.signal, 'removeEventListener')
    for (const name of ['a', 'b', 'c']) {
      const decided = decide(operation('delete', name))
      await admit(decided, await granted(decided))
    }
    expect(add.mock.calls.length).toBeGreaterThan(0)
    expect(remove.mock.calls.length).toBe(add.mock.calls.length)
  })
})

describe('refusals of approvals', () => {
  it('say nothing against a run where it waits as it was told', async () => {
    await anew([{ name: 'strict', per: 'run', limit: { refusals: 2 } }])
    const refused = (code: 'GS_APPROVAL_PENDING' | 'GS_APPROVAL_DENIED') =>
      admit(decide(operation('delete')).map((each) => ({ ...each, refusal: new Refusal(code) })))
    for (let tries = 0; tries < 5; tries++) expect(codesOf(await refused('GS_APPROVAL_PENDING'))).toEqual(['GS_APPROVAL_PENDING'])
    expect(house.runs.run(session.run.id)?.suspended).toBeUndefined()
    for (let tries = 0; tries < 3; tries++) await refused('GS_APPROVAL_DENIED')
    expect(house.runs.run(session.run.id)?.suspended).toBeDefined()
    await expect(guard.ask(session, decide(operation('delete')), effective([]))).rejects.toMatchObject({ code: 'GS_RUN_SUSPENDED' })
  })
})

it('asks people only where it can and a rule does', () => {
  expect(guard.asksPeople).toBe(true)
  policy = createPolicy(rules.filter(({ effect }) => effect !== 'ask'))
  expect(guard.asksPeople).toBe(false)
})

it('refuses what asks, also where it is only prepared, where nobody can be asked', async () => {
  const alone = createGuard<string, string>({
    ...{ policy: () => policy, runs: house.runs, trail: house.trail, now: () => house.now },
    connect: () => Promise.reject(new Error('nobody connects here')),
  })
  const own = await alone.open(session.run, resource, { address: '127.0.0.1:6', tls: true })
  const decided = [operation('delete'), operation('delete', 'x', 'prepare')].map((each) => ({
    operation: each,
    decision: alone.decide(own, each),
  }))
  const answers = await new Promise<readonly (Admission | Refusal)[]>((go) => alone.admit(own, decided, go))
  expect(codesOf(answers)).toEqual(['GS_APPROVAL_UNAVAILABLE', 'GS_APPROVAL_UNAVAILABLE'])
  await expect(alone.ask(own, decided, effective(decided))).rejects.toMatchObject({ code: 'GS_APPROVAL_UNAVAILABLE' })
  expect(alone.asksPeople).toBe(false)
  own.close('client-closed')
  alone.stop()
})

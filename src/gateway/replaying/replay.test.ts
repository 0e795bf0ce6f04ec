import { createHash } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { everythingBelow, TestTrail } from '../../../test/parts/trail.ts'
import type { ReplayReport } from '../../api/local/index.ts'
import type { Facts } from '../../operations/index.ts'
import { createPolicy, type MaskRule, type Rule } from '../../policy/index.ts'
import type { DecisionRow, EntryFields, OperationRow, PayloadKey, Trail } from '../../trail/index.ts'
import type { PastPolicy, PolicyInForce } from './past-policies.ts'
import { replay } from './replay.ts'

const GROUP = 'github/repo:acme/reports'
const ALLOW: Rule = { name: 'may-read', effect: 'allow', who: { groups: [GROUP] }, do: ['postgres.read'] }
const READ: Facts = { effects: [{ class: 'read', action: 'select' }], sql: { statements: 1, reads: ['public.t'], writes: [] } }
const WRITE: Facts = { effects: [{ class: 'write', action: 'insert' }], sql: { statements: 1, reads: [], writes: ['public.t'] } }
const SET: Facts = { effects: [{ class: 'session', action: 'set' }], sql: { statements: 1 } }

let house: TestTrail
let trail: Trail
beforeEach(async () => {
  house = new TestTrail()
  trail = await house.open()
})
afterEach(() => house.remove())

const policyOf = (rules: readonly Rule[], tags: readonly string[] = ['prod']): PastPolicy => ({
  policy: createPolicy(rules),
  tags: new Map([['orders-db', tags]]),
})
const nothingInForce: PolicyInForce = { ...policyOf([]), configuration: 'sha256:none' }

/** What a gateway that starts would write of these rules. @returns digest of the policy */
async function starts(rules: readonly Rule[], config?: string): Promise<string> {
  const text = config ?? JSON.stringify({ resources: [{ name: 'orders-db', tags: ['prod'] }], rules })
  const { digest } = createPolicy(rules)
  const fields = { config: `sha256:${createHash('sha256').update(text).digest('hex')}`, policy: digest }
  await trail.durable({
    kind: 'gateway.start',
    fields,
    payloads: [{ name: 'config', key: trail.subjectKey('gateway'), content: Buffer.from(text) }],
  })
  return digest
}

interface Opening {
  readonly run?: Record<string, unknown> | 'none'
  readonly client?: Record<string, string>
  readonly effect?: 'allow' | 'deny'
  readonly policy?: string
  readonly breakGlass?: string
}

/** A session that asks as one says. */
class Asks {
  readonly id: string
  readonly key: PayloadKey
  #last = 0
  readonly #said = new Set<string>()

  constructor(id: string) {
    this.id = id
    this.key = trail.sessionKey()
  }

  async open({ run = {}, client = {}, effect = 'allow', policy = 'sha256:then', breakGlass }: Opening = {}): Promise<this> {
    if (run !== 'none') {
      const content = Buffer.from(JSON.stringify({ issuer: 'github', subject: `repo:${this.id}`, groups: [GROUP], ...run }))
      const payloads = [{ name: 'run', key: trail.subjectKey(this.id), content }]
      await trail.durable({ kind: 'run.start', fields: { run: `run_${this.id}`, who: { kind: 'job' } }, payloads })
    }
    const fields = {
      session: this.id,
      run: `run_${this.id}`,
      who: { kind: 'job' },
      resource: 'orders-db',
      policy,
      effect,
      ...(breakGlass && { breakGlass }),
    }
    const content = Buffer.from(JSON.stringify({ address: '127.0.0.1:1', claimed: client }))
    await trail.durable({ kind: 'session.open', fields, payloads: [{ name: 'client', key: this.key, content }] })
    return this
  }

  /** @param row without the number of the facts; that of the decision is new where it has not been said. @param text undefined: it was said before */
  async ask(row: DecisionRow, facts?: Facts, text: string | undefined = 'SELECT 1', form?: string): Promise<void> {
    const payloads: { name: string; key: PayloadKey; content: Uint8Array }[] = []
    const say = (name: string, content: string) => {
      if (!this.#said.has(name)) payloads.push({ name, key: this.key, content: Buffer.from(content) })
      this.#said.add(name)
    }
    if (facts) say(`facts.${row[4]}`, JSON.stringify(facts))
    if (text !== undefined) say(`statement.${row[0]}`, text)
    const isNew = !this.#said.has(`decision.${row[0]}`)
    this.#said.add(`decision.${row[0]}`)
    const n = ++this.#last
    const ops: OperationRow[] = [form === undefined ? [n, row[0], row[0]] : [n, row[0], row[0], form]]
    const fields: EntryFields = { session: this.id, ops, ...(isNew && { decisions: [row] }) } as unknown as EntryFields
    await trail.durable({ kind: 'operation.intent', fields, payloads })
  }

  async close(reason = 'client-closed'): Promise<void> {
    await trail.durable({ kind: 'session.close', fields: { session: this.id, reason } })
  }
}

async function replayed(rules: readonly Rule[], over: Partial<Parameters<typeof replay>[1]> = {}): Promise<ReplayReport> {
  let report: ReplayReport | undefined
  let end = 0
  for await (const { index } of trail.read({ from: -1 })) end = index + 1
  const asked = { candidate: policyOf(rules), inForce: nothingInForce, end, examples: 3, ...over }
  for await (const step of replay(trail, asked, new AbortController().signal)) if ('report' in step) report = step.report
  if (report === undefined) throw new Error('a replay without a report')
  return report
}

const deny = (name: string, when: string, over: Partial<Rule> = {}): Rule => ({ name, effect: 'deny', do: ['postgres.*'], when, ...over })

describe('what was recorded once', () => {
  it('counts for all that refers to it, also where it was said before the time that is asked for', async () => {
    const policy = await starts([ALLOW])
    const asks = await new Asks('ses_1').open({ policy })
    await asks.ask([1, 'allow', ['may-read'], policy, 1], READ)
    const since = Date.now() + 1
    while (Date.now() <= since) await new Promise((later) => setTimeout(later, 1))
    await asks.ask([1, 'allow', ['may-read'], policy, 1])
    await asks.ask([1, 'allow', ['may-read'], policy, 1])
    const report = await replayed([ALLOW, deny('no-t', '"public.t" in sql.reads')], { since })
    expect(report).toMatchObject({ operations: 2, changed: 2, untold: 0 })
    expect(report.changes[0]?.examples[0]).toMatchObject({ operation: 2, statement: 'SELECT 1', subject: 'repo:ses_1' })
  })

  it('of a session that began in another log is not known', async () => {
    const policy = await starts([ALLOW])
    await new Asks('ses_1').ask([1, 'allow', ['may-read'], policy, 1], READ)
    expect(await replayed([])).toMatchObject({ operations: 1, changed: 0, unsure: [{ reason: 'session', count: 1 }] })
  })

  it('of a run that began in another log is not known, nor what a decision was that is said nowhere', async () => {
    const policy = await starts([ALLOW])
    await (await new Asks('ses_1').open({ run: 'none', policy })).ask([1, 'allow', ['may-read'], policy, 1], READ)
    const asks = await new Asks('ses_2').open({ policy })
    await trail.durable({ kind: 'operation.intent', fields: { session: asks.id, ops: [[1, 1, 7]] } })
    const report = await replayed([])
    expect(report.unsure.map(({ reason }) => reason).sort()).toEqual(['decision', 'run'])
  })

  it('by a version without facts, or in a form that is not read, is not judged', async () => {
    const policy = await starts([ALLOW])
    const asks = await new Asks('ses_1').open({ policy })
    await asks.ask([1, 'allow', ['may-read'], policy])
    await asks.ask([2, 'allow', ['may-read'], policy, 1], { ...READ, graph: {} } as never)
    await asks.ask([3, 'allow', ['may-read'], policy, 2], { effects: [{ class: 'unheard', action: 'x' }] })
    expect((await replayed([])).unsure.map(({ reason, count }) => [reason, count]).sort()).toEqual([
      ['facts-unreadable', 2],
      ['no-facts', 1],
    ])
  })

  it('is not judged where it was taken out because it looked like a secret, and a rule asks for it', async () => {
    const policy = await starts([ALLOW])
    const redacted = '«redacted:token»'
    const url = await new Asks('ses_1').open({ run: { url: `https://ci/${redacted}` }, client: { application: redacted }, policy })
    await url.ask([1, 'allow', ['may-read'], policy, 1], READ)
    const group = await new Asks('ses_2').open({ run: { groups: [GROUP, redacted] }, policy })
    await group.ask([1, 'allow', ['may-read'], policy, 1], READ)
    expect((await replayed([ALLOW])).unsure).toMatchObject([{ reason: 'redacted', count: 1 }])
    const asked = await replayed([ALLOW, deny('a', 'run.url == "x"'), deny('b', 'session.application == "psql"')])
    expect(asked.unsure).toContainEqual(expect.objectContaining({ reason: 'needed', needs: ['run.url', 'session.application'] }))
    // A rule that is about something else needs nothing.
    const other = await replayed([ALLOW, deny('a', 'run.url == "x"', { do: ['postgres.write'] })])
    expect(other).toMatchObject({ same: 1, untold: 1 })
  })

  it('and pruned is counted as such, entries and payloads', async () => {
    const policy = await starts([ALLOW])
    const asks = await new Asks('ses_1').open({ policy })
    await asks.ask([1, 'allow', ['may-read'], policy, 1], READ)
    const { index } = await trail.durable({ kind: 'log.read', fields: {} })
    await asks.ask([1, 'allow', ['may-read'], policy, 1])
    await trail.publish()
    await trail.prune(everythingBelow(0, index), { kind: 'pruned', fields: {} }, () => undefined)
    expect(await replayed([ALLOW])).toMatchObject({ same: 0, unsure: [{ reason: 'principal', count: 2 }] })
  })
})

describe('the rules of then', () => {
  it('say what a budget refused, and that is judged by the rules', async () => {
    const policy = await starts([ALLOW])
    const asks = await new Asks('ses_1').open({ policy })
    await asks.ask([1, 'deny', [], policy, 1], READ)
    expect(await replayed([ALLOW])).toMatchObject({ same: 1, besides: 1, changed: 0 })
    const closed = await replayed([deny('all', 'true'), ALLOW])
    expect(closed).toMatchObject({
      besides: 1,
      changes: [{ from: { effect: 'allow', rules: ['may-read'] }, to: { effect: 'deny' } }],
    })
  })

  it('that are not there leave open whether a denial without a rule was one of theirs', async () => {
    const asks = await new Asks('ses_1').open()
    await asks.ask([1, 'deny', [], 'sha256:then', 1], READ)
    await asks.ask([2, 'allow', ['gone'], 'sha256:then', 1])
    expect(await replayed([{ ...ALLOW, do: ['postgres.write'] }])).toMatchObject({
      same: 1,
      untold: 0,
      changes: [{ count: 1, from: { effect: 'allow', rules: ['gone'] } }],
    })
    expect(await replayed([ALLOW])).toMatchObject({ same: 1, limitsUnknown: 1, unsure: [{ reason: 'refused-besides', count: 1 }] })
  })

  it('must come to what was recorded', async () => {
    const policy = await starts([ALLOW])
    const asks = await new Asks('ses_1').open({ policy })
    await asks.ask([1, 'allow', ['may-read'], policy, 1], WRITE)
    expect((await replayed([ALLOW])).unsure).toMatchObject([{ reason: 'differs', count: 1 }])
  })

  it('are taken only from a text that comes to their digest', async () => {
    for (const text of [
      JSON.stringify({ resources: [], rules: [] }),
      'rules: [',
      JSON.stringify({ resources: [], rules: [{ name: 'x' }] }),
    ]) {
      const digest = await starts([ALLOW], text)
      const asks = await new Asks(`ses_${text.length}`).open({ policy: digest })
      await asks.ask([1, 'allow', ['may-read'], digest, 1], READ)
    }
    expect(await replayed([ALLOW])).toMatchObject({ same: 3, limitsUnknown: 3, untold: 0 })
  })

  it('are those in force where the text is the same, though it cannot be opened any more', async () => {
    const policy = await starts([ALLOW], 'never to be read')
    const asks = await new Asks('ses_1').open({ policy })
    await asks.ask([1, 'deny', [], policy, 1], WRITE)
    const configuration = `sha256:${createHash('sha256').update('never to be read').digest('hex')}`
    const inForce = { ...policyOf([ALLOW]), configuration }
    expect(await replayed([{ ...ALLOW, do: ['postgres.write'] }], { inForce })).toMatchObject({ changed: 1, untold: 0 })
  })
})

describe('a mask', () => {
  const EMAIL = 'public.customers.email'
  const mask: MaskRule = {
    mask: {
      ...{ name: 'contact', columns: [`orders.${EMAIL}`], detect: [], patterns: [], as: 'redact' },
      ...{ unmaskedWrite: false, predicates: false },
    },
  }
  const masking = (databases?: PastPolicy['databases']): { candidate: PastPolicy } => ({
    candidate: { ...policyOf([]), policy: createPolicy([ALLOW], {}, [mask]), ...(databases && { databases }) },
  })
  const reading = (columns: Partial<NonNullable<NonNullable<Facts['sql']>['columns']>>): Facts => ({
    effects: READ.effects,
    sql: { statements: 1, reads: ['public.customers'], writes: [], columns: { output: [], predicate: [], written: [], ...columns } },
  })
  const asked = async (facts: Facts, client: Record<string, string> = { database: 'orders-prod' }) => {
    const policy = await starts([ALLOW])
    await (await new Asks('ses_1').open({ policy, client })).ask([1, 'allow', ['may-read'], policy, 1], facts)
  }

  it('changes the answer to what it would have refused, and names itself', async () => {
    await asked(reading({ output: [EMAIL], predicate: [EMAIL] }))
    const report = await replayed([], masking())
    expect(report).toMatchObject({ changed: 1, changes: [{ to: { effect: 'deny', rules: ['mask:contact'] } }] })
  })

  it('changes no answer where its columns are only selected', async () => {
    await asked(reading({ output: [EMAIL], sources: [], tests: [] }))
    expect(await replayed([], masking())).toMatchObject({ changed: 0, same: 1, untold: 0 })
  })

  it('is about the database that the target calls so, by what clients call it', async () => {
    await asked(reading({ predicate: [EMAIL] }))
    const called = (target: string) => masking(new Map([['orders-db', new Map([['orders-prod', target]])]]))
    expect(await replayed([], called('orders'))).toMatchObject({ changed: 1 })
    expect(await replayed([], called('archive'))).toMatchObject({ changed: 0, same: 1 })
  })

  it('is not guessed at where what it asks for was not recorded', async () => {
    const written: Facts = { effects: WRITE.effects, sql: reading({}).sql! }
    const rules = [ALLOW, { ...ALLOW, name: 'may-write', do: ['postgres.write'] }]
    const policy = await starts(rules)
    await (await new Asks('ses_1').open({ policy })).ask([1, 'allow', ['may-write'], policy, 1], written)
    const candidate = { ...masking().candidate, policy: createPolicy(rules, {}, [mask]) }
    expect((await replayed([], { candidate })).unsure).toMatchObject([{ reason: 'needed', needs: ['sql.columns.sources'] }])
  })

  it('is not guessed at where the database was taken out', async () => {
    await asked(reading({ predicate: [EMAIL] }), { database: '«redacted:token»' })
    expect((await replayed([], masking())).unsure).toMatchObject([{ reason: 'needed', needs: ['session.database'] }])
  })
})

describe('what a rule may ask for', () => {
  it('is the moment of then, and the tags of the candidate', async () => {
    const policy = await starts([ALLOW])
    const asks = await new Asks('ses_1').open({ policy })
    await asks.ask([1, 'allow', ['may-read'], policy, 1], READ)
    const year = String(new Date().getUTCFullYear())
    expect(await replayed([ALLOW, deny('now', `now.getFullYear() == ${year}`)])).toMatchObject({ changed: 1 })
    expect(await replayed([{ ...ALLOW, until: Date.now() + 3_600_000 }])).toMatchObject({ changed: 0, otherRules: 0, same: 1 })
    expect(await replayed([{ ...ALLOW, until: 1 }])).toMatchObject({ changes: [{ what: 'opening' }, { what: 'operation' }] })
    const tagged: Rule = { ...ALLOW, on: { tags: ['stage'] } }
    expect(await replayed([], { candidate: policyOf([tagged], ['stage']) })).toMatchObject({ changed: 0, same: 1 })
  })

  it('is the state of a transaction, where it was recorded or known not to be', async () => {
    const asked = deny('open', 'sql.transaction == "open"')
    const without = await starts([ALLOW])
    const first = await new Asks('ses_1').open({ policy: without })
    await first.ask([1, 'allow', ['may-read'], without, 1], READ)
    expect((await replayed([ALLOW, asked])).unsure).toMatchObject([{ needs: ['sql.transaction'] }])
    const rules = [ALLOW, deny('failed', 'sql.transaction == "failed"', { do: ['postgres.write'] })]
    const policy = await starts(rules)
    const second = await new Asks('ses_2').open({ policy })
    await second.ask([1, 'allow', ['may-read'], policy, 1], { ...READ, sql: { ...READ.sql, statements: 1, transaction: 'open' } })
    await second.ask([2, 'allow', ['may-read'], policy, 2], READ)
    // Where it was asked for and is absent, it was unknown then too: then a deny denies.
    expect(await replayed([...rules, asked])).toMatchObject({ changed: 2, untold: 1 })
  })

  it('is the size of a text, which is looked for only where it matters', async () => {
    const policy = await starts([ALLOW])
    const asks = await new Asks('ses_1').open({ policy })
    await asks.ask([1, 'allow', ['may-read'], policy, 1], READ, 'x'.repeat(100))
    await asks.ask([2, 'allow', ['may-read'], policy, 1], READ, "SELECT '«redacted:password»'")
    const limited = (statementBytes: number): Rule => ({ ...ALLOW, limits: { statementBytes } })
    expect(await replayed([limited(99)])).toMatchObject({ changed: 1, unsure: [{ needs: ['statement.bytes'], count: 1 }] })
    expect(await replayed([limited(100)])).toMatchObject({ changed: 0, same: 1, untold: 1 })
  })

  it('depends on whether a session is read-only where a setting may make it writable', async () => {
    const writes: Rule = { ...ALLOW, name: 'may-write', do: ['postgres.write'] }
    const policy = await starts([ALLOW, writes])
    const asks = await new Asks('ses_1').open({ policy })
    await asks.ask([1, 'allow', ['may-read', 'may-write'], policy, 1], SET, 'SET extra_float_digits = 2')
    await asks.ask([2, 'allow', ['may-read', 'may-write'], policy, 1], SET, 'SET TRANSACTION READ WRITE')
    expect(await replayed([ALLOW, writes])).toMatchObject({ same: 2, untold: 0 })
    expect(await replayed([ALLOW])).toMatchObject({ same: 1, unsure: [{ needs: ['session.readOnly'], count: 1 }] })
    const readers = await starts([ALLOW])
    const reads = await new Asks('ses_2').open({ policy: readers })
    const becomes: Facts = { effects: [{ class: 'admin', action: 'read write' }], sql: { statements: 1 } }
    await reads.ask([1, 'deny', [], readers, 1], becomes, 'SET TRANSACTION READ WRITE')
    expect(await replayed([ALLOW, writes])).toMatchObject({ same: 2, unsure: [{ needs: ['session.readOnly'], count: 1 }] })
  })

  it('says nothing of a message that is not carried, whatever rules say', async () => {
    const policy = await starts([ALLOW])
    const asks = await new Asks('ses_1').open({ policy })
    await asks.ask([1, 'deny', [], policy], undefined, 'function calls are not carried', 'unsupported')
    expect(await replayed([{ name: 'all', effect: 'allow', do: ['postgres.*'] }])).toMatchObject({ same: 1, changed: 0, untold: 0 })
  })
})

describe('a session that was not opened', () => {
  it('would be opened by rules that could allow it something, where it was rules that refused it', async () => {
    const policy = await starts([])
    await (await new Asks('ses_1').open({ effect: 'deny', policy })).close('GS_POLICY_DENIED')
    await (await new Asks('ses_2').open({ effect: 'deny', policy })).close('GS_RUN_SUSPENDED')
    const report = await replayed([ALLOW])
    expect(report).toMatchObject({
      operations: 0,
      changed: 1,
      changes: [{ what: 'opening', from: { effect: 'deny' }, to: { effect: 'allow' }, count: 1 }],
    })
    expect(report.changes[0]?.examples).toMatchObject([{ session: 'ses_1' }])
    expect(await replayed([])).toMatchObject({ changed: 0 })
  })
})

describe('a session under break-glass', () => {
  it('is judged by what the rules said: break-glass lets pass what other rules deny as well, and opens where none would', async () => {
    const policy = await starts([ALLOW, deny('no-writes', 'true', { do: ['postgres.write'] })])
    const asks = await new Asks('ses_1').open({ policy, breakGlass: 'bgl_1' })
    await asks.ask([1, 'deny', ['no-writes'], policy, 1], WRITE, 'INSERT INTO t VALUES (1)')
    await asks.ask([2, 'allow', ['may-read'], policy, 2], READ)
    await asks.ask([3, 'allow', ['may-read'], policy, 3], SET, 'SET default_transaction_read_only = off')
    expect(await replayed([ALLOW, deny('no-writes', 'true', { do: ['postgres.write'] })])).toMatchObject({ same: 3, changed: 0, untold: 0 })
    const report = await replayed([])
    expect(report).toMatchObject({ operations: 3, same: 1, changed: 2, untold: 0 })
    expect(report.changes.map(({ what, from, to }) => [what, from.effect, to.effect, to.because])).toEqual([
      ['operation', 'allow', 'deny', undefined],
    ])
  })
})

it('tells examples and whom as many as are asked for, and the sum of the others', async () => {
  const policy = await starts([ALLOW])
  for (let n = 0; n < 15; n++) {
    const asks = await new Asks(`ses_${n}`).open({ policy })
    await asks.ask([1, 'allow', ['may-read'], policy, 1], READ)
  }
  const { changes } = await replayed([ALLOW, deny('all', 'true')], { examples: 2 })
  expect(changes).toMatchObject([{ count: 15, others: 5 }])
  expect(changes[0]?.examples).toHaveLength(2)
  expect(changes[0]?.who).toHaveLength(10)
})

it('ends when nobody listens any more', async () => {
  await starts([ALLOW])
  const ending = new AbortController()
  const asked = { candidate: policyOf([]), inForce: nothingInForce, end: 1, examples: 3 }
  await expect(async () => {
    for await (const _ of replay(trail, asked, ending.signal)) ending.abort(new Error('gone'))
  }).rejects.toThrow('gone')
})

describe('a request to a cluster', () => {
  const CREATE: Facts = {
    effects: [{ class: 'create', action: 'create object' }],
    k8s: { verb: 'create', group: '', resource: 'pods', subresource: '', namespace: 'shop', name: '' },
  }
  const may: Rule = { name: 'may', effect: 'allow', do: ['kubernetes.create'] }
  const candidate = (rules: readonly Rule[]): PastPolicy => ({ ...policyOf(rules), kinds: new Map([['orders-db', 'kubernetes']]) })
  const of = (...rules: Rule[]) => replayed([], { candidate: candidate(rules) })

  beforeEach(async () => {
    const asks = await new Asks('ses_k').open()
    await asks.ask([1, 'allow', ['may'], 'sha256:then', 1], CREATE, 'POST /api/v1/namespaces/shop/pods', 'request')
    await asks.close()
  })

  it('is judged by what is known of it', async () => {
    expect(await of({ ...may, when: 'k8s.namespace == "shop"' })).toMatchObject({ same: 1, changed: 0, untold: 0 })
    expect(await of({ ...may, when: 'k8s.namespace == "billing"' })).toMatchObject({ changed: 1, untold: 0 })
    expect(await of({ ...may, do: ['kubernetes.get'] })).toMatchObject({ changed: 1 })
  })

  it('is not guessed about where a rule asks for what it brought, or for its size', async () => {
    const report = await of({ ...may, when: 'k8s.object.spec.replicas == 1' })
    expect(report).toMatchObject({ untold: 1, unsure: [{ reason: 'needed', needs: ['k8s.object'] }] })
    expect(await of({ ...may, limits: { statementBytes: 10_000 } })).toMatchObject({ untold: 1, unsure: [{ needs: ['statement.bytes'] }] })
  })
})

import { describe, expect, it, vi } from 'vitest'
import { UNLIMITED } from '../../test/parts/unlimited.ts'
import { type Decision, type Facts, type Operation, type PostgresResource, Refusal, type Run, type Usage } from '../operations/index.ts'
import type { BudgetAccount, Reservation } from '../runs/index.ts'
import { type EntryDraft, TrailError, type TrailWriter } from '../trail/index.ts'
import { type Admission, createGuard } from './index.ts'

const run: Run = { id: 'run_1', principal: { kind: 'job', issuer: 'ci', subject: 'repo:1', groups: [] }, facts: {}, startedAt: 0 }
const resource: PostgresResource = {
  name: 'orders-db',
  kind: 'postgres',
  tags: [],
  host: '127.0.0.1',
  port: 5432,
  hosts: [],
  aliases: [],
  databases: new Map(),
}
const client = { address: '127.0.0.1:5', tls: true, user: 'somebody' }
const allow: Decision = Object.freeze({ effect: 'allow', rules: ['may'], policy: 'sha256:1' })
const deny: Decision = Object.freeze({ effect: 'deny', rules: ['may-not'], policy: 'sha256:1', say: 'Ask for less.' })

const bind = (text: string, parameters = ''): Operation => ({
  protocol: 'postgres',
  form: 'bind',
  statement: { text: Buffer.from(text) },
  parameters: Buffer.from(parameters),
})

/** A trail whose durability the test decides; everything else of it is as simple as can be. */
function controlledTrail() {
  const entries: EntryDraft[] = []
  const waiting: ((error: TrailError | undefined) => void)[] = []
  let counter = 0
  const stage = (draft: EntryDraft) => {
    entries.push(draft)
    return `boot.${++counter}` as const
  }
  const trail: TrailWriter = {
    append: stage,
    note(draft, placed) {
      const id = stage(draft)
      placed?.(entries.length - 1)
      return id
    },
    whenDurable: (then) => void waiting.push(then),
    durable: async (draft) => ({ id: stage(draft), index: counter }),
    sessionKey: () => ({ id: 'k1' }),
    subjectKey: () => ({ id: 'k2' }),
    pseudonym: (issuer, subject) => `p(${issuer},${subject})`,
  }
  const settle = (error?: TrailError) => {
    for (const then of waiting.splice(0)) then(error)
  }
  return { trail, entries, settle, kinds: () => entries.map((entry) => entry.kind) }
}

function setUp(decision: Decision = allow, mayOpen = true, budget: BudgetAccount = UNLIMITED, permitted: readonly string[] = ['session']) {
  const controlled = controlledTrail()
  const ended = new AbortController()
  const close = vi.fn()
  const recorded = vi.fn()
  const spent: Usage[] = []
  const live = {
    id: 'ses_1',
    signal: ended.signal,
    draining: new AbortController().signal,
    budget,
    count: () => {},
    spent: (usage: Usage) => void spent.push(usage),
    end: (reason: Refusal) => ended.abort(reason),
    close,
    recorded,
  }
  const connects: unknown[] = []
  const guard = createGuard<string, string>({
    policy: () => ({
      digest: 'sha256:1',
      decide: () => decision,
      withoutRules: () => decision,
      mayOpen: () => mayOpen,
      couldPermit: () => new Set(permitted),
      couldAllow: () => true,
      usesTransaction: false,
      asks: false,
    }),
    runs: { openSession: () => live },
    trail: controlled.trail,
    connect: async (_resource, ask, _signal, classes) => {
      connects.push([...classes])
      return { target: `connected for ${ask}`, credential: { name: 'reader', version: 3 } }
    },
    now: () => 0,
  })
  return { ...controlled, guard, ended, close, recorded, connects, spent }
}

describe('opening a session', () => {
  it('records who, where and under which policy before it is open, names and addresses only as payload', async () => {
    const { guard, entries } = setUp()
    await guard.open(run, resource, client)
    expect(entries).toHaveLength(1)
    expect(entries[0]?.fields).toMatchObject({ session: 'ses_1', run: 'run_1', resource: 'orders-db', effect: 'allow', policy: 'sha256:1' })
    expect(JSON.stringify(entries[0]?.fields)).not.toMatch(/127\.0\.0\.1|somebody|repo:1"/)
    expect(Buffer.from(entries[0]?.payloads?.[0]?.content ?? []).toString()).toContain('somebody')
  })

  it('refuses where no rule could allow anything, and records that it did', async () => {
    const { guard, kinds, entries } = setUp(allow, false)
    await expect(guard.open(run, resource, client)).rejects.toMatchObject({ code: 'GS_POLICY_DENIED' })
    expect(kinds()).toEqual(['session.open', 'session.close'])
    expect(entries[0]?.fields).toMatchObject({ effect: 'deny' })
    expect(entries[1]?.fields.session).toBe(entries[0]?.fields.session)
  })

  it('gives the live session back where its entry cannot be written', async () => {
    const { guard, trail, close } = setUp()
    trail.durable = async () => Promise.reject(new TrailError('GS_TRAIL_FULL'))
    await expect(guard.open(run, resource, client)).rejects.toMatchObject({ code: 'GS_TRAIL_UNAVAILABLE' })
    expect(close).toHaveBeenCalledOnce()
  })

  it('notes which credential was injected, by name and version', async () => {
    const { guard, entries } = setUp()
    const session = await guard.open(run, resource, client)
    expect(await session.connect('orders', new AbortController().signal)).toBe('connected for orders')
    expect(entries.at(-1)).toMatchObject({ kind: 'credential.injected', fields: { session: 'ses_1', credential: 'reader', version: 3 } })
  })
})

describe('what a session could ever be permitted', () => {
  it.each<[readonly string[], boolean]>([
    [['session', 'read', 'statistics', 'backend'], true],
    [['session', 'read', 'write'], false],
    [['session', 'define'], false],
    [['session', 'opaque'], false],
    [['session', 'admin'], false],
    [['session', 'credential'], false],
  ])('decides its credential, and whether the target is asked to refuse changes: %j', async (permitted, readOnly) => {
    const { guard, connects } = setUp(allow, true, UNLIMITED, permitted)
    const session = await guard.open(run, resource, client)
    expect(session.readOnly).toBe(readOnly)
    await session.connect('orders', new AbortController().signal)
    expect(connects).toEqual([permitted])
  })
})

describe('facts', () => {
  const facts: Facts = { effects: [{ class: 'read', action: 'select' }], sql: { statements: 1, reads: ['public.t'] } }
  const reading = (text: string, known = facts): Operation => ({ ...bind(text), facts: known })

  it('are said once with the decision that was made on them, and again where either is another', async () => {
    const { guard, entries } = setUp()
    const session = await guard.open(run, resource, client)
    const other: Facts = { ...facts, sql: { statements: 2 } }
    const asked = [reading('a'), reading('b'), reading('a', other)]
    for (const operation of asked) guard.admit(session, [{ operation, decision: allow }], () => {})
    guard.admit(session, [{ operation: reading('a'), decision: deny }], () => {})
    const intents = entries.filter(({ kind }) => kind === 'operation.intent')
    expect(intents.map(({ fields }) => fields.decisions)).toEqual([
      [[1, 'allow', ['may'], 'sha256:1', 1]],
      undefined,
      [[2, 'allow', ['may'], 'sha256:1', 2]],
      [[3, 'deny', ['may-not'], 'sha256:1', 1]],
    ])
    const said = intents.flatMap(({ payloads = [] }) => payloads.filter(({ name }) => name.startsWith('facts.')))
    expect(said.map(({ name, content }) => [name, JSON.parse(Buffer.from(content).toString())])).toEqual([
      ['facts.1', facts],
      ['facts.2', other],
    ])
  })
})

describe('limits and budgets', () => {
  const admitted = async (decision: Decision, budget: BudgetAccount = UNLIMITED) => {
    const { guard, settle, ...rest } = setUp(decision, true, budget)
    const session = await guard.open(run, resource, client)
    const answers: unknown[] = []
    guard.admit(session, [{ operation: bind('a'), decision }], ([answer]) => void answers.push(answer))
    settle()
    return { ...rest, session, guard, settle, answer: answers[0] as Admission & Refusal }
  }

  it('cuts an operation off at the first row or byte that its rule does not grant, and says whose limit it was', async () => {
    const { answer } = await admitted({ ...allow, limits: { rows: 2, bytes: 100, time: 5_000 } })
    expect(answer).toMatchObject({ limited: true, time: 5_000 })
    expect(answer.charge(2, 50)).toBeUndefined()
    expect(answer.charge(1, 1)).toMatchObject({ code: 'GS_LIMIT_EXCEEDED', rule: 'may' })
    expect(answer.charge(0, 50)).toMatchObject({ code: 'GS_LIMIT_EXCEEDED' })
    expect(answer.overtime()).toMatchObject({ code: 'GS_LIMIT_EXCEEDED', rule: 'may' })
  })

  it('says with the outcome what was masked, and never a value', async () => {
    const { answer, session, entries } = await admitted(allow)
    answer.masked('contacts', 'public.people.email', 2)
    answer.masked('contacts', 'public.people.email', 1)
    answer.settle({ status: 'completed' })
    session.close('client-closed')
    expect(entries).toContainEqual(
      expect.objectContaining({
        kind: 'operation.outcome',
        fields: expect.objectContaining({ masked: [[1, 'contacts', 'public.people.email', 3]] }),
      }),
    )
  })

  it('names no rule where several allow it: the limit may be that of any', async () => {
    const { answer } = await admitted({ ...allow, rules: ['may', 'may-too'], limits: { rows: 2 } })
    expect(answer.charge(3, 0)?.rule).toBeUndefined()
  })

  const account = (reserve: () => Reservation | Refusal, suspended?: Refusal) => {
    const log: string[] = []
    const budget: BudgetAccount = {
      suspended,
      reserve: () => {
        log.push('reserve')
        return reserve()
      },
      refused: () => void log.push('refused'),
      reserveAsk: () => ({ release: () => undefined }),
      close: () => {},
    }
    return { log, budget }
  }
  const room = (log: string[], over?: Refusal): Reservation => ({
    limited: true,
    charge: (rows, bytes) => {
      log.push(`charge ${rows} ${bytes}`)
      return over
    },
    spent: ({ inputTokens, outputTokens }) => void log.push(`spent ${inputTokens} ${outputTokens}`),
    settle: () => void log.push('settle'),
    release: () => void log.push('release'),
  })

  it('takes room before the intent, charges what flows, and gives it back in full only where nothing was forwarded', async () => {
    const log: string[] = []
    const { answer } = await admitted(allow, account(() => room(log)).budget)
    answer.charge(1, 10)
    answer.settle({ status: 'completed' })
    expect(log).toEqual(['charge 1 10', 'settle'])
    log.length = 0
    const withdrawn = await admitted(allow, account(() => room(log)).budget)
    withdrawn.answer.withdraw({ status: 'cancelled', code: '57014' })
    expect(() => withdrawn.answer.settle({ status: 'completed' })).toThrow('once')
    expect(log).toEqual(['release'])
    log.length = 0
    const { guard, session, ended, settle } = await admitted(allow, account(() => room(log)).budget)
    ended.abort(new Refusal('GS_RUN_ENDED'))
    guard.admit(session, [{ operation: bind('b'), decision: allow }], () => {})
    settle()
    guard.admit(session, [{ operation: bind('c'), decision: allow }], () => {})
    settle(new TrailError('GS_TRAIL_FULL'))
    expect(log).toEqual(['release', 'release'])
  })

  it('tells budgets, the run and the trail what a call of a model used, as it was said last; what cannot be is not believed', async () => {
    const log: string[] = []
    const { answer, session, entries, spent } = await admitted(allow, account(() => room(log)).budget)
    answer.spent({ inputTokens: 12, outputTokens: 1 })
    answer.spent({ inputTokens: 12, outputTokens: 30, cachedTokens: 4, money: { micros: 330, currency: 'USD' } })
    for (const odd of [-1, 0.5, Number.NaN, 1e12]) answer.spent({ inputTokens: odd, outputTokens: 1 })
    answer.settle({ status: 'completed', code: '200' })
    answer.spent({ inputTokens: 1, outputTokens: 1 })
    session.close('client-closed')
    expect(log).toEqual(['spent 12 1', 'spent 12 30', 'settle'])
    expect(spent).toHaveLength(1)
    const outcome = entries.find(({ kind }) => kind === 'operation.outcome')
    expect(outcome?.fields).toMatchObject({
      outcomes: [[1, 'completed', 0, 0, expect.any(Number), '200']],
      usage: [[1, 12, 30, 4, 330, 'USD']],
    })
  })

  it('cuts off what a budget has no room for', async () => {
    const { answer } = await admitted(allow, account(() => room([], new Refusal('GS_BUDGET_EXCEEDED'))).budget)
    expect(answer.limited).toBe(true)
    expect(answer.charge(1, 1)).toMatchObject({ code: 'GS_BUDGET_EXCEEDED' })
  })

  it('records and answers as refused what finds no room, and counts it as a refusal', async () => {
    const { log, budget } = account(() => new Refusal('GS_BUDGET_EXCEEDED'))
    const { answer, entries } = await admitted(allow, budget)
    expect(answer).toMatchObject({ code: 'GS_BUDGET_EXCEEDED' })
    expect(entries.at(-1)?.fields.decisions).toEqual([[1, 'deny', [], 'sha256:1']])
    expect(log).toEqual(['reserve', 'refused'])
  })

  it('refuses everything of a suspended run, without counting that as more refusals', async () => {
    const suspended = new Refusal('GS_RUN_SUSPENDED')
    const { log, budget } = account(() => suspended)
    let now: Refusal | undefined
    const { guard, settle } = setUp(allow, true, {
      ...budget,
      get suspended() {
        return now
      },
    })
    const session = await guard.open(run, resource, client)
    now = suspended
    const answers = vi.fn()
    guard.admit(
      session,
      [
        { operation: bind('a'), decision: allow },
        { operation: bind('b'), decision: deny },
      ],
      answers,
    )
    settle()
    expect(answers.mock.calls[0]?.[0]).toEqual([suspended, suspended])
    expect(log).toEqual([])
  })

  it('takes no room for a text that is only prepared', async () => {
    const { log, budget } = account(() => room([]))
    const { guard, settle } = setUp(allow, true, budget)
    const session = await guard.open(run, resource, client)
    guard.admit(session, [{ operation: { ...bind('a'), form: 'prepare' }, decision: allow }], () => {})
    settle()
    expect(log).toEqual([])
  })
})

describe('admitting operations', () => {
  it('lets nothing go before its intent is durable, then everything of one read at once and in order', async () => {
    const { guard, entries, settle } = setUp()
    const session = await guard.open(run, resource, client)
    const go = vi.fn()
    guard.admit(
      session,
      [bind('a'), bind('b')].map((operation) => ({ operation, decision: guard.decide(session, operation) })),
      go,
    )
    expect(go).not.toHaveBeenCalled()
    expect(entries.at(-1)?.fields.ops).toEqual([
      [1, 1, 1],
      [2, 2, 1],
    ])
    settle()
    expect(go).toHaveBeenCalledOnce()
    expect(go.mock.calls[0]?.[0]).toHaveLength(2)
  })

  it('says a text and a decision once and refers to them afterwards, also where the client sends the text anew', async () => {
    const { guard, entries } = setUp()
    const session = await guard.open(run, resource, client)
    for (let i = 0; i < 3; i++) guard.admit(session, [{ operation: bind('select $1', String(i)), decision: allow }], () => {})
    const intents = entries.filter((entry) => entry.kind === 'operation.intent')
    expect(intents.map((entry) => entry.payloads?.map((payload) => payload.name))).toEqual([
      ['statement.1', 'parameters.1'],
      ['parameters.2'],
      ['parameters.3'],
    ])
    expect(intents.map((entry) => entry.fields.decisions)).toEqual([[[1, 'allow', ['may'], 'sha256:1']], undefined, undefined])
  })

  it('says again what an entry said that was not staged, before anybody is told of it', async () => {
    const { guard, entries, trail } = setUp()
    const session = await guard.open(run, resource, client)
    const { append } = trail
    trail.append = () => undefined
    guard.admit(session, [{ operation: bind('select $1', 'x'.repeat(9)), decision: allow }], () => {})
    trail.append = append
    guard.admit(session, [{ operation: bind('select $1', 'y'), decision: allow }], () => {})
    const { fields, payloads } = entries.at(-1)!
    expect(fields).toMatchObject({ ops: [[2, 2, 2]], decisions: [[2, 'allow', ['may'], 'sha256:1']] })
    expect(payloads?.map(({ name }) => name)).toEqual(['statement.2', 'parameters.2'])
  })

  it('splits by what texts and parameters weigh: each entry stays at 4 MiB, or holds one operation that is larger', async () => {
    const { guard, entries } = setUp()
    const session = await guard.open(run, resource, client)
    const MIB = 1024 * 1024
    const weights = [1, 2, 0.5, 3, 9, 0, 3.5, 1]
    guard.admit(
      session,
      weights.map((mib) => ({ operation: bind('select $1', 'x'.repeat(Math.max(0, mib * MIB - 9))), decision: allow })),
      () => {},
    )
    const intents = entries.filter(({ kind }) => kind === 'operation.intent')
    expect(intents.map(({ fields }) => (fields.ops as number[][]).map(([n]) => n))).toEqual([[1, 2, 3], [4], [5], [6, 7], [8]])
    for (const { payloads = [] } of intents.filter((_, at) => at !== 2)) {
      expect(payloads.reduce((sum, { content }) => sum + content.byteLength, 0)).toBeLessThanOrEqual(4 * MIB)
    }
  })

  it('splits what would be too large for one entry, without a hole in the counter', async () => {
    const { guard, entries, settle } = setUp()
    const session = await guard.open(run, resource, client)
    const go = vi.fn()
    guard.admit(
      session,
      Array.from({ length: 1000 }, (_, i) => ({ operation: bind(`select ${i}`), decision: allow })),
      go,
    )
    settle()
    expect(go.mock.calls[0]?.[0]).toHaveLength(1000)
    const intents = entries.filter((entry) => entry.kind === 'operation.intent')
    expect(intents.flatMap((entry) => (entry.fields.ops as readonly (readonly number[])[]).map((op) => op[0]))).toEqual(
      Array.from({ length: 1000 }, (_, i) => i + 1),
    )
    for (const { fields, payloads } of intents) expect(JSON.stringify(fields).length + (payloads?.length ?? 0) * 70).toBeLessThan(65_535)
  })

  it('splits also by what is said beside texts: names of rules, facts, what was taken out', async () => {
    const { guard, entries, settle } = setUp()
    const session = await guard.open(run, resource, client)
    const rules = (i: number) => [`${i} ${'r'.repeat(60)}`, `${'s'.repeat(60)} ${i}`]
    const decided = Array.from({ length: 128 }, (_, i) => ({
      operation: { ...bind(`alter role x${i} password 'secret-${i}'`), facts: { effects: [], sql: { statements: 1, reads: [`t${i}`] } } },
      decision: { ...allow, policy: `sha256:${'0'.repeat(64)}`, rules: rules(i) },
    }))
    guard.admit(session, decided, () => {})
    settle()
    const intents = entries.filter((entry) => entry.kind === 'operation.intent')
    expect(intents.length).toBeGreaterThan(1)
    expect(intents.flatMap((entry) => (entry.fields.ops as readonly (readonly number[])[]).map((op) => op[0]))).toHaveLength(128)
    for (const { fields, payloads = [] } of intents) {
      const commitments = JSON.stringify(Object.fromEntries(payloads.map(({ name }) => [name, '-'.repeat(43)])))
      expect(JSON.stringify(fields).length + commitments.length).toBeLessThan(65_000)
    }
  })

  it('makes a refused operation durable too, answers with rule and next step, and records its outcome', async () => {
    const { guard, entries, settle } = setUp(deny)
    const session = await guard.open(run, resource, client)
    const go = vi.fn()
    guard.admit(session, [{ operation: bind('drop'), decision: deny }], go)
    settle()
    const refusal = go.mock.calls[0]?.[0][0]
    expect(refusal).toBeInstanceOf(Refusal)
    expect(refusal).toMatchObject({ code: 'GS_POLICY_DENIED', rule: 'may-not', next: 'Ask for less.' })
    session.close('client-closed')
    expect(entries.find((entry) => entry.kind === 'operation.outcome')?.fields.outcomes).toEqual([[1, 'refused', 0, 0, 0]])
  })

  it('records and answers what the protocol itself cannot carry as refused, whatever the rules say', async () => {
    const { guard, entries, settle } = setUp()
    const session = await guard.open(run, resource, client)
    const go = vi.fn()
    const refusal = new Refusal('GS_OPERATION_NOT_SUPPORTED')
    guard.admit(session, [{ operation: { ...bind('too long'), form: 'unsupported' }, decision: { ...deny, rules: [] }, refusal }], go)
    settle()
    expect(go.mock.calls[0]?.[0]).toEqual([refusal])
    expect(entries.at(-1)?.fields).toMatchObject({ ops: [[1, 1, 1, 'unsupported']], decisions: [[1, 'deny', [], 'sha256:1']] })
  })

  it('refuses everything of a read whose intents could not be written, and leaves a gap that names them', async () => {
    const { guard, entries, settle } = setUp()
    const session = await guard.open(run, resource, client)
    const go = vi.fn()
    guard.admit(session, [{ operation: bind('a'), decision: allow }], go)
    settle(new TrailError('GS_TRAIL_FULL'))
    expect(go.mock.calls[0]?.[0][0]).toMatchObject({ code: 'GS_TRAIL_UNAVAILABLE' })
    expect(entries.at(-1)).toMatchObject({ kind: 'gap', fields: { session: 'ses_1', first: 1, last: 1, reason: 'GS_TRAIL_FULL' } })
    guard.admit(session, [{ operation: bind('a'), decision: allow }], go)
    expect(entries.at(-1)?.payloads?.[0]?.name).toBe('statement.2')
    expect(entries.at(-1)?.fields.decisions).toHaveLength(1)
  })

  it('refuses what waited for durability when the run was revoked meanwhile', async () => {
    const { guard, settle, ended } = setUp()
    const session = await guard.open(run, resource, client)
    const go = vi.fn()
    guard.admit(session, [{ operation: bind('a'), decision: allow }], go)
    ended.abort(new Refusal('GS_RUN_ENDED'))
    settle()
    expect(go.mock.calls[0]?.[0][0]).toMatchObject({ code: 'GS_RUN_ENDED' })
  })
})

describe('settling', () => {
  async function admitted() {
    const parts = setUp()
    const session = await parts.guard.open(run, resource, client)
    let admission: { charge(rows: number, bytes: number): void; settle(ending: { status: 'completed' }): void } | undefined
    parts.guard.admit(session, [{ operation: bind('a'), decision: allow }], ([answer]) => {
      if (answer !== undefined && !(answer instanceof Error)) admission = answer
    })
    parts.settle()
    if (admission === undefined) throw new Error('not admitted')
    return { ...parts, session, admission }
  }

  it('writes rows and bytes as charged, within 100 ms, many outcomes in one entry', async () => {
    vi.useFakeTimers()
    try {
      const { admission, entries } = await admitted()
      admission.charge(2, 30)
      admission.charge(1, 12)
      admission.settle({ status: 'completed' })
      expect(entries.at(-1)?.kind).toBe('operation.intent')
      vi.advanceTimersByTime(100)
      expect(entries.at(-1)?.fields.outcomes).toEqual([[1, 'completed', 3, 42, expect.any(Number)]])
    } finally {
      vi.useRealTimers()
    }
  })

  it('refuses to settle twice', async () => {
    const { admission } = await admitted()
    admission.settle({ status: 'completed' })
    expect(() => admission.settle({ status: 'completed' })).toThrow('once')
  })

  it('records what was never settled as unknown when the session closes, once', async () => {
    const { session, entries, close } = await admitted()
    session.close('client-lost')
    session.close('client-closed')
    expect(entries.slice(-2)).toMatchObject([
      { kind: 'operation.outcome', fields: { outcomes: [[1, 'unknown', 0, 0, expect.any(Number)]] } },
      { kind: 'session.close', fields: { reason: 'client-lost', allowed: 1, refused: 0 } },
    ])
    expect(close).toHaveBeenCalledOnce()
  })
})

describe('what a session comes to', () => {
  const share = { resource: resource.name, sessions: 0, sessionsRefused: 0, operations: 0, refused: 0, held: 0, masked: 0 }
  const nothing = { decisions: { allow: 0, ask: 0, deny: 0 }, exact: true, share }

  it('is told with the place of its last entry: operations whose intents are durable, by what the rules said', async () => {
    const { guard, settle, recorded, entries, ended } = setUp()
    const session = await guard.open(run, resource, client)
    const decided = [allow, allow, deny].map((decision) => ({ operation: bind('a'), decision }))
    guard.admit(session, decided, () => {})
    settle()
    ended.abort(new Refusal('GS_RUN_ENDED'))
    guard.admit(session, decided.slice(0, 1), () => {})
    settle()
    expect(recorded).not.toHaveBeenCalled()
    session.close('ended')
    // The last was refused because its session had to end.
    const came = { ...share, sessions: 1, operations: 4, refused: 2 }
    const account = { decisions: { allow: 3, ask: 0, deny: 1 }, exact: true, share: came }
    expect(recorded.mock.calls).toEqual([[account, entries.length - 1]])
    expect(entries.at(-1)?.kind).toBe('session.close')
  })

  it('is not known exactly where intents could not be written', async () => {
    const { guard, settle, recorded } = setUp()
    const session = await guard.open(run, resource, client)
    guard.admit(session, [{ operation: bind('a'), decision: allow }], () => {})
    settle(new TrailError('GS_TRAIL_FULL'))
    session.close('client-closed')
    expect(recorded.mock.calls[0]?.[0]).toEqual({ ...nothing, exact: false, share: { ...share, sessions: 1 } })
  })

  it('is nothing where it was refused, and nobody knows what where it could not be recorded', async () => {
    const refused = setUp(allow, false)
    await expect(refused.guard.open(run, resource, client)).rejects.toThrow()
    expect(refused.recorded.mock.calls).toEqual([[{ ...nothing, share: { ...share, sessionsRefused: 1 } }, 2]])
    expect(refused.close).toHaveBeenCalledOnce()
    const failing = setUp()
    failing.trail.durable = async () => Promise.reject(new TrailError('GS_TRAIL_FULL'))
    await expect(failing.guard.open(run, resource, client)).rejects.toThrow()
    expect(failing.recorded.mock.calls).toEqual([[nothing, undefined]])
  })

  it('has an end also where the protocol does not close it, and nothing comes behind that', async () => {
    vi.useFakeTimers()
    try {
      const { guard, settle, entries, ended, recorded } = setUp()
      const session = await guard.open(run, resource, client)
      const [go, late] = [vi.fn(), vi.fn()]
      guard.admit(session, [{ operation: bind('a'), decision: allow }], go)
      settle()
      ended.abort(new Refusal('GS_RUN_ENDED'))
      vi.advanceTimersByTime(2_000)
      expect(entries.slice(-2).map(({ kind }) => kind)).toEqual(['operation.outcome', 'session.close'])
      guard.admit(session, [{ operation: bind('b'), decision: allow }], late)
      expect(late.mock.calls[0]?.[0][0]).toMatchObject({ code: 'GS_RUN_ENDED' })
      go.mock.calls[0]?.[0][0].settle({ status: 'completed' })
      session.close('client-closed')
      vi.advanceTimersByTime(1_000)
      expect(entries.at(-1)?.kind).toBe('session.close')
      expect(recorded).toHaveBeenCalledOnce()
    } finally {
      vi.useRealTimers()
    }
  })
})

describe('a session that ends while the disk is slow', () => {
  it('is closed in the trail behind the outcomes of what was still being made durable', async () => {
    const { guard, settle, entries, kinds, close } = setUp()
    const session = await guard.open(run, resource, client)
    guard.admit(session, [{ operation: bind('select 1'), decision: allow }], ([admission]) => {
      if (!(admission instanceof Refusal)) admission!.settle({ status: 'aborted' })
    })
    session.close('client-lost')
    expect(close).toHaveBeenCalledOnce()
    settle()
    settle()
    expect(kinds()).toEqual(['session.open', 'operation.intent', 'operation.outcome', 'session.close'])
    expect(entries.at(-1)?.fields).toMatchObject({ reason: 'client-lost', allowed: 1, refused: 0 })
  })
})

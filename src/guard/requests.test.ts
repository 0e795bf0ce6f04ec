import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { TestTrail } from '../../test/parts/trail.ts'
import { UNLIMITED } from '../../test/parts/unlimited.ts'
import { type Decided, type Decision, type Facts, type KubernetesResource, type Operation, Refusal, type Run } from '../operations/index.ts'
import { type Admission, createGuard, type Guard, type Session } from './index.ts'

const run: Run = { id: 'run_1', principal: { kind: 'job', issuer: 'ci', subject: 'repo:1', groups: [] }, facts: {}, startedAt: 0 }
const cluster: KubernetesResource = {
  name: 'prod-cluster',
  kind: 'kubernetes',
  tags: [],
  host: '127.0.0.1',
  port: 6443,
  hosts: [],
  basePath: '',
  impersonate: false,
}
const allow: Decision = Object.freeze({ effect: 'allow', rules: ['may'], policy: 'sha256:1' })
const deny: Decision = Object.freeze({ effect: 'deny', rules: ['may-not'], policy: 'sha256:1' })
const CREDENTIAL = 'gs_pg_0123456789abcdefghjkmnpqrstvwxyz0123456'

let at: TestTrail
let guard: Guard<string, string>
let refused: number
beforeEach(async () => {
  at = new TestTrail()
  refused = 0
  const live = { id: 'ses_1', signal: new AbortController().signal, draining: new AbortController().signal }
  const budget = { ...UNLIMITED, refused: () => void refused++ }
  guard = createGuard<string, string>({
    policy: () => ({
      digest: 'sha256:1',
      decide: () => allow,
      withoutRules: () => allow,
      mayOpen: () => true,
      couldPermit: () => new Set(['session']),
      couldAllow: () => true,
      usesTransaction: false,
      asks: false,
    }),
    runs: {
      openSession: () => ({ ...live, budget, count: () => {}, spent: () => {}, end: () => {}, close: () => {}, recorded: () => {} }),
    },
    trail: await at.open({ segmentBytes: 1024 * 1024 }),
    connect: async () => ({ target: 'connected', credential: { name: 'deployer', version: 1 } }),
    now: () => 0,
  })
})
afterEach(() => at.remove())

const request = (text: string, more: Partial<Operation> = {}, recorded?: string): Operation => ({
  protocol: 'kubernetes',
  form: 'request',
  statement: { text: Buffer.from(text), ...(recorded !== undefined && { recorded: Buffer.from(recorded) }) },
  facts: { effects: [{ class: 'create', action: 'create object' }], k8s: { verb: 'create' } },
  ...more,
})
const open = () => guard.open(run, cluster, { address: '127.0.0.1:5', tls: true })
const admit = (session: Session<string, string>, ...decided: Decided[]) =>
  new Promise<readonly (Admission | Refusal)[]>((answered) => guard.admit(session, decided, answered))

async function intents() {
  return (await at.entries())
    .filter(({ kind }) => kind === 'operation.intent')
    .map(({ fields, payloads }) => ({
      fields: fields as Record<string, unknown>,
      payloads: Object.fromEntries(payloads().map(({ name, content }) => [name, Buffer.from(content ?? []).toString()])),
    }))
}

describe('the record of a request', () => {
  it('is the request as it would be forwarded, without what shows itself as a secret, in its path and in its body', async () => {
    const body = JSON.stringify({ data: `{"password":"hunter2-of-the-db"}`, note: `see ${CREDENTIAL}` })
    await admit(await open(), { operation: request(`POST /api/v1/x?token=abcdef0123456789\n\n${body}`), decision: allow })
    const [intent] = await intents()
    expect(intent?.fields.ops).toEqual([[1, 1, 1, 'request']])
    const { 'statement.1': text = '' } = intent?.payloads ?? {}
    expect(text).toMatch(/^POST \/api\/v1\/x\?token=«redacted:token»\n\n\{/)
    expect(text).not.toMatch(/hunter2|gs_pg_0123/)
    expect(intent?.fields.redacted).toEqual(expect.arrayContaining([['statement.1', expect.any(String), expect.any(Number)]]))
    expect((await at.entries()).filter(({ kind }) => kind === 'credential.leaked')).toHaveLength(1)
  })

  it('is what its protocol gives instead, where that knows what nobody may keep', async () => {
    const sent = 'POST /api/v1/namespaces/a/secrets\n\n{"data":{"db":"aHVudGVyMg=="}}'
    const kept = 'POST /api/v1/namespaces/a/secrets\n\n{"data":{"db":"[redacted]"}}'
    await admit(await open(), { operation: request(sent, {}, kept), decision: allow })
    const [intent] = await intents()
    expect(intent?.payloads['statement.1']).toBe(kept)
  })

  it('has its facts without what it brings, and without secrets in the arguments of a command', async () => {
    const facts: Facts = {
      effects: [{ class: 'exec', action: 'run command' }],
      k8s: {
        verb: 'create',
        resource: 'pods',
        command: ['psql', `postgres://app:hunter2hunter2@db/shop`],
        object: { data: 'aHVudGVyMg==' },
        patch: { type: 'merge', content: { data: 'aHVudGVyMg==' } },
      },
    }
    await admit(await open(), { operation: request('POST /x', { facts }), decision: allow })
    const [intent] = await intents()
    const { 'facts.1': recorded = '' } = intent?.payloads ?? {}
    expect(JSON.parse(recorded)).toEqual({
      effects: facts.effects,
      k8s: { verb: 'create', resource: 'pods', command: ['psql', expect.stringContaining('«redacted:')] },
    })
    expect(recorded).not.toContain('hunter2')
    expect(intent?.fields.redacted).toEqual([['facts.1', expect.any(String), 1]])
  })
})

describe('what a client says of itself', () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  const claims = { agent: 'planner', traceparent }

  it('is recorded once per set, and referred to by each operation that it was said with', async () => {
    const session = await open()
    const said: (typeof claims | undefined)[] = [claims, undefined, { ...claims }, { ...claims, agent: 'coder' }]
    for (const [at, each] of said.entries())
      await admit(session, { operation: request(`GET /${at}`, each && { claims: each }), decision: allow })
    const recorded = await intents()
    expect(recorded.map(({ fields }) => fields.claims)).toEqual([[[1, 1]], undefined, [[3, 1]], [[4, 2]]])
    expect(recorded.map(({ payloads }) => Object.keys(payloads).filter((name) => name.startsWith('claims.')))).toEqual([
      ['claims.1'],
      [],
      [],
      ['claims.2'],
    ])
    expect(JSON.parse(recorded[0]?.payloads['claims.1'] ?? '')).toEqual(claims)
  })

  it('is recorded without secrets, and a credential of ours in it is told as leaked', async () => {
    await admit(await open(), { operation: request('GET /x', { claims: { agent: `a ${CREDENTIAL}` } }), decision: allow })
    const [intent] = await intents()
    expect(intent?.payloads['claims.1']).not.toMatch(/gs_pg_0123/)
    expect(intent?.fields.redacted).toEqual([['claims.1', expect.any(String), 1]])
    expect((await at.entries()).filter(({ kind }) => kind === 'credential.leaked')).toHaveLength(1)
  })
})

describe('a second attempt', () => {
  it('names the first, and a refusal of it does not count again', async () => {
    const session = await open()
    const get = request('CONNECT /api/v1/namespaces/a/pods/p/exec?command=sh')
    const [first] = await admit(session, { operation: get, decision: deny })
    expect(first).toBeInstanceOf(Refusal)
    const again = { ...get, retryOf: { session: 'ses_0', operation: 7 } }
    const [second] = await admit(session, { operation: again, decision: deny })
    expect(second).toBeInstanceOf(Refusal)
    expect(refused).toBe(1)
    expect((await intents()).map(({ fields }) => fields.retries)).toEqual([undefined, [[2, 'ses_0', 7]]])
  })
})

it('says of a limit what a request can do about it, and of its outcome what the target answered', async () => {
  const limited: Decision = { ...allow, limits: { bytes: 10 } }
  const session = await open()
  const [admission] = await admit(session, { operation: request('GET /x'), decision: limited })
  const cut = (admission as Admission).charge(0, 11)
  expect(cut).toMatchObject({ code: 'GS_LIMIT_EXCEEDED', rule: 'may' })
  expect(`${cut?.message} ${cut?.next}`).not.toMatch(/row|column|statement/)
  ;(admission as Admission).settle({ status: 'cancelled', code: '200' })
  session.close('client-closed')
  const outcomes = async () =>
    (await at.entries()).flatMap(({ kind, fields }) => (kind === 'operation.outcome' ? [(fields as { outcomes?: unknown }).outcomes] : []))
  await expect.poll(outcomes).toEqual([[[1, 'cancelled', 0, 11, expect.any(Number), '200']]])
})

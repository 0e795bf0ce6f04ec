import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { TestTrail } from '../../test/parts/trail.ts'
import { UNLIMITED } from '../../test/parts/unlimited.ts'
import { OpenedEntries, PastHistories } from '../gateway/replaying/index.ts'
import type { Decision, History, HttpResource, Operation, Run, Statement } from '../operations/index.ts'
import type { IntentFields, StoredEntry } from '../trail/index.ts'
import { createGuard, type Guard, type Session } from './index.ts'

const run: Run = { id: 'run_1', principal: { kind: 'job', issuer: 'ci', subject: 'repo:1', groups: [] }, facts: {}, startedAt: 0 }
const resource = { name: 'openai', kind: 'http', tags: [], hosts: [] } as unknown as HttpResource
const allow: Decision = Object.freeze({ effect: 'allow', rules: ['may'], policy: 'sha256:1' })

let at: TestTrail
let guard: Guard<string, string>
let opened = 0
beforeEach(async () => {
  at = new TestTrail()
  opened = 0
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
      openSession: () => ({
        ...{ id: `ses_${++opened}`, signal: new AbortController().signal, draining: new AbortController().signal, budget: UNLIMITED },
        ...{ count: () => {}, spent: () => {}, end: () => {}, close: () => {}, recorded: () => {} },
      }),
    },
    trail: await at.open({ segmentBytes: 4 * 1024 * 1024 }),
    connect: async () => ({ target: 'connected', credential: { name: 'reader', version: 1 } }),
    now: () => 0,
  })
})
afterEach(() => at.remove())

const open = (of: Run = run) => guard.open(of, resource, { address: '127.0.0.1:5', tls: true })

/** A request as a client writes it, whose messages are its history. */
function request(messages: readonly object[], separator = ','): Statement {
  const parts = messages.map((message, n) => Buffer.from((n === 0 ? '' : separator) + JSON.stringify(message)))
  const head = Buffer.from('POST /v1/chat/completions\n\n{"model":"gpt","messages":[')
  let end = head.length
  const ends = parts.map((part) => {
    end += part.length
    return end
  })
  const text = Buffer.concat([head, ...parts, Buffer.from('],"stream":false}')])
  return { text, histories: [{ from: head.length, ends }] }
}

async function send(session: Session<string, string>, ...statements: Statement[]): Promise<void> {
  const decided = statements.map((statement): { operation: Operation; decision: Decision } => {
    return { operation: { protocol: 'http', form: 'request', statement }, decision: allow }
  })
  const answers = await new Promise<readonly unknown[]>((answered) => guard.admit(session, decided, answered))
  expect(answers.some((answer) => answer instanceof Error)).toBe(false)
}

const turn = (n: number) => [
  { role: 'user', content: `Question ${n}: ${'what is the state of order '.repeat(8)}${n}?` },
  { role: 'assistant', content: `Answer ${n}: ${'it has been shipped and will arrive '.repeat(12)}${n}.` },
]

/** What all entries take, with what is sealed beside them. */
const bytesOf = (entries: readonly StoredEntry[]) =>
  entries.reduce((sum, entry) => {
    return sum + entry.bytes.length + entry.payloads().reduce((all, { content }) => all + (content?.byteLength ?? 0) + 16, 0)
  }, 0)

const intents = async () => (await at.entries()).filter(({ kind }) => kind === 'operation.intent')

/** Every request that was recorded, put together again, in order. */
async function read(options: { keys?: readonly string[] } = {}) {
  const trail = at.trail
  if (!trail) throw new TypeError('no trail')
  const hidden = (entry: StoredEntry): StoredEntry => ({
    ...entry,
    payloads: () => entry.payloads().map((each) => (options.keys?.includes(each.key ?? '') ? { ...each, content: undefined } : each)),
  })
  const openedEntries = new OpenedEntries({
    async *read(asked) {
      for await (const entry of trail.read(asked)) yield hidden(entry)
    },
  })
  const histories = new PastHistories(openedEntries)
  const requests = []
  const said = new Map<string, number>()
  for (const entry of await intents()) {
    histories.see(entry)
    const { session, ops } = entry.fields as unknown as IntentFields
    for (const [, statement] of ops) {
      const first = said.get(`${session} ${statement}`) ?? entry.index
      said.set(`${session} ${statement}`, first)
      requests.push(await histories.request(session, statement, first))
    }
  }
  return requests
}

const texts = async () => (await read()).map((each) => each?.text.toString())

describe('histories', () => {
  it('grow with what is said, not with how often it is sent again: over 200 turns, on one connection or on several', async () => {
    const sent: Statement[] = []
    const messages: object[] = [{ role: 'system', content: 'You answer questions about orders.' }]
    let session = await open()
    let at100 = 0
    for (let n = 1; n <= 200; n++) {
      const [question, answer] = turn(n) as [object, object]
      messages.push(question)
      sent.push(request(messages))
      await send(session, sent.at(-1) as Statement)
      messages.push(answer)
      if (n === 100) at100 = bytesOf(await intents())
      if (n % 20 === 0) {
        session.close('client-closed')
        session = await open()
      }
    }
    const at200 = bytesOf(await intents())
    expect(at200 / at100).toBeLessThan(2.2)
    expect(at200).toBeLessThan(0.02 * sent.reduce((sum, { text }) => sum + text.length, 0))
    const back = await read()
    expect(back.map((each) => each?.text.equals(sent[back.indexOf(each)]?.text as Buffer))).toEqual(sent.map(() => true))
    expect(back.flatMap((each) => each?.gone)).toEqual([])
  })

  it('fork: each branch says only what is its own, and a sliding window says nothing again', async () => {
    const session = await open()
    const said = Array.from({ length: 20 }, (_, n) => turn(n)).flat()
    const sent = [request(said)]
    await send(session, sent[0] as Statement)
    const first = bytesOf(await intents())
    for (let n = 0; n < 10; n++) {
      const branch = request([...said.slice(0, 10), { role: 'user', content: `otherwise ${n}` }, ...said.slice(11, 20)])
      const window = request(said.slice(n))
      sent.push(branch, window)
      await send(session, branch, window)
    }
    expect(await texts()).toEqual(sent.map(({ text }) => text.toString()))
    expect(bytesOf(await intents()) - first).toBeLessThan(first)
  })

  it('are of one run: another says its own', async () => {
    const sent = request(turn(1))
    await send(await open(), sent)
    await send(await open({ ...run, id: 'run_2' }), sent)
    const brought = (await intents()).map(({ commitments }) => Object.keys(commitments))
    expect(brought).toEqual([
      ['history.1', 'statement.1'],
      ['history.1', 'statement.1'],
    ])
  })

  it('may be several of one request, or hold the same part twice', async () => {
    const session = await open()
    const text = Buffer.from('POST /x\n\n{"tools":[{"a":1},{"b":2}],"messages":["hello","hello","hello"]}')
    const within = (from: string, ...parts: string[]): History => {
      let end = text.indexOf(from)
      return { from: end, ends: parts.map((part) => (end += part.length)) }
    }
    const histories = [within('{"a"', '{"a":1}', ',{"b":2}'), within('"hello"', '"hello"', ',"hello"', ',"hello"')]
    await send(session, { text, histories })
    await send(session, { text: Buffer.from(text), histories })
    expect(await texts()).toEqual([text.toString(), text.toString()])
    const [first, second] = (await intents()) as [StoredEntry, StoredEntry]
    expect(first.fields.histories).toEqual([
      [1, 19, 2],
      [1, 33, 5],
    ])
    // The text is short enough to be known as a whole.
    expect(second.fields).not.toHaveProperty('histories')
  })

  it('lose their secrets before they are recorded, and who sees one of ours is told', async () => {
    const session = await open()
    const credential = 'gs_pg_0123456789abcdefghjkmnpqrstvwxyz0123456'
    const message = { role: 'user', content: `use password=hunter2-Xyzzy9 and "${credential}"` }
    await send(session, request([{ role: 'user', content: 'hello' }, message, { ...message, role: 'tool' }]))
    const entries = await at.entries()
    const all = entries.flatMap((entry) => entry.payloads().map(({ content }) => Buffer.from(content ?? []).toString())).join('\n')
    expect(all).not.toMatch(/hunter2|gs_pg_0/)
    const [intent] = entries.filter(({ kind }) => kind === 'operation.intent')
    expect(intent?.fields.redacted).toEqual([
      ['history.1', 'password', 2],
      ['history.1', 'pg-credential', 2],
    ])
    expect(entries.filter(({ kind }) => kind === 'credential.leaked').map(({ fields }) => fields)).toEqual([
      { session: 'ses_1', credential: 'pg', in: 'history.1' },
    ])
    // What is left is JSON still.
    const [text] = await texts()
    expect(() => JSON.parse(text?.split('\n\n')[1] ?? '')).not.toThrow()
  })

  it('say what is gone where a session that brought some of it was erased, and keep the rest', async () => {
    const first = await open()
    await send(first, request(turn(1)))
    const [entry] = await intents()
    const second = await open()
    await send(second, request([...turn(1), ...turn(2)]))
    const keys = (entry?.payloads() ?? []).flatMap(({ key }) => key ?? [])
    const [, after] = await read({ keys })
    expect(after?.gone).toEqual(['ses_1'])
    expect(after?.text.toString()).toContain(`[«gone: what ses_1 said as 2»,${JSON.stringify(turn(2)[0])}`)
  })

  it('are said again once nobody remembers them', async () => {
    const session = await open()
    const many = Array.from({ length: 40_000 }, (_, n) => ({ n }))
    const spoken = [1, 2, 3, 4].flatMap(turn)
    const sent = [request(spoken), request(many), request(spoken)]
    for (const each of sent) await send(session, each)
    expect((await texts()).map((text, n) => text === sent[n]?.text.toString())).toEqual([true, true, true])
    const brought = (await intents()).map(({ commitments }) => Object.keys(commitments).filter((name) => name.startsWith('history')).length)
    expect(brought).toEqual([1, 1, 1])
  })
})

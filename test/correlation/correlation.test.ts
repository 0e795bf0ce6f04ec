import OpenAI from 'openai'
import { Agent, fetch } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { EntryAnswer, RunTranscriptLine } from '../../src/api/local/index.ts'
import { run as gatescribe } from '../../src/cli/main.ts'
import { checkSemantics } from '../../src/verify/semantics.ts'
import { JOB_GROUP } from '../parts/gateway-config.ts'
import { type ModelGateway, startModelGateway } from '../parts/model-gateway.ts'
import { TRACE, tracesInProtobuf } from '../parts/otlp-bytes.ts'
import { testSurroundings } from '../parts/surroundings.ts'

const PARENT = `00-${TRACE}-b7ad6b7169203331-01`
let gateway: ModelGateway['gateway']
let remove: ModelGateway['remove'] | undefined

beforeAll(async () => {
  ;({ gateway, remove } = await startModelGateway(
    () => ({ text: 'Four orders are late.', usage: { inputTokens: 100_000, outputTokens: 20_000 } }),
    (config, { url, credentials }) => {
      const model = { kind: 'model', api: 'openai', address: `${url}/v1`, credentials }
      const prices = { 'gpt-4o-mini': { input: 2, output: 10, per: 1_000_000, currency: 'USD' } }
      config.resources = [{ name: 'openai', ...model, prices }]
      config.rules = [{ name: 'models', effect: 'allow', who: { groups: [JOB_GROUP] }, do: ['model.call'] }]
      config.budgets = [{ name: 'a-run-may-cost', per: 'run', limit: { money: '0.9 USD' } }]
    },
  ))
})
afterAll(() => remove?.())

async function inRun() {
  const { planes, run, handle } = await gateway.credential()
  const { credential, resources, host } = planes.model!
  const dispatcher = new Agent({
    connect: { ca: gateway.ca, servername: host, lookup: (_, __, done) => done(null, [{ address: '127.0.0.1', family: 4 }]) },
  })
  const client = new OpenAI({
    ...{ baseURL: resources[0]!.url, apiKey: credential, maxRetries: 0, defaultHeaders: { traceparent: PARENT } },
    fetch: ((url: string, init: object) => fetch(url, { ...init, dispatcher } as never)) as never,
  })
  const ask = (model = 'gpt-4o-mini', most = 30_000) =>
    client.chat.completions.create({ model, max_tokens: most, messages: [{ role: 'user', name: 'planner', content: 'Which are late?' }] })
  const tell = (url: string, body: Buffer, headers: Record<string, string> = {}) =>
    fetch(url, {
      ...{ method: 'POST', body, dispatcher },
      headers: { 'content-type': 'application/x-protobuf', authorization: `Bearer ${credential}`, ...headers },
    })
  return { run, handle, planes, ask, tell }
}

async function transcript(run: string): Promise<RunTranscriptLine[]> {
  const lines: RunTranscriptLine[] = []
  for await (const line of gateway.operator.runTranscript(run, {}, AbortSignal.timeout(20_000))) lines.push(line)
  return lines
}

/** What gatescribe-verify says of all entries. */
async function semantics(): Promise<string> {
  const check = checkSemantics('all')
  check.next()
  const reading = { from: 0, follow: false, opened: false, filter: {} }
  for await (const { index, id, at, kind, fields } of gateway.operator.trail(reading, AbortSignal.timeout(20_000)))
    check.next([index, { ...fields, id, at, kind }])
  return String(check.next().value)
}

async function found(query: Record<string, string>): Promise<EntryAnswer[]> {
  const entries: EntryAnswer[] = []
  for await (const line of gateway.operator.search(query, AbortSignal.timeout(20_000))) if (!('page' in line)) entries.push(line)
  return entries
}

describe('a budget of money', () => {
  it('counts what calls used, and says how much is left to whoever may ask for less', async () => {
    const { ask, run } = await inRun()
    // Each may come to about 0.3 USD for its answer, and comes to 0.4 USD with what it says was its input.
    await ask()
    await ask()
    const refused = await ask().catch((error: unknown) => error)
    expect(refused).toMatchObject({ status: 429, message: expect.stringMatching(/a-run-may-cost.* has 0\.10 USD left.*Ask for less/) })
    await ask('gpt-4o-mini', 100)
    await expect
      .poll(async () => (await gateway.operator.runs()).find(({ id }) => id === run)?.usage)
      .toMatchObject({
        ...{ calls: 3, inputTokens: 300_000, outputTokens: 60_000, money: [{ micros: 1_200_000, currency: 'USD' }] },
      })
    expect(await ask('gpt-4o-mini', 1).catch((error: unknown) => error)).toMatchObject({
      status: 429,
      message: expect.stringContaining('used up'),
    })
  })

  it('has no model called that has no price', async () => {
    const { ask } = await inRun()
    const refused = await ask('gpt-free').catch((error: unknown) => error)
    expect(refused).toMatchObject({ status: 403, message: expect.stringContaining('no price') })
  })
})

describe('spans', () => {
  it('are taken at the gateway’s own name with a credential of the run, and with nothing else', async () => {
    const { planes, tell } = await inRun()
    const url = `${planes.otlp!.url}/v1/traces`
    const body = tracesInProtobuf([{ attributes: { 'gen_ai.operation.name': 'chat' } }])
    expect((await tell(url, body)).status).toBe(200)
    for (const authorization of ['Bearer gs_model_0123456789abcdefghjkmnpqrstvwxyz', `Bearer ${planes.postgres.credential}`, 'Bearer x'])
      expect((await tell(url, body, { authorization })).status).toBe(401)
    const metrics = await tell(`${planes.otlp!.url}/v1/metrics`, body)
    expect([metrics.status, await metrics.text()]).toEqual([404, expect.stringContaining('OTEL_METRICS_EXPORTER=none')])
    expect((await tell(url.replace('/otlp/', '/other/'), body)).status).toBe(404)
  })
})

describe('what happened in a run', () => {
  it('is told over all sessions, with what it claims of itself, and found by the trace that it claims', async () => {
    const { ask, tell, run, planes } = await inRun()
    await ask()
    const spans = [
      { name: 'invoke_agent planner', attributes: { 'gen_ai.agent.name': 'planner', 'gen_ai.input.messages': 'Which are late?' } },
      { attributes: { 'http.request.method': 'POST' } },
    ]
    expect((await tell(`${planes.otlp!.url}/v1/traces`, tracesInProtobuf(spans))).status).toBe(200)
    await expect
      .poll(async () => (await transcript(run)).filter((line) => 'spans' in line || 'outcome' in line).length, { timeout: 5_000 })
      .toBe(2)
    const lines = await transcript(run)
    expect(lines.map((line) => Object.keys(line)[0])).toEqual(['run', 'session', 'operation', 'told', 'outcome', 'spans'])
    expect(lines[0]).toMatchObject({ run: { id: run, state: 'live', kind: 'job' } })
    expect(lines[2]).toMatchObject({
      operation: {
        ...{ n: 1, effect: 'allow', rules: ['models'], about: { what: 'gpt-4o-mini' } },
        claims: { agent: 'planner', traceparent: PARENT },
      },
    })
    expect(lines[4]).toMatchObject({
      outcome: { n: 1, code: '200', usage: { inputTokens: 100_000, outputTokens: 20_000, money: { micros: 400_000, currency: 'USD' } } },
    })
    expect(lines[5]).toMatchObject({ spans: { other: 1, dropped: 0, claimed: [{ trace: TRACE, name: 'invoke_agent planner' }] } })
    expect(JSON.stringify(lines[5])).not.toContain('Which are late?')
    await expect
      .poll(async () => (await found({ trace: TRACE, run })).map(({ kind }) => kind).sort())
      .toEqual(['operation.intent', 'run.spans'])
    expect(await found({ trace: '4bf92f3577b34da6a3ce929d0e0e4736' })).toEqual([])
    expect(await semantics()).toMatch(/are told of/)
    await expect(transcript('run_of_nobody')).rejects.toMatchObject({ code: 'GS_GATEWAY_NO_RUN' })
  })

  it('is shown in order, as a table of what happened and of what it says belongs together', async () => {
    const { ask, run, handle } = await inRun()
    await ask()
    const followed = testSurroundings({ folder: gateway.folder })
    const following = gatescribe(['runs', 'show', run, '--follow', '-c', gateway.configPath], followed)
    await expect.poll(() => followed.printed.out).toContain('openai #1 completed')
    const ended = await fetch(`https://localhost:${gateway.tokenPort}/runs/end`, {
      ...{ method: 'POST', headers: { authorization: `Bearer ${handle}` } },
      dispatcher: new Agent({ connect: { ca: gateway.ca, lookup: (_, __, done) => done(null, [{ address: '127.0.0.1', family: 4 }]) } }),
    })
    expect(ended.ok).toBe(true)
    expect(await following).toBe(0)
    expect(followed.printed.out).toContain('run ended: 1 allowed')
    const surroundings = testSurroundings({ folder: gateway.folder })
    const show = async (...words: string[]) => {
      surroundings.printed.out = ''
      return { code: await gatescribe(['runs', 'show', ...words, '-c', gateway.configPath], surroundings), ...surroundings.printed }
    }
    await expect.poll(async () => (await show(run)).out).toContain('run ended')
    const { code, out, err } = await show(run)
    expect([code, err]).toEqual([0, ''])
    expect(out.split('\n').map((line) => line.trim().replace(/^[\d.:]+ /, ''))).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^openai \(model\) session ses_\w+ begins by .* \(claimed\)$/),
        expect.stringMatching(/^openai #1 chat gpt-4o-mini {2}allow \(models\)$/),
        expect.stringMatching(/^claimed: .*traceparent 00-0af7/),
        expect.stringMatching(/^openai #1 completed 200, .*100000 tokens in, 20000 out, 0\.40 USD$/),
        'run ended: 1 allowed, 0 asked, 0 denied, 1 calls of models, 100000 tokens in, 20000 out, 0.40 USD',
        expect.stringMatching(new RegExp(`^${TRACE} {2}1 operations, 0 spans {2}openai`)),
      ]),
    )
    const lines = (await show(run, '--json', '--trace', PARENT)).out
      .trim()
      .split('\n')
      .map((line) => Object.keys(JSON.parse(line))[0])
    expect(lines).toEqual(['run', 'operation', 'outcome', 'ended'])
    expect((await show('run_of_nobody')).code).toBe(4)
  })
})

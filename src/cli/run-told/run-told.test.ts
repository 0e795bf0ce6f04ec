import { describe, expect, it } from 'vitest'
import type { PastSpan, RunTranscriptLine } from '../../api/local/index.ts'
import { type Choice, chosen } from './chosen.ts'
import { inTime } from './in-time.ts'
import { ToldRun } from './told-run.ts'
import { Traces } from './traces.ts'

const [ONE, OTHER] = ['0af7651916cd43dd8448eb211c80319c', '4bf92f3577b34da6a3ce929d0e0e4736']
const at = (seconds: number) => new Date(Date.UTC(2026, 10, 27, 12) + seconds * 1_000).toISOString()
const opened = (id: string, resource: string, protocol: string, seconds: number): RunTranscriptLine => ({
  session: {
    ...{
      id,
      run: 'run_1',
      resource,
      protocol,
      who: 'w',
      kind: 'job',
      state: 'ended' as const,
      openedAt: at(seconds),
      opened: 1,
      tls: true,
    },
    ...{ recording: 'none' as const, client: { application: 'openai-python' } },
  },
})
const operation = (session: string, n: number, seconds: number, trace?: string): RunTranscriptLine => ({
  operation: {
    ...{ session, n, entry: n, at: at(seconds), form: 'request', statement: n, text: 'POST /chat/completions\n\n{"model":"gpt-4o"}' },
    ...{ effect: 'allow' as const, rules: ['may'], policy: 'p', about: { actions: ['chat'], what: 'gpt-4o' } },
    ...(trace && { claims: { agent: 'planner', traceparent: `00-${trace}-b7ad6b7169203331-01` } }),
  },
})
const outcome = (session: string, n: number, seconds: number): RunTranscriptLine => ({
  outcome: {
    ...{ session, n, entry: n, at: at(seconds), status: 'completed', rows: 0, bytes: 90, us: 1_500, code: '200' },
    usage: { inputTokens: 70, outputTokens: 30, cachedTokens: 0, money: { micros: 250, currency: 'USD' } },
  },
})
const span = (seconds: number, trace = ONE): PastSpan => ({
  ...{ trace, span: 'b7ad6b7169203331', name: 'chat gpt-4o', start: at(seconds), us: 2_000, service: 'agent-job' },
  attributes: { 'gen_ai.agent.name': 'planner' },
})
const spans = (seconds: number, ...claimed: PastSpan[]): RunTranscriptLine => ({
  spans: { entry: 9, at: at(seconds), claimed, other: 2, dropped: 0 },
})

const LINES: readonly RunTranscriptLine[] = [
  { run: { id: 'run_1', who: 'w', kind: 'job', issuer: 'ci', startedAt: at(0), entry: 0, state: 'ended' } },
  opened('ses_1', 'openai', 'model', 1),
  opened('ses_2', 'orders-db', 'postgres', 1),
  operation('ses_1', 1, 2, ONE),
  outcome('ses_1', 1, 3),
  operation('ses_2', 1, 4),
  outcome('ses_2', 1, 5),
  opened('ses_3', 'openai', 'model', 6),
  operation('ses_3', 1, 7, OTHER),
  { told: { kind: 'budget.exceeded', entry: 8, at: at(8), fields: { run: 'run_1', budget: 'five' } } },
  spans(9, span(1.5), span(6.5, OTHER)),
  { closed: { session: 'ses_1', entry: 10, at: at(10), reason: 'client-closed', allowed: 1, refused: 0 } },
  { ended: { entry: 11, at: at(11), state: 'ended', decisions: { allow: 3, ask: 0, deny: 0 } } },
]

async function* stream(lines: readonly RunTranscriptLine[] = LINES): AsyncGenerator<RunTranscriptLine> {
  yield* lines
}
async function all<T>(lines: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const line of lines) found.push(line)
  return found
}
const pick = async (choice: Choice) => (await all(chosen(stream(), choice))).map((line) => Object.keys(line)[0])

describe('a run as it is told', () => {
  it('is in the order of time, spans at their beginning and marked as claimed', async () => {
    const told = new ToldRun()
    const lines = (await all(inTime(stream(), true))).flatMap((moment) => told.line(moment) ?? [])
    expect(lines.map(({ text }) => text)).toEqual([
      '    1.000 openai (model) session ses_1 begins by openai-python (claimed)',
      '    1.000 orders-db (postgres) session ses_2 begins by openai-python (claimed)',
      '    1.500 span (claimed) chat gpt-4o  agent-job  2.0 ms  agent.name planner',
      '    2.000 openai #1 chat gpt-4o  allow (may)',
      '    3.000 openai #1 completed 200, 90 bytes, 1.5 ms, 70 tokens in, 30 out, 0.00025 USD',
      '    4.000 orders-db #1 chat gpt-4o  allow (may)',
      '    5.000 orders-db #1 completed 200, 90 bytes, 1.5 ms, 70 tokens in, 30 out, 0.00025 USD',
      '    6.000 openai/2 (model) session ses_3 begins by openai-python (claimed)',
      '    6.500 span (claimed) chat gpt-4o  agent-job  2.0 ms  agent.name planner',
      '    7.000 openai/2 #1 chat gpt-4o  allow (may)',
      '    8.000 budget.exceeded  entry 8',
      '    9.000 spans (claimed): 2 about something else',
      '   10.000 openai session ended (client-closed): 1 allowed, 0 refused',
      '   11.000 run ended: 3 allowed, 0 asked, 0 denied',
    ])
    expect(lines.find(({ text }) => text.includes('openai #1 chat'))?.below).toEqual([
      `claimed: agent planner, traceparent 00-${ONE}-b7ad6b7169203331-01`,
      'POST /chat/completions',
    ])
  })

  it('keeps the place of a span open for a minute, and no more than it must', async () => {
    const late = async function* () {
      yield LINES[0] as RunTranscriptLine
      for (let n = 1; n <= 20_000; n++) yield operation('ses_1', n, n / 100)
      yield spans(200, span(199.9), span(50))
    }
    let [kept, most] = [0, 0]
    const counted = async function* () {
      for await (const line of late()) {
        most = Math.max(most, ++kept)
        yield line
      }
    }
    const order: number[] = []
    for await (const moment of inTime(counted(), true)) {
      kept--
      order.push(moment.at)
    }
    expect(most).toBeLessThan(10_010)
    // The one that is told of far too late stands where it is told.
    expect(order.filter((time, index) => index > 0 && time < (order[index - 1] as number)).length).toBeLessThanOrEqual(1)
    expect(order).toHaveLength(20_004)
  })

  it('comes as it is recorded where it is followed', async () => {
    expect((await all(inTime(stream(), false))).map(({ line }) => Object.keys(line)[0])).toEqual(
      ['run', 'session', 'session', 'operation', 'outcome', 'operation', 'outcome', 'session', 'operation', 'told'].concat(
        ...[['spans', 'spans', 'spans', 'closed', 'ended']],
      ),
    )
  })
})

describe('what is asked for of a run', () => {
  it('is some planes of it, or a trace', async () => {
    expect(await pick({ planes: new Set(['postgres']) })).toEqual(['run', 'session', 'operation', 'outcome', 'ended'])
    expect(await pick({ planes: new Set(['spans']) })).toEqual(['run', 'spans', 'ended'])
    expect(await pick({ trace: ONE })).toEqual(['run', 'operation', 'outcome', 'spans', 'ended'])
    expect(await pick({ trace: 'f'.repeat(32) })).toEqual(['run', 'ended'])
    expect(await pick({})).toHaveLength(LINES.length)
  })
})

it('says what its clients say belongs together', () => {
  const traces = new Traces()
  for (const line of LINES) traces.see(line)
  expect(traces.all.map(({ names, ...each }) => ({ ...each, names: [...names] }))).toEqual([
    { trace: ONE, operations: 1, spans: 1, names: ['openai', 'planner', 'agent-job'] },
    { trace: OTHER, operations: 1, spans: 1, names: ['openai', 'planner', 'agent-job'] },
  ])
})

import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { Agent, fetch } from 'undici'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { JOB_GROUP } from '../parts/gateway-config.ts'
import { type ModelGateway, startModelGateway } from '../parts/model-gateway.ts'
import type { Answer } from '../parts/model-server.ts'
import { readTrail } from '../parts/recorded.ts'
import { eventsOf, recordingIn } from '../parts/recordings.ts'

let gateway: ModelGateway['gateway']
let models: ModelGateway['models']
let remove: ModelGateway['remove'] | undefined

const CALL = { name: 'query', arguments: { sql: 'SELECT 1' } }
const DROP = { name: 'drop', arguments: { table: 'orders' } }
const SCHEMA = { type: 'object' as const, properties: {} }
/** What is asked for is what is answered. */
const ANSWERS: Readonly<Record<string, Answer>> = {
  look: { text: 'I look.', calls: [CALL] },
  drop: { text: 'I drop.', calls: [DROP] },
  talk: { text: 'Hello.' },
}

beforeAll(async () => {
  ;({ gateway, models, remove } = await startModelGateway(
    ({ turns }) => ANSWERS[turns.at(-1)?.text ?? ''] ?? {},
    (config, { url, credentials }) => {
      config.resources = [
        { name: 'openai', kind: 'model', api: 'openai', address: `${url}/v1`, credentials },
        { name: 'anthropic', kind: 'model', api: 'anthropic', address: url, credentials },
      ]
      config.rules = [
        { name: 'models', effect: 'allow', who: { groups: [JOB_GROUP] }, do: ['model.call'], when: 'model.estimatedTokens < 10000' },
        { name: 'no-dropping', effect: 'deny', do: ['model.answer'], when: '"drop" in model.toolCalls', say: 'Ask a person to drop it.' },
      ]
      config.budgets = [{ name: 'few-calls', per: 'run', limit: { operations: 6 } }]
    },
  ))
})
afterAll(() => remove?.())

async function inRun() {
  const { planes, run } = await gateway.credential()
  const { credential: apiKey, resources, host } = planes.model!
  const dispatcher = new Agent({
    connect: { ca: gateway.ca, servername: host, lookup: (_, __, done) => done(null, [{ address: '127.0.0.1', family: 4 }]) },
  })
  const baseURL = (name: string) => resources.find((each) => each.name === name)!.url
  const client = { apiKey, maxRetries: 2, fetch: ((url: string, init: object) => fetch(url, { ...init, dispatcher } as never)) as never }
  return {
    run,
    openai: new OpenAI({ baseURL: baseURL('openai'), ...client }),
    anthropic: new Anthropic({ baseURL: baseURL('anthropic'), ...client }),
    close: () => dispatcher.destroy(),
  }
}

const asking = (content: string) => ({
  messages: [{ role: 'user' as const, name: 'planner', content }],
  tools: ['query', 'drop'].map((name) => ({ type: 'function' as const, function: { name, parameters: SCHEMA } })),
})

it('a tool that may not be called is refused in every form of an answer, recorded, and never shown', async () => {
  const { openai, anthropic, run, close } = await inRun()
  const looked = await openai.chat.completions.stream({ model: 'gpt-4o', ...asking('look') }).finalChatCompletion()
  expect(looked.choices[0]?.message.tool_calls).toMatchObject([{ function: { name: 'query' } }])
  await expect(openai.chat.completions.create({ model: 'gpt-4o', ...asking('drop') })).rejects.toThrow(OpenAI.PermissionDeniedError)
  await expect(openai.chat.completions.stream({ model: 'gpt-4o', ...asking('drop') }).finalChatCompletion()).rejects.toThrow(
    /Ask a person to drop it/,
  )
  const stream = anthropic.messages.stream({
    ...{ model: 'claude-opus-5', max_tokens: 100, messages: [{ role: 'user', content: 'drop' }] },
    tools: [{ name: 'drop', input_schema: SCHEMA }],
  })
  await expect(stream.finalMessage()).rejects.toThrow(/Ask a person to drop it/)
  close()
  /** What the trail and the recordings of this run say. */
  const heard = async () => {
    const entries = await readTrail(gateway.operator)
    const sessions = entries
      .filter(({ kind, fields }) => kind === 'session.open' && fields.run === run)
      .map(({ fields }) => String(fields.session))
    const mine = entries.filter(({ fields }) => sessions.includes(String(fields.session)))
    const events: (readonly unknown[])[] = []
    for (const session of sessions) events.push(...eventsOf(await recordingIn(entries, session)))
    return {
      entries: JSON.stringify(mine),
      of: (code: string) => events.filter(([, each]) => each === code).map(([, , content]) => content),
    }
  }
  await expect
    .poll(async () => (await heard()).of('tool-calls'), { timeout: 20_000 })
    .toContainEqual([{ id: expect.any(String), name: 'query', arguments: JSON.stringify(CALL.arguments) }])
  const { entries, of } = await heard()
  for (const said of ['no-dropping', 'toolCalls', 'planner']) expect(entries).toContain(said)
  expect(JSON.stringify(of('body'))).not.toMatch(/name\\*":\\*"drop/)
})

it('a budget that is used up is said at once, and no SDK tries again', async () => {
  const { openai, close } = await inRun()
  const before = models.received.length
  const talk = () => openai.chat.completions.create({ model: 'gpt-4o', ...asking('talk') })
  for (let call = 0; call < 6; call++) await talk()
  const error = await talk().catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(OpenAI.RateLimitError)
  expect(error).toMatchObject({ code: 'gatescribe_denied', error: { gatescribe: { code: 'GS_BUDGET_EXCEEDED' } } })
  expect(models.received).toHaveLength(before + 6)
  const refused = (await readTrail(gateway.operator)).filter(({ fields }) => JSON.stringify(fields).includes('GS_BUDGET_EXCEEDED'))
  expect(refused.length).toBeLessThanOrEqual(2)
  close()
})

import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { soon } from '../../../../test/parts/https-door.ts'
import { doorBeforeModel, MODEL_CREDENTIAL } from '../../../../test/parts/model-door.ts'
import { inTurn } from '../../../../test/parts/model-server.ts'
import type { Operation } from '../../../operations/index.ts'

const { open } = doorBeforeModel()

const MESSAGES = [{ role: 'user' as const, content: 'How many orders are open?' }]
const SCHEMA = { type: 'object' as const, properties: { sql: { type: 'string' } } }
const TOOLS = ['query', 'drop'].map((name) => ({ name, input_schema: SCHEMA }))
const CALL = { name: 'query', arguments: { sql: 'SELECT count(*) FROM orders' } }
const DROP = { name: 'drop', arguments: { table: 'orders' } }
const decide = ({ facts }: Operation) =>
  facts?.model?.toolCalls?.includes('drop') ? { effect: 'deny' as const, rules: ['no-dropping'] } : {}

describe('Anthropic’s client', () => {
  const asked = { model: 'claude-opus-5', max_tokens: 200, messages: MESSAGES, tools: TOOLS }

  it('gets messages, whole and streamed, and what they used is counted', async () => {
    const { anthropic, seen } = await open(inTurn({ text: 'Two.' }, { text: 'Let me look.', calls: [CALL] }), { api: 'anthropic' })
    const whole = await anthropic.messages.create(asked)
    expect(whole.content).toMatchObject([{ type: 'text', text: 'Two.' }])
    const streamed = await anthropic.messages.stream(asked).finalMessage()
    expect(streamed.content).toMatchObject([{ type: 'text' }, { type: 'tool_use', name: 'query', input: CALL.arguments }])
    expect(seen.operations[0]?.facts).toEqual({
      effects: [{ class: 'call', action: 'messages' }],
      model: {
        ...{ provider: 'anthropic', endpoint: 'messages', model: 'claude-opus-5', tools: ['drop', 'query'], stream: false },
        ...{ estimatedTokens: expect.any(Number), maxTokens: 200 },
      },
    })
    const usage = ({ input_tokens: inputTokens, output_tokens: outputTokens }: Anthropic.Usage) => ({ inputTokens, outputTokens })
    await soon(() => seen.settled).toMatchObject([{ usage: usage(whole.usage) }, { usage: usage(streamed.usage) }])
  })

  it('is refused tools in both, in Anthropic’s own form', async () => {
    const { anthropic, seen } = await open(inTurn({ calls: [DROP] }, { text: 'I will.', calls: [CALL, DROP] }), {
      api: 'anthropic',
      decide,
    })
    const whole = await anthropic.messages.create(asked).catch((thrown: unknown) => thrown)
    expect(whole).toBeInstanceOf(Anthropic.PermissionDeniedError)
    expect(whole).toMatchObject({
      status: 403,
      error: { type: 'error', error: { type: 'permission_error', gatescribe: { rule: 'no-dropping' } } },
    })
    const stream = await anthropic.messages.create({ ...asked, stream: true })
    const events: string[] = []
    const error = await (async () => {
      for await (const event of stream) events.push(JSON.stringify(event))
    })().catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(Anthropic.APIError)
    expect((error as Error).message).toMatch(/no-dropping/)
    expect(events.join('')).toContain('"query"')
    expect(events.join('')).not.toContain('"drop"')
    expect(events.join('')).not.toContain('message_stop')
    expect(seen.operations.map(({ form }) => form)).toEqual(['request', 'answer', 'request', 'answer'])
  })

  it('counts tokens, and lists models, with whatever it may call', async () => {
    const { anthropic, seen } = await open(inTurn(), { api: 'anthropic' })
    expect((await anthropic.messages.countTokens({ model: 'claude-opus-5', messages: MESSAGES })).input_tokens).toBeGreaterThan(0)
    expect((await anthropic.models.list()).data.length).toBeGreaterThan(0)
    expect(seen.operations.map(({ facts, cost }) => [facts?.effects[0]?.class, facts?.model?.endpoint, cost])).toEqual([
      ['session', 'countTokens', undefined],
      ['session', 'models', undefined],
    ])
  })

  it('is told in its own form that nobody knows it', async () => {
    const { url, fetch, seen } = await open(inTurn(), { api: 'anthropic' })
    const answer = await fetch(`${url}/v1/messages`, {
      method: 'POST',
      headers: { 'x-api-key': 'sk-ant-somebodys', 'anthropic-version': '1' },
      body: '{}',
    })
    expect(answer.status).toBe(401)
    expect(await answer.json()).toMatchObject({ type: 'error', error: { type: 'authentication_error' } })
    expect(answer.headers.get('x-should-retry')).toBe('false')
    expect(seen).toMatchObject({ foreign: 1, refused: ['GS_IDENTITY_CREDENTIAL_FOREIGN'] })
  })
})

describe('Azure’s client', () => {
  it('names the model by its deployment', async () => {
    const { azure, seen, provider } = await open(inTurn({ text: 'Two.' }, { text: 'Three.' }), { api: 'azure-openai' })
    const answer = await azure.chat.completions.create({ model: 'our-gpt', messages: MESSAGES })
    expect(answer.choices[0]?.message.content).toBe('Two.')
    expect(seen.operations[0]?.facts?.model).toMatchObject({ provider: 'azure-openai', endpoint: 'chat', model: 'our-gpt' })
    expect(provider.received[0]?.path).toBe('/openai/deployments/our-gpt/chat/completions?api-version=2024-10-21')
    expect(provider.received[0]?.headers['api-key']).toBe(provider.key)
    const stream = await azure.chat.completions.create({ model: 'our-gpt', messages: MESSAGES, stream: true })
    const chunks: object[] = []
    for await (const chunk of stream) chunks.push(chunk)
    expect(chunks.some((chunk) => 'usage' in chunk)).toBe(false)
    await soon(() => seen.settled[1]).toMatchObject({ usage: { outputTokens: expect.any(Number) } })
  })
})

describe('who somebody is', () => {
  const body = JSON.stringify({ model: 'gpt-4o', messages: MESSAGES })
  const ask = async (headers: Record<string, string>) => {
    const { url, fetch, seen, provider } = await open(inTurn({ text: 'Two.' }))
    const answer = await fetch(`${url}/chat/completions`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', ...headers },
    })
    const text = await answer.text()
    return { status: answer.status, text, seen, provider }
  }

  it.each([
    ['Authorization', { authorization: `Bearer ${MODEL_CREDENTIAL}` }],
    ['x-api-key', { 'x-api-key': MODEL_CREDENTIAL }],
    ['api-key', { 'api-key': MODEL_CREDENTIAL }],
    ['all of them', { authorization: `Bearer ${MODEL_CREDENTIAL}`, 'x-api-key': MODEL_CREDENTIAL, 'api-key': MODEL_CREDENTIAL }],
  ])('is said by %s', async (_, headers) => {
    const { status, provider } = await ask(headers)
    expect(status).toBe(200)
    expect(JSON.stringify(provider.received[0]?.headers)).not.toContain(MODEL_CREDENTIAL)
  })

  it.each([
    ['a key of somebody else’s', { 'x-api-key': 'sk-somebodys' }, 401, 1],
    ['a key of somebody else’s beside ours', { authorization: `Bearer ${MODEL_CREDENTIAL}`, 'x-api-key': 'sk-somebodys' }, 401, 1],
    ['two keys', { 'x-api-key': 'sk-somebodys', 'api-key': MODEL_CREDENTIAL }, 401, 1],
    ['nothing', {}, 401, 0],
  ])('is not said by %s', async (_, headers, status, foreign) => {
    const refused = await ask(headers)
    expect(refused.status).toBe(status)
    expect(refused.seen.foreign).toBe(foreign)
    expect(JSON.parse(refused.text)).toMatchObject({ error: { code: 'invalid_api_key', type: 'authentication_error' } })
    expect(refused.provider.received).toHaveLength(0)
  })
})

it('goes on without the usage where a server refuses to be asked', async () => {
  const bodies: string[] = []
  const { openai, seen } = await open(inTurn(), {
    listener: async (request, response) => {
      let text = ''
      for await (const chunk of request) text += chunk
      bodies.push(text)
      if (text.includes('stream_options')) {
        response.writeHead(400, { 'content-type': 'application/json' })
        return void response.end('{"error":{"message":"Unrecognized request argument: stream_options"}}')
      }
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.end('data: {"choices":[{"index":0,"delta":{"content":"Two."}}]}\n\ndata: [DONE]\n\n')
    },
  })
  for (let turn = 0; turn < 2; turn++) {
    let said = ''
    for await (const chunk of await openai.chat.completions.create({ model: 'llama', messages: MESSAGES, stream: true })) {
      said += chunk.choices[0]?.delta.content ?? ''
    }
    expect(said).toBe('Two.')
  }
  // Once, and from then on it is known.
  expect(bodies.map((text) => text.includes('stream_options'))).toEqual([true, false, false])
  await soon(() => seen.settled.map(({ status }) => status)).toEqual(['completed', 'completed'])
  expect(seen.settled[0]).not.toHaveProperty('usage')
})

it('says what is wrong with a request in the provider’s form', async () => {
  const { url, fetch, openai, seen } = await open(inTurn())
  const headers = { authorization: `Bearer ${MODEL_CREDENTIAL}`, 'content-type': 'application/json' }
  const ask = async (body: string) => {
    const answer = await fetch(`${url}/chat/completions`, { method: 'POST', headers, body })
    return [answer.status, ((await answer.json()) as { error: { code: string } }).error.code]
  }
  expect(await ask('{"model":"a","model":"b"}')).toEqual([400, 'gs_model_body'])
  expect(await ask('[1]')).toEqual([400, 'gs_model_body'])
  expect(await ask('')).toEqual([400, 'gs_model_body'])
  expect(await ask(JSON.stringify({ model: 'a', messages: ['x'.repeat(25 * 1024 * 1024)] }))).toEqual([413, 'gs_model_body_too_large'])
  expect(seen.operations.map(({ form }) => form)).toEqual(['unsupported', 'unsupported', 'unsupported', 'unsupported'])
  await expect(openai.chat.completions.create({ model: 'a', messages: [] }, { path: '/chat//completions' })).rejects.toThrow(
    OpenAI.BadRequestError,
  )
})

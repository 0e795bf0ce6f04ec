import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { soon } from '../../../../test/parts/https-door.ts'
import { doorBeforeModel } from '../../../../test/parts/model-door.ts'
import { inTurn } from '../../../../test/parts/model-server.ts'
import type { Operation } from '../../../operations/index.ts'

const { open } = doorBeforeModel()

const MESSAGES = [{ role: 'user' as const, content: 'How many orders are open?' }]
const SCHEMA = { type: 'object' as const, properties: { sql: { type: 'string' } } }
const TOOLS = ['query', 'drop'].map((name) => ({ type: 'function' as const, function: { name, parameters: SCHEMA } }))
const CALL = { name: 'query', arguments: { sql: 'SELECT count(*) FROM orders' } }
const DROP = { name: 'drop', arguments: { table: 'orders' } }
/** No tool called `drop`. */
const decide = ({ facts }: Operation) =>
  facts?.model?.toolCalls?.includes('drop') ? { effect: 'deny' as const, rules: ['no-dropping'], say: 'Ask a person.' } : {}

describe('OpenAI’s client', () => {
  it('gets a whole answer, and what it used is counted', async () => {
    const { openai, seen } = await open(inTurn({ text: 'Two.' }), {
      prices: { 'gpt-4o': { input: 2, output: 10, per: 1_000_000, currency: 'USD' } },
    })
    const answer = await openai.chat.completions.create({ model: 'gpt-4o', messages: MESSAGES, max_tokens: 100 })
    expect(answer.choices[0]?.message.content).toBe('Two.')
    expect(seen.operations[0]?.facts).toEqual({
      effects: [{ class: 'call', action: 'chat' }],
      model: { provider: 'openai', endpoint: 'chat', model: 'gpt-4o', tools: [], stream: false, estimatedTokens: 18, maxTokens: 100 },
    })
    expect(seen.operations[0]?.cost).toEqual({
      model: 'gpt-4o',
      inputTokens: 18,
      outputTokens: 100,
      money: { micros: 1036, currency: 'USD' },
    })
    const { prompt_tokens: inputTokens = 0, completion_tokens: outputTokens = 0 } = answer.usage ?? {}
    await soon(() => seen.settled).toMatchObject([
      { status: 'completed', code: '200', usage: { inputTokens, outputTokens, money: { micros: inputTokens * 2 + outputTokens * 10 } } },
    ])
  })

  it('sees of a stream what it would have seen, while the gateway asks for its usage', async () => {
    const { openai, seen, provider } = await open(inTurn({ text: ['Two ', 'orders.'], calls: [CALL] }))
    const stream = await openai.chat.completions.create({ model: 'gpt-4o', messages: MESSAGES, tools: TOOLS, stream: true })
    const chunks: object[] = []
    let text = ''
    for await (const chunk of stream) {
      chunks.push(chunk)
      text += chunk.choices[0]?.delta.content ?? ''
    }
    expect(text).toBe('Two orders.')
    expect(chunks.some((chunk) => 'usage' in chunk)).toBe(false)
    expect(provider.received[0]?.body).toMatchObject({ stream_options: { include_usage: true } })
    await soon(() => seen.settled).toMatchObject([{ status: 'completed', usage: { outputTokens: expect.any(Number) } }])
  })

  it('gets the usage that it asks for itself', async () => {
    const { openai } = await open(inTurn({ text: 'Two.' }))
    const stream = await openai.chat.completions.create({
      ...{ model: 'gpt-4o', messages: MESSAGES, stream: true, stream_options: { include_usage: true } },
    })
    let usage: unknown
    for await (const chunk of stream) usage = chunk.usage ?? usage
    expect(usage).toMatchObject({ total_tokens: expect.any(Number) })
  })

  it('is told in a stream that a tool may not be called, before anything names it', async () => {
    const { openai, seen } = await open(inTurn({ text: 'I will.', calls: [DROP] }), { decide })
    const stream = await openai.chat.completions.create({ model: 'gpt-4o', messages: MESSAGES, tools: TOOLS, stream: true })
    const chunks: string[] = []
    const error = await (async () => {
      for await (const chunk of stream) chunks.push(JSON.stringify(chunk))
    })().catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(OpenAI.APIError)
    expect(error).toMatchObject({ code: 'gatescribe_denied', error: { gatescribe: { code: 'GS_POLICY_DENIED', rule: 'no-dropping' } } })
    expect(chunks.join('')).not.toContain('drop')
    expect(chunks.join('')).not.toContain('finish_reason":"')
    expect(seen.operations.map(({ form, facts }) => [form, facts?.model?.toolCalls])).toEqual([
      ['request', undefined],
      ['answer', ['drop']],
    ])
    await soon(() => seen.settled).toEqual([expect.objectContaining({ status: 'cancelled', code: '200' })])
  })

  it('is told so with a status where the answer is whole', async () => {
    const { openai } = await open(inTurn({ text: 'I will.', calls: [CALL, DROP] }), { decide })
    const error = await openai.chat.completions
      .create({ model: 'gpt-4o', messages: MESSAGES, tools: TOOLS })
      .catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(OpenAI.PermissionDeniedError)
    expect((error as Error).message).toMatch(/the tool "drop".*no-dropping/)
  })

  it('gets responses, whole and streamed, and is refused tools in both', async () => {
    const answers = [{ text: 'Two.' }, { calls: [CALL] }, { calls: [DROP] }, { text: 'No.', calls: [DROP] }]
    const { openai, seen } = await open(inTurn(...answers), { decide })
    const tools = TOOLS.map(({ function: { name } }) => ({ type: 'function' as const, name, parameters: SCHEMA, strict: false }))
    const asked = { model: 'gpt-4o', input: 'How many?', tools }
    expect((await openai.responses.create(asked)).output_text).toBe('Two.')
    const called = await openai.responses.stream(asked).finalResponse()
    expect(called.output).toMatchObject([{ type: 'function_call', name: 'query' }])
    await expect(openai.responses.create(asked)).rejects.toThrow(OpenAI.PermissionDeniedError)
    await expect(openai.responses.stream(asked).finalResponse()).rejects.toThrow(/no-dropping/)
    expect(seen.operations[0]?.facts?.model).toMatchObject({ endpoint: 'responses', tools: ['drop', 'query'] })
    await soon(() => seen.settled.filter(({ status }) => status === 'completed')).toMatchObject([
      { usage: { inputTokens: expect.any(Number) } },
      { usage: { inputTokens: expect.any(Number) } },
    ])
  })

  it('gets embeddings, models and one model', async () => {
    const { openai, seen } = await open(inTurn())
    const { data } = await openai.embeddings.create({ model: 'text-embedding-3-small', input: ['a', 'b'] })
    expect(data).toHaveLength(2)
    expect((await openai.models.list()).data.length).toBeGreaterThan(0)
    expect((await openai.models.retrieve('gpt-4o')).id).toBe('gpt-4o')
    await openai.responses.retrieve('resp_1').catch(() => undefined)
    expect(seen.operations.map(({ facts }) => facts?.effects[0])).toEqual([
      { class: 'call', action: 'embeddings' },
      { class: 'session', action: 'list models' },
      { class: 'session', action: 'list models' },
      { class: 'other', action: 'other request' },
    ])
    await soon(() => seen.settled[0]).toMatchObject({ usage: { inputTokens: expect.any(Number), outputTokens: 0 } })
  })

  it('is refused in the provider’s own form', async () => {
    const { openai, provider } = await open(inTurn(), { decide: () => ({ effect: 'deny', rules: ['no-models'] }), maxRetries: 2 })
    const error = await openai.chat.completions.create({ model: 'gpt-4o', messages: MESSAGES }).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(OpenAI.PermissionDeniedError)
    expect(error).toMatchObject({
      status: 403,
      code: 'gatescribe_denied',
      type: 'permission_error',
      param: null,
      error: { gatescribe: { code: 'GS_POLICY_DENIED', rule: 'no-models', next: expect.any(String) } },
    })
    expect(provider.received).toHaveLength(0)
  })

  it('sees what the provider says of its errors, and its retries are known as that', async () => {
    const { openai, provider, seen } = await open(inTurn({ text: 'Two.' }), { maxRetries: 1 })
    provider.trouble.push({ status: 503, headers: { 'retry-after-ms': '1' } })
    const answer = await openai.chat.completions.create({ model: 'gpt-4o', messages: MESSAGES })
    expect(answer.choices[0]?.message.content).toBe('Two.')
    expect(seen.operations.map(({ retryOf }) => retryOf)).toEqual([undefined, { session: 'ses_1', operation: 1 }])
    provider.trouble.push({
      status: 418,
      body: { error: { message: `No tea for ${provider.key}.`, type: 'tea', code: 'pot', param: null } },
    })
    const error = await openai.chat.completions.create({ model: 'gpt-4o', messages: MESSAGES }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ status: 418, code: 'pot' })
    expect((error as Error).message).toMatch(/No tea for \*+\./)
  })

  it('ends the provider’s work by leaving', async () => {
    const { openai, provider, seen } = await open(inTurn({ text: Array.from({ length: 200 }, (_, at) => `${at} `), delay: 20 }))
    const stream = await openai.chat.completions.create({ model: 'gpt-4o', messages: MESSAGES, stream: true })
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content?.includes('3')) break
    await soon(() => provider.received[0]?.aborted).toBe(true)
    expect(provider.received[0]?.sent).toBeLessThan(100)
    await soon(() => seen.settled).toMatchObject([{ status: 'aborted', code: '200' }])
  })
})

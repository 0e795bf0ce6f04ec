import Anthropic from '@anthropic-ai/sdk'
import OpenAI, { APIUserAbortError, AzureOpenAI, RateLimitError } from 'openai'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { inTurn, type ModelServer, startModelServer } from './model-server.ts'

// The providers' own clients judge the stand-in: what they do not understand, we would not notice.
let server: ModelServer
let openai: OpenAI
let anthropic: Anthropic
beforeEach(async () => {
  server = await startModelServer(inTurn({ text: 'Two orders are open.' }))
  openai = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: server.key })
  anthropic = new Anthropic({ baseURL: server.url, apiKey: server.key })
})
afterEach(() => server.close())

const CALL = { name: 'query', arguments: { sql: 'SELECT count(*) FROM orders' } }
const QUESTION = [{ role: 'user' as const, name: 'Ann', content: 'How many orders are open?' }]
const TOOL = { type: 'object' as const, properties: { sql: { type: 'string' } } }

describe('OpenAI’s client', () => {
  it('gets a whole answer and its usage', async () => {
    const answer = await openai.chat.completions.create({ model: 'gpt-4o', messages: QUESTION })
    expect(answer.choices[0]?.message.content).toBe('Two orders are open.')
    expect(answer.usage?.total_tokens).toBe((answer.usage?.prompt_tokens ?? 0) + (answer.usage?.completion_tokens ?? 0))
    expect(server.received[0]?.asked?.turns).toEqual([{ role: 'user', name: 'Ann', text: 'How many orders are open?' }])
  })

  it('gets a stream whose calls of tools come in pieces, and its usage where it asks for it', async () => {
    server.script = inTurn({ text: ['Let me ', 'look.'], calls: [CALL, { ...CALL, id: 'call_own' }] })
    const stream = openai.chat.completions.stream({
      model: 'gpt-4o',
      messages: QUESTION,
      tools: [{ type: 'function', function: { name: 'query', parameters: TOOL } }],
      stream_options: { include_usage: true },
    })
    const { choices, usage } = await stream.finalChatCompletion()
    expect(choices[0]?.message.content).toBe('Let me look.')
    expect(choices[0]?.message.tool_calls).toMatchObject([
      { id: 'call_0001', function: { name: 'query', arguments: JSON.stringify(CALL.arguments) } },
      { id: 'call_own' },
    ])
    expect(choices[0]?.finish_reason).toBe('tool_calls')
    expect(usage?.completion_tokens).toBeGreaterThan(0)
    expect(server.received[0]?.asked).toMatchObject({ tools: ['query'], stream: true })
  })

  it('gets responses, whole and streamed', async () => {
    const whole = await openai.responses.create({ model: 'gpt-4o', instructions: 'Be brief.', input: 'How many?' })
    expect(whole.output_text).toBe('Two orders are open.')
    expect(server.received[0]?.asked?.turns.map(({ role }) => role)).toEqual(['system', 'user'])

    server.script = inTurn({ calls: [CALL] }, { text: 'Two.', cut: true })
    const called = await openai.responses
      .stream({
        model: 'gpt-4o',
        input: 'How many?',
        tools: [{ type: 'function', name: 'query', parameters: TOOL, strict: false }],
      })
      .finalResponse()
    expect(called.output).toMatchObject([{ type: 'function_call', name: 'query', arguments: JSON.stringify(CALL.arguments) }])
    const call = { type: 'function_call' as const, call_id: 'call_0001', name: CALL.name, arguments: JSON.stringify(CALL.arguments) }
    const result = { type: 'function_call_output' as const, call_id: 'call_0001', output: '2' }
    const last = openai.responses.stream({ model: 'gpt-4o', input: [{ role: 'user', content: 'How many?' }, call, result] })
    expect(await last.finalResponse()).toMatchObject({ status: 'incomplete', output_text: 'Two.' })
    expect(server.received.at(-1)?.asked?.turns.at(-1)).toEqual({ role: 'tool', text: '2', answers: 'call_0001' })
  })

  it('goes on from a response that is kept, and from no other', async () => {
    server.script = inTurn({ text: 'Two.' }, { text: 'Three.' })
    const first = await openai.responses.create({ model: 'gpt-4o', instructions: 'Be brief.', input: 'How many?' })
    await openai.responses.create({ model: 'gpt-4o', previous_response_id: first.id, input: 'And now?' })
    expect(server.received.at(-1)?.asked?.turns.map(({ role, text }) => `${role}: ${text}`)).toEqual([
      'user: How many?',
      'assistant: Two.',
      'user: And now?',
    ])
    await expect(openai.responses.create({ model: 'gpt-4o', previous_response_id: 'resp_other', input: 'x' })).rejects.toThrow(/not found/)
  })

  it('gets embeddings as floats, completions and models', async () => {
    const { data } = await openai.embeddings.create({ model: 'text-embedding-3-small', input: ['one', 'two'] })
    expect(data.map(({ embedding }) => embedding.length)).toEqual([8, 8])
    expect(data[0]?.embedding[0]).toBeCloseTo('o'.charCodeAt(0) / 255)
    expect(await openai.completions.create({ model: 'gpt-4o', prompt: 'How many?' })).toMatchObject({
      choices: [{ text: 'Two orders are open.' }],
    })
    expect((await openai.models.list()).data.map(({ id }) => id)).toContain('gpt-4o')
    expect(await openai.models.retrieve('gpt-4o')).toMatchObject({ id: 'gpt-4o' })
  })

  it('tries again where it is told to, and says so', async () => {
    server.trouble.push({ status: 429, headers: { 'retry-after-ms': '1' } }, { status: 503, headers: { 'retry-after-ms': '1' } })
    await openai.chat.completions.create({ model: 'gpt-4o', messages: QUESTION })
    expect(server.received.map(({ status, headers }) => [status, headers['x-stainless-retry-count']])).toEqual([
      [429, '0'],
      [503, '1'],
      [200, '2'],
    ])
    server.trouble.push({ status: 429 })
    await expect(openai.chat.completions.create({ model: 'gpt-4o', messages: QUESTION }, { maxRetries: 0 })).rejects.toThrow(RateLimitError)
  })

  it('goes away in the middle of a stream, which the server sees', async () => {
    server.script = inTurn({ text: 'word '.repeat(200), delay: 5 })
    const stream = await openai.chat.completions.create({ model: 'gpt-4o', messages: QUESTION, stream: true })
    for await (const _ of stream) break
    await expect.poll(() => server.received[0]?.aborted).toBe(true)
    expect(server.received[0]?.sent).toBeLessThan(100)
    const controller = new AbortController()
    server.trouble.push({ silence: true })
    const waiting = openai.chat.completions.create({ model: 'gpt-4o', messages: QUESTION }, { signal: controller.signal })
    await expect.poll(() => server.received.length).toBe(2)
    controller.abort()
    await expect(waiting).rejects.toThrow(APIUserAbortError)
    await expect.poll(() => server.received[1]?.aborted).toBe(true)
  })

  it('sees a stream that breaks off, and a story that does not go on', async () => {
    server.trouble.push({ cutAfter: 2 })
    const stream = await openai.chat.completions.create({ model: 'gpt-4o', messages: QUESTION, stream: true })
    await expect(
      (async () => {
        for await (const _ of stream);
      })(),
    ).rejects.toThrow()
    await expect(openai.chat.completions.create({ model: 'gpt-4o', messages: QUESTION }, { maxRetries: 0 })).rejects.toThrow(
      'the script is over',
    )
  })

  it('is told that its key is wrong', async () => {
    const stranger = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'sk-wrong' })
    await expect(stranger.models.list()).rejects.toThrow(/401 Incorrect API key/)
  })

  it('speaks to Azure’s paths', async () => {
    const azure = new AzureOpenAI({ endpoint: server.url, apiKey: server.key, apiVersion: '2026-01-01', deployment: 'ours' })
    expect(await azure.chat.completions.create({ model: 'gpt-4o', messages: QUESTION })).toMatchObject({
      choices: [{ message: { content: 'Two orders are open.' } }],
    })
    expect(server.received[0]?.path).toBe('/openai/deployments/ours/chat/completions?api-version=2026-01-01')
  })
})

describe('Anthropic’s client', () => {
  const ask = { model: 'claude-opus-5', max_tokens: 200, messages: [{ role: 'user' as const, content: 'How many?' }] }

  it('gets a whole answer, counts tokens and lists models', async () => {
    const answer = await anthropic.messages.create({ ...ask, system: 'Be brief.' })
    expect(answer.content).toEqual([{ type: 'text', text: 'Two orders are open.' }])
    expect(answer.stop_reason).toBe('end_turn')
    expect(await anthropic.messages.countTokens(ask)).toEqual({ input_tokens: 3 })
    expect((await anthropic.models.list()).data.map(({ id }) => id)).toContain('claude-opus-5')
  })

  it('gets a stream with a call of a tool, and gives its result back', async () => {
    server.script = inTurn({ text: 'Let me look.', calls: [CALL] }, { text: 'Two.' })
    const tools = [{ name: 'query', input_schema: TOOL }]
    const called = await anthropic.messages.stream({ ...ask, tools }).finalMessage()
    expect(called.content).toEqual([
      { type: 'text', text: 'Let me look.' },
      { type: 'tool_use', id: 'call_0001', name: 'query', input: CALL.arguments },
    ])
    expect(called.usage.output_tokens).toBeGreaterThan(1)
    const result = { type: 'tool_result' as const, tool_use_id: 'call_0001', content: [{ type: 'text' as const, text: '2' }] }
    const messages = [
      ...ask.messages,
      { role: 'assistant' as const, content: called.content },
      { role: 'user' as const, content: [result] },
    ]
    expect((await anthropic.messages.create({ ...ask, tools, messages })).content).toMatchObject([{ text: 'Two.' }])
    expect(server.received.at(-1)?.asked?.turns.slice(-2)).toMatchObject([
      { role: 'assistant', text: 'Let me look.', calls: [{ name: 'query' }] },
      { role: 'tool', text: '2', answers: 'call_0001' },
    ])
  })

  it('is told that its key is wrong, in the shape that it knows', async () => {
    const stranger = new Anthropic({ baseURL: server.url, apiKey: 'wrong' })
    await expect(stranger.messages.create(ask)).rejects.toThrow(Anthropic.AuthenticationError)
  })
})

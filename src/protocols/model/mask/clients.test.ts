import type Anthropic from '@anthropic-ai/sdk'
import { describe, expect, it } from 'vitest'
import { soon } from '../../../../test/parts/https-door.ts'
import { doorBeforeModel, MODEL_CREDENTIAL } from '../../../../test/parts/model-door.ts'
import { inTurn } from '../../../../test/parts/model-server.ts'
import type { Decision, Mask } from '../../../operations/index.ts'

const { open } = doorBeforeModel()

const mask: Mask = {
  ...{ name: 'people', columns: [], detect: ['email', 'card'], patterns: [], as: 'redact', unmaskedWrite: false, predicates: false },
}
const decide = (): Partial<Decision> => ({ effect: 'allow', masks: [mask] })

const MAIL = 'bob.smith@example.org'
const TEXT = ['I found bob.', 'smith@exam', 'ple.org: he paid with 4111 11', '11 1111 1111, and is', ' happy.']
const MASKED = 'I found [email]: he paid with [card], and is happy.'
const CALL = { name: 'send', arguments: { to: MAIL, subject: 'Re: "4111 1111 1111 1111"', n: 1 } }
const CALLED = { to: '[email]', subject: 'Re: "[card]"', n: 1 }
const SCHEMA = { type: 'object' as const, properties: { to: { type: 'string' } } }

describe('masks, as the providers’ own clients see them', () => {
  it('cover chat completions, whole and streamed, and calls of tools stay calls', async () => {
    const answer = { text: TEXT, calls: [CALL] }
    const { openai, provider, seen } = await open(inTurn(answer, answer), { decide })
    const asked = {
      model: 'gpt-5',
      messages: [
        { role: 'system' as const, content: `Write to ${MAIL}.` },
        { role: 'user' as const, content: 'Do it.' },
      ],
      tools: [{ type: 'function' as const, function: { name: 'send', parameters: SCHEMA } }],
    }
    const [whole] = (await openai.chat.completions.create(asked)).choices
    const [streamed] = (await openai.chat.completions.stream(asked).finalChatCompletion()).choices
    for (const choice of [whole, streamed]) {
      expect(choice?.message.content).toBe(MASKED)
      const [call] = choice?.message.tool_calls ?? []
      expect(call?.type === 'function' && JSON.parse(call.function.arguments)).toEqual(CALLED)
    }
    expect(provider.received.map(({ text }) => text.includes('Write to [email].') && !text.includes(MAIL))).toEqual([true, true])
    // What is judged and recorded is what was sent.
    expect(seen.operations.every(({ statement }) => !Buffer.from(statement.text).includes(MAIL))).toBe(true)
    await soon(() => seen.settled).toMatchObject([{ status: 'completed' }, { status: 'completed' }])
  })

  it('cover responses, whole and streamed', async () => {
    const answer = { text: TEXT, calls: [CALL] }
    const { openai } = await open(inTurn(answer, answer), { decide })
    const tools = [{ type: 'function' as const, name: 'send', parameters: SCHEMA, strict: false }]
    const asked = { model: 'gpt-5', input: 'Do it.', tools }
    const whole = await openai.responses.create(asked)
    let deltas = ''
    let calls = ''
    const stream = openai.responses.stream(asked)
    stream.on('response.output_text.delta', ({ delta }) => (deltas += delta))
    stream.on('response.function_call_arguments.delta', ({ delta }) => (calls += delta))
    const final = await stream.finalResponse()
    expect([whole.output_text, final.output_text, deltas]).toEqual([MASKED, MASKED, MASKED])
    expect(JSON.parse(calls)).toEqual(CALLED)
    for (const { output } of [whole, final]) {
      const call = output.find(({ type }) => type === 'function_call')
      expect(call?.type === 'function_call' && JSON.parse(call.arguments)).toEqual(CALLED)
    }
  })

  it('cover Anthropic’s messages, whole and streamed', async () => {
    const answer = { text: TEXT, calls: [CALL] }
    const { anthropic, provider } = await open(inTurn(answer, answer), { api: 'anthropic', decide })
    const result = { type: 'tool_result' as const, tool_use_id: 'toolu_1', content: JSON.stringify([{ mail: MAIL }]) }
    const asked = {
      ...{ model: 'claude-opus-5', max_tokens: 200, tools: [{ name: 'send', input_schema: SCHEMA }] },
      system: `Ask ${MAIL}.`,
      messages: [
        { role: 'user' as const, content: 'Find him.' },
        { role: 'assistant' as const, content: [{ type: 'tool_use' as const, id: 'toolu_1', name: 'send', input: { to: MAIL } }] },
        { role: 'user' as const, content: [result] },
      ],
    }
    const whole = await anthropic.messages.create(asked)
    const streamed = await anthropic.messages.stream(asked).finalMessage()
    for (const { content } of [whole, streamed]) {
      expect(content.flatMap((block: Anthropic.ContentBlock) => (block.type === 'text' ? [block.text] : [])).join('')).toBe(MASKED)
      expect(content.find((block: Anthropic.ContentBlock) => block.type === 'tool_use')).toMatchObject({ name: 'send', input: CALLED })
    }
    const [first] = provider.received
    expect(first?.body).toMatchObject({ system: 'Ask [email].', messages: [{}, { content: [{ input: { to: '[email]' } }] }, {}] })
    expect(first?.text).toContain('[{\\"mail\\":\\"[email]\\"}]')
  })

  it('cover what the gateway itself writes anew of a request', async () => {
    const { openai, provider } = await open(inTurn({ text: 'Yes.' }), { decide })
    const asked = {
      model: 'gpt-5',
      stream: true as const,
      stream_options: { note: MAIL } as object,
      messages: [{ role: 'user' as const, content: 'Who?' }],
    }
    for await (const chunk of await openai.chat.completions.create(asked)) expect(chunk.object).toBe('chat.completion.chunk')
    expect(provider.received[0]?.body).toMatchObject({ stream_options: { note: '[email]', include_usage: true } })
  })

  it('cover what is sent to the provider to be kept, and refuse what they cannot read', async () => {
    const reached: string[] = []
    const { url, fetch } = await open(inTurn(), {
      decide,
      listener: (request, response) => {
        request.on('data', (piece: Buffer) => reached.push(piece.toString()))
        request.on('end', () => response.end('{}'))
      },
    })
    const send = async (body: string | Buffer, type = 'application/json') => {
      const headers = { authorization: `Bearer ${MODEL_CREDENTIAL}`, 'content-type': type }
      return (await fetch(`${url}/conversations/c1/items`, { method: 'POST', headers, body })).status
    }
    expect(await send(JSON.stringify({ items: [{ role: 'user', content: [{ type: 'input_text', text: MAIL }] }] }))).toBe(200)
    expect(reached.join('')).toBe('{"items":[{"role":"user","content":[{"type":"input_text","text":"[email]"}]}]}')
    expect(await send(`{"a":"${MAIL}"}{"b":1}`)).toBe(400)
    expect(await send(`\uFEFF{"a":"${MAIL}"}`, 'text/plain')).toBe(400)
    expect(await send(`${MAIL}`, 'application/octet-stream')).toBe(200)
  })

  it('pass on what stands still within a moment', async () => {
    const { openai, provider } = await open(inTurn({ text: ['Ask bob', ' later'], delay: 700 }), { decide })
    const stream = await openai.chat.completions.create({ model: 'gpt-5', stream: true, messages: [{ role: 'user', content: 'Who?' }] })
    const came: [text: string, sent: number][] = []
    for await (const chunk of stream) {
      const text = chunk.choices[0]?.delta.content
      if (text) came.push([text, provider.received[0]?.sent ?? 0])
    }
    expect(came.map(([text]) => text).join('')).toBe('Ask bob later')
    // It has not waited for the piece behind it.
    const sent = (wanted: string) => came.find(([text]) => text.includes(wanted))?.[1] ?? Number.NaN
    expect(sent('bob')).toBeLessThan(sent('later'))
  })
})

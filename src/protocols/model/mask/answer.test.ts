import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Mask } from '../../../operations/index.ts'
import { SseDecoder, type SseEvent } from '../stream/sse.ts'
import { answerMasking } from './answer.ts'

const mask = (more: Partial<Mask> = {}): Mask => ({
  ...{
    name: 'people',
    columns: [],
    detect: ['email', 'card', 'phone'],
    patterns: [],
    as: 'redact',
    unmaskedWrite: false,
    predicates: false,
  },
  ...more,
})

type Json = Record<string, never>

/** The events of a stream as a client sees them, all of them at once. */
function shown(events: readonly object[], now: (n: number) => number = () => 0) {
  const masking = answerMasking([mask()], undefined)
  if (!masking) throw new TypeError('nothing is masked')
  const bytes = Buffer.from(events.map((event) => `${named(event)}data: ${JSON.stringify(event)}\n\n`).join(''))
  const out: SseEvent[] = []
  for (const [n, event] of new SseDecoder().push(bytes).entries()) out.push(...masking.event(event, now(n)))
  out.push(...masking.end())
  return { events: out.flatMap(({ data }) => (data === undefined || data === '[DONE]' ? [] : [JSON.parse(data) as Json])), masking, out }
}

const named = (event: unknown) =>
  typeof event === 'object' && event !== null && 'type' in event && typeof event.type === 'string' && /^[a-z._]+$/.test(event.type)
    ? `event: ${event.type}\n`
    : ''
const joined = (events: readonly Json[], pick: (event: never) => string | undefined) =>
  events.map((event) => pick(event as never) ?? '').join('')

/** A text in pieces of these lengths, over and over. */
function pieces(text: string, lengths: readonly number[]): string[] {
  const out: string[] = []
  for (let at = 0, n = 0; at < text.length; n++) {
    const length = lengths[n % lengths.length] as number
    out.push(text.slice(at, at + length))
    at += length
  }
  return out
}

const chat = (content: string, more = {}) => ({
  id: 'c1',
  object: 'chat.completion.chunk',
  choices: [{ index: 0, delta: { content }, finish_reason: null }],
  ...more,
})
const last = { id: 'c1', object: 'chat.completion.chunk', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }
const contentOf = (event: { choices: { delta: { content?: string } }[] }) => event.choices[0]?.delta.content

const SECRET = 'Write to bob.smith@example.org or call; card 4111 1111 1111 1111, thanks — 😀 done.'
const MASKED = 'Write to [email] or call; card [card], thanks — 😀 done.'

describe('an answer in events', () => {
  it('is masked across events, wherever the text is cut', () => {
    for (let length = 1; length <= SECRET.length; length++) {
      const { events } = shown([...pieces(SECRET, [length]).map((piece) => chat(piece)), last])
      expect(joined(events, contentOf)).toBe(MASKED)
      expect(events.at(-1)).toEqual(last)
    }
    const lengths = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 20 })
    fc.assert(fc.property(lengths, (each) => joined(shown(pieces(SECRET, each).map((piece) => chat(piece))).events, contentOf) === MASKED))
  })

  it('is the same in every dialect', () => {
    const block = (text: string) => ({ type: 'content_block_delta', index: 1, delta: { type: 'text_delta', text } })
    const stop = { type: 'content_block_stop', index: 1 }
    const anthropic = shown([
      { type: 'content_block_start', index: 1, content_block: { type: 'text', text: '' } },
      ...pieces(SECRET, [7]).map(block),
      { type: 'ping' },
      stop,
    ])
    expect(joined(anthropic.events, (event: ReturnType<typeof block>) => event.delta?.text)).toBe(MASKED)
    expect(anthropic.events.at(-1)).toEqual(stop)
    expect(anthropic.out.map(({ name }) => name)).toEqual(anthropic.events.map((event) => String(event.type)))

    const item = { output_index: 0, item_id: 'msg_1', content_index: 0 }
    const delta = (text: string) => ({ type: 'response.output_text.delta', ...item, delta: text, logprobs: [] })
    const done = { type: 'response.output_text.done', ...item, text: SECRET }
    const completed = {
      type: 'response.completed',
      response: { id: 'resp_1', output: [{ type: 'message', content: [{ type: 'output_text', text: SECRET }] }] },
    }
    const { events } = shown([...pieces(SECRET, [5]).map(delta), done, completed])
    expect(joined(events, (event: ReturnType<typeof delta>) => event.delta)).toBe(MASKED)
    expect(events.at(-2)).toEqual({ ...done, text: MASKED })
    expect(JSON.stringify(events.at(-1))).toBe(JSON.stringify(completed).replace(SECRET, MASKED))
  })

  it('keeps the texts of choices, blocks and tools apart', () => {
    const one = (index: number, content: string) => ({ choices: [{ index, delta: { content }, finish_reason: null }] })
    const { events } = shown([one(0, 'bob@exam'), one(1, 'ple.org is '), one(0, 'ple.org'), one(1, 'no mail')])
    const of = (wanted: number) =>
      joined(events, (event: ReturnType<typeof one>) => event.choices.find(({ index }) => index === wanted)?.delta.content)
    expect([of(0), of(1)]).toEqual(['[email]', 'ple.org is no mail'])
  })

  it('leaves what tools are called with JSON, in pieces and as a whole', () => {
    const whole = '{"to":"bob@example.org","n":[1.50,"a\\"b 4111 1111 1111 1111"],"empty":{}}'
    const wanted = '{"to":"[email]","n":[1.50,"a\\"b [card]"],"empty":{}}'
    const call = (args: string) => ({
      choices: [{ index: 0, delta: { tool_calls: [{ index: 0, function: { arguments: args } }] }, finish_reason: null }],
    })
    const argumentsOf = (event: ReturnType<typeof call>) => event.choices[0]?.delta.tool_calls?.[0]?.function.arguments
    for (let length = 1; length <= whole.length; length++) {
      const { events } = shown([
        ...pieces(whole, [length]).map(call),
        { ...last, choices: [{ index: 0, delta: {}, finish_reason: 'tool_calls' }] },
      ])
      expect(joined(events, argumentsOf)).toBe(wanted)
    }
    const json = (partial_json: string) => ({ type: 'content_block_delta', index: 0, delta: { type: 'input_json_delta', partial_json } })
    const anthropic = shown([...pieces(whole, [3]).map(json), { type: 'content_block_stop', index: 0 }])
    expect(joined(anthropic.events, (event: ReturnType<typeof json>) => event.delta?.partial_json)).toBe(wanted)
    // What breaks off was no JSON, and is none.
    expect(joined(shown([call('{"to":"bob@exam')]).events, argumentsOf)).toBe('{"to":')
  })

  it('holds the beginning of a find while tokens come, and for no longer than 2 s', () => {
    const masking = answerMasking([mask()], undefined)
    const event = (content: string) => new SseDecoder().push(Buffer.from(`data: ${JSON.stringify(chat(content))}\n\n`))[0] as SseEvent
    const said = (events: readonly SseEvent[]) =>
      joined(
        events.map(({ data }) => JSON.parse(data ?? '') as Json),
        contentOf,
      )
    expect(said(masking?.event(event('Hello bob@exam'), 1_000) ?? [])).toBe('Hello ')
    expect(masking?.deadline).toBe(3_000)
    expect(masking?.expire(2_999)).toEqual([])
    expect(said(masking?.expire(3_000) ?? [])).toBe('bob@exam')
    expect(masking?.deadline).toBeUndefined()
    expect(said(masking?.event(event('ple.org'), 3_100) ?? []) + said(masking?.end() ?? [])).toBe('ple.org')
    expect(masking?.counts()).toEqual([['people', 'let-through', 8]])
  })

  it('finds an address of which a token comes each 150 ms', () => {
    const masking = answerMasking([mask()], undefined)
    const event = (content: string) => new SseDecoder().push(Buffer.from(`data: ${JSON.stringify(chat(content))}\n\n`))[0] as SseEvent
    const tokens = ['Ask ', 'christ', 'ina', '.h', 'endr', 'icks', '@north', 'wind', '-tr', 'aders', '.example', '.com', ' today']
    const events = tokens.flatMap((token, at) => {
      const now = 1_000 + at * 150
      return [...(masking?.expire(now) ?? []), ...(masking?.event(event(token), now) ?? [])]
    })
    const said = joined(
      [...events, ...(masking?.end() ?? [])].map(({ data }) => JSON.parse(data ?? '') as Json),
      contentOf,
    )
    expect(said).toBe('Ask [email] today')
    expect(masking?.counts()).toEqual([['people', 'email', 1]])
  })

  it('passes what no text is in as it came, and drops the tokens that would say it again', () => {
    const usage = { id: 'c1', choices: [], usage: { prompt_tokens: 1 } }
    const { out } = shown([usage])
    expect(Buffer.from(out[0]?.bytes ?? []).toString()).toBe(`data: ${JSON.stringify(usage)}\n\n`)
    const told = {
      choices: [{ index: 0, delta: { content: 'x ' }, logprobs: { content: [{ token: 'bob@example.org' }] }, finish_reason: null }],
    }
    expect(JSON.stringify(shown([told]).events)).not.toContain('bob@')
    const masking = answerMasking([mask()], undefined)
    const comment = new SseDecoder().push(Buffer.from(': keep\n\ndata: [DONE]\n\n'))
    expect(comment.flatMap((event) => masking?.event(event, 0) ?? [])).toEqual(comment)
  })

  it('never throws, and lets no mail through, whatever the events say', () => {
    const text = fc.constantFrom('bob@example.org', ' ', 'a', '😀', '\ud83d', 'x bob@exam', 'ple.org ')
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { depthSize: 'small' },
        text,
        fc.constant(null),
        fc.integer(),
        fc.array(tie('any'), { maxLength: 3 }),
        fc.dictionary(
          fc.constantFrom(
            'choices',
            'delta',
            'content',
            'index',
            'text',
            'type',
            'finish_reason',
            'tool_calls',
            'function',
            'arguments',
            'id',
            '__proto__',
          ),
          tie('any'),
        ),
      ),
    })).any
    fc.assert(
      fc.property(fc.array(value, { maxLength: 5 }), (events) => {
        const { out } = shown(events as object[])
        for (const { bytes } of out) expect(Buffer.from(bytes).toString()).not.toContain('bob@example.org')
      }),
      { numRuns: 500 },
    )
  })
})

it('is masked as a whole too, without its tokens', () => {
  const answer = {
    id: 'chatcmpl-1',
    choices: [{ index: 0, message: { role: 'assistant', content: SECRET }, logprobs: { content: [{ token: 'bob' }] } }],
  }
  const json = answerMasking([mask()], undefined)?.json()
  const text = Buffer.from(JSON.stringify(answer))
  const out = Buffer.concat([json?.push(text.subarray(0, 50), 0) ?? text, json?.push(text.subarray(50), 0) ?? text, json?.end() ?? text])
  expect(out.toString()).toBe(
    JSON.stringify({ ...answer, choices: [{ ...answer.choices[0], message: { role: 'assistant', content: MASKED }, logprobs: null }] }),
  )
  expect(json?.counts?.()).toEqual([
    ['people', 'email', 1],
    ['people', 'card', 1],
  ])
  expect(answerMasking([mask({ directions: ['prompt'] })], undefined)).toBeUndefined()
})

it('shows no numbers of tokens either, which say the text once more', () => {
  const ids = { token_ids: [65, 66], prompt_token_ids: [67] }
  const { events } = shown([
    { ...chat('hi'), choices: [{ index: 0, delta: { content: 'hi' }, ...ids, finish_reason: 'stop' }], prompt_logprobs: [{ '1': {} }] },
  ])
  expect(JSON.stringify(events)).not.toMatch(/6[567]|\{"1"/)
  const masking = answerMasking([mask()], undefined)?.json()
  const answer = Buffer.from(JSON.stringify({ choices: [{ message: { content: 'hi' }, ...ids }], ...ids }))
  const whole = Buffer.concat([masking?.push(answer, 0) ?? answer, masking?.end() ?? answer]).toString()
  expect(JSON.parse(whole)).toMatchObject({ choices: [{ token_ids: null, prompt_token_ids: null }], token_ids: null })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json } from '../../../operations/index.ts'
import { ToolCalls } from './tool-calls.ts'
import { Used } from './used.ts'

const named = (events: readonly Json[], offered: readonly string[] = []) => {
  const calls = new ToolCalls(offered)
  return { told: events.map((event) => calls.read(event).map(({ name }) => name)), all: calls.all }
}
const chat = (...tools: readonly Json[]) => ({ choices: [{ index: 0, delta: { tool_calls: tools } }] })

describe('tool calls of chat completions', () => {
  it('are put together by their index', () => {
    const { told, all } = named([
      { choices: [{ index: 0, delta: { role: 'assistant', content: '' } }] },
      chat({ index: 0, id: 'a', type: 'function', function: { name: 'query', arguments: '' } }),
      chat({ index: 0, function: { arguments: '{"a"' } }),
      chat({ index: 1, id: 'b', function: { name: 'drop', arguments: '{' } }, { index: 0, function: { arguments: ':1}' } }),
      chat({ index: 1, function: { arguments: '}' } }),
    ])
    expect(told).toEqual([[], ['query'], [], ['drop'], []])
    expect(all).toEqual([
      { id: 'a', name: 'query', arguments: '{"a":1}' },
      { id: 'b', name: 'drop', arguments: '{}' },
    ])
  })

  it('are told again where a name comes in pieces, and not where it is said again', () => {
    expect(named([chat({ index: 0, function: { name: 'del' } }), chat({ index: 0, function: { name: 'ete' } })]).told).toEqual([
      ['del'],
      ['delete'],
    ])
    const twice = [chat({ index: 0, function: { name: 'go' } }), chat({ index: 0, function: { name: 'go' } })]
    expect(named(twice).told).toEqual([['go'], []])
    expect(named(twice, ['gogo']).told).toEqual([['go'], ['gogo']])
  })

  it('are kept apart by choice, and without an index by id', () => {
    const at = (index: number) => ({ choices: [{ index, delta: { tool_calls: [{ index: 0, function: { name: `t${index}` } }] } }] })
    expect(named([at(0), at(1)]).told).toEqual([['t0'], ['t1']])
    expect(named([chat({ id: 'a', function: { name: 'x' } }), chat({ id: 'b', function: { name: 'x' } })]).all).toHaveLength(2)
  })

  it('are found whole, as custom tools, and as functions of old', () => {
    const message = (more: Json) => ({ choices: [{ index: 0, message: more }] })
    expect(named([message({ tool_calls: [{ id: 'a', function: { name: 'x', arguments: '{}' } }] })]).told).toEqual([['x']])
    expect(named([message({ tool_calls: [{ id: 'a', type: 'custom', custom: { name: 'x', input: 'go' } }] })]).all).toEqual([
      { id: 'a', name: 'x', arguments: 'go' },
    ])
    expect(named([message({ function_call: { name: 'x', arguments: '{}' } })]).told).toEqual([['x']])
  })
})

describe('tool calls of responses', () => {
  it('are told by the first event that names them, and completed by the last', () => {
    const item = (more: object) => ({ type: 'function_call', id: 'fc_1', call_id: 'call_1', name: 'query', ...more })
    const { told, all } = named([
      { type: 'response.created', response: { output: [] } },
      { type: 'response.output_item.added', output_index: 0, item: item({ arguments: '' }) },
      { type: 'response.function_call_arguments.delta', item_id: 'fc_1', output_index: 0, delta: '{"a"' },
      { type: 'response.function_call_arguments.delta', item_id: 'fc_1', output_index: 0, delta: ':1}' },
      { type: 'response.output_item.done', output_index: 0, item: item({ arguments: '{"a":1}' }) },
      { type: 'response.completed', response: { output: [item({ arguments: '{"a":1}' })] } },
    ])
    expect(told).toEqual([[], ['query'], [], [], [], []])
    expect(all).toEqual([{ id: 'call_1', name: 'query', arguments: '{"a":1}' }])
  })

  it('are told by the whole answer at the end where nothing did before', () => {
    expect(named([{ type: 'response.completed', response: { output: [{ type: 'function_call', id: 'f', name: 'drop' }] } }]).told).toEqual([
      ['drop'],
    ])
    expect(
      named([
        {
          output: [
            { type: 'web_search_call', id: 'w' },
            { type: 'mcp_call', id: 'm', name: 'list', arguments: '{}' },
          ],
        },
      ]).told,
    ).toEqual([['web_search', 'list']])
  })
})

describe('tool calls of messages', () => {
  it('are put together by their block', () => {
    const { told, all } = named([
      { type: 'message_start', message: { content: [], usage: { input_tokens: 1 } } },
      { type: 'content_block_start', index: 1, content_block: { type: 'tool_use', id: 'toolu_1', name: 'query', input: {} } },
      { type: 'content_block_delta', index: 1, delta: { type: 'input_json_delta', partial_json: '{"a"' } },
      { type: 'content_block_delta', index: 1, delta: { type: 'input_json_delta', partial_json: ':1}' } },
      { type: 'content_block_start', index: 2, content_block: { type: 'server_tool_use', id: 's', name: 'web_search', input: {} } },
    ])
    expect(told).toEqual([[], ['query'], [], [], ['web_search']])
    expect(all[0]).toEqual({ id: 'toolu_1', name: 'query', arguments: '{"a":1}' })
  })
})

it('keeps no more than it may, and still tells every name', () => {
  const calls = new ToolCalls()
  let told = 0
  for (let index = 0; index < 1_000; index++)
    told += calls.read(chat({ index, id: `${index}`, function: { name: `t${index}`, arguments: 'x'.repeat(10_000) } })).length
  expect(told).toBe(1_000)
  expect(calls.all).toHaveLength(256)
  expect(calls.all.reduce((sum, { arguments: said }) => sum + said.length, 0)).toBeLessThanOrEqual(1024 * 1024)
})

it('reads anything', () => {
  const shape = fc.dictionary(
    fc.constantFrom(
      'choices',
      'delta',
      'message',
      'tool_calls',
      'function',
      'name',
      'type',
      'item',
      'response',
      'output',
      'content',
      'content_block',
      'usage',
      'index',
    ),
    fc.oneof(
      fc.jsonValue({ maxDepth: 4 }),
      fc.constantFrom('response.output_item.added', 'content_block_start', 'tool_use', 'function_call'),
    ),
  )
  fc.assert(
    fc.property(fc.array(shape, { maxLength: 5 }), (events) => {
      const calls = new ToolCalls()
      const used = new Used()
      for (const event of events as readonly Json[]) {
        for (const { name } of calls.read(event)) expect(typeof name).toBe('string')
        used.read(event)
      }
    }),
    { numRuns: 1_000 },
  )
})

describe('what was used', () => {
  const of = (...events: readonly Json[]) => {
    const used = new Used()
    for (const event of events) used.read(event)
    return used.said
  }
  it.each<[string, readonly Json[], unknown]>([
    [
      'chat',
      [{ usage: { prompt_tokens: 9, completion_tokens: 3, prompt_tokens_details: { cached_tokens: 4 } } }],
      { inputTokens: 9, outputTokens: 3, cachedTokens: 4 },
    ],
    ['embeddings', [{ usage: { prompt_tokens: 9, total_tokens: 9 } }], { inputTokens: 9, outputTokens: 0 }],
    [
      'responses',
      [
        {
          type: 'response.completed',
          response: { usage: { input_tokens: 9, output_tokens: 3, input_tokens_details: { cached_tokens: 4 } } },
        },
      ],
      { inputTokens: 9, outputTokens: 3, cachedTokens: 4 },
    ],
    [
      'messages: what is cached is counted beside',
      [
        {
          type: 'message_start',
          message: { usage: { input_tokens: 9, cache_read_input_tokens: 100, cache_creation_input_tokens: 10, output_tokens: 1 } },
        },
        { type: 'message_delta', usage: { output_tokens: 30 } },
      ],
      { inputTokens: 119, outputTokens: 30, cachedTokens: 100 },
    ],
    ['nothing', [{ choices: [], usage: null }], undefined],
    ['what is no number', [{ usage: { prompt_tokens: -1, completion_tokens: 'x' } }], undefined],
  ])('is read of %s', (_, events, said) => {
    expect(of(...events)).toEqual(said)
  })
})

it.each<[string, Json]>([
  [
    'an event of responses beside choices',
    { choices: [], type: 'response.output_item.added', item: { type: 'function_call', name: 'drop' } },
  ],
  ['a block beside choices', { choices: [], content_block: { type: 'tool_use', name: 'drop', input: {} } }],
  ['a block of no type', { index: 0, content_block: { type: 'tool_use', id: 'a', name: 'drop', input: {} } }],
  ['content beside an output', { output: [], content: [{ type: 'tool_use', name: 'drop', input: {} }] }],
])('finds what clients of one API find beside what others look at: %s', (_, event) => {
  expect(new ToolCalls().read(event).map(({ name }) => name)).toEqual(['drop'])
})

import { Readable } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json, ModelApi, ModelResource } from '../../../operations/index.ts'
import { type DoorRequest, HttpError } from '../../http/index.ts'
import { ModelError } from '../errors.ts'
import { statementOf } from '../plane/statement.ts'
import { endpointOf } from './endpoint.ts'
import type { JsonObject } from './json.ts'
import { type AskedRequest, readAsked } from './read-request.ts'
import { estimatedTokens } from './tokens.ts'
import { offeredTools } from './tools.ts'
import { askingForUsage, asksForNoUsage } from './use-asking.ts'

const resource: ModelResource = {
  ...{ name: 'model', kind: 'model', host: 'api.test', port: 443, hosts: [], basePath: '', tags: [] },
  ...{ api: 'openai', usage: 'ask', prices: new Map() },
}
const read = (body: string, over: Partial<DoorRequest> = {}, of = resource): Promise<AskedRequest> =>
  readAsked(
    {
      ...{ method: 'POST', rawPath: '/chat/completions', rawQuery: undefined, headers: [], base: 'https://gateway/r/model' },
      ...{ body: Readable.from(body === '' ? [] : [Buffer.from(body)]), bodyLength: undefined },
      ...over,
    },
    of,
    new AbortController().signal,
  )

describe('what is asked for', () => {
  it.each<[ModelApi, string, string, string | undefined]>([
    ['openai', 'POST', '/chat/completions', 'chat'],
    ['openai', 'POST', '/v1/chat/completions', 'chat'],
    ['openai', 'POST', '/responses', 'responses'],
    ['openai', 'POST', '/responses/input_tokens', 'countTokens'],
    ['openai', 'POST', '/embeddings', 'embeddings'],
    ['openai', 'POST', '/completions', 'completions'],
    ['openai', 'GET', '/models', 'models'],
    ['openai', 'GET', '/models/meta-llama/Llama-4', 'models'],
    ['openai', 'DELETE', '/models/ft:gpt', undefined],
    ['openai', 'GET', '/responses/resp_1', undefined],
    ['openai', 'DELETE', '/responses/resp_1', undefined],
    ['openai', 'POST', '/responses/resp_1/cancel', undefined],
    ['openai', 'GET', '/chat/completions', undefined],
    ['openai', 'POST', '/Chat/Completions', undefined],
    ['openai', 'POST', '/chat/completions/', undefined],
    ['openai', 'POST', '/v1/v1/chat/completions', undefined],
    ['openai', 'POST', '/files', undefined],
    ['openai', 'POST', '/audio/speech', undefined],
    ['openai', 'POST', '/messages', undefined],
    ['openai', 'POST', '/', undefined],
    ['anthropic', 'POST', '/v1/messages', 'messages'],
    ['anthropic', 'POST', '/messages', 'messages'],
    ['anthropic', 'POST', '/v1/messages/count_tokens', 'countTokens'],
    ['anthropic', 'GET', '/v1/models', 'models'],
    ['anthropic', 'POST', '/v1/messages/batches', undefined],
    ['anthropic', 'POST', '/v1/chat/completions', undefined],
    ['azure-openai', 'POST', '/openai/v1/chat/completions', 'chat'],
    ['azure-openai', 'POST', '/openai/v1/responses', 'responses'],
    ['azure-openai', 'POST', '/openai/responses', 'responses'],
    ['azure-openai', 'GET', '/openai/models', 'models'],
    ['azure-openai', 'POST', '/openai/deployments/our-gpt/images/generations', undefined],
    ['azure-openai', 'POST', '/openai/deployments/our-gpt/responses', undefined],
    ['azure-openai', 'DELETE', '/openai/deployments/our-gpt/chat/completions', undefined],
  ])('of %s, %s %s is %s', (api, method, path, name) => {
    expect(endpointOf(api, method, path)?.name).toBe(name)
  })

  it('names the deployment of Azure', () => {
    expect(endpointOf('azure-openai', 'POST', '/openai/deployments/our%20gpt/chat/completions')).toEqual({
      name: 'chat',
      deployment: 'our gpt',
    })
  })
})

describe('tools that are offered', () => {
  it.each<[string, JsonObject, readonly string[] | undefined]>([
    ['none', {}, []],
    [
      'of chat',
      {
        tools: [
          { type: 'function', function: { name: 'b' } },
          { type: 'custom', custom: { name: 'a' } },
        ],
      },
      ['a', 'b'],
    ],
    [
      'of responses',
      { tools: [{ type: 'function', name: 'a' }, { type: 'custom', name: 'b' }, { type: 'web_search_preview' }] },
      ['a', 'b', 'web_search_preview'],
    ],
    ['in a group', { tools: [{ type: 'namespace', name: 'crm', tools: [{ type: 'function', name: 'get' }] }] }, ['get']],
    ['of MCP', { tools: [{ type: 'mcp', server_label: 'x', server_url: 'https://x' }] }, ['mcp']],
    [
      'of Anthropic',
      {
        tools: [
          { name: 'a', input_schema: {} },
          { type: 'bash_20250124', name: 'bash' },
        ],
      },
      ['a', 'bash'],
    ],
    ['as functions', { functions: [{ name: 'old' }] }, ['old']],
    ['twice', { tools: [{ name: 'a' }, { name: 'a' }] }, ['a']],
    ['without a name', { tools: [{ type: 'function', function: {} }] }, undefined],
    ['that are no objects', { tools: ['a'] }, undefined],
    ['that are no list', { tools: { name: 'a' } }, undefined],
    ['null', { tools: null }, []],
  ])('%s', (_, body, names) => {
    expect(offeredTools(body)).toEqual(names)
  })
})

describe('facts', () => {
  it('are unknown where a request does not say them so that everybody reads the same', async () => {
    const { facts } = await read('{"model":7,"stream":"yes","max_tokens":"many","tools":[{}],"messages":[],"previous_response_id":"x"}')
    expect(facts.model).toEqual({ provider: 'openai', endpoint: 'chat' })
  })

  it('know no model where another one may answer', async () => {
    for (const name of ['models', 'fallbacks'])
      expect((await read(`{"model":"small","${name}":["large"]}`)).facts.model?.model).toBeUndefined()
  })

  it('take the newer of two names for the most', async () => {
    const { facts, cost } = await read('{"model":"o","max_tokens":5,"max_completion_tokens":50,"n":3,"messages":[]}')
    expect([facts.model?.maxTokens, cost?.outputTokens]).toEqual([50, 150])
  })

  it('of what is no call are what is known of it', async () => {
    expect((await read('', { method: 'GET', rawPath: '/models' })).facts).toEqual({
      effects: [{ class: 'session', action: 'list models' }],
      model: { provider: 'openai', endpoint: 'models', tools: [], stream: false },
    })
    expect((await read('x', { rawPath: '/files' })).facts).toEqual({ effects: [{ class: 'other', action: 'other request' }] })
  })
})

describe('an estimate of tokens', () => {
  it.each<[string, JsonObject, number, boolean]>([
    ['of text', { messages: [{ role: 'user', content: 'x'.repeat(300) }] }, 109, true],
    ['of a text of several bytes a character', { input: '漢'.repeat(10) }, 10, true],
    ['of tokens themselves', { input: [1, 2, 3] }, 15, true],
    [
      'of an image',
      { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: `data:${'A'.repeat(9_000)}` } }] }] },
      1_609,
      true,
    ],
    ['of a file', { input: [{ type: 'input_file', file_id: 'file_1' }] }, 4, false],
    ['of what was said before', { input: 'go on', previous_response_id: 'resp_1' }, 2, false],
    ['of nothing', {}, 0, true],
  ])('%s', (_, body, tokens, isWhole) => {
    expect(estimatedTokens(body)).toEqual({ tokens, isWhole })
  })
})

describe('a streamed request that is asked for its usage', () => {
  it.each([
    ['{"stream":true,"a":1.10}', '{"stream_options":{"include_usage":true},"stream":true,"a":1.10}'],
    [' { "stream" : true }', ' {"stream_options":{"include_usage":true}, "stream" : true }'],
    ['{"stream":true,"stream_options":null}', '{"stream":true,"stream_options":{"include_usage":true}}'],
    [
      '{"a":{"stream_options":{}},"stream_options":{},"stream":true}',
      '{"a":{"stream_options":{}},"stream_options":{"include_usage":true},"stream":true}',
    ],
    [
      '{"stream":true,"s\\u0074ream_options":{"include_usage":false,"include_obfuscation":true},"z":"\\",}"}',
      '{"stream":true,"s\\u0074ream_options":{"include_usage":true,"include_obfuscation":true},"z":"\\",}"}',
    ],
  ])('%s', (text, asking) => {
    const json = JSON.parse(text) as JsonObject
    expect(asksForNoUsage(json)).toBe(true)
    expect(askingForUsage(Buffer.from(text), json).toString()).toBe(asking)
  })

  it('is otherwise the same, whatever it is', () => {
    const key = fc.constantFrom('a', 'b', 'stream_options', 'ä', '"', '{', 'messages')
    fc.assert(
      fc.property(fc.dictionary(key, fc.jsonValue()), fc.boolean(), (some, spaced) => {
        const json = { ...some, stream: true } as unknown as JsonObject
        if (!asksForNoUsage(json)) return
        const text = JSON.stringify(json, undefined, spaced ? 2 : 0)
        const asking = JSON.parse(askingForUsage(Buffer.from(text), JSON.parse(text) as JsonObject).toString()) as Record<string, Json>
        const options = json.stream_options ?? {}
        expect(asking).toEqual({ ...(JSON.parse(text) as object), stream_options: { ...(options as object), include_usage: true } })
      }),
    )
  })

  it('is not, where nothing is streamed, or its client asks', () => {
    for (const body of [
      {},
      { stream: false },
      { stream: true, stream_options: { include_usage: true } },
      { stream: true, stream_options: 'x' },
    ]) {
      expect(asksForNoUsage(body)).toBe(false)
    }
  })
})

describe('what is recorded of a request', () => {
  const recorded = async (body: string) => {
    const asked = await read(body, { rawPath: '/responses' })
    const { text, recorded, histories = [] } = statementOf(asked, asked.body.kind === 'whole' ? asked.body.bytes : undefined)
    return { text: Buffer.from(text).toString(), recorded: recorded && Buffer.from(recorded).toString(), histories }
  }

  it('is all of it, its messages apart', async () => {
    const { text, recorded: kept, histories } = await recorded('{"model":"m","input":[{"role":"user"},{"role":"user","content":"b"}]}')
    expect(kept).toBeUndefined()
    expect(text.startsWith('POST /responses\n\n{"model"')).toBe(true)
    expect(histories[0]?.ends).toHaveLength(2)
  })

  it('leaves out what opens servers of MCP', async () => {
    const tools = [{ type: 'mcp', server_label: 'x', authorization: 'open-sesame', headers: { 'X-Key': 'sesame-2' } }]
    const { text, recorded: kept } = await recorded(
      JSON.stringify({ tools, mcp_servers: [{ name: 'y', authorization_token: 'sesame-3' }] }),
    )
    expect(text).toContain('open-sesame')
    expect(kept).not.toContain('sesame')
    expect(kept).toContain('"server_label":"x"')
    const azure = await recorded(
      JSON.stringify({ data_sources: [{ type: 'azure_search', parameters: { index_name: 'i', authentication: { key: 'sesame-4' } } }] }),
    )
    expect(azure.recorded).toContain('index_name')
    expect(azure.recorded).not.toContain('sesame')
  })
})

it.each(['api_key', 'api_base', 'base_url'])('refuses %s in the body', async (name) => {
  await expect(read(JSON.stringify({ model: 'm', [name]: 'x' }))).rejects.toThrow(ModelError)
})

it.each(['api-key=a', 'b=1&API_KEY=a', 'key=a', 'subscription-key=a', 'x-api-key=a'])(
  'refuses a key in the query: %s',
  async (rawQuery) => {
    await expect(read('{}', { rawQuery })).rejects.toThrow(ModelError)
  },
)

it('passes any bytes or refuses them with a code, and never anything else', async () => {
  const bodies = fc.oneof(
    fc.json(),
    fc.string(),
    fc.constantFrom('{"model":"a","messages":[', '{"a":1,"a":2}', '\uFEFF{}', '{"a":"\\ud800"}'),
  )
  const paths = fc.constantFrom(
    '/chat/completions',
    '/responses',
    '/embeddings',
    '/models',
    '/x',
    '/a//b',
    '/%2e%2e/models',
    '/completions',
  )
  await fc.assert(
    fc.asyncProperty(bodies, paths, async (body, rawPath) => {
      try {
        const { facts } = await read(body, { rawPath })
        expect(facts.effects).toHaveLength(1)
      } catch (error) {
        expect(error instanceof ModelError || error instanceof HttpError).toBe(true)
      }
    }),
    { numRuns: 500 },
  )
})

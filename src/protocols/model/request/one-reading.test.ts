import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import type { ModelResource } from '../../../operations/index.ts'
import { ModelError } from '../errors.ts'
import { statementOf } from '../plane/statement.ts'
import { type AskedRequest, readAsked } from './read-request.ts'

const resource: ModelResource = {
  ...{ name: 'model', kind: 'model', host: 'api.test', port: 443, hosts: [], basePath: '', tags: [] },
  ...{ api: 'openai', usage: 'ask', prices: new Map() },
}
const read = (body: object, rawPath = '/chat/completions', type = 'application/json', of = resource): Promise<AskedRequest> =>
  readAsked(
    {
      ...{ method: 'POST', rawPath, rawQuery: undefined, headers: [['content-type', type]], base: 'https://gateway/r/model' },
      ...{ body: Readable.from([Buffer.from(JSON.stringify(body))]), bodyLength: undefined },
    },
    of,
    new AbortController().signal,
  )
const some = { model: 'small', messages: [{ role: 'user', content: 'hi' }] }

describe('a request that servers read in several ways', () => {
  it.each<[string, object]>([
    ['Model', { ...some, Model: 'large' }],
    ['the sign of kelvin and a long s', { ...some, 'tool\u017f': [{ type: 'function', function: { name: 'drop' } }] }],
    ['MAX_TOKENS', { ...some, MAX_TOKENS: 1 }],
    ['the name of a tool', { ...some, tools: [{ type: 'function', function: { name: 'ok', Name: 'drop' } }] }],
    ['a tool in a group', { ...some, tools: [{ type: 'namespace', name: 'g', tools: [{ name: 'ok', NAME: 'drop' }] }] }],
    ['options of streams', { ...some, stream: true, stream_options: { Include_Usage: false } }],
    ['what goes over the body', { ...some, extra_body: { model: 'large' } }],
    ['headers in the body', { ...some, extra_headers: { 'x-model': 'large' } }],
    ['routers in the body', { ...some, user_config: { model_list: [] } }],
  ])('is refused: %s', async (_, body) => {
    await expect(read(body)).rejects.toThrow(ModelError)
  })

  it('is refused in another charset', async () => {
    await expect(read(some, undefined, 'application/json; charset=utf-7')).rejects.toThrow(ModelError)
    await read(some, undefined, 'application/json; charset="UTF-8"')
  })

  it('may name parameters of tools as it likes', async () => {
    const parameters = { type: 'object', properties: { Model: {}, Name: {}, NAME: {} } }
    const { facts } = await read({ ...some, tools: [{ type: 'function', function: { name: 'find', parameters } }] })
    expect(facts.model?.tools).toEqual(['find'])
  })

  it.each(['context_window_fallbacks', 'content_policy_fallbacks', 'preset'])('has no known model: %s', async (name) => {
    expect((await read({ ...some, [name]: ['large'] })).facts.model?.model).toBeUndefined()
  })

  it('takes the larger of two names for the most', async () => {
    const { facts, cost } = await read({ ...some, max_completion_tokens: 1, max_tokens: 100_000 })
    expect([facts.model?.maxTokens, cost?.outputTokens]).toEqual([100_000, 100_000])
  })

  it.each<[string, object]>([
    ['n', { n: '50' }],
    ['max_tokens', { max_tokens: '100000' }],
    ['no most at all', { max_tokens: -1 }],
  ])('may come to anything where a number is none: %s', async (_, more) => {
    expect((await read({ ...some, ...more })).cost?.outputTokens).toBe(Number.MAX_SAFE_INTEGER)
  })

  it('is answered once for each of its prompts', async () => {
    const { cost } = await read({ model: 'm', prompt: ['a', 'b', 'c'], n: 2, max_tokens: 10 }, '/completions')
    expect(cost?.outputTokens).toBe(60)
    expect((await read({ model: 'm', prompt: [1, 2, 3], max_tokens: 10 }, '/completions')).cost?.outputTokens).toBe(10)
  })

  it.each<[string, object, readonly string[] | undefined]>([
    ['a stored prompt', { prompt: { id: 'pmpt_1' } }, undefined],
    ['web search of chat completions', { web_search_options: {} }, ['web_search']],
    ['data of Azure', { data_sources: [{ type: 'azure_search' }] }, ['azure_search']],
    ['plugins', { plugins: [{ id: 'web' }] }, ['web']],
    ['tools that were searched for', { input: [{ type: 'tool_search_output', tools: [{ type: 'function', name: 'drop' }] }] }, ['drop']],
    ['tools of a message', { messages: [{ role: 'developer', tools: [{ type: 'function', function: { name: 'drop' } }] }] }, ['drop']],
  ])('offers what it does not call tools: %s', async (_, body, tools) => {
    expect((await read(body)).facts.model?.tools).toEqual(tools)
  })

  it('is estimated by all that may be read of it', async () => {
    const long = 'x'.repeat(30_000)
    for (const body of [
      { ...some, documents: [{ text: long }] },
      { ...some, chat_template: long },
      { messages: [{ role: 'user', type: 'image_url', content: long }] },
      { messages: [{ role: 'user', type: 'input_file', content: long }] },
    ]) {
      expect((await read(body)).inputTokens).toBeGreaterThan(10_000)
    }
  })
})

it('records no credential for what a provider is to ask, however deep it stands', async () => {
  const asked = await read({
    model: 'm',
    tools: [{ type: 'namespace', name: 'n', tools: [{ type: 'mcp', authorization: 'sesame', headers: { a: 'sesame' } }] }],
    data_sources: [{ type: 'azure_search', parameters: { embedding_dependency: { authentication: { key: 'sesame' } } } }],
    mcp_servers: [{ name: 'x', authorization_token: 'sesame', headers: { b: 'sesame' } }],
  })
  const { recorded } = statementOf(asked, asked.body.kind === 'whole' ? asked.body.bytes : undefined)
  expect(Buffer.from(recorded ?? []).toString()).toContain('azure_search')
  expect(Buffer.from(recorded ?? []).toString()).not.toContain('sesame')
})

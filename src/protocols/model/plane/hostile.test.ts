import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { soon } from '../../../../test/parts/https-door.ts'
import { doorBeforeModel, MODEL_CREDENTIAL, type ModelDoor } from '../../../../test/parts/model-door.ts'
import { inTurn } from '../../../../test/parts/model-server.ts'
import type { Operation } from '../../../operations/index.ts'

const { open } = doorBeforeModel()

const decide = ({ facts }: Operation) =>
  facts?.model?.toolCalls?.includes('drop') ? { effect: 'deny' as const, rules: ['no-dropping'] } : {}
const CALL = {
  choices: [{ index: 0, message: { tool_calls: [{ id: 'a', type: 'function', function: { name: 'drop', arguments: '{}' } }] } }],
}
const DELTA = { choices: [{ index: 0, delta: CALL.choices[0]?.message }] }
const ask = ({ url, fetch }: ModelDoor, body: object = {}, path = '/chat/completions') =>
  fetch(url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${MODEL_CREDENTIAL}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'small', messages: [{ role: 'user', content: 'hi' }], ...body }),
  })
const answering = (body: string | Buffer, headers: Record<string, string>) =>
  open(inTurn(), { decide, listener: (_, response) => response.writeHead(200, headers).end(body) })
const EVENTS = { 'content-type': 'text/event-stream' }
const JSON_TYPE = { 'content-type': 'application/json' }
const utf16 = Buffer.from(JSON.stringify(CALL), 'utf16le')

describe('a provider that means ill', () => {
  it.each<[string, string | Buffer, Record<string, string>]>([
    ['JSON said to be events', JSON.stringify(CALL), EVENTS],
    ['JSON in lines said to be events', `${JSON.stringify(CALL, undefined, 1)}\n\n`, EVENTS],
    ['events said to be JSON', `data: ${JSON.stringify(DELTA)}\n\n`, JSON_TYPE],
    ['lines that end in CR alone', `: x\r\rdata: ${JSON.stringify(DELTA)}\r\rdata: [DONE]\r\r`, EVENTS],
    ['data over several lines', `event: x\ndata: ${JSON.stringify(DELTA, undefined, 1).replaceAll('\n', '\ndata:')}\n\n`, EVENTS],
    ['an event that never ends', `data: ${JSON.stringify(DELTA)}`, EVENTS],
    ['a byte order mark', `\uFEFFdata: ${JSON.stringify(DELTA)}\n\n`, EVENTS],
    ['half a number', JSON.stringify(CALL).replace('"index":0', '"index":NaN'), JSON_TYPE],
    ['another encoding of characters', utf16, JSON_TYPE],
    ['a list', JSON.stringify([CALL]), JSON_TYPE],
    ['an encoded answer', gzipSync(JSON.stringify(CALL)), { ...JSON_TYPE, 'content-encoding': 'gzip' }],
    ['JSON said to be anything', JSON.stringify(CALL), { 'content-type': 'application/octet-stream' }],
    ['no type', JSON.stringify(CALL), {}],
  ])('gets no denied tool call shown by %s', async (_, body, headers) => {
    for (const stream of [true, false]) {
      const answer = await ask(await answering(body, headers), { stream, tools: [{ type: 'function', function: { name: 'find' } }] })
      const shown = await answer.text().catch(() => '')
      expect(shown.replaceAll('\u0000', '')).not.toContain('"drop"')
      expect(answer.status >= 400 || shown.includes('"error"')).toBe(true)
    }
  })

  it.each([
    { prompt_tokens: -5, completion_tokens: '7' },
    { prompt_tokens: 1e300, completion_tokens: Number.MAX_SAFE_INTEGER },
    { prompt_tokens: 2, completion_tokens: 0.5, prompt_tokens_details: { cached_tokens: 99 } },
    { prompt_tokens: { a: 1 }, completion_tokens: [3] },
    'many',
  ])('does no harm by lying of usage: %j', async (usage) => {
    const whole = JSON.stringify({ choices: [{ index: 0, message: { content: 'hi' } }], usage })
    const door = await open(inTurn(), {
      prices: { small: { input: 1, output: 1, per: 1, currency: 'USD' } },
      listener: (_, response) => response.writeHead(200, JSON_TYPE).end(whole),
    })
    expect((await ask(door)).status).toBe(200)
    await soon(() => door.seen.settled).toMatchObject([{ status: 'completed' }])
  })
})

it.each(['%ff', '%c3', 'a%2Fb', '%00', '%2e%2e', '..%5c', 'a%3Fb'])('tells what deployment %s is, or refuses it', async (name) => {
  const door = await open(inTurn({ text: 'hi' }), { api: 'azure-openai' })
  const answer = await ask(door, {}, `/openai/deployments/${name}/chat/completions?api-version=1`)
  const text = await answer.text()
  expect(answer.status, text).toBeLessThan(500)
  const forms = door.seen.operations.map(({ form, facts }) => [form, facts?.effects[0]?.class, facts?.model?.model])
  expect(JSON.stringify(forms)).not.toMatch(/\["request","call",null\]/)
})

it('never gets a credential of the gateway, where an agent reads its environment to its model', async () => {
  const ours = `gs_model_${'0123456789abcdefghjk'.repeat(2).slice(0, 39)}`
  const door = await open(inTurn({ text: 'hi' }, { text: 'hi' }))
  for (const stream of [false, true]) {
    const answer = await ask(door, { stream, messages: [{ role: 'tool', tool_call_id: 'a', content: `OPENAI_API_KEY=${ours}\n` }] })
    expect([answer.status, (await answer.text()).includes('hi')]).toEqual([200, true])
    expect(door.provider.received.at(-1)?.text).not.toContain(ours)
    expect(door.provider.received.at(-1)?.text).toContain('OPENAI_API_KEY=*****')
  }
})

it.each([1, 7, 30])('shows no credential of the gateway in pieces of %i', async (size) => {
  let key = ''
  const door = await open(inTurn(), {
    listener: ({ headers }, response) => {
      key = String(headers.authorization).slice('Bearer '.length)
      const text = `The key: ${key}. Indeed.`
      response.writeHead(200, EVENTS)
      for (let at = 0; at < text.length; at += size) {
        response.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: text.slice(at, at + size) } }] })}\n\n`)
      }
      response.end('data: [DONE]\n\n')
    },
  })
  const shown = await (await ask(door, { stream: true })).text()
  expect(key.length).toBeGreaterThan(30)
  expect([...shown.matchAll(/"content":"([^"]*)"/g)].map(([, text]) => text).join('')).not.toContain(key.slice(0, 31))
  expect(shown).toContain('GS_MODEL_ANSWER_UNREADABLE')
  expect(shown).not.toContain('[DONE]')
})

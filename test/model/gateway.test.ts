import OpenAI from 'openai'
import { Agent, fetch } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { EntryAnswer } from '../../src/api/local/schemas.ts'
import { JOB_GROUP } from '../parts/gateway-config.ts'
import { type ModelGateway, startModelGateway } from '../parts/model-gateway.ts'
import { MODEL_KEY } from '../parts/model-server.ts'

let gateway: ModelGateway['gateway']
let models: ModelGateway['models']
let remove: ModelGateway['remove'] | undefined

beforeAll(async () => {
  ;({ gateway, models, remove } = await startModelGateway(
    () => ({ text: 'Four orders are late.' }),
    (config, { url, credentials }) => {
      config.resources = [
        {
          ...{ name: 'openai', kind: 'model', api: 'openai', address: `${url}/v1` },
          ...{ credentials, env: { url: 'MY_MODEL_URL', token: 'MY_MODEL_KEY' } },
          prices: { 'gpt-4o-mini': { input: 0.15, output: 0.6, per: 1_000_000, currency: 'USD' } },
        },
        { name: 'unreached', kind: 'http', address: url, credentials: [{ as: 'nobody', none: true }], tags: ['closed'] },
      ]
      config.rules = [
        {
          ...{ name: 'small-models', effect: 'allow', who: { groups: [JOB_GROUP] } },
          do: ['model.call'],
          when: 'model.model == "gpt-4o-mini"',
        },
      ]
    },
  ))
})
afterAll(() => remove?.())

async function inRun() {
  const { planes, run } = await gateway.credential()
  const { credential, resources, host } = planes.model!
  const dispatcher = new Agent({
    connect: { ca: gateway.ca, servername: host, lookup: (_, __, done) => done(null, [{ address: '127.0.0.1', family: 4 }]) },
  })
  const client = new OpenAI({
    ...{ baseURL: resources[0]!.url, apiKey: credential, maxRetries: 0 },
    fetch: ((url: string, init: object) => fetch(url, { ...init, dispatcher } as never)) as never,
  })
  return { run, planes, credential, client }
}

const ask = (model: string) => ({ model, messages: [{ role: 'user' as const, content: 'How many orders are late?' }] })

describe('a model behind the gateway', () => {
  it('is told to a job with what opens it and the names that it looks for, and no database where there is no door to one', async () => {
    const { planes, credential } = await inRun()
    expect(credential).toMatch(/^gs_model_/)
    expect(planes.model!.resources).toEqual([
      { name: 'openai', url: expect.stringMatching(/\/r\/openai$/), api: 'openai', env: { url: 'MY_MODEL_URL', token: 'MY_MODEL_KEY' } },
    ])
    expect(planes.http?.resources).toEqual([])
    expect(planes.postgres).not.toHaveProperty('port')
  })

  it('answers with the key of the gateway, and the trail says which model was asked for', async () => {
    const { client, run } = await inRun()
    const answer = await client.chat.completions.create(ask('gpt-4o-mini'))
    expect(answer.choices[0]!.message.content).toBe('Four orders are late.')
    expect(models.received.at(-1)!.headers.authorization).toBe(`Bearer ${MODEL_KEY}`)
    const entries: EntryAnswer[] = []
    await expect
      .poll(async () => {
        entries.length = 0
        const reading = { from: 0, follow: false, opened: true, filter: {} }
        for await (const entry of gateway.operator.trail(reading, AbortSignal.timeout(20_000))) entries.push(entry)
        return entries.some(({ kind }) => kind === 'operation.outcome')
      })
      .toBe(true)
    const text = JSON.stringify(entries)
    expect(entries.some(({ kind, fields }) => kind === 'session.open' && fields.run === run)).toBe(true)
    expect(text).toContain('small-models')
    expect(text).toContain('How many orders are late?')
    expect(text).not.toContain(MODEL_KEY)
  })

  it('is looked at by gatescribe doctor, with its key', async () => {
    const found: string[] = []
    for await (const { subject, level, found: said } of gateway.operator.doctor(AbortSignal.timeout(30_000)))
      if (subject === 'resource openai') found.push(`${level} ${said}`)
    expect(found).toEqual(['ok reached and answers (200)'])
    expect(models.received.find(({ path }) => path === '/v1/models')).toMatchObject({ method: 'GET', status: 200 })
  })

  it('is not asked for another model than the rules permit', async () => {
    const { client } = await inRun()
    const before = models.received.length
    await expect(client.chat.completions.create(ask('gpt-4o'))).rejects.toMatchObject({ status: 403, code: 'gatescribe_denied' })
    expect(models.received).toHaveLength(before)
  })
})

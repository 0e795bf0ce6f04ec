import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import OpenAI from 'openai'
import { Agent as Dispatcher, fetch as request } from 'undici'
import { Office, type OfficeOptions } from '../approvals/office.ts'
import { JOB_GROUP, type WrittenConfig } from '../parts/gateway-config.ts'
import { MODEL_KEY, type ModelServer, startModelServer } from '../parts/model-server.ts'
import { SHOP_DATABASE, SHOP_ROLE } from '../parts/shop.ts'
import type { JobCredential } from '../parts/token-exchange.ts'

/** What the test does, and what the numbers must say. */
export const DONE = { allowed: 25, denied: 3, approved: 1, calls: 2, wrongPasswords: 2, inputTokens: 1_000, outputTokens: 200 } as const

/** An office that tells of itself, with a model behind it too. */
export interface BusyOffice {
  readonly office: Office
  readonly models: ModelServer
  /** `127.0.0.1:port` of the door for metrics. */
  readonly metrics: string
  /** 25 statements, 3 that a rule denies, one that Ada approves, 2 calls of models with and without a price, and 2 wrong passwords. */
  work(): Promise<void>
  close(): Promise<void>
}

export async function openBusyOffice(adjust: (config: WrittenConfig) => void = () => undefined): Promise<BusyOffice> {
  const folder = mkdtempSync(join(tmpdir(), 'gatescribe-metrics-'))
  writeFileSync(join(folder, 'key'), MODEL_KEY, { mode: 0o600 })
  const { inputTokens, outputTokens } = DONE
  const models = await startModelServer(() => ({ text: 'Four orders are late.', usage: { inputTokens, outputTokens } }))
  const options: OfficeOptions = {
    adjust(config) {
      Object.assign(config.gateway.listen as object, { https: '127.0.0.1:0', metrics: '127.0.0.1:0' })
      config.resources.push({
        ...{ name: 'models', kind: 'model', api: 'openai', address: `${models.url}/v1` },
        credentials: [{ as: 'key', apiKey: `file:${join(folder, 'key')}` }],
        prices: { 'gpt-4o-mini': { input: 2, output: 10, per: 1_000_000, currency: 'USD' } },
      })
      config.rules.push(
        { name: 'models', effect: 'allow', who: { groups: [JOB_GROUP] }, do: ['model.call'] },
        { name: 'no-definitions', effect: 'deny', do: ['postgres.define'], say: 'Leave it there.' },
      )
      config.budgets = [{ name: 'hourly', per: 'principal', over: '1h', limit: { operations: 1_000 }, warnAt: 0.01 }]
      adjust(config)
    },
  }
  const office = await Office.open(options)
  const { gateway } = office.shop
  await office.shop.server.queryIn(
    { database: SHOP_DATABASE, user: 'postgres' },
    `CREATE TABLE orders (n int); GRANT ALL ON orders TO ${SHOP_ROLE}`,
  )
  const metrics = (await gateway.operator.status()).listening.metrics
  if (metrics === undefined) throw new Error('there is no door for metrics')
  return {
    ...{ office, models, metrics },
    async work() {
      const agent = await office.agent()
      for (let n = 0; n < DONE.allowed; n++) await agent.send('SELECT 1')
      for (let n = 0; n < DONE.denied; n++) await agent.send('DROP TABLE orders')
      const held = await agent.ask('DELETE FROM orders WHERE false')
      await office.approve(held.id)
      await held.result
      for (const model of ['gpt-4o-mini', 'gpt-whatever-a-client-says']) await call(agent.job, gateway.ca, model)
      const password = [...agent.job.password].reverse().join('')
      for (let n = 0; n < DONE.wrongPasswords; n++) await office.agent({ ...agent.job, password }).catch(() => undefined)
    },
    async close() {
      await office.close()
      await models.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function call({ planes }: JobCredential, ca: string, model: string): Promise<void> {
  const { credential, resources, host } = planes.model!
  const dispatcher = new Dispatcher({
    connect: { ca, servername: host, lookup: (_, __, done) => done(null, [{ address: '127.0.0.1', family: 4 }]) },
  })
  const client = new OpenAI({
    ...{ baseURL: resources[0]!.url, apiKey: credential, maxRetries: 0 },
    fetch: ((url: string, init: object) => request(url, { ...init, dispatcher } as never)) as never,
  })
  await client.chat.completions.create({ model, max_tokens: 100, messages: [{ role: 'user', content: 'Which are late?' }] })
  await dispatcher.close()
}

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import OpenAI from 'openai'
import { Agent, fetch } from 'undici'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { newBrowser } from '../parts/browser.ts'
import { type RunningGateway, startGateway } from '../parts/gateway.ts'
import { JOB_GROUP } from '../parts/gateway-config.ts'
import { startIssuer, type TestIssuer } from '../parts/issuer.ts'
import { MODEL_KEY, type ModelServer, startModelServer } from '../parts/model-server.ts'
import { startPeopleIssuer, type TestPeopleIssuer } from '../parts/people-issuer.ts'
import { freePort } from '../parts/ports.ts'

let issuer: TestIssuer
let people: TestPeopleIssuer
let gateway: RunningGateway
let models: ModelServer
let folder: string
let url: string
let decide: (id: string, verdict: 'approve' | 'deny') => Promise<void>

const DROP = { name: 'drop', arguments: { table: 'orders' } }

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-model-'))
  const key = join(folder, 'key')
  writeFileSync(key, MODEL_KEY, { mode: 0o600 })
  models = await startModelServer(({ turns }) =>
    turns.at(-1)?.text.startsWith('drop') ? { text: 'I drop.', calls: [DROP] } : { text: 'Hello.' },
  )
  issuer = await startIssuer()
  const port = await freePort()
  url = `http://localhost:${port}`
  people = await startPeopleIssuer({
    redirectUri: `${url}/signin/callback`,
    accounts: { ada: { name: 'Ada', groups: ['sre'], github_id: '1001' } },
  })
  gateway = await startGateway({
    issuer,
    targets: [],
    environment: { OKTA_SECRET: people.client.secret },
    adjust(config) {
      config.gateway.listen = { https: '127.0.0.1:0', token: '127.0.0.1:0', admin: `127.0.0.1:${port}` }
      config.issuers.push({
        ...{ name: 'okta', issuer: people.url, insecureLoopback: true },
        people: {
          ...{ clientId: people.client.id, clientSecret: 'env:OKTA_SECRET', groups: '{groups}', link: { github: '{github_id}' } },
        },
      })
      const credentials = [{ as: 'key', apiKey: `file:${key}` }]
      config.resources = [{ name: 'openai', kind: 'model', api: 'openai', address: `${models.url}/v1`, credentials }]
      config.rules = [
        { name: 'models', effect: 'allow', who: { groups: [JOB_GROUP] }, do: ['model.call'] },
        { name: 'large-ones', effect: 'ask', do: ['model.call'], when: 'model.model == "large"', approvers: { groups: ['okta/sre'] } },
        { name: 'dropping', effect: 'ask', do: ['model.answer'], when: '"drop" in model.toolCalls', approvers: { groups: ['okta/sre'] } },
      ]
      Object.assign(config, {
        roles: { approver: { groups: ['okta/sre'] } },
        approvals: { hold: { model: '20s' }, unlinkedLauncher: 'refuse' },
      })
    },
  })
  const browser = newBrowser(url)
  await browser.signIn({ name: 'okta', signIn: (at, who) => people.signIn(at, who) }, 'ada')
  const { csrf } = JSON.parse((await browser.get('/v1/me')).body) as { csrf: string }
  decide = async (id, verdict) => {
    const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = { 'content-type': 'application/json', origin: url, 'x-gatescribe-csrf': csrf, cookie }
    const answer = await fetch(`${url}/v1/approvals/${id}/decide`, { method: 'POST', body: JSON.stringify({ verdict }), headers })
    expect(answer.status).toBe(200)
  }
})
const dispatchers: Agent[] = []
afterAll(async () => {
  await Promise.all(dispatchers.map((each) => each.destroy()))
  await gateway?.remove()
  await issuer?.close()
  await people?.close()
  await models?.close()
  rmSync(folder, { recursive: true, force: true })
})

async function inRun() {
  const { planes } = await gateway.credential()
  const { credential: apiKey, resources, host } = planes.model!
  const dispatcher = new Agent({
    connect: { ca: gateway.ca, servername: host, lookup: (_, __, done) => done(null, [{ address: '127.0.0.1', family: 4 }]) },
  })
  dispatchers.push(dispatcher)
  return new OpenAI({
    ...{ baseURL: resources[0]!.url, apiKey, maxRetries: 2 },
    fetch: ((at: string, init: object) => fetch(at, { ...init, dispatcher } as never)) as never,
  })
}

/** The request that waits for Ada, once there is one that has not been seen. */
async function asked(seen: Set<string>) {
  await expect
    .poll(async () => (await gateway.operator.approvals({ limit: '100' })).approvals.filter(({ id }) => !seen.has(id)).length, {
      timeout: 10_000,
    })
    .toBe(1)
  const request = (await gateway.operator.approvals({ limit: '100' })).approvals.find(({ id }) => !seen.has(id))!
  seen.add(request.id)
  return request
}
const seen = new Set<string>()
const asking = (model: string, content: string) => ({ model, messages: [{ role: 'user' as const, content }] })

it('a call waits for a person, and is made once they have said yes', async () => {
  const openai = await inRun()
  const answer = openai.chat.completions.create(asking('large', 'hello'))
  const { id } = await asked(seen)
  expect(models.received).toHaveLength(0)
  await decide(id, 'approve')
  expect((await answer).choices[0]?.message.content).toBe('Hello.')
})

it('a call that nobody answers in time gets a ticket, and the same call again goes through once it is approved', async () => {
  const openai = await inRun()
  const error = await openai.chat.completions.create(asking('large', 'later'), { timeout: 6_000 }).catch((thrown: unknown) => thrown)
  const { id } = await asked(seen)
  expect(error).toMatchObject({ status: 403, error: { gatescribe: { code: 'GS_APPROVAL_PENDING', approval: id } } })
  await decide(id, 'approve')
  expect((await openai.chat.completions.create(asking('large', 'later'))).choices[0]?.message.content).toBe('Hello.')
})

it.each(['whole', 'streamed'] as const)('a tool call in a %s answer waits for a person who sees what it is called with', async (how) => {
  const openai = await inRun()
  const ask = async (content: string) => {
    const request = asking('small', content)
    if (how === 'whole') return openai.chat.completions.create(request)
    return openai.chat.completions.stream(request).finalChatCompletion()
  }
  const answer = ask('drop it')
  const { id } = await asked(seen)
  const { content } = await gateway.operator.approval(id)
  expect(Buffer.from(content?.parts[0]?.content ?? '', 'base64').toString()).toContain(
    '{"tool":"drop","arguments":"{\\"table\\":\\"orders\\"}"}',
  )
  await decide(id, 'approve')
  expect((await answer).choices[0]?.message.tool_calls).toMatchObject([{ function: { name: 'drop', arguments: '{"table":"orders"}' } }])
  const other = await inRun()
  const refused = other.chat.completions.create(asking('small', 'drop this')).catch((thrown: unknown) => thrown)
  await decide((await asked(seen)).id, 'deny')
  expect(await refused).toMatchObject({ status: 403, error: { gatescribe: { code: 'GS_APPROVAL_DENIED' } } })
})

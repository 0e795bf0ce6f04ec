import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import OpenAI from 'openai'
import { Agent, fetch } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { EntryAnswer, PastOperation, PastOutcome } from '../../src/api/local/index.ts'
import { type RunningGateway, startGateway } from '../parts/gateway.ts'
import { JOB_GROUP } from '../parts/gateway-config.ts'
import { startIssuer, type TestIssuer } from '../parts/issuer.ts'
import { MODEL_KEY, type ModelServer, startModelServer } from '../parts/model-server.ts'

let issuer: TestIssuer
let gateway: RunningGateway
let models: ModelServer
let folder: string
const MAIL = 'bob.smith@example.org'

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-model-'))
  const key = join(folder, 'key')
  writeFileSync(key, MODEL_KEY, { mode: 0o600 })
  models = await startModelServer((asked) => ({ text: `Answer number ${asked.turns}: write to carol@example.org, she knows all of it.` }))
  issuer = await startIssuer()
  const resource = { kind: 'model', api: 'openai', address: `${models.url}/v1`, credentials: [{ as: 'key', apiKey: `file:${key}` }] }
  gateway = await startGateway({
    issuer,
    targets: [],
    adjust(config) {
      config.gateway.listen = { https: '127.0.0.1:0', token: '127.0.0.1:0' }
      config.resources = [
        { ...resource, name: 'open' },
        { ...resource, name: 'careful' },
      ] as never
      config.rules = [{ name: 'models', effect: 'allow', who: { groups: [JOB_GROUP] }, do: ['model.call'] }]
      config.masks = [{ name: 'mail', on: { resources: ['careful'] }, detect: ['email'], as: 'redact' }]
    },
  })
})
afterAll(async () => {
  await gateway?.remove()
  await issuer?.close()
  await models?.close()
  rmSync(folder, { recursive: true, force: true })
})

/** A job, and clients of it, each with connections of its own. */
async function job() {
  const { planes } = await gateway.credential()
  const { credential, resources, host } = planes.model ?? { credential: '', resources: [], host: '' }
  return (name: string) => {
    const dispatcher = new Agent({
      connections: 1,
      connect: { ca: gateway.ca, servername: host, lookup: (_, __, done) => done(null, [{ address: '127.0.0.1', family: 4 }]) },
    })
    const client = new OpenAI({
      ...{ baseURL: resources.find((each) => each.name === name)?.url ?? '', apiKey: credential, maxRetries: 0 },
      fetch: ((url: string, init: object) => fetch(url, { ...init, dispatcher } as never)) as never,
    })
    return { client, close: () => dispatcher.close() }
  }
}

async function intents(): Promise<EntryAnswer[]> {
  const entries: EntryAnswer[] = []
  const reading = { from: 0, follow: false, opened: false, filter: { kind: 'operation.intent' } }
  for await (const entry of gateway.operator.trail(reading, AbortSignal.timeout(20_000))) entries.push(entry)
  return entries
}

async function operations(session: string): Promise<(PastOperation & { outcome?: PastOutcome })[]> {
  const all: (PastOperation & { outcome?: PastOutcome })[] = []
  for await (const line of gateway.operator.transcript(session, {}, AbortSignal.timeout(20_000))) {
    if ('operation' in line) all.push({ ...line.operation })
    else if ('outcome' in line) Object.assign(all.find(({ n }) => n === line.outcome.n) ?? {}, { outcome: line.outcome })
  }
  return all
}

/** What the verifier says of a bundle. */
async function verified(asked: Record<string, string>): Promise<string> {
  const pieces: Uint8Array[] = []
  for await (const piece of gateway.operator.exportTrail({ ...asked, payloads: 'true' }, AbortSignal.timeout(20_000))) pieces.push(piece)
  const bundle = join(folder, 'run.tar')
  writeFileSync(bundle, Buffer.concat(pieces))
  const { keys } = await gateway.operator.logKeys()
  const words = keys.filter(({ state }) => state === 'signs').flatMap(({ vkey }) => ['--key', vkey])
  return execFileSync(process.execPath, [join(import.meta.dirname, '../../bin/gatescribe-verify.js'), ...words, bundle]).toString()
}

const question = (n: number) => `Question number ${n}: where is order zebra${n} of ${MAIL}? ${'It was promised for last week. '.repeat(10)}`

describe('a conversation', () => {
  it('is recorded once, whichever connection it goes on over, and shown, found and erased like that', async () => {
    const connect = await job()
    const messages: OpenAI.Chat.ChatCompletionMessageParam[] = [{ role: 'system', content: 'You know all orders.' }]
    const before = models.received.length
    const seen = (await intents()).length
    for (let connection = 0; connection < 3; connection++) {
      const { client, close } = connect('open')
      for (let turn = 0; turn < 4; turn++) {
        messages.push({ role: 'user', content: question(4 * connection + turn) })
        const answer = await client.chat.completions.create({ model: 'gpt-5', messages })
        messages.push({ role: 'assistant', content: answer.choices[0]?.message.content ?? '' })
      }
      await close()
    }
    const sent = models.received.slice(before).map(({ text }) => text)
    const recorded = (await intents()).slice(seen)
    expect(recorded).toHaveLength(12)

    // What an entry shows is what was sent, to the last byte.
    const shown: string[] = []
    for (const { index } of recorded) {
      const { requests, payloads } = await gateway.operator.entry(String(index))
      shown.push(requests?.[0]?.text.split('\n\n').slice(1).join('\n\n') ?? '')
      const own = payloads?.reduce((sum, { content }) => sum + content.length, 0) ?? 0
      expect(own).toBeLessThan(2_500)
    }
    expect(shown).toEqual(sent)

    const sessions = [...new Set(recorded.map(({ fields }) => String(fields.session)))]
    expect(sessions).toHaveLength(3)
    const second = await operations(sessions[1] ?? '')
    expect(second.map(({ text }) => /«(\d+) parts as before»/.exec(text ?? '')?.[1])).toEqual(['8', '10', '12', '14'])
    expect(second[0]?.text).toContain('zebra4')
    expect(second[0]?.text).not.toContain('zebra3')

    const found: number[] = []
    await expect
      .poll(async () => {
        found.length = 0
        const asked = { text: 'zebra5', kind: 'operation.intent', limit: '10', opened: 'false' }
        for await (const each of gateway.operator.search(asked, AbortSignal.timeout(20_000))) if ('index' in each) found.push(each.index)
        return found
      })
      .toEqual([recorded[5]?.index])

    // Whoever judges it again has all of it; and the log with it is whole.
    const explained = await gateway.operator.explainEntry({ entry: String(recorded[11]?.index) })
    expect(explained.operations[0]?.statement?.endsWith(sent[11] ?? '')).toBe(true)
    const checked = []
    for await (const line of gateway.operator.checkLog(true, AbortSignal.timeout(20_000))) checked.push(line)
    expect(checked.at(-1)).not.toMatchObject({ report: { bad: expect.anything() } })
    expect(await verified({ run: String(explained.run) })).toMatch(/verified\n$/)

    await expect.poll(async () => (await gateway.operator.sessions()).length).toBe(0)
    await gateway.operator.erase({ scope: { session: sessions[0] ?? '' }, reason: 'asked for' })
    const [first] = await operations(sessions[2] ?? '')
    expect(first?.gone).toEqual([sessions[0]])
    const { requests } = await gateway.operator.entry(String(recorded[8]?.index))
    expect(requests?.[0]).toMatchObject({ gone: [sessions[0]], text: expect.stringContaining(`«gone: what ${sessions[0]} said as `) })
    expect(requests?.[0]?.text).toContain('zebra8')
  })

  it('keeps from the provider, from the trail and from the job what masks cover', async () => {
    const connect = await job()
    const { client, close } = connect('careful')
    const seen = (await intents()).length
    const messages = [{ role: 'user' as const, content: `Who is ${MAIL}?` }]
    const whole = await client.chat.completions.create({ model: 'gpt-5', messages })
    expect(models.received.at(-1)?.text).toContain('Who is [email]?')
    expect(whole.choices[0]?.message.content).toMatch(/write to \[email\], she knows/)
    let streamed = ''
    for await (const chunk of await client.chat.completions.create({ model: 'gpt-5', messages, stream: true }))
      streamed += chunk.choices[0]?.delta.content ?? ''
    expect(streamed).toBe(whole.choices[0]?.message.content)
    await close()
    const recorded = (await intents()).slice(seen)
    const { requests } = await gateway.operator.entry(String(recorded[0]?.index))
    expect(requests?.[0]?.text).toContain('Who is [email]?')
    await expect
      .poll(async () => (await operations(String(recorded[0]?.fields.session))).map(({ outcome }) => outcome?.masked))
      .toEqual([[['mail', 'email', 2]], [['mail', 'email', 2]]])
  })
})

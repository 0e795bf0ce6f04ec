import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Browser, newBrowser } from '../../parts/browser.ts'
import { KUBERNETES_PARTS, kubernetesBinaries } from '../../parts/kubernetes-binaries.ts'
import { startPeopleIssuer, type TestPeopleIssuer } from '../../parts/people-issuer.ts'
import { freePort } from '../../parts/ports.ts'
import { needs } from '../../parts/require.ts'
import { type RuledCluster, startRuledCluster, who } from './ruled-cluster.ts'

let world: RuledCluster
let people: TestPeopleIssuer
let ada: { browser: Browser; csrf: string }
let url: string
/** Of what nobody answers, whose time passes beside everything else: ten seconds, and twice ten for a command. */
let unanswered: Readonly<Record<'deletion' | 'command', Awaited<ReturnType<typeof askedBy>>>>
beforeAll(async () => {
  if (!kubernetesBinaries()) return
  const port = await freePort()
  url = `http://localhost:${port}`
  people = await startPeopleIssuer({
    redirectUri: `${url}/signin/callback`,
    accounts: { ada: { name: 'Ada', groups: ['sre'], github_id: '1001' } },
  })
  const by = { approvers: { groups: ['okta/sre'], count: 1 }, for: '15m' }
  world = await startRuledCluster(
    [
      { name: 'everything', effect: 'allow', who, do: ['kubernetes.*'] },
      { name: 'ask-for-deletions', effect: 'ask', do: ['kubernetes.delete'], ...by },
      { name: 'ask-for-commands', effect: 'ask', do: ['kubernetes.exec'], ...by },
      { name: 'ask-for-secrets', effect: 'ask', do: ['kubernetes.create'], when: "k8s.resource == 'secrets'", ...by },
    ],
    {
      adjust(config) {
        Object.assign(config.gateway.listen as object, { admin: `127.0.0.1:${port}` })
        config.issuers.push({
          ...{ name: 'okta', issuer: people.url, insecureLoopback: true },
          people: { clientId: people.client.id, clientSecret: 'env:OKTA_SECRET', groups: '{groups}', link: { github: '{github_id}' } },
        })
        Object.assign(config, { roles: { approver: { groups: ['okta/sre'] } }, approvals: { hold: { kubernetes: '10s' } } })
      },
      environment: { OKTA_SECRET: people.client.secret },
    },
  )
  await world.cluster.namespace('shop')
  const browser = newBrowser(url)
  await browser.signIn({ name: 'okta', signIn: (at, account) => people.signIn(at, account) }, 'ada')
  ada = { browser, csrf: (JSON.parse((await browser.get('/v1/me')).body) as { csrf: string }).csrf }
  for (const name of ['d', 'e', 'f']) await pod(name)
  unanswered = { deletion: await askedBy(deletionOf('d')), command: await askedBy(commandIn('f')) }
})
afterAll(async () => {
  await world?.stop()
  await people?.close()
})
beforeEach((test) => needs(test, kubernetesBinaries(), KUBERNETES_PARTS))

async function decide(id: string, verdict: 'approve' | 'deny'): Promise<void> {
  const answer = await fetch(new URL(`/v1/approvals/${id}/decide`, url), {
    method: 'POST',
    body: JSON.stringify({ verdict, ...(verdict === 'deny' && { reason: 'not now' }) }),
    headers: {
      ...{ 'content-type': 'application/json', origin: url, 'x-gatescribe-csrf': ada.csrf },
      cookie: [...ada.browser.cookies].map(([name, value]) => `${name}=${value}`).join('; '),
    },
  })
  expect(answer.status, await answer.text()).toBe(200)
}

const requests = async () => (await world.inFront.gateway.operator.approvals({ limit: '100' })).approvals

/** A kubectl that waits for somebody. @returns the request that it waits for */
async function asking(env: { readonly KUBECONFIG: string }, words: readonly string[], more: Readonly<Record<string, string>> = {}) {
  const before = new Set((await requests()).map(({ id }) => id))
  const child = spawn(world.cluster.binaries.kubectl, words, {
    env: { PATH: process.env.PATH, HOME: world.cluster.folder, ...env, ...more },
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (piece) => {
      said += piece
    })
  }
  const ended = once(child, 'close').then(([code]) => ({ code: code as number, said }))
  const asked = async () => (await requests()).find(({ id }) => !before.has(id))
  const { id } = (await vi.waitUntil(asked, { timeout: 10_000 })) as { id: string }
  return { id, ended, kill: () => child.kill('SIGKILL') }
}

/** `asking`, in a run of its own. */
async function askedBy(words: readonly string[]) {
  const { env, run } = await world.run()
  return { env, run, words, held: await asking(env, words) }
}

const deletionOf = (name: string) => ['-n', 'shop', 'delete', 'pod', name, '--wait=false']
const commandIn = (name: string) => ['-n', 'shop', 'exec', name, '--', 'id']

const state = async (id: string) => (await world.inFront.gateway.operator.approval(id)).request.state

const pod = (name: string) => world.cluster.pod(name, { namespace: 'shop' })
const isThere = async (name: string) => {
  const { status, json } = await world.cluster.request('GET', `/api/v1/namespaces/shop/pods/${name}`)
  return status === 200 && json.metadata.deletionTimestamp === undefined
}

describe('what a rule asks a person about', () => {
  it('waits until it is approved, and then happens, once', async () => {
    const { env } = await world.run()
    await pod('a')
    const held = await asking(env, ['-n', 'shop', 'delete', 'pod', 'a', '--wait=false'])
    expect(await isThere('a')).toBe(true)
    await decide(held.id, 'approve')
    expect(await held.ended).toMatchObject({ code: 0, said: expect.stringContaining('deleted') })
    expect(await isThere('a')).toBe(false)
    expect(await state(held.id)).toBe('used')
  })

  it('does not happen where it is denied, and kubectl says why', async () => {
    const { env } = await world.run()
    await pod('b')
    const held = await asking(env, ['-n', 'shop', 'delete', 'pod', 'b', '--wait=false'])
    await decide(held.id, 'deny')
    expect(await held.ended).toMatchObject({ code: 1, said: expect.stringContaining('GS_APPROVAL_DENIED') })
    expect(await isThere('b')).toBe(true)
  })

  it('is void where the object is another one by then, or is in another state', async () => {
    const { env } = await world.run()
    await pod('h')
    const held = await asking(env, ['-n', 'shop', 'delete', 'pod', 'h', '--wait=false'])
    await world.cluster.kubectl(['-n', 'shop', 'label', 'pod', 'h', 'keep=me'])
    await decide(held.id, 'approve')
    expect(await held.ended).toMatchObject({ code: 1, said: expect.stringContaining('GS_APPROVAL_VOID') })
    expect(await isThere('h')).toBe(true)
  })

  it('is withdrawn where kubectl goes away', async () => {
    const { env } = await world.run()
    await pod('c')
    const held = await asking(env, ['-n', 'shop', 'delete', 'pod', 'c', '--wait=false'])
    held.kill()
    await expect.poll(() => state(held.id), { timeout: 5_000 }).toBe('withdrawn')
    expect(await isThere('c')).toBe(true)
  })

  it('becomes a ticket where nobody answers for long: the same once more passes after the approval, and only the same', async () => {
    const { env, words, held } = unanswered.deletion
    const { said } = await held.ended
    expect(said).toContain('GS_APPROVAL_PENDING')
    expect(said).toContain(held.id)
    await decide(held.id, 'approve')
    expect(await world.cluster.kubectl(words, { env })).toMatchObject({ status: 0 })
    expect(await isThere('d')).toBe(false)
    const other = await asking(env, deletionOf('e'))
    other.kill()
    expect(await isThere('e')).toBe(true)
  })

  it.each([
    ['WebSocket', {}],
    ['SPDY', { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false' }],
  ])('holds a command until it is approved, by %s', async (_, more) => {
    const { env } = await world.run()
    const name = `x-${Object.keys(more).length}`
    await pod(name)
    const held = await asking(env, ['-n', 'shop', 'exec', name, '--', 'id'], more)
    await decide(held.id, 'approve')
    expect(await held.ended).toMatchObject({ code: 0, said: expect.stringContaining('uid=') })
  })

  it('is one request for the two attempts of kubectl, and the approval is good for whichever comes', async () => {
    const { env, run, words, held } = unanswered.command
    // Ten seconds by WebSocket, ten by SPDY.
    const { said } = await held.ended
    expect(said).toContain('GS_APPROVAL_PENDING')
    const { approvals } = await world.inFront.gateway.operator.approvals({ run, limit: '100' })
    expect(approvals.map(({ id }) => id)).toEqual([held.id])
    await decide(held.id, 'approve')
    const again = await world.cluster.kubectl(words, { env })
    expect(again).toMatchObject({ status: 0, stdout: expect.stringContaining('uid=') })
    expect(await state(held.id)).toBe('used')
  })

  it('cannot be approved where what comes later is not known, unless a rule says so', async () => {
    const { env } = await world.run()
    await pod('g')
    const ran = await world.cluster.kubectl(['-n', 'shop', 'exec', '-i', 'g', '--', 'sh'], { env, input: 'id\n' })
    expect(ran.status).not.toBe(0)
    expect(ran.stderr).toContain('GS_APPROVAL_UNAVAILABLE')
  })

  it('shows no value of a Secret to anybody', async () => {
    const { env } = await world.run()
    const held = await asking(env, ['-n', 'shop', 'create', 'secret', 'generic', 's', '--from-literal=p=hunter2'])
    const shown = await world.inFront.gateway.operator.approval(held.id)
    const texts = shown!.content!.parts.map(({ content }) => Buffer.from(content, 'base64').toString())
    expect(texts.join()).toMatch(/^POST \/api\/v1\/namespaces\/shop\/secrets\S+\n[\s\S]*"kind":"Secret"[\s\S]*"p":"\[redacted\]"/)
    for (const text of [JSON.stringify(shown), ...texts]) {
      expect(text).not.toContain('hunter2')
      expect(text).not.toContain(Buffer.from('hunter2').toString('base64'))
    }
    await decide(held.id, 'approve')
    expect(await held.ended).toMatchObject({ code: 0 })
    const made = await world.cluster.request('GET', '/api/v1/namespaces/shop/secrets/s')
    expect(Buffer.from(made.json.data.p, 'base64').toString()).toBe('hunter2')
  })
})

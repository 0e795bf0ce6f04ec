import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newBrowser } from '../parts/browser.ts'
import { type RunningGateway, startGateway } from '../parts/gateway.ts'
import { JOB_GROUP } from '../parts/gateway-config.ts'
import { startIssuer, type TestIssuer } from '../parts/issuer.ts'
import { mcpClient, trustingFetch } from '../parts/mcp-client.ts'
import { startPeopleIssuer, type TestPeopleIssuer } from '../parts/people-issuer.ts'
import { freePort } from '../parts/ports.ts'
import { readTrail } from '../parts/recorded.ts'
import { startTickets, TICKETS_TOKEN, type TicketsServer } from '../parts/tickets-server.ts'
import type { JobCredential } from '../parts/token-exchange.ts'

let issuer: TestIssuer
let people: TestPeopleIssuer
let gateway: RunningGateway
let tickets: TicketsServer
let folder: string
let admin: string
let approve: (id: string) => Promise<number>

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-mcp-asked-'))
  const token = join(folder, 'token')
  writeFileSync(token, TICKETS_TOKEN, { mode: 0o600 })
  const port = await freePort()
  admin = `http://localhost:${port}`
  tickets = await startTickets()
  issuer = await startIssuer()
  people = await startPeopleIssuer({
    redirectUri: `${admin}/signin/callback`,
    accounts: { ada: { name: 'Ada', groups: ['sre'], github_id: '1001' } },
  })
  gateway = await startGateway({
    ...{ issuer, targets: [], environment: { OKTA_SECRET: people.client.secret } },
    adjust(config) {
      config.gateway.listen = { https: '127.0.0.1:0', token: '127.0.0.1:0', admin: `127.0.0.1:${port}` }
      config.issuers.push({
        ...{ name: 'okta', issuer: people.url, insecureLoopback: true },
        people: { clientId: people.client.id, clientSecret: 'env:OKTA_SECRET', groups: '{groups}', link: { github: '{github_id}' } },
      })
      config.resources = [
        { name: 'tickets', kind: 'mcp', address: tickets.url, pin: 'first', credentials: [{ as: 'agent', bearer: `file:${token}` }] },
      ]
      config.rules = [
        { name: 'tickets-may', effect: 'allow', who: { groups: [JOB_GROUP] }, do: ['mcp.list', 'mcp.call'] },
        {
          ...{ name: 'deletions-are-asked', effect: 'ask', do: ['mcp.call'], when: 'tool.name == "delete_ticket"' },
          ...{ approvers: { groups: ['okta/sre'], count: 1 }, for: '15m' },
        },
      ]
      config.masks = [{ name: 'mails', detect: ['email'], as: 'redact' }]
      Object.assign(config, {
        roles: { approver: { groups: ['okta/sre'] } },
        approvals: { hold: { mcp: '10s' }, unlinkedLauncher: 'extra' },
      })
    },
  })
  approve = await signedIn()
})
afterAll(async () => {
  await gateway?.remove()
  await issuer?.close()
  await people?.close()
  await tickets?.close()
  rmSync(folder, { recursive: true, force: true })
})

async function signedIn() {
  const browser = newBrowser(admin)
  await browser.signIn({ name: 'okta', signIn: (url, who) => people.signIn(url, who) }, 'ada')
  const { csrf } = JSON.parse((await browser.get('/v1/me')).body) as { csrf: string }
  return async (id: string) => {
    const response = await fetch(new URL(`/v1/approvals/${id}/decide`, admin), {
      method: 'POST',
      body: JSON.stringify({ verdict: 'approve' }),
      headers: {
        ...{ 'content-type': 'application/json', origin: admin, 'x-gatescribe-csrf': csrf },
        cookie: [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; '),
      },
    })
    return response.status
  }
}

/** @param job of another client: then it is the same run */
async function connected(job?: JobCredential) {
  const { credential, resources } = (job ?? (await gateway.credential())).planes.mcp!
  const made = await mcpClient({ url: resources[0]!.url, credential, ca: gateway.ca })
  await made.connect()
  return { ...made, url: resources[0]!.url }
}

const idIn = (text: unknown): string => /apr_[a-z0-9]+/.exec(JSON.stringify(text))?.[0] ?? ''
const deletion = { name: 'delete_ticket', arguments: { id: 'T-1' } }

describe('a call that persons are asked about', () => {
  it('waits with progress, runs once somebody says yes, and the trail tells it in order', async () => {
    tickets.restore()
    const { client, close } = await connected()
    try {
      const told = Promise.withResolvers<string>()
      const answered = client.callTool(deletion, undefined, { onprogress: ({ message }) => told.resolve(message ?? '') })
      const id = idIn(await told.promise)
      expect(tickets.calls).toEqual([])
      expect(await approve(id)).toBe(200)
      expect(JSON.stringify((await answered).content)).toContain('Deleted T-1')
      const story = (await readTrail(gateway.operator)).filter(({ kind, fields }) => fields.approval === id && kind !== 'log.read')
      expect(story.map(({ kind }) => kind)).toEqual(['approval.asked', 'approval.decided', 'approval.used', 'operation.intent'])
      expect(JSON.stringify(story[0])).toContain('delete_ticket')
    } finally {
      await close()
    }
  })

  it('becomes a ticket, with which the same call passes once, under another id and in another session', async () => {
    tickets.restore()
    const job = await gateway.credential()
    const one = await connected(job)
    const refused = await one.client.callTool(deletion)
    expect(refused.isError).toBe(true)
    expect(JSON.stringify(refused.content)).toMatch(/GS_APPROVAL_PENDING.*call the same tool with the same arguments again/s)
    await one.close()
    expect(await approve(idIn(refused.content))).toBe(200)
    const other = await connected(job)
    try {
      await other.client.listTools()
      expect(JSON.stringify((await other.client.callTool(deletion)).content)).toContain('Deleted T-1')
      const enough = new AbortController()
      const told = Promise.withResolvers<string>()
      const again = other.client.callTool(deletion, undefined, {
        signal: enough.signal,
        onprogress: ({ message }) => told.resolve(message ?? ''),
      })
      expect(idIn(await told.promise)).not.toBe(idIn(refused.content))
      enough.abort()
      await expect(again).rejects.toThrow()
      expect(tickets.calls).toHaveLength(1)
    } finally {
      await other.close()
    }
  })
})

describe('what is shown', () => {
  it('is masked and recorded as masked, and the trail counts it', async () => {
    tickets.restore()
    const { client, close } = await connected()
    try {
      const shown = JSON.stringify((await client.callTool({ name: 'list_tickets', arguments: {} })).content)
      expect(shown).toContain('[email]')
      expect(shown).not.toContain('grace@example.com')
      await expect.poll(async () => JSON.stringify(await readTrail(gateway.operator)), { timeout: 10_000 }).toMatch(/"mails","email",1/)
    } finally {
      await close()
    }
  })
})

describe('whoever has no credential', () => {
  it('is told where to read how to come by one, the same for what does not exist', async () => {
    const { url, close } = await connected()
    await close()
    const trusting = trustingFetch(gateway.ca)
    try {
      for (const name of ['tickets', 'nothing-of-this-name']) {
        const resource = url.replace(/tickets$/, name)
        const answer = await trusting.fetch(resource, {
          method: 'POST',
          body: '{}',
          headers: { accept: 'application/json, text/event-stream', 'content-type': 'application/json' },
        })
        const metadata = `${new URL(resource).origin}/.well-known/oauth-protected-resource/r/${name}`
        expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([
          401,
          `Bearer realm="gatescribe", resource_metadata="${metadata}"`,
        ])
        expect(await (await trusting.fetch(metadata)).json()).toMatchObject({
          resource,
          authorization_servers: [expect.stringMatching(/^https:\/\//)],
          bearer_methods_supported: ['header'],
        })
      }
    } finally {
      await trusting.close()
    }
  })
})

import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, type DatabaseError } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run } from '../../src/cli/main.ts'
import { type Browser, newBrowser } from '../parts/browser.ts'
import { startChromium } from '../parts/chromium.ts'
import { type RunningGateway, startGateway } from '../parts/gateway.ts'
import { startIssuer, type TestIssuer } from '../parts/issuer.ts'
import { startPeopleIssuer, type TestPeopleIssuer } from '../parts/people-issuer.ts'
import { freePort } from '../parts/ports.ts'
import { type RunningPostgres, startPostgres } from '../parts/postgres.ts'
import { readTrail } from '../parts/recorded.ts'
import { found, needs } from '../parts/require.ts'
import { testSurroundings } from '../parts/surroundings.ts'

let jobs: TestIssuer
let people: TestPeopleIssuer
let postgres: RunningPostgres
let gateway: RunningGateway
let url: string
let folder: string
const browsers = new Map<string, Browser>()

beforeAll(async () => {
  const port = await freePort()
  url = `http://localhost:${port}`
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-cli-'))
  jobs = await startIssuer()
  people = await startPeopleIssuer({
    pollEvery: 1,
    redirectUri: `${url}/signin/callback`,
    accounts: {
      ada: { name: 'Ada', groups: ['sre'], github_id: '1815' },
      // Started every run of the test issuer.
      mona: { name: 'Mona', groups: ['sre'], github_id: '4242' },
    },
  })
  postgres = await startPostgres()
  gateway = await startGateway({
    issuer: jobs,
    targets: [{ name: 'orders', server: postgres, user: 'postgres', databases: { postgres: 'postgres' } }],
    adjust(config) {
      Object.assign(config.gateway.listen as object, { admin: `127.0.0.1:${port}` })
      config.issuers.push({
        name: 'okta',
        issuer: people.url,
        insecureLoopback: true,
        people: { clientId: people.client.id, clientSecret: 'env:OKTA_SECRET', groups: '{groups}', link: { github: '{github_id}' } },
      })
      config.rules.push({
        name: 'changes-need-a-person',
        effect: 'ask',
        do: ['postgres.write'],
        approvers: { groups: ['okta/sre'] },
      } as never)
      Object.assign(config, { roles: { approver: { groups: ['okta/sre'] } }, approvals: { hold: { postgres: '20s' } } })
    },
    environment: { OKTA_SECRET: people.client.secret },
  })
  await postgres.query('CREATE TABLE orders (n int)')
})
afterAll(async () => {
  await gateway?.remove()
  await postgres?.stop()
  await people?.close()
  await jobs?.close()
  rmSync(folder, { recursive: true, force: true })
})

async function connected(): Promise<Client> {
  const { run: user, password } = await gateway.credential()
  const client = new Client({
    host: 'localhost',
    port: gateway.port,
    user,
    password,
    database: 'postgres',
    ssl: { ca: gateway.ca },
    application_name: '<b>urgent</b>\u202e',
  })
  client.on('error', () => undefined)
  await client.connect()
  return client
}

async function signedIn(account: string): Promise<Browser> {
  const browser = browsers.get(account) ?? newBrowser(url)
  if (!browsers.has(account)) await browser.signIn({ name: 'okta', signIn: people.signIn }, account)
  browsers.set(account, browser)
  return browser
}

/** Sends a statement that asks. @returns what its client is told at once: the page of the request; and what becomes of it */
async function ask(client: Client, text: string, values?: unknown[]) {
  const notice = new Promise<string>((resolve) =>
    client.once('notice', ({ message, detail = '', hint = '' }) => resolve(`${message} ${detail} ${hint}`)),
  )
  const answer = client.query(text, values).then(
    ({ rowCount }) => ({ rowCount }),
    ({ code, message, detail }: DatabaseError) => ({ code, message: `${message} ${detail}` }),
  )
  const path = /\/approvals\/apr_\w+/.exec(await notice)![0]
  return { path, id: path.split('/')[2]!, answer }
}

const csrfOf = (body: string) => /name="csrf" value="([^"]+)"/.exec(body)![1]!

const surroundings = () => testSurroundings({ folder, env: { XDG_CONFIG_HOME: folder } })

async function command(...words: string[]) {
  const around = surroundings()
  return { code: await run(words, around), ...around.printed }
}

describe('a statement that a person is asked for', () => {
  it('is shown by link to whoever signs in, and runs as soon as they say yes', async () => {
    const client = await connected()
    const { path, answer } = await ask(client, "INSERT INTO orders SELECT 1 WHERE '<script>alert(1)</script>\u202e' <> ''")
    const stranger = await newBrowser(url).get(path)
    expect([stranger.status, stranger.body.includes(`/signin?to=${path}`), stranger.body.includes('INSERT')]).toEqual([401, true, false])
    const ada = await signedIn('ada')
    const { body } = await ada.get(path)
    expect(body).toContain('&lt;script&gt;alert(1)&lt;/script&gt;<span class="mark">⟨U+202E⟩</span>')
    expect(body).toMatch(/<dt>launcher<\/dt><dd class="exact">4242<\/dd>/)
    expect(body).toContain('write: insert')
    expect(body).not.toMatch(/<script|<b>urgent/)
    const form = { csrf: csrfOf(body), verdict: 'approve', reason: 'fine' }
    expect((await ada.submit(path, form)).status).toBe(200)
    const decided = performance.now()
    expect(await answer).toEqual({ rowCount: 1 })
    expect(performance.now() - decided).toBeLessThan(1_000)
    // A double click, and the page afterwards.
    expect((await ada.submit(path, form)).status).toBe(200)
    expect((await ada.get(path)).body).toMatch(/<dt>state<\/dt><dd class="exact">used<\/dd>/)
    await client.end()
  })

  it('is not approved by whoever started the run, and a no ends it (APR-02, APR-04)', async () => {
    const client = await connected()
    const { path, answer } = await ask(client, 'DELETE FROM orders WHERE n = $1', [7])
    const mona = await signedIn('mona')
    const { body } = await mona.get(path)
    expect(body).toContain('parameter 1 of 1')
    expect(body).toContain('<pre class="exact">\n7</pre>')
    const yes = await mona.submit(path, { csrf: csrfOf(body), verdict: 'approve' })
    expect([yes.status, yes.body.includes('GS_APPROVALS_OWN')]).toEqual([403, true])
    const ada = await signedIn('ada')
    await ada.submit(path, { csrf: csrfOf((await ada.get(path)).body), verdict: 'deny' })
    expect(await answer).toMatchObject({ message: expect.stringContaining('GS_APPROVAL_DENIED') })
    await client.end()
  })

  it('is answered from a terminal as well', async () => {
    const login = surroundings()
    const signingIn = run(['login', '--gateway', url], login)
    await expect.poll(() => login.printed.out, { timeout: 5_000 }).toContain('Code')
    await people.confirm(/Open +(\S+)/.exec(login.printed.out)![1]!, /Code +(\S+)/.exec(login.printed.out)![1]!, 'ada')
    expect(await signingIn).toBe(0)
    const client = await connected()
    const { id, answer } = await ask(client, 'UPDATE orders SET n = 2 WHERE n = 1')
    expect((await command('approvals', 'ls')).out).toContain(id)
    expect((await command('approvals', 'show', id)).out).toContain('    UPDATE orders SET n = 2 WHERE n = 1\n')
    expect(await command('approvals', 'approve', id, '--reason', 'ticket 4711')).toMatchObject({ code: 0, out: `${id} is approved.\n` })
    expect(await answer).toEqual({ rowCount: 1 })
    await client.end()
    // The local socket looks, and answers nothing.
    expect((await command('approvals', 'show', id, '-c', gateway.configPath)).out).toContain('used')
    await expect(gateway.operator.decideApproval(id, 'approve', undefined)).rejects.toMatchObject({ code: 'GS_GATEWAY_PERSONS_ONLY' })
  }, 30_000)

  it('is answered in a real browser without scripts, also where a link on another site leads there', async (test) => {
    const path = found('chromium')
    needs(test, path, 'chromium (Debian: chromium)')
    const client = await connected()
    const asked = await ask(client, 'UPDATE orders SET n = 3 WHERE n = 2')
    const elsewhere = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end(`<title>chat</title><a href="${url}${asked.path}">look</a>`)
    })
    await once(elsewhere.listen(0, '127.0.0.1'), 'listening')
    const chromium = await startChromium(path)
    try {
      await chromium.header('x-account', 'ada')
      expect(await chromium.open(`${url}${asked.path}`)).toBe(`${url}/signin?to=${asked.path}`)
      expect(await chromium.click('button')).toBe(`${url}${asked.path}`)
      await chromium.open(`http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/`)
      expect(await chromium.click('a')).toBe(`${url}${asked.path}`)
      expect(await chromium.evaluate('document.body.innerText')).toContain('UPDATE orders SET n = 3 WHERE n = 2')
      expect(await chromium.evaluate('document.activeElement.tagName')).toBe('BODY')
      expect(await chromium.evaluate('document.querySelector("button").innerText')).toBe('Deny')
      await chromium.click('button[value=approve]')
      expect(await asked.answer).toEqual({ rowCount: 1 })
    } finally {
      await chromium.close()
      elsewhere.close()
      elsewhere.closeAllConnections()
    }
    await client.end()
  }, 60_000)

  it('stands in the trail: who looked, who answered, by which way, and never a name', async () => {
    const entries = await readTrail(gateway.operator)
    const of = (kind: string) => entries.filter((entry) => entry.kind === kind)
    expect(of('log.read').filter(({ fields }) => 'approval' in fields).length).toBeGreaterThan(2)
    expect(of('approval.decided').map(({ fields }) => [fields.verdict, fields.channel, fields.independence])).toEqual([
      ['approve', 'link', 'proven'],
      ['deny', 'link', 'proven'],
      ['approve', 'cli', 'proven'],
      ...(found('chromium') ? [['approve', 'link', 'proven']] : []),
    ])
    expect(JSON.stringify(entries.map(({ fields }) => fields))).not.toMatch(/Ada|Mona/)
  })
})

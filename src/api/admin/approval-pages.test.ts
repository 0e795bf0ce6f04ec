import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ApprovalHouse, effectiveOf, POLICY } from '../../../test/parts/approvals.ts'
import { type Browser, newBrowser } from '../../../test/parts/browser.ts'
import { noOwnRuns } from '../../../test/parts/no-own-runs.ts'
import { inMemoryOperator } from '../../../test/parts/operator.ts'
import { settingsOf, startPeople, type TestPeople } from '../../../test/parts/people.ts'
import { startPeopleIssuer, type TestPeopleIssuer } from '../../../test/parts/people-issuer.ts'
import { freePort } from '../../../test/parts/ports.ts'
import type { AskedFor } from '../../approvals/index.ts'
import { approvalOperator } from '../../gateway/approving.ts'
import { Throttle } from '../../identity/index.ts'
import { type AdminDoor, adminDoor } from './index.ts'

const SCRIPT = `</pre></dd></textarea><script>alert(1)</script><img src=x onerror="alert(1)">' " {{7*7}} \${7} <a href="javascript:x">`

let house: ApprovalHouse
let issuer: TestPeopleIssuer
let people: TestPeople
let door: AdminDoor
let url: string
const opened: string[] = []
const closing = new AbortController()

beforeEach(async () => {
  house = await new ApprovalHouse().open(POLICY, [], { segmentBytes: 4 * 1024 * 1024 })
  const port = await freePort()
  url = `http://localhost:${port}`
  issuer = await startPeopleIssuer({
    redirectUri: `${url}/signin/callback`,
    accounts: {
      ada: { name: `Ada ${SCRIPT}`, groups: ['sre'] },
      eve: { name: 'Eve', groups: ['sre'] },
      grace: { name: 'Grace', groups: ['audit'] },
      root: { name: 'Root', groups: ['platform'] },
      tom: { name: 'Tom', groups: ['others'] },
    },
  })
  people = startPeople([settingsOf(issuer, { link: { ci: '{sub}@ci' } })], {
    approver: { groups: ['okta/sre', 'okta/others'] },
    auditor: { groups: ['okta/audit'] },
    admin: { groups: ['okta/platform'] },
  })
  opened.length = 0
  door = await adminDoor({
    ownRuns: noOwnRuns,
    people: people.people,
    operatorFor: (person) => ({
      ...inMemoryOperator(),
      ...approvalOperator(
        { approvals: house.approvals, runs: house.runs, records: { approvalOpened: async (_viewer, id) => void opened.push(id) } },
        { name: person.person.subject, person },
      ),
    }),
    origin: url,
    names: ['localhost'],
    throttle: new Throttle({ burst: 10_000, perSecond: 10_000 }),
    closing: closing.signal,
    version: '1.0.0',
    unavailable: () => undefined,
  })
  await door.listen({ host: '127.0.0.1', port })
})
afterEach(async () => {
  await door.close()
  people.close()
  await issuer.close()
  await house.close()
  await house.remove()
})

async function signedIn(account: string): Promise<Browser> {
  const browser = newBrowser(url)
  await browser.signIn({ name: 'okta', signIn: issuer.signIn }, account)
  return browser
}

async function asked(sql = 'DELETE FROM orders', more: Partial<AskedFor> = {}): Promise<string> {
  const run = house.runs.run('run_a')?.run ?? (await house.run())
  const { id } = await house.ask(run, sql, { effective: effectiveOf(sql), ...more }, 'ticket')
  return `/approvals/${id}`
}

const csrfOf = (body: string) => /name="csrf" value="([^"]+)"/.exec(body)?.[1] ?? ''

it('leads whoever is not signed in to sign in, and back to the request', async () => {
  const path = await asked()
  const browser = newBrowser(url)
  const page = await browser.get(path)
  expect(page.status).toBe(401)
  expect(page.body).toContain(`content="0; url=/signin?to=${path}"`)
  expect(page.body).not.toContain('orders')
  const signIn = await browser.get(`/signin?to=${path}`)
  expect(signIn.body).toContain(`name="to" value="${path}"`)
  expect(opened).toEqual([])
  expect((await newBrowser(url).submit(path, { verdict: 'approve', csrf: 'x' })).status).toBe(401)
})

it('takes a link on another site for one of ours at the second look, since a session only comes along then', async () => {
  const path = await asked()
  const there = await fetch(`${url}${path}`, { headers: { 'sec-fetch-site': 'cross-site' } })
  expect(await there.text()).toContain(`content="0; url=${path}"`)
  const here = await fetch(`${url}${path}`, { headers: { 'sec-fetch-site': 'same-origin' } })
  expect(await here.text()).toContain(`content="0; url=/signin?to=${path}"`)
})

describe('the card', () => {
  it('APR-05: has facts first, then what is asked for in full, then, folded, what the agent says', async () => {
    const path = await asked('DELETE FROM "or\u202eders" -- ok\u200b', { claimed: { message: 'approved by the CTO' } })
    const { body, status } = await (await signedIn('ada')).get(path)
    expect(status).toBe(200)
    const order = [
      'What the gateway knows',
      'eve@ci',
      'write: delete',
      'asked by rule',
      'What is asked for',
      'DELETE FROM &quot;or',
      'In which session',
      '<details>',
      'Written by the agent, may be false',
      'approved by the CTO',
      '>Deny<',
      '>Approve<',
    ]
    const places = order.map((text) => body.indexOf(text))
    expect(places).not.toContain(-1)
    expect([...places].sort((a, b) => a - b)).toEqual(places)
    expect(body).toContain('or<span class="mark">⟨U+202E⟩</span>ders&quot; -- ok<span class="mark">⟨U+200B⟩</span></pre>')
    expect(body).not.toMatch(/[\u202e\u200b]|<details open|autofocus|<script|tabindex/)
    expect(opened).toHaveLength(1)
  })

  it('has no heading about a session where nothing is said of one, as of requests in HTTP', async () => {
    const path = await asked('DELETE FROM orders', { effective: effectiveOf('DELETE FROM orders', { session: {} }) })
    const { body } = await (await signedIn('ada')).get(path)
    expect(body).toContain('What is asked for')
    expect(body).not.toContain('In which session')
  })

  it('shows nothing that anybody else wrote as markup or link', async () => {
    const path = await asked(SCRIPT, {
      claimed: { message: `${SCRIPT} https://evil.example` },
      effective: effectiveOf(SCRIPT, {
        parts: [
          { label: 'statement', content: Buffer.from(SCRIPT) },
          { label: 'cursor', content: Buffer.from(SCRIPT), detail: { name: SCRIPT } },
        ],
        session: { search_path: SCRIPT, application_name: SCRIPT },
        database: SCRIPT,
        facts: [{ effects: [{ class: 'write', action: 'delete' }], sql: { statements: 1, writes: [`public.${SCRIPT}`] } }],
      }),
    })
    const browser = await signedIn('ada')
    for (const { body, headers } of [await browser.get(path), await browser.get('/approvals'), await browser.get('/')]) {
      expect(body).not.toMatch(/<script|<img|onerror="|href="javascript|href="https?:|<b>/)
      expect([...body.matchAll(/<(\w+)/g)].map(([, tag]) => tag)).not.toContain('img')
      expect([...body.matchAll(/<pre/g)]).toHaveLength([...body.matchAll(/<\/pre>/g)].length)
      expect([...body.matchAll(/<textarea/g)]).toHaveLength([...body.matchAll(/<\/textarea>/g)].length)
      expect(headers.get('content-security-policy')).toMatch(
        /^default-src 'none'; style-src 'sha256-[^']+'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'$/,
      )
      expect(headers.get('cache-control')).toBe('no-store')
    }
    const card = (await browser.get(path)).body
    expect(card).toContain('&lt;/pre&gt;&lt;/dd&gt;&lt;/textarea&gt;&lt;script&gt;')
    expect(card).toContain('Your answer, Ada &lt;/pre&gt;')
  })

  it('keeps a line feed at the very beginning, which a browser would drop', async () => {
    const { body } = await (await signedIn('ada')).get(await asked('\nDROP TABLE orders'))
    expect(body).toContain('<pre class="exact">\n\nDROP TABLE orders</pre>')
  })

  it('carries no button where it does not hold everything', async () => {
    const path = await asked(`SELECT ${'1'.repeat(600 * 1024)}`)
    const { body } = await (await signedIn('ada')).get(path)
    expect(body).toContain('does not fit a page')
    expect(body).toContain(`gatescribe approvals show ${path.split('/')[2]}`)
    expect(body).not.toContain('<button')
    expect(body.length).toBeLessThan(20_000)
  })

  it('is for approvers and auditors; who looks after the gateway sees which requests there are', async () => {
    const path = await asked()
    const [grace, root] = [await signedIn('grace'), await signedIn('root')]
    const seen = await grace.get(path)
    expect(seen.body).toContain('DELETE FROM orders')
    expect(seen.body).not.toContain('<button')
    expect((await root.get('/approvals')).body).toContain('orders-db')
    const refused = await root.get(path)
    expect([refused.status, refused.body.includes('GS_ADMIN_NOT_PERMITTED'), refused.body.includes('DELETE')]).toEqual([403, true, false])
    expect((await grace.get('/approvals/apr_other')).status).toBe(404)
    expect((await grace.get('/approvals/x')).status).toBe(400)
  })
})

describe('an answer', () => {
  it('comes by a form of the page, works without scripts, and twice is once (APR-03)', async () => {
    const path = await asked()
    const ada = await signedIn('ada')
    const { body } = await ada.get(path)
    const form = { csrf: csrfOf(body), verdict: 'approve', reason: 'looked at it\r\ntwice' }
    for (const { status, body: said } of [await ada.submit(path, form), await ada.submit(path, form)]) {
      expect(status).toBe(200)
      expect(said).toContain(`content="0; url=${path}"`)
    }
    expect((await ada.get(path)).body).toContain('Take the approval back')
    const entries = await house.entries()
    expect(await house.story()).toEqual(['asked', 'decided approve'])
    expect(entries[1]!.fields).toMatchObject({ channel: 'link', independence: 'proven' })
    expect((await ada.submit(`${path}/revoke`, { csrf: form.csrf, reason: '' })).status).toBe(200)
    expect(await house.story()).toEqual(['asked', 'decided approve', 'ended revoked'])
    expect((await ada.get(path)).body).not.toContain('<button')
  })

  it('never comes by GET, from another site, or without what the page carries', async () => {
    const path = await asked()
    const ada = await signedIn('ada')
    const csrf = csrfOf((await ada.get(path)).body)
    await ada.get(`${path}?verdict=approve&csrf=${csrf}`)
    expect((await ada.get(`${path}/approve`)).status).toBe(404)
    const cookie = [...ada.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    for (const [origin, fields] of [
      ['https://evil.example', { csrf, verdict: 'approve' }],
      ['null', { csrf, verdict: 'approve' }],
      [url, { verdict: 'approve' }],
      [url, { csrf: 'x'.repeat(csrf.length), verdict: 'approve' }],
    ] as const) {
      const answer = await fetch(`${url}${path}`, { method: 'POST', headers: { cookie, origin }, body: new URLSearchParams({ ...fields }) })
      const body = await answer.text()
      expect([answer.status, body.includes('GS_ADMIN_CROSS_SITE'), body.startsWith('<!doctype html>')]).toEqual([403, true, true])
    }
    for (const fields of [{ csrf }, { csrf, verdict: 'yes' }, { csrf, verdict: 'approve', more: '1' }])
      expect((await ada.submit(path, fields as Record<string, string>)).status).toBe(400)
    expect(await house.story()).toEqual(['asked'])
  })

  it.each([
    ['eve', 'GS_APPROVALS_OWN'],
    ['tom', 'GS_APPROVALS_NOT_YOURS'],
    ['grace', 'GS_ADMIN_NOT_PERMITTED'],
    ['root', 'GS_ADMIN_NOT_PERMITTED'],
  ])('of %s is refused with what to do next: %s (APR-02)', async (account, code) => {
    const path = await asked()
    const browser = await signedIn(account)
    const csrf = (JSON.parse((await browser.get('/v1/me')).body) as { csrf: string }).csrf
    const answer = await browser.submit(path, { csrf, verdict: 'approve' })
    expect([answer.status, answer.body.includes(code)]).toEqual([403, true])
    expect(await house.story()).toEqual(['asked'])
  })

  it('to what is over says what became of it', async () => {
    const path = await asked()
    const ada = await signedIn('ada')
    const csrf = csrfOf((await ada.get(path)).body)
    house.approvals.withdraw(path.split('/')[2] as `apr_${string}`, 'cancelled')
    const late = await ada.submit(path, { csrf, verdict: 'approve' })
    expect([late.status, late.body.includes('GS_APPROVALS_OVER')]).toEqual([409, true])
    const other = await asked('DELETE FROM customers')
    house.now += 3_600_000
    const expired = await ada.submit(other, { csrf, verdict: 'approve' })
    expect([expired.status, expired.body.includes('GS_APPROVALS_EXPIRED')]).toEqual([410, true])
  })
})

it('lists what waits, and the rest on demand', async () => {
  const run = await house.run()
  for (let n = 0; n < 3; n++) await house.ask(run, `DELETE FROM t${n}`, {}, 'ticket')
  const ada = await signedIn('ada')
  house.approvals.withdraw(house.approvals.list()[0]!.id, 'cancelled')
  const waiting = await ada.get('/approvals')
  expect([...waiting.body.matchAll(/<tr><td>/g)]).toHaveLength(2)
  expect((await ada.get('/approvals?state=all')).body).toContain('withdrawn')
  expect((await ada.get('/approvals?state=used')).body).toContain('There are none')
  expect((await ada.get('/approvals?state=x')).status).toBe(400)
})

import { createHash } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ADDRESS, settingsOf, signInAs, startPeople, type TestPeople } from '../../../test/parts/people.ts'
import { startPeopleIssuer, type TestPeopleIssuer } from '../../../test/parts/people-issuer.ts'
import { PENDING_FOR } from './index.ts'

const accounts = {
  ann: { name: 'Ann Ops', email: 'ann@acme.example', groups: ['sre', 'Everyone'], github_id: '4242' },
  bob: { preferred_username: 'bob', groups: [] },
}
let issuer: TestPeopleIssuer
let other: TestPeopleIssuer
beforeAll(async () => {
  issuer = await startPeopleIssuer({ accounts })
  other = await startPeopleIssuer({ accounts: { ann: { groups: ['sre', 'platform'] } } })
})
afterAll(async () => {
  await issuer.close()
  await other.close()
})

let at: TestPeople
beforeEach(() => {
  at = startPeople([settingsOf(issuer, { link: { github: '{github_id}' } }), settingsOf(other, { name: 'partner' })], {
    approver: { groups: ['okta/sre'] },
    admin: { groups: ['okta/platform'] },
  })
})
afterEach(() => {
  issuer.answer('/token', undefined)
  issuer.answer('/.well-known/openid-configuration', undefined)
  at.close()
})

const begin = (name = 'okta', more: { maxAge?: number } = {}) =>
  at.people.begin({ issuer: name, redirectUri: issuer.redirectUri, address: ADDRESS, ...more })
const finish = (pending: string, callbackUrl: string) => at.people.finish({ pending, callbackUrl, address: ADDRESS })
/** Every refusal is told to the observer, with its code and the issuer, and nothing that was sent. */
const refusal = async (pending: string, callbackUrl: string) => {
  const before = at.told.refused.length
  const error = await finish(pending, callbackUrl).then(
    () => expect.fail('signed in'),
    (thrown: Error & { code?: string }) => thrown,
  )
  expect(at.told.refused.slice(before)).toMatchObject([{ code: error.code, address: ADDRESS }])
  return error
}
const codeOf = async (pending: string, callbackUrl: string) => (await refusal(pending, callbackUrl)).code
const changed = (url: string, change: (parameters: URLSearchParams) => void) => {
  const parsed = new URL(url)
  change(parsed.searchParams)
  return parsed.href
}

describe('a sign-in in a browser', () => {
  it('asks for a code with PKCE, state and nonce, at exactly the registered address', async () => {
    const { url, pending } = await begin()
    const asked = new URL(url)
    expect(`${asked.origin}${asked.pathname}`).toBe(`${issuer.url}/auth`)
    expect(Object.fromEntries(asked.searchParams)).toEqual({
      client_id: issuer.client.id,
      redirect_uri: issuer.redirectUri,
      response_type: 'code',
      scope: 'openid profile email',
      code_challenge_method: 'S256',
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      state: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
    })
    // What the browser keeps tells it nothing.
    for (const part of ['state', 'nonce'])
      expect(Buffer.from(pending, 'base64url').toString('latin1')).not.toContain(asked.searchParams.get(part)!)
  })

  it('gives the person with groups, accounts and roles; the code goes to the issuer with verifier and client secret', async () => {
    const { person, becomesFirstAdmin } = await signInAs(at.people, issuer, 'ann')
    expect(person).toEqual({
      person: { kind: 'person', issuer: 'okta', subject: 'ann', groups: ['okta/sre', 'okta/Everyone'] },
      displayName: 'Ann Ops',
      accounts: { github: '4242' },
      signedInAt: at.clock.now,
      roles: new Set(['approver', 'member']),
    })
    expect(becomesFirstAdmin).toBe(false)
    const { form } = issuer.asked.findLast(({ path }) => path === '/token')!
    expect(form.get('code_verifier')).toMatch(/^[\w-]{43}$/)
    expect(form.get('client_secret')).toBe(issuer.client.secret)
  })

  it('opens one session, which is recorded first', async () => {
    const signIn = await signInAs(at.people, issuer, 'bob')
    expect(at.told.signedIn).toEqual([])
    const { token, session } = await signIn.openSession('console')
    expect(at.told.signedIn).toMatchObject([{ via: 'console', address: ADDRESS, becomesFirstAdmin: false, person: { displayName: 'bob' } }])
    expect(at.people.sessions.authenticate(token)).toEqual(session)
    await expect(signIn.openSession('console')).rejects.toThrow('one session')
  })

  it('may ask the issuer to ask again, and holds it to that', async () => {
    const { url, pending } = await begin('okta', { maxAge: 60 })
    expect(new URL(url).searchParams.get('max_age')).toBe('60')
    const callback = await issuer.signIn(url, 'ann')
    await expect(finish(pending, callback)).resolves.toBeDefined()
    const second = await begin('okta', { maxAge: 60 })
    const back = await issuer.signIn(second.url, 'ann')
    const now = Math.floor(Date.now() / 1000)
    await answerWith(second.url, { auth_time: now - 3_600 })
    expect(await codeOf(second.pending, back)).toBe('GS_PEOPLE_TOKEN_REFUSED')
  })

  it('sends the client secret in the header where the registration wants it there', async () => {
    const strict = await startPeopleIssuer({ accounts, secretBy: 'client_secret_basic' })
    try {
      at.again([settingsOf(strict, { secretIn: 'header' })], {})
      await expect(signInAs(at.people, strict, 'ann')).resolves.toBeDefined()
      const { form, authorization } = strict.asked.findLast(({ path }) => path === '/token')!
      expect(form.get('client_secret')).toBeNull()
      expect(authorization).toMatch(/^Basic /)
    } finally {
      await strict.close()
    }
  })

  it('takes the callback as a path too', async () => {
    const { url, pending } = await begin()
    const { pathname, search } = new URL(await issuer.signIn(url, 'ann'))
    await expect(finish(pending, pathname + search)).resolves.toBeDefined()
  })
})

describe('an answer through the browser is refused', () => {
  it('where it is to another sign-in, and that one still works', async () => {
    const mine = await begin()
    const theirs = await begin()
    const callback = await issuer.signIn(theirs.url, 'bob')
    expect(await codeOf(mine.pending, callback)).toBe('GS_PEOPLE_ANSWER_REFUSED')
    await expect(finish(theirs.pending, callback)).resolves.toBeDefined()
  })

  it('where the browser kept nothing, or what was never sealed here', async () => {
    const { url, pending } = await begin()
    const callback = await issuer.signIn(url, 'ann')
    for (const kept of ['', 'A'.repeat(400), `${pending.slice(0, -8)}AAAAAAAA`, 'A'.repeat(100_000), '..', 'null'])
      expect(await codeOf(kept, callback)).toBe('GS_PEOPLE_SIGNIN_UNKNOWN')
  })

  it('the second time, also where what the browser kept is written differently, or the gateway restarted meanwhile', async () => {
    const { url, pending } = await begin()
    const callback = await issuer.signIn(url, 'ann')
    await finish(pending, callback)
    const asked = issuer.asked.length
    expect(await codeOf(pending, callback)).toBe('GS_PEOPLE_SIGNIN_REPLAYED')
    const last = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'.indexOf(pending.at(-1)!)
    const alike = pending.slice(0, -1) + 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'[last ^ 1]
    if (Buffer.from(alike, 'base64url').equals(Buffer.from(pending, 'base64url')))
      expect(await codeOf(alike, callback)).toBe('GS_PEOPLE_SIGNIN_REPLAYED')
    at.again([settingsOf(issuer, { link: { github: '{github_id}' } })], {})
    expect(await codeOf(pending, callback)).toBe('GS_PEOPLE_SIGNIN_REPLAYED')
    expect(issuer.asked.length).toBe(asked)
  })

  it('where a code was used before', async () => {
    const first = await begin()
    const used = await issuer.signIn(first.url, 'ann')
    await finish(first.pending, used)
    const second = await begin()
    const callback = changed(await issuer.signIn(second.url, 'bob'), (of) => of.set('code', new URL(used).searchParams.get('code')!))
    expect(await codeOf(second.pending, callback)).toBe('GS_PEOPLE_ANSWER_REFUSED')
  })

  it('after ten minutes', async () => {
    const { url, pending } = await begin()
    const callback = await issuer.signIn(url, 'ann')
    at.clock.now += PENDING_FOR
    expect(await codeOf(pending, callback)).toBe('GS_PEOPLE_SIGNIN_UNKNOWN')
  })

  it('where the configuration changed the issuer meanwhile, or has it no more', async () => {
    const first = await begin()
    const callback = await issuer.signIn(first.url, 'ann')
    at.again([settingsOf(issuer, { scopes: ['openid'] })], {})
    expect(await codeOf(first.pending, callback)).toBe('GS_PEOPLE_SIGNIN_UNKNOWN')
    at.again([], {})
    const error = await finish(first.pending, callback).catch((thrown) => thrown)
    expect(error.code).toBe('GS_PEOPLE_ISSUER_UNKNOWN')
  })

  it.each([
    ['state is another', (of: URLSearchParams) => of.set('state', 'x'.repeat(43))],
    ['state is missing', (of: URLSearchParams) => of.delete('state')],
    ['state comes twice', (of: URLSearchParams) => of.append('state', of.get('state')!)],
    ['the issuer names itself wrongly (RFC 9207)', (of: URLSearchParams) => of.set('iss', other.url)],
    ['the issuer does not name itself although it says that it does', (of: URLSearchParams) => of.delete('iss')],
    ['the code comes twice', (of: URLSearchParams) => of.append('code', 'x')],
    ['a token comes with it', (of: URLSearchParams) => of.set('id_token', 'x')],
    ['it is a JARM response', (of: URLSearchParams) => of.set('response', 'x')],
  ])('where %s', async (_, change) => {
    const { url, pending } = await begin()
    const before = issuer.asked.filter(({ path }) => path === '/token').length
    expect(await codeOf(pending, changed(await issuer.signIn(url, 'ann'), change))).toMatch(/GS_PEOPLE_(ANSWER|TOKEN)_REFUSED/)
    expect(issuer.asked.filter(({ path }) => path === '/token').length).toBe(before)
  })

  it.each([
    ['another host', (url: string) => url.replace('gw.example.org', 'evil.example.org')],
    ['another path', (url: string) => url.replace('/signin/callback', '/signin/callback/x')],
    ['another scheme', (url: string) => url.replace('https:', 'http:')],
    ['a fragment', (url: string) => `${url}#x`],
    ['no URL', () => 'http://['],
    ['100 KB', (url: string) => `${url}&x=${'x'.repeat(100_000)}`],
  ])('where it comes at %s', async (_, change) => {
    const { url, pending } = await begin()
    expect(await codeOf(pending, change(await issuer.signIn(url, 'ann')))).toBe('GS_PEOPLE_ANSWER_REFUSED')
  })

  it('where the person declined, and says so', async () => {
    const { url, pending } = await begin()
    expect(await codeOf(pending, await issuer.signIn(url, undefined))).toBe('GS_PEOPLE_DENIED')
  })

  it('where a mix-up sends the code of one issuer to the other', async () => {
    const toOther = await begin('partner')
    const toMine = await begin('okta')
    const callback = await issuer.signIn(toMine.url, 'ann')
    const state = new URL(toOther.url).searchParams.get('state')!
    const mixed = changed(callback, (of) => of.set('state', state))
    const before = other.asked.filter(({ path }) => path === '/token').length
    expect(await codeOf(toOther.pending, mixed)).toBe('GS_PEOPLE_ANSWER_REFUSED')
    expect(other.asked.filter(({ path }) => path === '/token').length).toBe(before)
  })
})

/** The claims of a good ID token for a sign-in, but for what `more` says otherwise; undefined takes a claim away. */
function claimsFor(url: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  const now = Math.floor(Date.now() / 1000)
  const { searchParams } = new URL(url)
  const good = {
    iss: issuer.url,
    aud: issuer.client.id,
    sub: 'ann',
    nonce: searchParams.get('nonce'),
    iat: now,
    exp: now + 300,
    groups: ['platform'],
  }
  return Object.fromEntries(Object.entries({ ...good, ...more }).filter(([, value]) => value !== undefined))
}
/** From now on the token endpoint hands out this ID token. */
function answerToken(idToken: string | undefined): void {
  issuer.answer('/token', () => ({
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ access_token: 'a', token_type: 'Bearer', ...(idToken !== undefined && { id_token: idToken }) }),
  }))
}
async function answerWith(url: string, more: Record<string, unknown>, header = {}): Promise<void> {
  answerToken(await issuer.sign(claimsFor(url, more), header))
}

describe('an identity token is refused', () => {
  const outcome = async (prepare: (url: string) => Promise<void> | void) => {
    const { url, pending } = await begin()
    const callback = await issuer.signIn(url, 'ann')
    await prepare(url)
    return finish(pending, callback).then(
      ({ person }) => [...person.roles].join(),
      ({ code, message }: Error & { code?: string }) => `${code}: ${message}`,
    )
  }

  it('not where it is as it should be: these tests would see it', async () => {
    expect(await outcome((url) => answerWith(url, {}))).toBe('admin,member')
  })

  it.each<[string, Record<string, unknown>, string]>([
    ['the nonce is another', { nonce: 'x' }, 'nonce'],
    ['the nonce is missing', { nonce: undefined }, 'nonce'],
    ['it is for another client', { aud: 'another' }, 'aud'],
    ['it is for another client too', { aud: ['gatescribe', 'another'], azp: 'gatescribe' }, 'aud'],
    ['it was given to another client', { azp: 'another' }, 'azp'],
    ['it names another issuer', { iss: 'https://evil.example.org' }, 'iss'],
    ['it has expired', { exp: Math.floor(Date.now() / 1000) - 120 }, 'exp'],
    ['it does not say when it expires', { exp: undefined }, 'exp'],
    ['it is old', { iat: Math.floor(Date.now() / 1000) - 3_600 }, 'iat'],
    ['it comes from the future', { iat: Math.floor(Date.now() / 1000) + 3_600 }, 'iat'],
    ['it is about nobody', { sub: '' }, 'sub'],
    ['it is about a number', { sub: 7 }, 'sub'],
    ['its subject could mislead a reader', { sub: 'ann\u202e' }, 'sub'],
    ['its subject is endless', { sub: 'a'.repeat(256) }, 'sub'],
  ])('where %s', async (_, more, about) => {
    const said = await outcome((url) => answerWith(url, more))
    expect(said).toMatch(/^GS_PEOPLE_TOKEN_REFUSED: /)
    expect(said).toContain(about)
  })

  it('where nobody signed it', async () => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    for (const alg of ['none', 'None', ''])
      expect(await outcome((url) => answerToken(`${part({ alg })}.${part(claimsFor(url))}.`))).toMatch(/^GS_PEOPLE_TOKEN_REFUSED/)
  })

  it('where the client secret signed it', async () => {
    const { SignJWT } = await import('jose')
    const key = new TextEncoder().encode(issuer.client.secret)
    expect(
      await outcome(async (url) => answerToken(await new SignJWT(claimsFor(url)).setProtectedHeader({ alg: 'HS256' }).sign(key))),
    ).toMatch(/^GS_PEOPLE_TOKEN_REFUSED/)
  })

  it('where another issuer signed it, in its own name and in this one', async () => {
    expect(await outcome(async (url) => answerToken(await other.sign(claimsFor(url))))).toMatch(/^GS_PEOPLE_TOKEN_REFUSED: .*signature/)
    expect(await outcome(async (url) => answerToken(await other.sign(claimsFor(url, { iss: other.url }))))).toMatch(
      /^GS_PEOPLE_TOKEN_REFUSED/,
    )
  })

  it('where its signature or content was changed by one character, or something in it is critical', async () => {
    const flip = (token: string, at: number) => token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1)
    for (const where of [0.2, 0.5, 0.95]) {
      expect(
        await outcome(async (url) => {
          const token = await issuer.sign(claimsFor(url))
          answerToken(flip(token, Math.floor(token.length * where)))
        }),
      ).toMatch(/^GS_PEOPLE_(TOKEN_REFUSED|ISSUER_UNAVAILABLE)/)
    }
    expect(await outcome((url) => answerWith(url, {}, { crit: ['x'], x: 1 }))).toMatch(/^GS_PEOPLE_TOKEN_REFUSED/)
  })

  it('where there is none, or nothing that could be one', async () => {
    for (const token of [undefined, '', 'x', 'a.b.c', 'a.b.c.d.e', `${'a'.repeat(70_000)}.b.c`])
      expect(await outcome(() => answerToken(token))).toMatch(/^GS_PEOPLE_/)
  })
})

describe('an issuer that misbehaves', () => {
  const outcome = async (instead: Parameters<TestPeopleIssuer['answer']>[1]) => {
    const { url, pending } = await begin()
    const callback = await issuer.signIn(url, 'ann')
    issuer.answer('/token', instead)
    const started = performance.now()
    const error = await refusal(pending, callback)
    return { error, took: performance.now() - started }
  }
  const json = { 'content-type': 'application/json' }

  it('is given five seconds', async () => {
    const { error, took } = await outcome(() => ({ after: 20_000 }))
    expect(error.code).toBe('GS_PEOPLE_ISSUER_UNAVAILABLE')
    expect(error.message).toContain('no answer within 5 s')
    expect(took).toBeLessThan(7_000)
  })

  it.each<[string, Parameters<TestPeopleIssuer['answer']>[1]]>([
    ['answers with a megabyte', () => ({ body: `{"access_token":"${'a'.repeat(1_000_000)}"}`, headers: json, status: 200 })],
    ['answers with something else than JSON', () => ({ body: '<html>', headers: { 'content-type': 'text/html' }, status: 200 })],
    ['answers with broken JSON', () => ({ body: '{"access_token":', headers: json, status: 200 })],
    ['answers with a list', () => ({ body: '[]', headers: json, status: 200 })],
    ['answers with 503', () => ({ body: 'no', status: 503 })],
    ['sends us elsewhere', () => ({ body: '', status: 307, headers: { location: `${other.url}/token` } })],
    ['refuses with a word of its own', () => ({ body: '{"error":"quota hunter2"}', headers: json, status: 400 })],
  ])('is refused where it %s', async (_, instead) => {
    const elsewhere = other.asked.length
    const { error } = await outcome(instead)
    expect(error.code).toMatch(/^GS_PEOPLE_(ISSUER_UNAVAILABLE|TOKEN_REFUSED)$/)
    expect(error.message).not.toContain('hunter2')
    expect(other.asked.length).toBe(elsewhere)
  })

  it('is told apart from a client secret that is wrong', async () => {
    at.again([settingsOf(issuer, { clientSecret: { from: 'secret', name: 'wrong-hunter2' } })], {})
    const { url, pending } = await begin()
    const error = await refusal(pending, await issuer.signIn(url, 'ann'))
    expect(error.code).toBe('GS_PEOPLE_CLIENT_REFUSED')
    // Neither the secret nor the code can be found by whoever logs the error with everything that hangs on it.
    const { inspect } = await import('node:util')
    expect(inspect(error, { depth: 20, showHidden: true })).not.toMatch(/hunter2/)
    expect(error.cause).toBeUndefined()
  })

  it.each<[string, Record<string, unknown>]>([
    ['names another issuer', { issuer: 'https://evil.example.org' }],
    ['sends codes elsewhere without TLS', { token_endpoint: 'http://evil.example.org/token' }],
    ['has its keys without TLS', { jwks_uri: 'http://evil.example.org/jwks' }],
    ['has no place for codes', { token_endpoint: undefined }],
    ['signs with nothing that is accepted', { id_token_signing_alg_values_supported: ['none', 'HS256'] }],
  ])('is not used where its discovery document %s', async (_, change) => {
    issuer.answer('/.well-known/openid-configuration', (body) => ({ body: JSON.stringify({ ...JSON.parse(body), ...change }) }))
    await expect(begin()).rejects.toMatchObject({ code: 'GS_PEOPLE_ISSUER_UNSUITABLE' })
  })

  it('is not used where it is away, and is asked again later', async () => {
    issuer.answer('/.well-known/openid-configuration', () => ({ status: 500 }))
    await expect(begin()).rejects.toMatchObject({ code: 'GS_PEOPLE_ISSUER_UNAVAILABLE' })
    issuer.answer('/.well-known/openid-configuration', undefined)
    const asked = issuer.asked.length
    await expect(begin()).rejects.toMatchObject({ code: 'GS_PEOPLE_ISSUER_UNAVAILABLE' })
    expect(issuer.asked.length).toBe(asked)
    await new Promise((later) => setTimeout(later, 2_100))
    await expect(begin()).resolves.toBeDefined()
  })
})

it('lets one address begin only so often, and records no flood', async () => {
  at.close()
  at = startPeople([settingsOf(issuer)], {}, { address: { burst: 5, perSecond: 0.1 } })
  const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => begin()))
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(5)
  expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'GS_IDENTITY_THROTTLED', retryAfter: 10 } })
})

it('leaves no code, token or secret with the observer', async () => {
  const { url, pending } = await begin()
  const callback = await issuer.signIn(url, 'ann')
  const code = new URL(callback).searchParams.get('code')!
  await (await finish(pending, callback)).openSession('console')
  await refusal(pending, callback)
  const said = JSON.stringify(at.told)
  for (const secret of [code, pending, issuer.client.secret, createHash('sha256').update(code).digest('hex')])
    expect(said).not.toContain(secret)
})

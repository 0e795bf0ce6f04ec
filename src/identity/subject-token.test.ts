import { createSign } from 'node:crypto'
import { exportJWK, exportSPKI, generateKeyPair, importJWK, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startIssuer, type TestIssuer } from '../../test/parts/issuer.ts'
import { prepareIssuer } from './issuer.ts'
import type { KeyTimes } from './issuer-keys.ts'
import type { IssuerSettings } from './settings.ts'
import { type ProvenJob, proveJob } from './subject-token.ts'

const audience = 'https://gw.example.org'
let issuer: TestIssuer
let other: TestIssuer
beforeAll(async () => {
  ;[issuer, other] = await Promise.all([startIssuer(), startIssuer()])
})
afterAll(async () => {
  await Promise.all([issuer.close(), other.close()])
})

const settingsOf = (of: TestIssuer, changed: Partial<IssuerSettings> = {}): IssuerSettings => ({
  name: 'github',
  issuer: of.url,
  audience,
  accept: { repository_owner_id: '1234567', repository_id: ['987654', '987655'], ref_protected: 'true' },
  groups: ['repo:{repository}'],
  run: {
    id: ['{repository_id}', '{run_id}', '{run_attempt}'],
    repository: '{repository}',
    commit: '{sha}',
    url: '{server_url}/{repository}/actions/runs/{run_id}',
  },
  insecureLoopback: true,
  ...changed,
})

/** Proves a token against one issuer as configured, or two. */
async function prove(token: string, changed: Partial<IssuerSettings> = {}, now = Date.now(), times: KeyTimes = {}): Promise<ProvenJob> {
  const issuers = [prepareIssuer(settingsOf(issuer, changed), times), prepareIssuer(settingsOf(other, { name: 'other' }), times)]
  return proveJob(token, {
    issuers: new Map(issuers.map((one) => [one.settings.issuer, one])),
    runIdKey: new Uint8Array(32),
    now,
    signed: () => undefined,
    usable: () => undefined,
  })
}

const seconds = () => Math.floor(Date.now() / 1000)
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

it('turns a token into a job with groups, facts and a run id that stays the same', async () => {
  const first = await prove(await issuer.mint({ aud: audience }))
  expect(first.run).toMatchObject({
    principal: { kind: 'job', issuer: 'github', subject: 'repo:acme/reports:ref:refs/heads/main', groups: ['github/repo:acme/reports'] },
    facts: { repository: 'acme/reports', url: 'https://github.com/acme/reports/actions/runs/9000000001' },
  })
  expect(first.run.id).toMatch(/^run_[0-9a-z]{26}$/)
  const second = await prove(await issuer.mint({ aud: [audience] }))
  expect(second.run.id).toBe(first.run.id)
  expect(second.tokenId).not.toEqual(first.tokenId)
  const retried = await prove(await issuer.mint({ aud: audience, run_attempt: '2' }))
  expect(retried.run.id).not.toBe(first.run.id)
})

describe('refuses a token', () => {
  it.each<[string, Record<string, unknown>, string]>([
    ['for another audience', { aud: 'https://elsewhere.example' }, 'GS_IDENTITY_AUDIENCE_WRONG'],
    ['for two audiences, one of them ours', { aud: [audience, 'https://elsewhere.example'] }, 'GS_IDENTITY_AUDIENCE_WRONG'],
    ['for our audience twice', { aud: [audience, audience] }, 'GS_IDENTITY_AUDIENCE_WRONG'],
    ['for an audience that starts like ours', { aud: `${audience}.evil.example` }, 'GS_IDENTITY_AUDIENCE_WRONG'],
    ['for nobody in particular', { aud: undefined }, 'GS_IDENTITY_AUDIENCE_WRONG'],
    ['that has expired', { exp: seconds() - 61 }, 'GS_IDENTITY_TOKEN_EXPIRED'],
    ['that was issued long ago', { iat: seconds() - 700 }, 'GS_IDENTITY_TOKEN_TOO_OLD'],
    ['issued in the future', { iat: seconds() + 120 }, 'GS_IDENTITY_TOKEN_NOT_YET_VALID'],
    ['that is not valid yet', { nbf: seconds() + 120 }, 'GS_IDENTITY_TOKEN_NOT_YET_VALID'],
    ['that does not expire', { exp: undefined }, 'GS_IDENTITY_TIMES_INVALID'],
    ['that does not say when it was issued', { iat: undefined }, 'GS_IDENTITY_TIMES_INVALID'],
    ['from a pull request', { event_name: 'pull_request' }, 'GS_IDENTITY_EVENT_REFUSED'],
    ['from a pull request of a stranger', { event_name: 'pull_request_target' }, 'GS_IDENTITY_EVENT_REFUSED'],
    ['from a workflow that another workflow triggered', { event_name: 'workflow_run' }, 'GS_IDENTITY_EVENT_REFUSED'],
    ['from a comment', { event_name: 'issue_comment' }, 'GS_IDENTITY_EVENT_REFUSED'],
    ['from an issue', { event_name: 'issues' }, 'GS_IDENTITY_EVENT_REFUSED'],
    ['from a review', { event_name: 'pull_request_review' }, 'GS_IDENTITY_EVENT_REFUSED'],
    ['from a fork', { event_name: 'fork' }, 'GS_IDENTITY_EVENT_REFUSED'],
    ['of another repository', { repository_id: '1' }, 'GS_IDENTITY_NOT_ACCEPTED'],
    ['whose repository id is a number', { repository_id: 987654 }, 'GS_IDENTITY_NOT_ACCEPTED'],
    ['whose repository id is a list', { repository_id: ['987654'] }, 'GS_IDENTITY_NOT_ACCEPTED'],
    ['whose repository id only starts like ours', { repository_id: '9876540' }, 'GS_IDENTITY_NOT_ACCEPTED'],
    ['whose boolean is not the string that was asked for', { ref_protected: true }, 'GS_IDENTITY_NOT_ACCEPTED'],
    ['without the immutable id', { repository_owner_id: undefined }, 'GS_IDENTITY_NOT_ACCEPTED'],
    ['without a claim that identifies the run', { run_id: undefined }, 'GS_IDENTITY_CLAIM_UNUSABLE'],
    ['whose run id is empty', { run_id: '' }, 'GS_IDENTITY_CLAIM_UNUSABLE'],
    ['whose repository imitates another group', { repository: 'x:acme/secret' }, 'GS_IDENTITY_CLAIM_UNUSABLE'],
    ['whose repository walks upwards', { repository: 'acme/../secret' }, 'GS_IDENTITY_CLAIM_UNUSABLE'],
    ['whose facts hold control characters', { sha: 'abc\u001b[2J' }, 'GS_IDENTITY_CLAIM_UNUSABLE'],
    ['whose facts are no Unicode', { sha: 'abc\ud800' }, 'GS_IDENTITY_CLAIM_UNUSABLE'],
    ['whose subject holds control characters', { sub: 'repo:acme\u001b[2J' }, 'GS_IDENTITY_CLAIM_UNUSABLE'],
    ['whose subject reads in another direction', { sub: 'repo:\u202eacme' }, 'GS_IDENTITY_CLAIM_UNUSABLE'],
    ['whose subject is no Unicode: written down, it would be the same as another', { sub: 'repo:\ud800' }, 'GS_IDENTITY_CLAIM_UNUSABLE'],
    ['without a subject', { sub: undefined }, 'GS_IDENTITY_CLAIM_UNUSABLE'],
  ])('%s', async (_, claims, code) => {
    await expect(prove(await issuer.mint({ aud: audience, ...claims }))).rejects.toMatchObject({ name: 'IdentityError', code })
  })

  it.each([
    ['an access token by its type', 'at+jwt'],
    ['a logout token by its type', 'application/logout+jwt'],
  ])('%s', async (_, typ) => {
    await expect(prove(await issuer.mint({ aud: audience }, { typ }))).rejects.toMatchObject({ code: 'GS_IDENTITY_TYPE_REFUSED' })
  })

  it.each([
    ['of no issuer', ''],
    ['that is not a JWT', 'abc.def'],
    ['that is larger than 16 KiB', `${'a'.repeat(17_000)}.b.c`],
    ['with base64 instead of base64url', 'a+b/.c==.d'],
    ['whose payload is a list', `${part({ alg: 'RS256' })}.${part([])}.AAAA`],
    ['whose payload is not UTF-8', `${part({ alg: 'RS256' })}.${Buffer.from([0x22, 0xff, 0x22]).toString('base64url')}.AAAA`],
  ])('%s', async (_, token) => {
    await expect(prove(token)).rejects.toMatchObject({ code: 'GS_IDENTITY_TOKEN_MALFORMED' })
  })

  it('that is not signed', async () => {
    const [, payload] = (await issuer.mint({ aud: audience })).split('.')
    for (const alg of ['none', 'None', 'nOnE'])
      await expect(prove(`${part({ alg, typ: 'JWT' })}.${payload}.`)).rejects.toMatchObject({ code: 'GS_IDENTITY_ALGORITHM_REFUSED' })
  })

  it('signed with the public key as a shared secret', async () => {
    const jwk = issuer.keys()[0]!
    const pem = await exportSPKI((await importJWK(jwk, 'RS256')) as CryptoKey)
    const [, payload] = (await issuer.mint({ aud: audience })).split('.')
    const claims = JSON.parse(Buffer.from(payload!, 'base64url').toString())
    const forged = await new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: jwk.kid!, typ: 'JWT' }).sign(Buffer.from(pem))
    await expect(prove(forged)).rejects.toMatchObject({ code: 'GS_IDENTITY_ALGORITHM_REFUSED' })
  })

  it('that claims one issuer and is signed by another configured one', async () => {
    const token = await other.mint({ aud: audience, iss: issuer.url })
    await expect(prove(token)).rejects.toMatchObject({ code: 'GS_IDENTITY_SIGNATURE_INVALID' })
    const sameKid = await other.mint({ aud: audience, iss: issuer.url }, { kid: issuer.keys()[0]!.kid! })
    await expect(prove(sameKid)).rejects.toMatchObject({ code: 'GS_IDENTITY_SIGNATURE_INVALID' })
  })

  it('that brings its own key', async () => {
    const { privateKey, publicKey } = await generateKeyPair('RS256')
    const [, payload] = (await issuer.mint({ aud: audience })).split('.')
    const header = { alg: 'RS256', typ: 'JWT', jwk: await exportJWK(publicKey), jku: `${other.url}/jwks` }
    const forged = await new SignJWT(JSON.parse(Buffer.from(payload!, 'base64url').toString())).setProtectedHeader(header).sign(privateKey)
    await expect(prove(forged)).rejects.toMatchObject({ code: 'GS_IDENTITY_SIGNATURE_INVALID' })
  })

  it('with a critical header', async () => {
    const { privateKey } = await generateKeyPair('RS256', { extractable: true })
    const signed = `${part({ alg: 'RS256', crit: ['b64'], b64: false })}.${part({ iss: issuer.url })}`
    const signature = createSign('sha256')
      .update(signed)
      .sign(await exportPem(privateKey), 'base64url')
    await expect(prove(`${signed}.${signature}`)).rejects.toMatchObject({ code: 'GS_IDENTITY_ALGORITHM_REFUSED' })
  })

  it('of an issuer that nobody configured, without asking that issuer for anything', async () => {
    const stranger = await startIssuer()
    const token = await stranger.mint({ aud: audience })
    await expect(prove(token)).rejects.toMatchObject({ code: 'GS_IDENTITY_ISSUER_UNKNOWN' })
    expect(stranger.keyRequests).toBe(0)
    await stranger.close()
  })

  it('one changed character of whose payload differs', async () => {
    const [header, payload, signature] = (await issuer.mint({ aud: audience })).split('.')
    const claims = JSON.parse(Buffer.from(payload!, 'base64url').toString())
    const changed = part({ ...claims, repository_id: '987655' })
    await expect(prove(`${header}.${changed}.${signature}`)).rejects.toMatchObject({ code: 'GS_IDENTITY_SIGNATURE_INVALID' })
  })
})

it('accepts an event that strangers can trigger only where it is named in full', async () => {
  const token = await issuer.mint({ aud: audience, event_name: 'pull_request' })
  const accept = { repository_id: '987654' }
  await expect(prove(token, { accept: { ...accept, event_name: ['pull_request'] } })).resolves.toBeDefined()
  await expect(prove(token, { accept: { ...accept, event_name: 'pull_*' } })).rejects.toMatchObject({ code: 'GS_IDENTITY_EVENT_REFUSED' })
})

it('accepts a token without typ, unless types are configured', async () => {
  const token = await issuer.mint({ aud: audience }, { typ: undefined as unknown as string })
  await expect(prove(token)).resolves.toBeDefined()
  await expect(prove(token, { types: ['JWT'] })).rejects.toMatchObject({ code: 'GS_IDENTITY_TYPE_REFUSED' })
})

it('reads nested claims by JSON Pointer, as Kubernetes has them', async () => {
  const token = await issuer.mint({
    aud: [audience],
    'kubernetes.io': { namespace: 'jobs', serviceaccount: { name: 'r', uid: 'u-1' }, pod: { uid: 'p' } },
  })
  const kubernetes = {
    accept: { '/kubernetes.io/serviceaccount/uid': 'u-1' },
    groups: ['sa:{/kubernetes.io/namespace}/{/kubernetes.io/serviceaccount/name}'],
    run: { id: ['{/kubernetes.io/pod/uid}'] },
  }
  expect((await prove(token, kubernetes)).run.principal.groups).toEqual(['github/sa:jobs/r'])
})

it('goes on when the issuer rotates its keys, and refuses the old key from then on', async () => {
  const rotating = await startIssuer()
  const prepared = prepareIssuer(settingsOf(rotating), { cooldown: 0 })
  const check = (token: string) =>
    proveJob(token, {
      issuers: new Map([[rotating.url, prepared]]),
      runIdKey: new Uint8Array(32),
      now: Date.now(),
      signed: () => undefined,
      usable: () => undefined,
    })
  const old = await rotating.mint({ aud: audience })
  await check(old)
  await rotating.rotateKeys()
  await check(await rotating.mint({ aud: audience }))
  await expect(check(old)).rejects.toMatchObject({ code: 'GS_IDENTITY_SIGNATURE_INVALID' })
  await rotating.close()
})

it('says that the keys cannot be had while the issuer is down, without asking for each token, and recovers', async () => {
  const down = await startIssuer()
  down.fail(true)
  const prepared = prepareIssuer(settingsOf(down, { keys: { from: 'uri', uri: `${down.url}/jwks` } }), { backOff: 150 })
  const check = async () =>
    proveJob(await down.mint({ aud: audience }), {
      issuers: new Map([[down.url, prepared]]),
      runIdKey: new Uint8Array(32),
      now: Date.now(),
      signed: () => undefined,
      usable: () => undefined,
    })
  for (let at = 0; at < 5; at++) await expect(check()).rejects.toMatchObject({ code: 'GS_IDENTITY_KEYS_UNAVAILABLE' })
  expect(down.keyRequests).toBe(1)
  down.fail(false)
  await new Promise((resolve) => setTimeout(resolve, 200))
  await expect(check()).resolves.toBeDefined()
  await down.close()
})

it('does not believe a discovery document that names another issuer', async () => {
  const settings = settingsOf(issuer, { issuer: issuer.url.replace('127.0.0.1', 'localhost') })
  const prepared = prepareIssuer(settings)
  const token = await issuer.mint({ aud: audience, iss: settings.issuer })
  const proof = proveJob(token, {
    issuers: new Map([[settings.issuer, prepared]]),
    runIdKey: new Uint8Array(32),
    now: Date.now(),
    signed: () => undefined,
    usable: () => undefined,
  })
  await expect(proof).rejects.toMatchObject({ code: 'GS_IDENTITY_KEYS_UNAVAILABLE', message: expect.stringContaining('another issuer') })
})

it('uses keys that the configuration brings', async () => {
  const inline = { from: 'inline', jwks: { keys: issuer.keys() as Record<string, unknown>[] } } as const
  const before = issuer.keyRequests
  await expect(prove(await issuer.mint({ aud: audience }), { keys: inline })).resolves.toBeDefined()
  expect(issuer.keyRequests).toBe(before)
})

async function exportPem(key: CryptoKey): Promise<string> {
  return (await import('jose')).exportPKCS8(key)
}

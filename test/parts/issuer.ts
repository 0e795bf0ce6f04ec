import { randomUUID } from 'node:crypto'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTHeaderParameters, SignJWT } from 'jose'
import { type JWKS, Provider } from 'oidc-provider'

export interface TestIssuer {
  /** The issuer's URL: what `iss` holds, with discovery below it. */
  readonly url: string
  /** What a job of `acme/reports` would get from GitHub Actions for this audience, but for what `claims` says otherwise; undefined takes a claim away. */
  mint(claims: { aud: unknown } & Record<string, unknown>, header?: Partial<JWTHeaderParameters>): Promise<string>
  /** Publishes another key and signs with it from now on; the old one is published no more. */
  rotateKeys(): Promise<void>
  /** The published public keys. */
  keys(): readonly JWK[]
  /** While true every request is answered with 503. */
  fail(broken: boolean): void
  /** How many requests for keys came in. */
  readonly keyRequests: number
  close(): Promise<void>
}

/**
 * A real OpenID provider (oidc-provider, certified) on loopback. Its tokens for jobs are signed with a key of its own JWKS
 * outside of it, because `sub` and `iat` of a provider's token cannot be chosen.
 */
export async function startIssuer(options: { port?: number } = {}): Promise<TestIssuer> {
  const state = { broken: false, keyRequests: 0, pair: await newKey() }
  let answer: RequestListener = () => undefined
  const server = createServer((request, response) => {
    if (request.url?.startsWith('/jwks')) state.keyRequests++
    if (state.broken) response.writeHead(503).end()
    else answer(request, response)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(options.port ?? 0, '127.0.0.1', resolve)
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const publish = (): void => {
    answer = providerWith(url, { keys: [state.pair.privateJwk] } as JWKS).callback()
  }
  publish()
  return {
    url,
    mint: (claims, header) =>
      new SignJWT(githubClaims(url, claims))
        .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: state.pair.publicJwk.kid!, ...header })
        .sign(state.pair.privateKey),
    async rotateKeys() {
      state.pair = await newKey()
      publish()
    },
    keys: () => [state.pair.publicJwk],
    fail(broken) {
      state.broken = broken
    },
    get keyRequests() {
      return state.keyRequests
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Every claim of a GitHub Actions token, as its documentation lists them. */
export function githubClaims(issuer: string, claims: Record<string, unknown>): Record<string, unknown> {
  const now = Math.floor(Date.now() / 1000)
  return {
    jti: randomUUID(),
    sub: 'repo:acme/reports:ref:refs/heads/main',
    ref: 'refs/heads/main',
    sha: '3f786850e387550fdab836ed7e6dc881de23001b',
    repository: 'acme/reports',
    repository_owner: 'acme',
    repository_owner_id: '1234567',
    run_id: '9000000001',
    run_number: '42',
    run_attempt: '1',
    repository_visibility: 'private',
    repository_id: '987654',
    actor_id: '4242',
    actor: 'mona',
    workflow: 'nightly report',
    head_ref: '',
    base_ref: '',
    event_name: 'push',
    server_url: 'https://github.com',
    enterprise: 'acme-inc',
    enterprise_id: '7777',
    ref_protected: 'true',
    ref_type: 'branch',
    workflow_ref: 'acme/reports/.github/workflows/nightly.yml@refs/heads/main',
    workflow_sha: '3f786850e387550fdab836ed7e6dc881de23001b',
    job_workflow_ref: 'acme/reports/.github/workflows/nightly.yml@refs/heads/main',
    job_workflow_sha: '3f786850e387550fdab836ed7e6dc881de23001b',
    runner_environment: 'github-hosted',
    iss: issuer,
    nbf: now - 5,
    iat: now,
    exp: now + 300,
    ...claims,
  }
}

interface SigningPair {
  readonly privateKey: CryptoKey
  readonly publicJwk: JWK
  readonly privateJwk: JWK
}

async function newKey(): Promise<SigningPair> {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true })
  const named = { kid: randomUUID(), alg: 'RS256', use: 'sig' }
  return {
    privateKey,
    publicJwk: { ...(await exportJWK(publicKey)), ...named },
    privateJwk: { ...(await exportJWK(privateKey)), ...named },
  }
}

function providerWith(url: string, jwks: JWKS): Provider {
  return new Provider(url, {
    jwks,
    cookies: { keys: [randomUUID()] },
    clients: [],
    features: { devInteractions: { enabled: false }, clientCredentials: { enabled: true }, deviceFlow: { enabled: true } },
    interactions: { url: () => '/interaction' },
  })
}

import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWTHeaderParameters, SignJWT } from 'jose'
import { type JWKS, Provider } from 'oidc-provider'

/** What an issuer says of its accounts, by subject. */
export type Accounts = Readonly<Record<string, Readonly<Record<string, unknown>>>>

export interface PeopleIssuerOptions {
  readonly accounts: Accounts
  /** Where the gateway's registration lets it send browsers back to. */
  readonly redirectUri?: string
  /** Claims are in the ID token (default), or at the UserInfo endpoint only. */
  readonly claimsIn?: 'id-token' | 'userinfo'
  /** Whether each client sees other subjects; then there is no device flow, which oidc-provider would want a sector for. Default false. */
  readonly pairwise?: boolean
  /** How the registration with a secret sends it. Default `client_secret_post`. */
  readonly secretBy?: 'client_secret_post' | 'client_secret_basic'
  /** Seconds that its device flow wants between polls, for tests that really wait for them; it names none by default, which means five. */
  readonly pollEvery?: number
}

/** Takes the place of what the issuer would answer. */
export type Instead = (body: string) => {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Milliseconds until the answer begins. */
  readonly after?: number
}

export interface TestPeopleIssuer {
  readonly url: string
  readonly redirectUri: string
  /** The registration for the browser, which has a secret, and the one for the device flow, which has none. */
  readonly client: { readonly id: string; readonly secret: string }
  readonly deviceClient: { readonly id: string }
  /** Does what a person's browser does, with an account or, without one, declining. @returns where it is sent back to */
  signIn(url: string, account: string | undefined): Promise<string>
  /** Does what a person does who types a device's code. Without an account: refuses it. */
  confirm(verificationUri: string, userCode: string, account: string | undefined): Promise<void>
  /** An ID token with any content, signed with the issuer's real key. */
  sign(claims: Readonly<Record<string, unknown>>, header?: Partial<JWTHeaderParameters>): Promise<string>
  /** From now on the answers at a path are others; undefined undoes that. */
  answer(path: string, instead: Instead | undefined): void
  /** Paths that were asked for, with their forms. */
  readonly asked: readonly { readonly path: string; readonly form: URLSearchParams; readonly authorization: string | undefined }[]
  close(): Promise<void>
}

export const REDIRECT_URI = 'https://gw.example.org:8445/signin/callback'
const SCOPES = 'openid profile email groups'

/** A real OpenID provider (oidc-provider, certified) on loopback that signs in people, with browsers who do as they are told. */
export async function startPeopleIssuer(options: PeopleIssuerOptions): Promise<TestPeopleIssuer> {
  const redirectUri = options.redirectUri ?? REDIRECT_URI
  const client = { id: 'gatescribe', secret: `secret-${randomUUID()}` }
  const deviceClient = { id: 'gatescribe-cli' }
  const pair = await generateKeyPair('RS256', { extractable: true })
  const named = { kid: randomUUID(), alg: 'RS256', use: 'sig' }
  const instead = new Map<string, Instead>()
  const { pollEvery } = options
  if (pollEvery !== undefined)
    instead.set('/device/auth', (body) => ({ body: JSON.stringify({ ...(JSON.parse(body) as object), interval: pollEvery }) }))
  const asked: TestPeopleIssuer['asked'][number][] = []
  let answer: RequestListener = () => undefined
  const server = createServer((request, response) => {
    const path = request.url!.split('?')[0]!
    watchForm(request, (form) => asked.push({ path, form, authorization: request.headers.authorization }))
    const other = instead.get(path)
    if (other) replaceAnswer(response, other)
    answer(request, response)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve)
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const jwk = { ...(await exportJWK(pair.privateKey)), ...named }
  answer = listenerOf(provider(url, { keys: [jwk] } as JWKS, { ...options, redirectUri, client, deviceClient }))
  return {
    url,
    redirectUri,
    client,
    deviceClient,
    async signIn(start, account) {
      const browser = newBrowser(url, account)
      const { location, body } = await browser(start)
      if (location === undefined) throw new Error(`the browser was not sent back: ${body}`)
      return location
    },
    async confirm(verificationUri, userCode, account) {
      const browser = newBrowser(url, account)
      const page = await browser(`${verificationUri}?user_code=${encodeURIComponent(userCode)}`)
      const xsrf = /name="xsrf" value="([^"]+)"/.exec(page.body)?.[1]
      if (xsrf === undefined) throw new Error(`no form: ${page.body}`)
      await browser(
        verificationUri,
        new URLSearchParams({ xsrf, user_code: userCode, ...(account === undefined ? { abort: 'yes' } : { confirm: 'yes' }) }),
      )
    },
    sign: (claims, header) =>
      new SignJWT({ ...claims })
        .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: named.kid, ...header })
        .sign(pair.privateKey, { crit: Object.fromEntries((header?.crit ?? []).map((name) => [name, true])) }),
    answer(path, other) {
      if (other) instead.set(path, other)
      else instead.delete(path)
    },
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function provider(
  url: string,
  jwks: JWKS,
  options: PeopleIssuerOptions & Pick<TestPeopleIssuer, 'client' | 'deviceClient'> & { readonly redirectUri: string },
): Provider {
  const { accounts, client, deviceClient, redirectUri, claimsIn = 'id-token', pairwise = false } = options
  const device = 'urn:ietf:params:oauth:grant-type:device_code'
  const subject = pairwise ? { subject_type: 'pairwise' as const } : {}
  const names = new Set(Object.values(accounts).flatMap((claims) => Object.keys(claims)))
  const elsewhere = Object.values(accounts).flatMap(({ _claim_names }) => Object.keys((_claim_names ?? {}) as object))
  return new Provider(url, {
    jwks,
    cookies: { keys: [randomUUID()] },
    subjectTypes: [pairwise ? 'pairwise' : 'public'],
    ...(pairwise && { pairwiseIdentifier: (_: unknown, account: string, of: { clientId: string }) => `${of.clientId}-${account}` }),
    clients: [
      {
        client_id: client.id,
        client_secret: client.secret,
        token_endpoint_auth_method: options.secretBy ?? 'client_secret_post',
        redirect_uris: [redirectUri],
        grant_types: pairwise ? ['authorization_code'] : ['authorization_code', device],
        ...subject,
      },
      ...(pairwise
        ? []
        : [
            {
              client_id: deviceClient.id,
              token_endpoint_auth_method: 'none' as const,
              application_type: 'native' as const,
              redirect_uris: [],
              response_types: [],
              grant_types: [device],
            },
          ]),
    ],
    scopes: SCOPES.split(' '),
    claims: { openid: ['sub'], profile: [...names, ...elsewhere] },
    conformIdTokenClaims: claimsIn === 'userinfo',
    features: { devInteractions: { enabled: false }, deviceFlow: { enabled: true } },
    interactions: { url: (_, { uid }) => `/interaction/${uid}` },
    findAccount: (_, id) =>
      Object.hasOwn(accounts, id) ? { accountId: id, claims: () => ({ ...accounts[id], sub: id }) as { sub: string } } : undefined,
    async loadExistingGrant(ctx) {
      const { client: of, session } = ctx.oidc
      const grant = new ctx.oidc.provider.Grant({ clientId: of!.clientId, accountId: session!.accountId! })
      grant.addOIDCScope(SCOPES)
      await grant.save()
      return grant
    },
  })
}

/** Where the provider asks who it is, the browser's own header says so. */
function listenerOf(of: Provider): RequestListener {
  const callback = of.callback()
  return (request, response) => {
    if (!request.url!.startsWith('/interaction/')) return void callback(request, response)
    const account = request.headers['x-account']
    const result =
      typeof account === 'string'
        ? { login: { accountId: decodeURIComponent(account) }, consent: {} }
        : { error: 'access_denied', error_description: 'the person declined' }
    void of.interactionFinished(request, response, result, { mergeWithLastSubmission: false })
  }
}

type Browser = (url: string, form?: URLSearchParams) => Promise<{ readonly location?: string; readonly body: string }>

/** Keeps cookies, and follows redirects within the issuer. */
function newBrowser(origin: string, account: string | undefined): Browser {
  const cookies = new Map<string, string>()
  return async (start, form) => {
    let url = start
    let body = form
    for (let hops = 0; hops < 10; hops++) {
      const response = await fetch(url, {
        method: body ? 'POST' : 'GET',
        redirect: 'manual',
        ...(body && { body }),
        headers: {
          cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
          ...(account !== undefined && { 'x-account': encodeURIComponent(account) }),
        },
      })
      for (const cookie of response.headers.getSetCookie()) {
        const [name, value] = cookie.split(';')[0]!.split('=') as [string, string]
        if (value === '') cookies.delete(name)
        else cookies.set(name, value)
      }
      const location = response.headers.get('location')
      if (location === null) return { body: await response.text() }
      await response.arrayBuffer()
      url = new URL(location, url).href
      body = undefined
      if (new URL(url).origin !== origin) return { location: url, body: '' }
    }
    throw new Error('the browser is sent in a circle')
  }
}

function watchForm(request: IncomingMessage, seen: (form: URLSearchParams) => void): void {
  const chunks: Buffer[] = []
  // Beside whoever reads it: `data` alone would take the body away from the provider.
  const push = request.push.bind(request)
  request.push = (chunk: Buffer | null, ...rest: []) => {
    if (chunk === null) seen(new URLSearchParams(Buffer.concat(chunks).toString()))
    else chunks.push(chunk)
    return push(chunk, ...rest)
  }
}

function replaceAnswer(response: ServerResponse, instead: Instead): void {
  const end = response.end.bind(response)
  response.end = ((chunk?: unknown) => {
    const {
      status,
      headers = {},
      body,
      after = 0,
    } = instead(typeof chunk === 'string' || chunk instanceof Uint8Array ? Buffer.from(chunk).toString() : '')
    setTimeout(() => {
      if (status !== undefined) response.statusCode = status
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
      const content = body ?? (chunk as string | Uint8Array | undefined) ?? ''
      response.removeHeader('content-length')
      end(content)
    }, after)
    return response
  }) as typeof response.end
}

import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { CodedError } from '../operations/index.ts'
import type { Login, TargetAddress, TargetSecret } from './login.ts'
import { createConnector } from './login-connector.ts'
import { createReferences } from './references.ts'
import { Secret } from './secret.ts'
import type { TargetSettings } from './target-settings.ts'

const value = 'hunter2-correct-horse'
const resource: TargetSettings = {
  name: 'orders-db',
  host: 'orders.internal',
  port: 5432,
  tls: { verify: 'full', ca: { from: 'env', name: 'CA' }, serverName: 'orders' },
  credentials: [{ as: 'reader', user: 'gatescribe_ro', password: { from: 'secret', name: 'orders' } }],
}
const references = createReferences({
  env: { CA: 'PEM of the CA', CERT: 'PEM', KEY: 'PEM of the key' },
  secrets: { get: (name) => (name === 'orders' ? { secret: new Secret(value), version: 3 } : undefined) },
})
const reading = new Set(['session', 'read'])
const signal = new AbortController().signal
const connector = (login: Login<string, string>, configured: TargetSettings | undefined = resource) =>
  createConnector({ resource: (name) => (name === configured?.name ? configured : undefined), login, references })
const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => expect.unreachable(),
    (error: unknown) => error,
  )

describe('a connection to a target', () => {
  it('is logged in with the secret of the moment, and tells its name and version only', async () => {
    const seen: unknown[] = []
    const login: Login<string, string> = async (...given: [TargetAddress, TargetSecret, string, AbortSignal]) => {
      seen.push(...given)
      return 'logged in'
    }
    const connected = await connector(login).connect(resource, 'ask', signal, reading)
    expect(connected).toEqual({ target: 'logged in', credential: { name: 'reader', version: 3 } })
    expect(seen).toEqual([
      { host: 'orders.internal', port: 5432, tls: { verify: 'full', ca: 'PEM of the CA', serverName: 'orders' } },
      { user: 'gatescribe_ro', password: value },
      'ask',
      signal,
    ])
  })

  it('is made with a client certificate where one is configured', async () => {
    const credential = {
      as: 'cert',
      user: 'u',
      clientCertificate: { certificate: { from: 'env', name: 'CERT' }, key: { from: 'env', name: 'KEY' } },
    } as const
    let given: TargetSecret | undefined
    await connector(
      async (_, secret) => {
        given = secret
        return ''
      },
      { ...resource, credentials: [credential] },
    ).connect(resource, '', signal, reading)
    expect(given).toEqual({ user: 'u', clientCertificate: { certificate: 'PEM', key: 'PEM of the key' } })
  })

  it('fails for the client without naming the reference, and for the operator with it', async () => {
    const credential = { as: 'reader', user: 'u', password: { from: 'secret', name: 'nowhere' } } as const
    const error = await failure(
      connector(async () => '', { ...resource, credentials: [credential] }).connect(resource, '', signal, reading),
    )
    expect(error).toMatchObject({ code: 'GS_TARGET_CREDENTIAL_UNAVAILABLE', cause: { code: 'GS_SECRET_UNKNOWN' } })
    expect((error as Error).message).not.toContain('nowhere')
    expect((error as Error & { cause: Error }).cause.message).toContain('secret:nowhere')
  })

  it("passes a log-in's own refusal on, and nothing at all of an error that has no code", async () => {
    class LoginRefused extends CodedError {}
    const refused = new LoginRefused('GS_TARGET_LOGIN_REFUSED', 'no', 'next')
    expect(await failure(connector(() => Promise.reject(refused)).connect(resource, '', signal, reading))).toBe(refused)
    const error = await failure(
      connector((_, secret) => Promise.reject(new Error(`cannot use ${secret.password}`))).connect(resource, '', signal, reading),
    )
    expect(error).toMatchObject({ code: 'GS_TARGET_CONNECT_FAILED' })
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(value)
  })

  it('is refused for a resource that a reload took away', async () => {
    expect(await failure(connector(async () => '').connect({ name: 'gone' }, '', signal, reading))).toMatchObject({
      code: 'GS_TARGET_GONE',
    })
  })

  it('is not begun once the session has ended', async () => {
    const ended = AbortSignal.abort(new Error('ended'))
    let logins = 0
    const login = async () => `${++logins}`
    expect(await failure(connector(login).connect(resource, '', ended, reading))).toMatchObject({ message: 'ended' })
    expect(logins).toBe(0)
  })

  describe('with several credentials', () => {
    const credentials = [
      { as: 'reader', user: 'ro', for: ['read'] },
      { as: 'filler', user: 'rw', for: ['read', 'write'] },
    ]
    const two = connector(async (_, secret) => secret.user, { ...resource, credentials })

    it('is opened with the first that covers what could be permitted', async () => {
      expect(await two.connect(resource, '', signal, reading)).toEqual({ target: 'ro', credential: { name: 'reader', version: 0 } })
      const writing = new Set(['session', 'read', 'write'])
      expect(await two.connect(resource, '', signal, writing)).toMatchObject({ target: 'rw', credential: { name: 'filler' } })
    })

    it('is refused where none covers it, and says whose turn it is', async () => {
      const error = await failure(two.connect(resource, '', signal, new Set(['session', 'read', 'admin'])))
      expect(error).toMatchObject({ code: 'GS_TARGET_CREDENTIAL_NONE', next: expect.stringContaining('operator') })
    })

    it('can be opened by name, to be looked at', async () => {
      expect(await two.connectAs(resource, 'filler', '', signal)).toMatchObject({ target: 'rw' })
      expect(await failure(two.connectAs(resource, 'nobody', '', signal))).toMatchObject({ code: 'GS_TARGET_CREDENTIAL_NONE' })
    })
  })
})

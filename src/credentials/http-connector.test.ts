import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { HttpSecret, TargetAddress } from '../operations/index.ts'
import { createHttpConnector } from './http-connector.ts'
import { createReferences } from './references.ts'
import { Secret } from './secret.ts'
import type { HttpOpening, TargetSettings } from './target-settings.ts'

let folder: string
let now = 1_700_000_000_000
const signal = new AbortController().signal

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gs-http-'))
  now = 1_700_000_000_000
})
afterEach(() => rmSync(folder, { recursive: true }))

const file = (name: string, text: string, mode = 0o600): string => {
  const path = join(folder, name)
  writeFileSync(path, text)
  chmodSync(path, mode)
  return path
}

/** What a log-in is given. */
interface Given {
  readonly address: TargetAddress
  readonly secret: HttpSecret
}

function connector(opens: HttpOpening, tls: TargetSettings['tls'] = { verify: 'full' }) {
  const settings = { name: 'prod', host: 'k8s.internal', port: 6443, basePath: '/k8s', tls, credentials: [{ as: 'deployer', opens }] }
  const references = createReferences({
    env: { TOKEN: 'env-token', BROKEN: 'two\r\nlines' },
    secrets: { get: (name) => (name === 'token' ? { secret: new Secret('sealed'), version: 3 } : undefined) },
  })
  const made = createHttpConnector<string, Given>(
    { resource: () => settings, references, login: async (address, secret) => ({ address, secret }) },
    { now: () => now, serviceAccount: join(folder, 'account') },
  )
  return async () => {
    const { target, credential } = await made.connect({ name: 'prod' }, '', signal, new Set(['get']))
    return { ...target, credential }
  }
}
const headerOf = async ({ secret }: Given) => (await secret.current()).header

describe('a credential of a target in HTTP', () => {
  it.each<[string, HttpOpening, string, string]>([
    ['a bearer token', { by: 'bearer', token: { from: 'secret', name: 'token' } }, 'authorization', 'Bearer sealed'],
    [
      'a user and password',
      { by: 'basic', user: 'u', password: { from: 'env', name: 'TOKEN' } },
      'authorization',
      'Basic dTplbnYtdG9rZW4=',
    ],
    ['a header of its own', { by: 'header', name: 'x-key', value: { from: 'env', name: 'TOKEN' } }, 'x-key', 'env-token'],
  ])('is %s', async (_, opens, name, value) => {
    expect(await headerOf(await connector(opens)())).toEqual({ name, value })
  })

  it('tells the name and version only, and where the target is', async () => {
    const { address, credential } = await connector({ by: 'bearer', token: { from: 'secret', name: 'token' } })()
    expect(credential).toEqual({ name: 'deployer', version: 3 })
    expect(address).toEqual({ host: 'k8s.internal', port: 6443, basePath: '/k8s', tls: { verify: 'full' } })
  })

  it('shows itself to nobody who looks at what holds it', async () => {
    const { secret } = await connector({ by: 'bearer', token: { from: 'env', name: 'TOKEN' } })()
    await secret.current()
    expect(inspect(secret, { depth: 9, showHidden: true })).not.toContain('env-token')
    expect(JSON.stringify(secret)).not.toContain('env-token')
  })

  it('never begins another header', async () => {
    const broken = { from: 'env', name: 'BROKEN' } as const
    for (const opens of [
      { by: 'bearer', token: broken },
      { by: 'header', name: 'x-key', value: broken },
    ] as const)
      await expect(connector(opens)()).rejects.toMatchObject({
        code: 'GS_TARGET_CREDENTIAL_UNAVAILABLE',
        cause: { code: 'GS_SECRET_NOT_A_HEADER', message: expect.not.stringContaining('two') },
      })
  })

  it('is a certificate, which is the same object while its files are the same', async () => {
    const clientCertificate = {
      certificate: { from: 'file', path: file('c.pem', 'CERT', 0o644) },
      key: { from: 'file', path: file('k.pem', 'KEY') },
    } as const
    const { secret } = await connector({ by: 'certificate', clientCertificate })()
    const first = await secret.current()
    expect(first).toEqual({ clientCertificate: { certificate: 'CERT', key: 'KEY' } })
    now += 60_000
    expect(await secret.current()).toBe(first)
    file('c.pem', 'CERT2', 0o644)
    now += 60_000
    expect(await secret.current()).toEqual({ clientCertificate: { certificate: 'CERT2', key: 'KEY' } })
  })
})

describe('a token in a file', () => {
  it('is read anew for each connection, and for one that goes on within ten seconds', async () => {
    const path = file('token', 'one\n')
    const connect = connector({ by: 'bearer', token: { from: 'file', path } })
    const long = await connect()
    expect(await headerOf(long)).toMatchObject({ value: 'Bearer one' })
    file('token', 'two\n')
    expect(await headerOf(await connect())).toMatchObject({ value: 'Bearer two' })
    file('token', 'three\n')
    now += 10_001
    expect(await headerOf(long)).toMatchObject({ value: 'Bearer three' })
  })

  it('is read at once where the target refused the one before', async () => {
    const path = file('token', 'one\n')
    const { secret } = await connector({ by: 'bearer', token: { from: 'file', path } })()
    const used = await secret.current()
    file('token', 'two\n')
    expect(await secret.current()).toBe(used)
    secret.refused(used)
    expect((await secret.current()).header).toMatchObject({ value: 'Bearer two' })
  })

  it('that is gone fails the request, and not the ones behind it once it is back', async () => {
    const path = file('token', 'one\n')
    const { secret } = await connector({ by: 'bearer', token: { from: 'file', path } })()
    rmSync(path)
    now += 10_001
    await expect(secret.current()).rejects.toMatchObject({ code: 'GS_TARGET_CREDENTIAL_UNAVAILABLE' })
    file('token', 'two\n')
    expect((await secret.current()).header).toMatchObject({ value: 'Bearer two' })
  })
})

describe('the account of a pod', () => {
  it('is the token that Kubernetes mounts, with the CA beside it', async () => {
    mkdirSync(join(folder, 'account'))
    file('account/token', 'pod-token', 0o644)
    file('account/ca.crt', 'CLUSTER CA', 0o644)
    const given = await connector({ by: 'in-cluster' })()
    expect(await headerOf(given)).toMatchObject({ value: 'Bearer pod-token' })
    expect(given.address.tls).toEqual({ verify: 'full', ca: 'CLUSTER CA' })
  })

  it('does not override a CA that the resource names', async () => {
    mkdirSync(join(folder, 'account'))
    file('account/token', 'pod-token', 0o644)
    file('account/ca.crt', 'CLUSTER CA', 0o644)
    const ca = { from: 'file', path: file('own.pem', 'OWN CA', 0o644) } as const
    expect((await connector({ by: 'in-cluster' }, { verify: 'full', ca })()).address.tls).toEqual({ verify: 'full', ca: 'OWN CA' })
  })
})

describe('a program that prints an ExecCredential', () => {
  const apiVersion = 'client.authentication.k8s.io/v1'
  /** Counts its runs in a file, so that they can be told apart. */
  const program = (status: string, env: Record<string, string> = {}) => {
    const path = file(
      'plugin',
      `#!/bin/sh\necho run >> ${folder}/runs\nn=$(wc -l < ${folder}/runs | tr -d ' ')\ncat <<END\n{"apiVersion":"${apiVersion}","kind":"ExecCredential","status":${status}}\nEND\n`,
      0o700,
    )
    return { by: 'exec', program: { apiVersion, command: path, arguments: [], env } } as const
  }

  it('is run once for all connections, until what it printed is over', async () => {
    const connect = connector(program(`{"token":"t$n","expirationTimestamp":"${new Date(now + 60_000).toISOString()}"}`))
    const [first, second] = [await connect(), await connect()]
    expect(await headerOf(first)).toMatchObject({ value: 'Bearer t1' })
    expect(await headerOf(second)).toMatchObject({ value: 'Bearer t1' })
    now += 40_000
    expect(await headerOf(first)).toMatchObject({ value: 'Bearer t1' })
    now += 15_000
    // It says the same end again: it is over in five seconds, and taken all the same.
    expect(await headerOf(first)).toMatchObject({ value: 'Bearer t2' })
  })

  it('is run again where the target refused what it printed, and not for each request that is refused', async () => {
    const { secret } = await connector(program('{"token":"t$n"}'))()
    const used = await secret.current()
    secret.refused(used)
    const next = await secret.current()
    expect(next.header).toMatchObject({ value: 'Bearer t2' })
    secret.refused(used)
    secret.refused(next)
    expect(await secret.current()).toBe(next)
    now += 5_001
    secret.refused(next)
    expect((await secret.current()).header).toMatchObject({ value: 'Bearer t3' })
  })

  it('is told its environment and nothing of ours', async () => {
    process.env.GS_TEST_LEAK = 'leak'
    const given = await connector(program('{"token":"$PROFILE-$GS_TEST_LEAK-end"}', { PROFILE: 'prod' }))()
    delete process.env.GS_TEST_LEAK
    expect(await headerOf(given)).toMatchObject({ value: 'Bearer prod--end' })
  })

  it.each([
    ['has expired', '{"token":"t","expirationTimestamp":"2001-01-01T00:00:00Z"}'],
    ['holds no credential', '{}'],
    ['holds half a certificate', '{"clientCertificateData":"C"}'],
    ['holds a token that is no text', '{"token":7}'],
    ['is no JSON', 'secret-in-garbage'],
  ])('that %s opens nothing, and is not repeated', async (_, status) => {
    await expect(connector(program(status))()).rejects.toMatchObject({
      code: 'GS_TARGET_CREDENTIAL_UNAVAILABLE',
      cause: { code: 'GS_SECRET_EXEC', message: expect.not.stringContaining('garbage') },
    })
  })
})

describe('a kubeconfig', () => {
  const config = (user: string, cluster = 'certificate-authority-data: UEVN') =>
    file(
      'kubeconfig',
      `apiVersion: v1\nkind: Config\ncurrent-context: one\nclusters: [ { name: c, cluster: { server: "https://10.0.0.1:6443", ${cluster} } } ]\nusers: [ { name: u, user: ${user} } ]\ncontexts: [ { name: one, context: { cluster: c, user: u } } ]\n`,
    )
  const opening = (path: string, context?: string) => ({ by: 'kubeconfig', path, ...(context && { context }) }) as const

  it('gives its CA and its token', async () => {
    const given = await connector(opening(config('{ token: abc }')))()
    expect(await headerOf(given)).toMatchObject({ value: 'Bearer abc' })
    expect(given.address.tls).toEqual({ verify: 'full', ca: 'PEM' })
  })

  it('finds files beside itself', async () => {
    file('k.pem', 'KEY')
    file('c.pem', 'CERT', 0o644)
    const given = await connector(opening(config('{ client-certificate: c.pem, client-key: k.pem }')))()
    expect(await given.secret.current()).toEqual({ clientCertificate: { certificate: 'CERT', key: 'KEY' } })
  })

  it('runs its program', async () => {
    file(
      'plugin',
      `#!/bin/sh\necho '{"apiVersion":"client.authentication.k8s.io/v1beta1","kind":"ExecCredential","status":{"token":"'$1-$A'"}}'\n`,
      0o700,
    )
    const given = await connector(
      opening(
        config(
          '{ exec: { apiVersion: client.authentication.k8s.io/v1beta1, command: ./plugin, args: [x], env: [ { name: A, value: y } ] } }',
        ),
      ),
    )()
    expect(await headerOf(given)).toMatchObject({ value: 'Bearer x-y' })
  })

  it.each([
    ['has no such context', '{ token: abc }', undefined, 'other'],
    ['would verify nothing', '{ token: abc }', 'insecure-skip-tls-verify: true', undefined],
    ['goes by a proxy', '{ token: abc }', 'proxy-url: "http://proxy:3128"', undefined],
    ['acts as somebody else', '{ token: abc, as: root }', undefined, undefined],
    [
      'needs a person',
      '{ exec: { apiVersion: client.authentication.k8s.io/v1, command: p, interactiveMode: Always } }',
      undefined,
      undefined,
    ],
    ['says nothing of who it is', '{}', undefined, undefined],
    ['is no map', '[]', undefined, undefined],
    ['unfolds without end', '&a { token: *a }', undefined, undefined],
  ])('that %s opens nothing', async (_, user, cluster, context) => {
    const error: unknown = await connector(opening(config(user, cluster), context))().catch((caught: unknown) => caught)
    expect(error).toMatchObject({ code: 'GS_TARGET_CREDENTIAL_UNAVAILABLE', cause: { code: 'GS_SECRET_KUBECONFIG' } })
    expect((error as Error & { cause: Error }).cause.message).not.toContain('abc')
  })

  it('that others can read is refused', async () => {
    const path = config('{ token: abc }')
    chmodSync(path, 0o644)
    await expect(connector(opening(path))()).rejects.toMatchObject({ cause: { code: 'GS_SECRET_EXPOSED' } })
  })
})

import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isBehindHttps } from '../operations/index.ts'
import { ConfigError } from './errors.ts'
import { judgeText } from './judge-text.ts'
import { loadConfig } from './load.ts'

const example = readFileSync(new URL('../../docs/examples/gatescribe.yaml', import.meta.url), 'utf8')
const now = Date.parse('2026-08-01T00:00:00Z')
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gs-http-config-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const CLUSTER = `  - name: prod-cluster
    kind: kubernetes
    address: https://10.0.0.1:6443
    credentials: [ { as: deployer, token: "file:./token" } ]
`
const TICKETS = `  - name: tickets
    kind: http
    address: https://tickets.internal/api/
    credentials: [ { as: agent, bearer: "secret:tickets" } ]
`
const withDoor = example.replace('    token: 0.0.0.0:8444', '    https: 0.0.0.0:8443\n    token: 0.0.0.0:8444')
const text = (resources: string, base = withDoor) => base.replace('\nrules:\n', `\n${resources}\nrules:\n`)
const load = (resources: string, base?: string) => {
  writeFileSync(join(folder, 'gatescribe.yaml'), text(resources, base))
  return loadConfig(join(folder, 'gatescribe.yaml'), { HOME: '/home' }, now)
}
const built = (resources: string) => load(resources).config.resources.filter(isBehindHttps).at(-1)!
const problems = (resources: string, base?: string) => {
  try {
    load(resources, base)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ code, path, line, next }) => ({ code, path, line, next }))
    throw error
  }
  throw new Error('accepted')
}

describe('a target in HTTP', () => {
  it('is made exact', () => {
    const { config } = load(`${CLUSTER}    tls: { ca: file:./ca.pem }\n    hosts: [K8s.Internal]\n    impersonate: true\n`)
    expect(config.gateway.listen.https).toEqual({ host: '0.0.0.0', port: 8443 })
    expect(config.resources.at(-1)).toEqual({
      kind: 'kubernetes',
      ...{ name: 'prod-cluster', host: '10.0.0.1', port: 6443, basePath: '', hosts: ['k8s.internal'], tags: [] },
      tls: { verify: 'full', ca: { from: 'file', path: join(folder, 'ca.pem') } },
      credentials: [{ as: 'deployer', opens: { by: 'bearer', token: { from: 'file', path: join(folder, 'token') } } }],
      impersonate: true,
    })
    expect(built(TICKETS)).toMatchObject({ kind: 'http', host: 'tickets.internal', port: 443, basePath: '/api' })
  })

  it.each([
    ['bearer: env:HOME', { by: 'bearer', token: { from: 'env', name: 'HOME' } }],
    ['basic: { user: u, password: "secret:p" }', { by: 'basic', user: 'u', password: { from: 'secret', name: 'p' } }],
    ['header: { name: x-api-key, value: "secret:p" }', { by: 'header', name: 'x-api-key', value: { from: 'secret', name: 'p' } }],
    ['certificate: file:./c.pem, key: "secret:k"', { by: 'certificate', clientCertificate: { key: { from: 'secret', name: 'k' } } }],
  ])('is opened by %s', (way, opens) => {
    expect(built(TICKETS.replace('bearer: "secret:tickets"', way)).credentials[0]).toMatchObject({ as: 'agent', opens })
  })

  it('is a cluster opened by a program, whose environment may refer to secrets', () => {
    const exec = 'exec: { command: /usr/bin/aws, args: [eks, get-token], env: { AWS_PROFILE: prod, AWS_KEY: "secret:aws" } }'
    expect(built(CLUSTER.replace('token: "file:./token"', exec)).credentials[0]).toMatchObject({
      opens: {
        by: 'exec',
        program: {
          apiVersion: 'client.authentication.k8s.io/v1',
          command: '/usr/bin/aws',
          arguments: ['eks', 'get-token'],
          env: { AWS_PROFILE: 'prod', AWS_KEY: { from: 'secret', name: 'aws' } },
        },
      },
    })
  })

  it.each([
    ['a target that is not https', TICKETS.replace('https://', 'http://'), 'GS_CONFIG_INCONSISTENT', 'address'],
    ['TLS that is turned off', `${TICKETS}    tls: { verify: off }\n`, 'GS_CONFIG_WRONG_VALUE', 'tls.verify'],
    ['a path that climbs', TICKETS.replace('/api/', '/api/../admin'), 'GS_CONFIG_WRONG_VALUE', 'address'],
    ['a secret in the address', TICKETS.replace('tickets.internal', 'u:p@tickets.internal'), 'GS_CONFIG_WRONG_VALUE', 'address'],
    ['a literal token', CLUSTER.replace('file:./token', 'hunter2'), 'GS_CONFIG_LITERAL_SECRET', 'credentials[0].token'],
    ['two ways at once', CLUSTER.replace('token:', 'inCluster: true, token:'), 'GS_CONFIG_WRONG_VALUE', 'credentials[0]'],
    ['no way at all', CLUSTER.replace(', token: "file:./token"', ''), 'GS_CONFIG_WRONG_VALUE', 'credentials[0]'],
    ['a key without its certificate', CLUSTER.replace('token:', 'key: "secret:k", token:'), 'GS_CONFIG_WRONG_VALUE', 'credentials[0]'],
    ['the way of another kind', CLUSTER.replace('token:', 'bearer:'), 'GS_CONFIG_UNKNOWN_FIELD', 'credentials[0]'],
    ['a field of another kind', `${TICKETS}    impersonate: true\n`, 'GS_CONFIG_UNKNOWN_FIELD', ''],
    [
      'a header that is the gateway’s own',
      TICKETS.replace('bearer: "secret:tickets"', 'header: { name: host, value: "secret:t" }'),
      'GS_CONFIG_WRONG_VALUE',
      'credentials[0].header.name',
    ],
    [
      'classes of another plane',
      CLUSTER.replace('token:', 'for: [postgres.read], token:'),
      'GS_CONFIG_WRONG_VALUE',
      'credentials[0].for[0]',
    ],
    ['a kind that is none', TICKETS.replace('kind: http', 'kind: https'), 'GS_CONFIG_WRONG_VALUE', 'kind'],
    ['the gateway’s own name', `${TICKETS}    hosts: [gw.example.org]\n`, 'GS_CONFIG_INCONSISTENT', 'hosts[0]'],
    ['a name that selects another', `${TICKETS}    hosts: [orders.internal]\n`, 'GS_CONFIG_INCONSISTENT', 'hosts[0]'],
    ['an impossible port', TICKETS.replace('tickets.internal', 'tickets.internal:0'), 'GS_CONFIG_WRONG_VALUE', 'address'],
  ])('refuses %s, at its place', (_, resources, code, path) => {
    const found = problems(resources)
    expect(found.map((problem) => problem.code)).toContain(code)
    expect(found[0]!.path).toBe(path === '' ? 'resources[1]' : `resources[1].${path}`)
    expect(JSON.stringify(found)).not.toContain('hunter2')
    expect(found[0]!.line).toBeGreaterThan(text('').split('\n').indexOf('rules:') - 10)
  })

  it('needs the https door', () => {
    expect(problems(TICKETS, example)).toMatchObject([{ path: 'resources[1].kind', next: expect.stringContaining('gateway.listen') }])
  })

  it('may be in plaintext on loopback', () => {
    const resource = built(CLUSTER.replace('https://10.0.0.1:6443', 'http://127.0.0.1:8001'))
    expect(resource).toMatchObject({ host: '127.0.0.1', port: 8001, tls: { verify: 'off' } })
  })
})

describe('where a cluster is', () => {
  const kubeconfig = (server: string, more = '') => {
    const path = join(folder, 'kubeconfig')
    writeFileSync(
      path,
      `current-context: one\nclusters: [ { name: c, cluster: { server: "${server}"${more} } } ]\nusers: [ { name: u, user: { token: t } } ]\ncontexts: [ { name: one, context: { cluster: c, user: u } } ]\n`,
    )
    chmodSync(path, 0o600)
    return CLUSTER.replace('    address: https://10.0.0.1:6443\n', '').replace(
      'token: "file:./token"',
      'kubeconfig: { file: ./kubeconfig }',
    )
  }

  it('is said by its kubeconfig', () => {
    expect(built(kubeconfig('https://[::1]/k8s/clusters/c-1', ', tls-server-name: k8s.example'))).toMatchObject({
      ...{ host: '::1', port: 443, basePath: '/k8s/clusters/c-1', tls: { verify: 'full', serverName: 'k8s.example' } },
      credentials: [{ opens: { by: 'kubeconfig', path: join(folder, 'kubeconfig') } }],
    })
  })

  it('is known from within', () => {
    const resources = CLUSTER.replace('    address: https://10.0.0.1:6443\n', '').replace('token: "file:./token"', 'inCluster: true')
    expect(built(resources)).toMatchObject({ host: 'kubernetes.default.svc', port: 443, credentials: [{ opens: { by: 'in-cluster' } }] })
  })

  it('must be said, and by all in the same way', () => {
    expect(problems(CLUSTER.replace('    address: https://10.0.0.1:6443\n', ''))).toMatchObject([{ path: 'resources[1].credentials' }])
    const two = kubeconfig('https://10.0.0.1')
      .replace('} ]', 'for: [kubernetes.get] }, { as: pod, inCluster: true } ]')
      .replace('} for', '}, for')
    expect(problems(two)).toMatchObject([{ path: 'resources[1].credentials[1]', code: 'GS_CONFIG_INCONSISTENT' }])
  })

  it('is refused where the kubeconfig is not to be had, or not to be trusted', () => {
    expect(problems(kubeconfig('https://10.0.0.1').replace('./kubeconfig', './nowhere'))).toMatchObject([
      { path: 'resources[1].credentials' },
    ])
    expect(problems(kubeconfig('https://10.0.0.1', ', insecure-skip-tls-verify: true'))).toMatchObject([
      { path: 'resources[1].credentials' },
    ])
    expect(problems(kubeconfig('http://10.0.0.1'))).toMatchObject([{ code: 'GS_CONFIG_INCONSISTENT' }])
  })

  it('opens no file for a text that came from elsewhere', () => {
    const resources = kubeconfig('https://10.0.0.1').replace('./kubeconfig', join(folder, 'nowhere'))
    expect(judgeText(text(resources), now).problems).toEqual([])
  })
})

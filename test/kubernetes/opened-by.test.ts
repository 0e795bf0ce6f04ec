import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startIssuer, type TestIssuer } from '../parts/issuer.ts'
import { writtenKubeconfig } from '../parts/kubeconfig.ts'
import { kubernetesBinaries } from '../parts/kubernetes-binaries.ts'
import { type RunningCluster, startCluster } from '../parts/kubernetes-cluster.ts'
import { type KubernetesGateway, startKubernetesGateway } from '../parts/kubernetes-gateway.ts'
import { needs } from '../parts/require.ts'

let issuer: TestIssuer
let cluster: RunningCluster
let started: KubernetesGateway
let folder: string
const binaries = kubernetesBinaries()
const RIGHTS = [{ verbs: ['get', 'list'], apiGroups: [''], resources: ['namespaces', 'pods'] }]

const file = (name: string, content: string, mode = 0o600): string => {
  const path = join(folder, name)
  writeFileSync(path, content)
  chmodSync(path, mode)
  return path
}

/** A program that prints the token of a file, and counts its runs. */
const plugin = (name: string): string =>
  file(
    name,
    `#!/bin/sh\necho run >> '${join(folder, `${name}.runs`)}'\nprintf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s"}}' "$(cat '${join(folder, 'printed')}')"\n`,
    0o700,
  )

beforeAll(async () => {
  if (!binaries) return
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-opened-'))
  issuer = await startIssuer()
  cluster = await startCluster()
  const { certificate, key } = await cluster.certificates.issueClient('by-certificate', ['system:masters'])
  file('printed', cluster.adminToken)
  file('rotated', await cluster.serviceAccount('first', RIGHTS))
  const user = { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: plugin('within'), interactiveMode: 'Never' } }
  const config = JSON.parse(JSON.stringify({ users: [{ name: 'u', user }] }))
  const kubeconfig = {
    ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'c' },
    clusters: [{ name: 'c', cluster: { server: cluster.url, 'certificate-authority-data': Buffer.from(cluster.ca).toString('base64') } }],
    ...config,
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
  }
  const opened: Record<string, object> = {
    certificate: { certificate: `file:${file('client.pem', certificate, 0o644)}`, key: `file:${file('client.key', key)}` },
    exec: { exec: { command: plugin('plugin') } },
    kubeconfig: {
      kubeconfig: {
        file: file('by-token', writtenKubeconfig({ server: cluster.url, ca: cluster.ca, user: { token: cluster.adminToken } })),
      },
    },
    'kubeconfig-exec': { kubeconfig: { file: file('by-exec', JSON.stringify(kubeconfig)), context: 'c' } },
    rotated: { token: `file:${join(folder, 'rotated')}` },
    wrong: { token: `file:${file('wrong', 'nonsense')}` },
    missing: { token: `file:${join(folder, 'nowhere')}` },
    untrusted: { token: `file:${file('token', cluster.adminToken)}` },
  }
  started = await startKubernetesGateway({
    issuer,
    cluster,
    token: cluster.adminToken,
    adjust(config) {
      const [{ tls, address } = {}] = config.resources
      for (const [name, credential] of Object.entries(opened)) {
        const place = name.startsWith('kubeconfig') ? {} : name === 'untrusted' ? { address } : { address, tls }
        config.resources.push({ name, kind: 'kubernetes', ...place, credentials: [{ as: name, ...credential }] })
      }
    },
  })
})
afterAll(async () => {
  await started?.gateway.remove()
  await cluster?.stop()
  await issuer?.close()
  if (folder) rmSync(folder, { recursive: true, force: true })
})
beforeEach((test) => needs(test, binaries, 'an API server (test/kubernetes/parts/build.sh)'))

function get(url: string, token: string, agent?: Agent) {
  return new Promise<{ status: number; body: string }>((resolve, reject) => {
    const options = { agent: agent ?? new Agent({ ca: started.gateway.ca }), headers: { authorization: `Bearer ${token}` } }
    request(url, options, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (piece) => {
        body += piece
      })
      response.once('end', () => resolve({ status: response.statusCode ?? 0, body }))
    })
      .once('error', reject)
      .end()
  })
}

async function kubectl(resource: string, words: readonly string[]) {
  const { path } = await started.kubeconfig()
  return cluster.kubectl(['-s', (await started.kubeconfig()).server.replace(/\/r\/cluster$/, `/r/${resource}`), ...words], {
    env: { KUBECONFIG: path },
  })
}

describe('a cluster', () => {
  it.each(['certificate', 'exec', 'kubeconfig', 'kubeconfig-exec'])('is opened by %s', async (resource) => {
    expect(await kubectl(resource, ['get', 'namespaces', '-o', 'name'])).toMatchObject({
      ...{ status: 0, stderr: '' },
      stdout: expect.stringContaining('namespace/default'),
    })
  })

  it('sees who the gateway is, and nothing of the run’s credential', async () => {
    await kubectl('certificate', ['get', 'pods'])
    const asked = cluster.audit().filter(({ requestURI }) => requestURI.startsWith('/api/v1/namespaces/default/pods'))
    expect(asked.at(-1)?.user.username).toBe('by-certificate')
  })

  it.each([
    ['wrong', 'GS_HTTP_TARGET_LOGIN_REFUSED'],
    ['missing', 'GS_TARGET_CREDENTIAL_UNAVAILABLE'],
    ['untrusted', 'GS_HTTP_TARGET_NOT_TRUSTED'],
  ])('that is opened by something %s is refused by name, and nobody is asked for a password', async (resource, code) => {
    const { server, token } = await started.kubeconfig()
    const answered = await get(`${server.replace(/\/r\/cluster$/, `/r/${resource}`)}/api/v1/namespaces/default`, token)
    expect(answered.status).toBe(502)
    expect(answered.body).toContain(code)
    expect(answered.body).not.toMatch(/nowhere|nonsense/)
    const ran = await kubectl(resource, ['get', 'namespaces'])
    expect(ran.status).not.toBe(0)
    expect(ran.stdout + ran.stderr).not.toMatch(/Username|Password:|nowhere|nonsense/)
  })
})

describe('gatescribe doctor', () => {
  it('tries each credential, and holds what its account may do against the rules', async () => {
    const found: string[] = []
    for await (const { subject, level, found: said } of started.gateway.operator.doctor(AbortSignal.timeout(60_000)))
      if (subject.startsWith('resource ')) found.push(`${subject.slice('resource '.length)}: ${level} ${said}`)
    const of = (resource: string) => found.filter((line) => line.startsWith(`${resource}: `)).map((line) => line.slice(resource.length + 2))
    expect(of('exec')).toEqual([
      expect.stringMatching(/^ok reached, trusted and opened \(Kubernetes v1\.\d+/),
      'warn Its account may do everything in the cluster.',
    ])
    expect(of('rotated')).toEqual([
      expect.stringMatching(/^ok reached/),
      'ok Its account may do no more than the rules permit, as far as it was asked.',
    ])
    expect(of('missing')).toEqual([expect.stringMatching(/^fail .*file:.*nowhere.* \[GS_TARGET_CREDENTIAL_UNAVAILABLE\]$/)])
    expect(of('wrong')).toEqual([expect.stringMatching(/^fail .*\[GS_HTTP_TARGET_LOGIN_REFUSED\]$/)])
    expect(of('untrusted')).toEqual([expect.stringMatching(/^fail .*\[GS_HTTP_TARGET_NOT_TRUSTED\]$/)])
  })
})

describe('a token that is rotated', () => {
  it('serves a connection that goes on, from when the old one is refused', async () => {
    const { server, token } = await started.kubeconfig()
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: started.gateway.ca })
    const url = `${server.replace(/\/r\/cluster$/, '/r/rotated')}/api/v1/namespaces`
    const status = async () => (await get(url, token, agent)).status
    try {
      expect(await status()).toBe(200)
      const next = await cluster.serviceAccount('second', RIGHTS)
      await cluster.request('DELETE', '/api/v1/namespaces/default/serviceaccounts/first')
      file('rotated', next)
      // The API server remembers for ten seconds that a token was good.
      await expect
        .poll(
          async () => {
            expect([200, 401]).toContain(await status())
            return cluster.audit().some(({ user }) => user.username === 'system:serviceaccount:default:second')
          },
          { timeout: 30_000, interval: 500 },
        )
        .toBe(true)
      expect(await status()).toBe(200)
    } finally {
      agent.destroy()
    }
  })
})

import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { run as gatescribe } from '../../src/cli/main.ts'
import { builtCommand } from '../parts/built.ts'
import { AUDIENCE } from '../parts/gateway-config.ts'
import { startIssuer, type TestIssuer } from '../parts/issuer.ts'
import { kubernetesBinaries } from '../parts/kubernetes-binaries.ts'
import { type RunningCluster, startCluster } from '../parts/kubernetes-cluster.ts'
import { ALLOW_KUBERNETES, type KubernetesGateway, startKubernetesGateway } from '../parts/kubernetes-gateway.ts'
import { needs } from '../parts/require.ts'
import { testSurroundings } from '../parts/surroundings.ts'

let issuer: TestIssuer
let cluster: RunningCluster
let started: KubernetesGateway
let folder: string
let httpsPort: number
const binaries = kubernetesBinaries()

beforeAll(async () => {
  if (!binaries) return
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-clients-'))
  issuer = await startIssuer()
  cluster = await startCluster()
  started = await startKubernetesGateway({
    issuer,
    cluster,
    token: cluster.adminToken,
    rules: [
      { ...ALLOW_KUBERNETES, name: 'on-cluster', on: { resources: ['cluster', 'second'] } },
      { name: 'nobody', effect: 'deny', on: { resources: ['closed'] }, do: ['kubernetes.*'] },
    ],
    adjust(config) {
      const [first] = config.resources
      config.resources.push({ ...first, name: 'second', hosts: ['second.cluster.test'] }, { ...first, name: 'closed' })
    },
  })
  const { listening } = await started.gateway.operator.status()
  httpsPort = Number(listening.https!.split(':').at(-1))
})
afterAll(async () => {
  await started?.gateway.remove()
  await cluster?.stop()
  await issuer?.close()
  if (folder) rmSync(folder, { recursive: true, force: true })
})
beforeEach((test) => needs(test, binaries, 'an API server (test/kubernetes/parts/build.sh)'))

/** gatescribe in a job, with a token of its own. */
async function inJob(words: readonly string[], claims: Record<string, unknown> = {}) {
  const { gateway } = started
  const caFile = join(folder, 'gateway-ca.pem')
  writeFileSync(caFile, gateway.ca)
  const env = {
    GATESCRIBE_GATEWAY: `https://localhost:${gateway.tokenPort}`,
    GATESCRIBE_CA: caFile,
    GATESCRIBE_ID_TOKEN: await issuer.mint({ aud: AUDIENCE, run_id: String(Math.trunc(Math.random() * 1e9)), ...claims }),
  }
  const surroundings = testSurroundings({ env, folder })
  const status = await gatescribe(words, surroundings)
  return { status, ...surroundings.printed, env }
}

describe('gatescribe kubeconfig', () => {
  it('writes one that a real kubectl uses, with the clusters that the run may open and no other', async () => {
    const { status, out } = await inJob(['kubeconfig', '--write', 'kubeconfig', '--context', 'cluster'])
    expect(status).toBe(0)
    const path = join(folder, 'kubeconfig')
    expect(out).toContain(path)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    const written = parse(readFileSync(path, 'utf8'))
    expect(written.contexts.map(({ name }: { name: string }) => name)).toEqual(['cluster', 'second'])
    const namespaces = await cluster.kubectl(['get', 'namespaces', '-o', 'name'], { env: { KUBECONFIG: path } })
    expect(namespaces).toMatchObject({ status: 0, stderr: '', stdout: expect.stringContaining('namespace/default') })
    expect((await cluster.kubectl(['--context', 'second', 'version'], { env: { KUBECONFIG: path } })).status).toBe(0)
  })

  it('prints nothing secret where it writes a file, and to no terminal', async () => {
    const { out } = await inJob(['kubeconfig', '--write', 'quiet', '--json'])
    expect(parse(readFileSync(join(folder, 'quiet'), 'utf8')).users[0].user.token).toMatch(/^gs_k8s_/)
    expect(out).not.toContain('gs_')
    expect(JSON.parse(out)).toMatchObject({ contexts: ['cluster', 'second'], file: join(folder, 'quiet') })
    const terminal = testSurroundings({ terminal: true })
    expect(await gatescribe(['kubeconfig', '--gateway', 'https://localhost:1'], terminal)).toBe(1)
    expect(terminal.printed.err).toContain('--write FILE')
  })

  it('says which clusters there are where it is asked for another', async () => {
    const { status, err } = await inJob(['kubeconfig', '--context', 'closed', '--write', 'closed'])
    expect(status).toBe(1)
    expect(err).toContain('GS_LAUNCH_NO_CLUSTER')
  })

  it('may hold no credential: kubectl asks for one, again and again, and stays in the run', async () => {
    const run_id = String(Math.trunc(Math.random() * 1e9))
    const mint = async () => writeFileSync(join(folder, 'id-token'), await issuer.mint({ aud: AUDIENCE, run_id }), { mode: 0o600 })
    await mint()
    const made = await inJob(['kubeconfig', '--exec', '--context', 'cluster', '--write', 'exec', '--token-file', 'id-token'])
    expect(made.status).toBe(0)
    const text = readFileSync(join(folder, 'exec'), 'utf8')
    expect(text).not.toContain('gs_')
    // The command as it would be installed.
    const command = join(folder, 'gatescribe')
    writeFileSync(command, `#!/bin/sh\nexec '${process.execPath}' '${await builtCommand()}' "$@"\n`)
    chmodSync(command, 0o755)
    const PATH = [folder, process.env.PATH].join(delimiter)
    for (let time = 0; time < 2; time++) {
      await mint()
      const ran = await cluster.kubectl(['get', 'namespaces'], { env: { KUBECONFIG: join(folder, 'exec'), PATH, HOME: folder } })
      expect(ran).toMatchObject({ status: 0, stderr: '' })
    }
    const exchanged = JSON.parse((await inJob(['token', '--json'], { run_id })).out)
    expect(exchanged.joined).toBe(true)
  })

  it('comes with gatescribe token too', async () => {
    const { status, out } = await inJob(['token', '--kubeconfig', 'from-token'])
    expect(status).toBe(0)
    expect(out).toContain(`export KUBECONFIG='${join(folder, 'from-token')}'`)
    const script = `${out}\n'${cluster.binaries.kubectl}' --context second get namespaces -o name`
    expect(execFileSync('sh', ['-c', script], { env: { PATH: process.env.PATH, HOME: folder } }).toString()).toContain('namespace/default')
  })
})

interface Asked {
  readonly host?: string
  readonly servername?: string
  readonly path?: string
  readonly token?: string
}

/** A request at the https door, as no kubectl would send it. */
function ask({ host = 'localhost', servername = 'localhost', path = '/r/cluster/api', token }: Asked) {
  return new Promise<{ status: number; body: string }>((resolve, reject) => {
    const headers = { host: `${host}:${httpsPort}`, ...(token !== undefined && { authorization: `Bearer ${token}` }) }
    request(
      {
        host: '127.0.0.1',
        port: httpsPort,
        servername,
        path,
        headers,
        ca: started.gateway.ca,
        agent: false,
        checkServerIdentity: () => undefined,
      },
      (response) => {
        let body = ''
        response.setEncoding('utf8').on('data', (piece) => {
          body += piece
        })
        response.once('end', () => resolve({ status: response.statusCode ?? 0, body }))
      },
    )
      .once('error', reject)
      .end()
  })
}

describe('the https door', () => {
  it('knows a run by its credential for this plane, and by no other', async () => {
    const { planes, handle, password } = await started.gateway.credential()
    const token = planes.kubernetes!.credential
    expect((await ask({ token })).status).toBe(200)
    for (const other of [
      handle,
      password,
      `${token.slice(0, -1)}${token.endsWith('0') ? '1' : '0'}`,
      'eyJhbGciOiJSUzI1NiJ9.e30.c2ln',
      cluster.adminToken,
    ])
      expect((await ask({ token: other })).status).toBe(401)
    expect((await ask({})).status).toBe(401)
    // Nor does the other plane's open a database.
    expect(planes.http).toBeUndefined()
  })

  it('selects by path under its own name, or by the name of a cluster, and never by two that disagree', async () => {
    const token = (await started.gateway.credential()).planes.kubernetes!.credential
    const at = async (asked: Asked) => (await ask({ token, ...asked })).status
    expect(await at({ host: 'second.cluster.test', servername: 'second.cluster.test', path: '/api' })).toBe(200)
    expect(await at({ host: 'second.cluster.test' })).toBe(421)
    expect(await at({ servername: 'second.cluster.test' })).toBe(421)
    expect(await at({ path: '/api' })).toBe(404)
    expect(await at({ path: '/r/elsewhere/api' })).toBe(404)
  })

  it('presents a certificate for the name of a cluster', async () => {
    const token = (await started.gateway.credential()).planes.kubernetes!.credential
    const config = {
      ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'c' },
      clusters: [
        {
          name: 'c',
          cluster: {
            server: `https://127.0.0.1:${httpsPort}`,
            'certificate-authority-data': Buffer.from(started.gateway.ca).toString('base64'),
            'tls-server-name': 'second.cluster.test',
          },
        },
      ],
      users: [{ name: 'u', user: { token } }],
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
    }
    const path = join(folder, 'by-name')
    writeFileSync(path, JSON.stringify(config), { mode: 0o600 })
    // The certificate is trusted; that Host says another name than the server name does is refused.
    const { stderr } = await cluster.kubectl(['get', 'namespaces'], { env: { KUBECONFIG: path } })
    expect(stderr).not.toContain('x509')
  })
})

describe('a cluster that a run may do nothing on', () => {
  it('tells it so through kubectl, although that asks for discovery first', async () => {
    const { path, server } = await started.kubeconfig()
    const words = ['-s', server.replace(/cluster$/, 'closed'), 'get', 'pods']
    const { status, stderr } = await cluster.kubectl(words, { env: { KUBECONFIG: path } })
    expect(status).not.toBe(0)
    expect(stderr).toContain('No rule allows this run anything')
    expect(stderr).not.toContain('unknown')
  })
})

describe('what is recorded', () => {
  it('names the run, the credential and each request, and no secret', async () => {
    const { path, token, run } = await started.kubeconfig()
    expect((await cluster.kubectl(['create', 'configmap', 'recorded', '--from-literal=a=b'], { env: { KUBECONFIG: path } })).status).toBe(0)
    const entries = []
    const reading = { from: 0, follow: false, opened: true, filter: {} }
    for await (const entry of started.gateway.operator.trail(reading, AbortSignal.timeout(20_000))) entries.push(entry)
    const session = entries.find(({ kind, fields }) => kind === 'session.open' && fields.run === run)
    expect(session?.fields).toMatchObject({ resource: 'cluster' })
    const own = entries.filter(({ fields }) => fields.session === session?.fields.session)
    expect(own.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['credential.injected', 'operation.intent', 'operation.outcome']))
    const text = JSON.stringify(entries)
    expect(text).toContain('POST /api/v1/namespaces/default/configmaps')
    for (const secret of [token, cluster.adminToken]) expect(text).not.toContain(secret)
  })
})

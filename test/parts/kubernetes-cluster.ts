import { randomBytes, randomUUID } from 'node:crypto'
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Ran, type RunOptions, runCommand } from './command.ts'
import { writtenKubeconfig } from './kubeconfig.ts'
import { type ApiAnswer, apiCaller, listens } from './kubernetes-api.ts'
import { type KubernetesBinaries, kubernetesBinaries } from './kubernetes-binaries.ts'
import { type ClusterProcesses, clusterProcesses, layOut, type StaticToken, startNodes, startServers } from './kubernetes-processes.ts'
import { freePort } from './ports.ts'
import { issueTestCertificates, type TestCertificate, type TestCertificates } from './test-certificates.ts'

export interface ClusterOptions {
  /** Static bearer tokens beside the administrator's. */
  readonly tokens?: readonly StaticToken[]
  /** Further flags of kube-apiserver. */
  readonly flags?: readonly string[]
  /** What the audit log keeps of a request: its line alone, or its body as well. Default: Request. */
  readonly audit?: 'None' | 'Metadata' | 'Request' | 'RequestResponse'
}

/** An event of audit.k8s.io/v1, as far as tests look at it. */
export interface AuditEvent {
  readonly auditID: string
  readonly stage: 'ResponseStarted' | 'ResponseComplete' | 'Panic'
  readonly requestURI: string
  readonly verb: string
  readonly user: {
    readonly username: string
    readonly groups?: readonly string[]
    readonly extra?: Readonly<Record<string, readonly string[]>>
  }
  readonly impersonatedUser?: AuditEvent['user']
  readonly userAgent?: string
  readonly objectRef?: {
    readonly resource?: string
    readonly namespace?: string
    readonly name?: string
    readonly subresource?: string
    readonly apiGroup?: string
    readonly apiVersion?: string
  }
  readonly responseStatus?: { readonly code?: number; readonly reason?: string }
  readonly requestObject?: unknown
}

/** A right that a service account is to have: one rule of RBAC. */
export interface Right {
  readonly verbs: readonly string[]
  readonly apiGroups?: readonly string[]
  readonly resources?: readonly string[]
  readonly resourceNames?: readonly string[]
  readonly nonResourceURLs?: readonly string[]
}

export interface RunningCluster {
  readonly host: '127.0.0.1'
  readonly port: number
  readonly url: string
  /** PEM, and the file that holds it. */
  readonly ca: string
  readonly caFile: string
  /** Of `admin` in system:masters. */
  readonly adminToken: string
  readonly adminKubeconfig: string
  readonly certificates: TestCertificates
  readonly binaries: KubernetesBinaries
  /** Name of the one node. */
  readonly node: string
  /** Removed by `stop`. */
  readonly folder: string
  /** From the first process until the node was ready, ms. */
  readonly readyMs: number
  /** Process ids, for measuring. */
  readonly pids: Readonly<Record<'etcd' | 'kube-apiserver' | 'kwok' | 'podstreams', number>>
  /** A kubeconfig for somebody; @returns its path */
  kubeconfig(user: { readonly token: string } | TestCertificate): string
  /** A request of the administrator (or of another token), answered as JSON where it is JSON. */
  request(method: string, path: string, body?: unknown, options?: { readonly token?: string; readonly type?: string }): Promise<ApiAnswer>
  /** Makes a service account with these rights in every namespace. @returns a token of it, for an hour */
  serviceAccount(name: string, rights: readonly Right[], namespace?: string): Promise<string>
  /** Makes a namespace with the service account that pods need. */
  namespace(name: string): Promise<void>
  /** Makes a pod and waits until it runs. */
  pod(name: string, options?: { readonly namespace?: string; readonly containers?: readonly string[] }): Promise<void>
  /** What the API server saw, in order; of other people than its own parts. Written at once, so that it holds every request that was answered. */
  audit(): AuditEvent[]
  /** Adds lines to a container's log, stamped with a time that grows by a second a line. */
  writeLog(
    pod: string,
    lines: readonly string[],
    options?: { readonly namespace?: string; readonly container?: string; readonly previous?: boolean },
  ): void
  /** kubectl as the administrator, or with the kubeconfig in `options.env.KUBECONFIG`. Never rejects for an exit code. */
  kubectl(words: readonly string[], options?: RunOptions): Promise<Ran>
  helm(words: readonly string[], options?: RunOptions): Promise<Ran>
  /** What the server's own processes printed. */
  log(): string
  stop(): Promise<void>
}

const NODE = 'node-1'
/** Until a cluster that does not come up counts as failed, ms; a machine with other work starts one in about 10 s. */
const PATIENCE_MS = 60_000

/**
 * Starts a real API server over a real etcd, a node and its pods by kwok, and streams by podstreams (test/kubernetes/parts): on 127.0.0.1 alone, empty but
 * for the namespace `default`, within seconds. Port n of every pod is port n of 127.0.0.1; a container is a process of this machine.
 *
 * @throws where the parts were not built: ask `kubernetesBinaries()` first, with `needs`
 */
export async function startCluster(options: ClusterOptions = {}): Promise<RunningCluster> {
  const binaries = kubernetesBinaries()
  if (!binaries) throw new Error('test/kubernetes/parts/build.sh has not built the API server')
  const certificates = await issueTestCertificates(['localhost', 'kubernetes', 'kubernetes.default.svc'])
  const kubelets = await certificates.issueClient('kube-apiserver')
  for (let attempt = 1; ; attempt += 1) {
    const folder = mkdtempSync(join(quickStorage(), 'gatescribe-kubernetes-'))
    const processes = clusterProcesses(folder)
    try {
      return await start({ binaries, certificates, kubelets, folder, processes, options })
    } catch (error) {
      const log = processes.log()
      await processes.stop()
      rmSync(folder, { recursive: true, force: true })
      const isTaken = log.includes('address already in use')
      if (attempt === 3 || !isTaken) throw new Error(`the cluster did not start: ${String(error)}\n${log.slice(-4000)}`)
    }
  }
}

interface Parts {
  readonly binaries: KubernetesBinaries
  readonly certificates: TestCertificates
  readonly kubelets: TestCertificate
  readonly folder: string
  readonly processes: ClusterProcesses
  readonly options: ClusterOptions
}

async function start({ binaries, certificates, kubelets, folder, processes, options }: Parts): Promise<RunningCluster> {
  const began = performance.now()
  const ports = {
    etcd: await freePort(),
    peers: await freePort(),
    api: await freePort(),
    streams: await freePort(),
    kwok: await freePort(),
  }
  const url = `https://127.0.0.1:${ports.api}`
  const adminToken = randomBytes(16).toString('hex')
  const partsToken = randomBytes(16).toString('hex')
  const everything = ['system:masters']
  const tokens = [
    { token: adminToken, user: 'admin', groups: everything },
    { token: partsToken, user: 'parts', groups: everything },
    ...(options.tokens ?? []),
  ]
  layOut(folder, certificates, kubelets, tokens, options.audit ?? 'Request')
  for (const name of ['logs', 'home']) mkdirSync(join(folder, name))
  const kubeconfig: RunningCluster['kubeconfig'] = (user) => {
    const path = join(folder, `${randomUUID()}.kubeconfig`)
    writeFileSync(path, writtenKubeconfig({ server: url, ca: certificates.ca, user }), { mode: 0o600 })
    return path
  }
  const adminKubeconfig = kubeconfig({ token: adminToken })
  writeFileSync(join(folder, 'parts.kubeconfig'), writtenKubeconfig({ server: url, ca: certificates.ca, user: { token: partsToken } }))

  const servers = startServers(processes, binaries, folder, ports, options.flags ?? [])
  const admin = apiCaller({ port: ports.api, ca: certificates.ca, token: adminToken })
  const parts = apiCaller({ port: ports.api, ca: certificates.ca, token: partsToken })
  const until = async (what: string, holds: () => Promise<boolean>) => {
    while (!(await holds().catch(() => false))) {
      const ended = processes.ended()
      if (ended.length > 0) throw new Error(`${ended.join(', ')} ended`)
      if (performance.now() - began > PATIENCE_MS) throw new Error(`${what}: not within ${PATIENCE_MS} ms`)
      await sleep(50)
    }
  }
  await until('the API server is ready', async () => (await parts.call('GET', '/readyz')).status === 200)
  await until('the namespace is there', async () => (await parts.call('GET', '/api/v1/namespaces/default')).status === 200)
  const nodes = startNodes(processes, binaries, folder, ports, NODE)
  await must(
    parts.call('POST', '/api/v1/nodes', {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: NODE, labels: { 'kubernetes.io/hostname': NODE } },
    }),
  )
  const account = (namespace: string, name = 'default') =>
    must(
      parts.call('POST', `/api/v1/namespaces/${namespace}/serviceaccounts`, {
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { name },
      }),
    )
  await account('default')
  await until('the node is ready', async () => (await parts.call('GET', `/api/v1/nodes/${NODE}`)).json.status.phase === 'Running')
  await until('podstreams listens', () => listens(ports.streams))

  const run = (command: string, words: readonly string[], { env, ...rest }: RunOptions = {}) =>
    runCommand(command, words, { ...rest, env: { HOME: join(folder, 'home'), KUBECONFIG: adminKubeconfig, ...env } })
  return {
    host: '127.0.0.1',
    port: ports.api,
    url,
    ca: certificates.ca,
    caFile: join(folder, 'ca.pem'),
    adminToken,
    adminKubeconfig,
    certificates,
    binaries,
    node: NODE,
    folder,
    readyMs: performance.now() - began,
    pids: { ...servers, ...nodes },
    kubeconfig,
    request: (method, path, body, how) => admin.call(method, path, body, how),
    async serviceAccount(name, rights, namespace = 'default') {
      await account(namespace, name)
      const rbac = '/apis/rbac.authorization.k8s.io/v1'
      const rules = rights.map((right) => ({ ...(right.nonResourceURLs ? {} : { apiGroups: [''] }), ...right }))
      await must(parts.call('POST', `${rbac}/clusterroles`, { metadata: { name: `${namespace}-${name}` }, rules }))
      await must(
        parts.call('POST', `${rbac}/clusterrolebindings`, {
          metadata: { name: `${namespace}-${name}` },
          roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: `${namespace}-${name}` },
          subjects: [{ kind: 'ServiceAccount', name, namespace }],
        }),
      )
      const asked = await must(
        parts.call('POST', `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`, {
          apiVersion: 'authentication.k8s.io/v1',
          kind: 'TokenRequest',
          spec: { expirationSeconds: 3600 },
        }),
      )
      return asked.json.status.token as string
    },
    async namespace(name) {
      await must(parts.call('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }))
      await account(name)
    },
    async pod(name, { namespace = 'default', containers = ['main'] } = {}) {
      const path = `/api/v1/namespaces/${namespace}/pods`
      await must(
        parts.call('POST', path, {
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { name, labels: { app: name } },
          spec: { nodeName: NODE, containers: containers.map((container) => ({ name: container, image: 'local' })) },
        }),
      )
      const asked = performance.now()
      while ((await parts.call('GET', `${path}/${name}`)).json.status.phase !== 'Running') {
        if (performance.now() - asked > PATIENCE_MS) throw new Error(`pod ${name} does not run`)
        await sleep(20)
      }
    },
    audit: () =>
      readFileSync(join(folder, 'audit.log'), 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as AuditEvent),
    writeLog(pod, lines, { namespace = 'default', container = 'main', previous = false } = {}) {
      const file = join(folder, 'logs', `${namespace}_${pod}_${container}${previous ? '.previous' : ''}.log`)
      const count = existsSync(file) ? readFileSync(file, 'utf8').split('\n').length : 1
      const first = Date.UTC(2026, 0, 2)
      const stamped = lines.map((line, index) => `${new Date(first + (count + index) * 1000).toISOString()} stdout F ${line}\n`)
      appendFileSync(file, stamped.join(''))
    },
    kubectl: (words, how) => run(binaries.kubectl, words, how),
    helm: (words, how) => run(binaries.helm, words, how),
    log: () => processes.log(),
    async stop() {
      admin.close()
      parts.close()
      await processes.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function must(asked: Promise<ApiAnswer>): Promise<ApiAnswer> {
  const answer = await asked
  if (answer.status >= 300) throw new Error(`the API server answered ${answer.status}: ${answer.text}`)
  return answer
}

/** Memory where it can be had: etcd writes for every event. */
function quickStorage(): string {
  const memory = '/dev/shm'
  if (!existsSync(memory)) return tmpdir()
  const { bavail, bsize } = statfsSync(memory)
  return bavail * bsize > 2 ** 30 ? memory : tmpdir()
}

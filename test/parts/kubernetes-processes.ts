import { type ChildProcess, spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { KubernetesBinaries } from './kubernetes-binaries.ts'
import { kwokConfiguration } from './kubernetes-stages.ts'
import { boundToThisProcess } from './lifetime.ts'
import type { TestCertificate, TestCertificates } from './test-certificates.ts'

/** Somebody whom the API server knows by a bearer token. */
export interface StaticToken {
  readonly token: string
  readonly user: string
  readonly groups?: readonly string[]
}

/** The processes of a cluster, each with a file in the folder that it prints to. */
export interface ClusterProcesses {
  start(name: string, command: string, words: readonly string[]): number
  /** Names of those that have ended. */
  ended(): string[]
  log(): string
  /** Ends them all, and what they started. */
  stop(): Promise<void>
}

/** @param folder where each writes what it says; removed should this process crash */
export function clusterProcesses(folder: string): ClusterProcesses {
  const running = new Map<string, { readonly child: ChildProcess; readonly release: () => void }>()
  return {
    start(name, command, words) {
      const log = openSync(join(folder, `${name}.log`), 'w')
      const child = spawn(command, words, {
        cwd: folder,
        env: { PATH: process.env.PATH, HOME: folder, TMPDIR: tmpdir(), TZ: 'UTC' },
        stdio: ['ignore', log, log],
        detached: true, // A group of its own, so that what runs in containers can be ended with it.
      })
      closeSync(log)
      child.once('error', () => undefined)
      running.set(name, { child, release: boundToThisProcess(child, folder) })
      return child.pid ?? 0
    },
    ended: () => [...running].filter(([, { child }]) => child.exitCode !== null || child.signalCode !== null).map(([name]) => name),
    log: () =>
      [...running.keys()]
        .map((name) => join(folder, `${name}.log`))
        .filter((file) => existsSync(file))
        .map((file) => readFileSync(file, 'utf8'))
        .join('\n'),
    async stop() {
      for (const { child, release } of [...running.values()].reverse()) {
        release()
        if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) continue
        const exit = once(child, 'exit')
        try {
          process.kill(-child.pid, 'SIGKILL')
        } catch {
          continue // It has just ended.
        }
        await exit
      }
      running.clear()
    },
  }
}

export interface ClusterPorts {
  readonly etcd: number
  readonly peers: number
  readonly api: number
  readonly streams: number
  readonly kwok: number
}

/** Everything that the processes read, written into the folder. */
export function layOut(
  folder: string,
  certificates: TestCertificates,
  kubelets: TestCertificate,
  tokens: readonly StaticToken[],
  audit: string,
): void {
  const write = (name: string, content: string) => writeFileSync(join(folder, name), content, { mode: 0o600 })
  write('ca.pem', certificates.ca)
  write('server.pem', certificates.server.certificate)
  write('server.key', certificates.server.key)
  write('kubelets.pem', kubelets.certificate)
  write('kubelets.key', kubelets.key)
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  write('accounts.key', privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
  write('accounts.pem', publicKey.export({ type: 'spki', format: 'pem' }).toString())
  const quoted = (groups: readonly string[] = []) => (groups.length > 0 ? `,"${groups.join(',')}"` : '')
  write('tokens.csv', tokens.map(({ token, user, groups }) => `${token},${user},${user}${quoted(groups)}\n`).join(''))
  write('kwok.yaml', kwokConfiguration())
  write(
    'audit.yaml',
    JSON.stringify({
      apiVersion: 'audit.k8s.io/v1',
      kind: 'Policy',
      omitStages: ['RequestReceived'],
      rules: [
        { level: 'None', users: ['parts', 'system:apiserver', 'system:anonymous'] },
        { level: 'None', nonResourceURLs: ['/readyz*'] },
        { level: audit },
      ],
    }),
  )
}

/** Starts etcd and the API server, which waits for it. */
export function startServers(
  processes: ClusterProcesses,
  binaries: KubernetesBinaries,
  folder: string,
  ports: ClusterPorts,
  flags: readonly string[],
): { readonly etcd: number; readonly 'kube-apiserver': number } {
  const file = (name: string) => join(folder, name)
  const client = `http://127.0.0.1:${ports.etcd}`
  const peers = `http://127.0.0.1:${ports.peers}`
  const etcd = processes.start('etcd', binaries.etcd, [
    '--data-dir=etcd',
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peers}`,
    `--initial-advertise-peer-urls=${peers}`,
    `--initial-cluster=default=${peers}`,
    '--unsafe-no-fsync', // Its data need not outlive the test.
    '--log-level=warn',
  ])
  const api = processes.start('kube-apiserver', binaries.apiServer, [
    `--etcd-servers=${client}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    '--endpoint-reconciler-type=none',
    `--secure-port=${ports.api}`,
    `--tls-cert-file=${file('server.pem')}`,
    `--tls-private-key-file=${file('server.key')}`,
    `--client-ca-file=${file('ca.pem')}`,
    `--cert-dir=${folder}`,
    `--kubelet-client-certificate=${file('kubelets.pem')}`,
    `--kubelet-client-key=${file('kubelets.key')}`,
    `--kubelet-certificate-authority=${file('ca.pem')}`,
    '--kubelet-preferred-address-types=InternalIP',
    `--token-auth-file=${file('tokens.csv')}`,
    '--authorization-mode=Node,RBAC',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${file('accounts.pem')}`,
    `--service-account-signing-key-file=${file('accounts.key')}`,
    '--service-cluster-ip-range=10.96.0.0/16',
    '--allow-privileged=true',
    `--audit-policy-file=${file('audit.yaml')}`,
    `--audit-log-path=${file('audit.log')}`,
    '--audit-log-mode=blocking',
    ...flags,
  ])
  return { etcd, 'kube-apiserver': api }
}

/** Starts what nodes and pods are made of. */
export function startNodes(
  processes: ClusterProcesses,
  binaries: KubernetesBinaries,
  folder: string,
  ports: ClusterPorts,
  node: string,
): { readonly kwok: number; readonly podstreams: number } {
  const file = (name: string) => join(folder, name)
  const podstreams = processes.start('podstreams', binaries.podstreams, [
    `-listen=127.0.0.1:${ports.streams}`,
    `-tls-cert=${file('server.pem')}`,
    `-tls-key=${file('server.key')}`,
    `-client-ca=${file('ca.pem')}`,
    `-kubeconfig=${file('parts.kubeconfig')}`,
    `-logs=${file('logs')}`,
    `-node=${node}`,
  ])
  const kwok = processes.start('kwok', binaries.kwok, [
    `--kubeconfig=${file('parts.kubeconfig')}`,
    `--config=${file('kwok.yaml')}`,
    '--manage-all-nodes=true',
    '--node-ip=127.0.0.1',
    `--node-name=${node}`,
    `--node-port=${ports.streams}`,
    `--server-address=127.0.0.1:${ports.kwok}`,
    '--node-lease-duration-seconds=0',
  ])
  return { kwok, podstreams }
}

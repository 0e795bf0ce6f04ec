import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { WrittenRule } from '../../test/parts/gateway-config.ts'
import type { TestIssuer } from '../../test/parts/issuer.ts'
import { writtenKubeconfig } from '../../test/parts/kubeconfig.ts'
import { listens } from '../../test/parts/kubernetes-api.ts'
import type { RunningCluster } from '../../test/parts/kubernetes-cluster.ts'
import { ALLOW_KUBERNETES, startKubernetesGateway } from '../../test/parts/kubernetes-gateway.ts'
import { boundToThisProcess } from '../../test/parts/lifetime.ts'
import { freePort } from '../../test/parts/ports.ts'
import { found } from '../../test/parts/require.ts'

/** One way to the same API server. */
export interface Contender {
  readonly name: string
  readonly server: string
  readonly ca: string
  readonly token: string
  readonly kubeconfig: string
  /** Processes whose CPU is the price of this way; none for the direct one. */
  readonly pids: readonly number[]
  stop(): Promise<void>
}

/** Forty-nine of which none is about what is measured, with a condition each, and the one that allows it. */
const FIFTY_RULES: readonly WrittenRule[] = [
  ...Array.from(
    { length: 49 },
    (_, index): WrittenRule => ({
      name: `of-team-${index}`,
      effect: 'deny',
      do: ['kubernetes.delete', 'kubernetes.get', 'kubernetes.list'],
      when: `k8s.namespace == "team-${index}" && k8s.name.startsWith("prod-")`,
    }),
  ),
  ALLOW_KUBERNETES,
]

export function direct(cluster: RunningCluster, token: string): Contender {
  const { url: server, ca } = cluster
  return { name: 'direct', server, ca, token, kubeconfig: cluster.kubeconfig({ token }), pids: [], stop: async () => undefined }
}

export async function gatescribe(cluster: RunningCluster, issuer: TestIssuer, token: string, ruled: boolean): Promise<Contender> {
  const { gateway, kubeconfig } = await startKubernetesGateway({ issuer, cluster, token, ...(ruled && { rules: FIFTY_RULES }) })
  const of = await kubeconfig()
  return {
    name: ruled ? 'Gatescribe, 50 rules' : 'Gatescribe',
    server: of.server,
    ca: gateway.ca,
    token: of.token,
    kubeconfig: of.path,
    pids: [gateway.pid],
    stop: () => gateway.remove(),
  }
}

/**
 * nginx with TLS on both halves that puts in the credential, streams both ways and carries upgrades: what one would write by hand.
 *
 * @returns undefined where it is not installed (Debian package nginx)
 */
export async function nginx(cluster: RunningCluster, token: string): Promise<Contender | undefined> {
  const program = found('nginx') ?? ['/usr/sbin/nginx'].find((path) => existsSync(path))
  if (!program) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'gatescribe-nginx-'))
  const port = await freePort()
  const { certificate, key } = cluster.certificates.server
  writeFileSync(join(folder, 'server.pem'), certificate)
  writeFileSync(join(folder, 'server.key'), key, { mode: 0o600 })
  writeFileSync(join(folder, 'nginx.conf'), configuration(folder, port, cluster, token))
  const child = spawn(program, ['-p', folder, '-c', join(folder, 'nginx.conf'), '-g', 'daemon off;'], { stdio: 'ignore' })
  const release = boundToThisProcess(child, folder)
  while (!(await listens(port))) {
    if (child.exitCode !== null) throw new Error('nginx ended at once')
    await sleep(20)
  }
  const server = `https://127.0.0.1:${port}`
  const kubeconfig = join(folder, 'kubeconfig')
  writeFileSync(kubeconfig, writtenKubeconfig({ server, ca: cluster.ca, user: { token: 'of-nginx' } }))
  return {
    name: 'nginx',
    server,
    ca: cluster.ca,
    token: 'of-nginx',
    kubeconfig,
    pids: [child.pid as number],
    async stop() {
      release()
      const exit = once(child, 'exit')
      child.kill('SIGTERM')
      await exit
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function configuration(folder: string, port: number, cluster: RunningCluster, token: string): string {
  return `worker_processes 1;
pid ${folder}/pid;
error_log ${folder}/error.log;
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  upstream api { server 127.0.0.1:${cluster.port}; keepalive 64; }
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${folder}/server.pem;
    ssl_certificate_key ${folder}/server.key;
    client_max_body_size 0;
    location / {
      proxy_pass https://api;
      proxy_ssl_verify on;
      proxy_ssl_trusted_certificate ${cluster.caFile};
      proxy_ssl_name localhost;
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Authorization "Bearer ${token}";
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_buffering off;
      proxy_request_buffering off;
      proxy_read_timeout 1h;
      proxy_send_timeout 1h;
    }
  }
}
`
}

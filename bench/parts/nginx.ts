import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { listens } from '../../test/parts/kubernetes-api.ts'
import { boundToThisProcess } from '../../test/parts/lifetime.ts'
import { freePort } from '../../test/parts/ports.ts'
import { found } from '../../test/parts/require.ts'
import type { TestCertificate } from '../../test/parts/test-certificates.ts'
import type { HttpContender } from './http-contender.ts'

/** A server of 127.0.0.1 with a certificate for localhost. */
export interface NginxTarget {
  readonly port: number
  /** The CA of its certificate, PEM, and the file that holds it. */
  readonly ca: string
  readonly caFile: string
  /** Of nginx itself, by the same CA. */
  readonly certificate: TestCertificate
  /** Put in for whatever a client sends. */
  readonly token: string
}

/**
 * nginx with TLS on both halves that puts in the credential, streams both ways and carries upgrades: what one would write by hand.
 *
 * @returns undefined where it is not installed (Debian package nginx)
 */
export async function startNginx(target: NginxTarget): Promise<HttpContender | undefined> {
  const program = found('nginx') ?? ['/usr/sbin/nginx'].find((path) => existsSync(path))
  if (!program) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'gatescribe-nginx-'))
  const port = await freePort()
  writeFileSync(join(folder, 'server.pem'), target.certificate.certificate)
  writeFileSync(join(folder, 'server.key'), target.certificate.key, { mode: 0o600 })
  writeFileSync(join(folder, 'nginx.conf'), configuration(folder, port, target))
  const child = spawn(program, ['-p', folder, '-c', join(folder, 'nginx.conf'), '-g', 'daemon off;'], { stdio: 'ignore' })
  const release = boundToThisProcess(child, folder)
  while (!(await listens(port))) {
    if (child.exitCode !== null) throw new Error('nginx ended at once')
    await sleep(20)
  }
  return {
    name: 'nginx',
    server: `https://127.0.0.1:${port}`,
    ca: target.ca,
    token: 'of-nginx',
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

function configuration(folder: string, port: number, target: NginxTarget): string {
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
  upstream api { server 127.0.0.1:${target.port}; keepalive 64; }
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${folder}/server.pem;
    ssl_certificate_key ${folder}/server.key;
    client_max_body_size 0;
    location / {
      proxy_pass https://api;
      proxy_ssl_verify on;
      proxy_ssl_trusted_certificate ${target.caFile};
      proxy_ssl_name localhost;
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Authorization "Bearer ${target.token}";
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

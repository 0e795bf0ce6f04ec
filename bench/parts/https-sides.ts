import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startGateway } from '../../test/parts/gateway.ts'
import type { WrittenConfig, WrittenRule } from '../../test/parts/gateway-config.ts'
import { startIssuer } from '../../test/parts/issuer.ts'
import { listens } from '../../test/parts/kubernetes-api.ts'
import { freePort } from '../../test/parts/ports.ts'
import { issueTestCertificates } from '../../test/parts/test-certificates.ts'
import type { HttpContender } from './http-contender.ts'
import { startNginx } from './nginx.ts'

const SECRET = 'bench-0123456789abcdef'

/** How a gateway stands in front of the target. */
export interface GovernedTarget {
  readonly kind: 'http' | 'model' | 'mcp'
  /** How the resource takes its credential. */
  readonly credential: 'bearer' | 'apiKey'
  /** More fields of the resource. */
  readonly resource?: Readonly<Record<string, unknown>>
  readonly rules: readonly WrittenRule[]
  readonly masks?: NonNullable<WrittenConfig['masks']>
}

/** A server over TLS, and the ways to it that are measured side by side. */
export interface HttpsSides {
  /** For whatever the bench writes; gone afterwards. */
  readonly folder: string
  readonly targetPid: number
  /** The direct way, and nginx where it is installed; then what was added. */
  readonly contenders: readonly HttpContender[]
  /** Adds a gateway. */
  addGateway(name: string, target: GovernedTarget): Promise<void>
  stop(): Promise<void>
}

/** @param program of the target: `node program <port> <certificate> <key>` */
export async function startHttpsSides(program: string): Promise<HttpsSides> {
  const folder = mkdtempSync(join(tmpdir(), 'gatescribe-bench-'))
  const issuer = await startIssuer()
  const { ca, server: certificate } = await issueTestCertificates()
  const file = (name: string, content: string) => {
    writeFileSync(join(folder, name), content, { mode: 0o600 })
    return join(folder, name)
  }
  const [caFile, secretFile] = [file('ca.pem', ca), file('secret', SECRET)]
  const port = await freePort()
  const asked = [program, String(port), file('target.pem', certificate.certificate), file('target.key', certificate.key)]
  const child = spawn(process.execPath, asked, { stdio: 'inherit' })
  const contenders: HttpContender[] = []

  async function stop(): Promise<void> {
    for (const contender of contenders.reverse()) await contender.stop()
    if (child.exitCode === null) {
      const exit = once(child, 'exit')
      child.kill()
      await exit
    }
    await issuer.close()
    rmSync(folder, { recursive: true, force: true })
  }

  async function addGateway(name: string, { kind, credential, resource, rules, masks }: GovernedTarget): Promise<void> {
    const gateway = await startGateway({
      issuer,
      targets: [],
      adjust(config) {
        config.gateway.listen = { https: '127.0.0.1:0', token: '127.0.0.1:0' }
        config.resources.push({
          ...{ name: 'target', kind, address: `https://127.0.0.1:${port}`, tls: { ca: `file:${caFile}` } },
          credentials: [{ as: 'agent', [credential]: `file:${secretFile}` }],
          ...resource,
        })
        config.rules = [...rules]
        if (masks) config.masks = masks
      },
    })
    const plane = (await gateway.credential()).planes[kind]
    const at = plane?.resources.find((one) => one.name === 'target')
    if (!plane || !at) throw new Error(`the run may not open the target of kind ${kind}`)
    contenders.push({ name, server: at.url, ca: gateway.ca, token: plane.credential, pids: [gateway.pid], stop: () => gateway.remove() })
  }

  try {
    while (!(await listens(port))) {
      if (child.exitCode !== null) throw new Error('the target ended at once')
      await sleep(20)
    }
    contenders.push({ name: 'direct', server: `https://127.0.0.1:${port}`, ca, token: SECRET, pids: [], stop: async () => undefined })
    const nginx = await startNginx({ port, ca, caFile, certificate, token: SECRET })
    if (nginx) contenders.push(nginx)
    else console.log('nginx is not here: left out')
  } catch (error) {
    await stop()
    throw error
  }
  return { folder, targetPid: child.pid as number, contenders, addGateway, stop }
}

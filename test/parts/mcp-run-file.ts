import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { createServer } from 'node:https'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer as createTlsServer } from 'node:tls'
import { issueTestCertificates } from './test-certificates.ts'

/** A run file as `gatescribe run` leaves it for a job, in a folder of its own. */
export interface TestRunFile {
  /** `GATESCRIBE_RUN_FILE` */
  readonly path: string
  /** A job's HOME with the file where it is looked for. */
  readonly folder: string
  remove(): void
}

export const MCP_CREDENTIAL = 'gs_mcp_test'

/** @param resources MCP servers by name, with their URLs. @param ca PEM */
export function writeRunFile(resources: Readonly<Record<string, string>>, ca: string, credential = MCP_CREDENTIAL): TestRunFile {
  const folder = mkdtempSync(join(tmpdir(), 'gatescribe-run-'))
  const path = join(folder, 'run.json')
  writeFileSync(join(folder, 'ca.pem'), ca)
  const listed = Object.entries(resources).map(([name, url]) => ({ name, url }))
  const mcp = { credential, expires_in: 900, host: '127.0.0.1', port: 1, resources: listed }
  writeFileSync(path, JSON.stringify({ run: 'run_test', ca: join(folder, 'ca.pem'), planes: { mcp } }), { mode: 0o600 })
  return { path, folder, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

export interface TestFront {
  readonly url: string
  readonly ca: string
  close(): Promise<void>
}

/** TLS in front of a server that speaks plain HTTP. */
export async function startTlsFront(target: string): Promise<TestFront> {
  const { ca, server } = await issueTestCertificates()
  const { port, pathname } = new URL(target)
  const front = createTlsServer({ cert: server.certificate, key: server.key }, (socket) => {
    const behind = connect(Number(port), '127.0.0.1')
    for (const [from, to] of [[socket, behind] as const, [behind, socket] as const]) {
      from.on('error', () => to.destroy()).on('close', () => to.destroy())
      from.pipe(to)
    }
  })
  await new Promise<void>((listening) => front.listen(0, '127.0.0.1', listening))
  return {
    url: `https://127.0.0.1:${(front.address() as AddressInfo).port}${pathname}`,
    ca,
    close: () => new Promise<void>((closed) => front.close(() => closed())),
  }
}

/** A server that answers as a test says. */
export async function startScriptedHttps(answer: RequestListener): Promise<TestFront> {
  const { ca, server } = await issueTestCertificates()
  const listener = createServer({ cert: server.certificate, key: server.key }, answer)
  await new Promise<void>((listening) => listener.listen(0, '127.0.0.1', listening))
  return {
    url: `https://127.0.0.1:${(listener.address() as AddressInfo).port}/r/tickets`,
    ca,
    async close() {
      listener.closeAllConnections()
      await new Promise<void>((closed) => listener.close(() => closed()))
    },
  }
}

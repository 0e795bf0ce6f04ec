import { randomBytes } from 'node:crypto'
import { lstatSync, readdirSync, unlinkSync } from 'node:fs'
import { createServer, type RequestListener, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { z } from 'zod'
import { CliError } from './errors.ts'

/** How long whoever is asked may take, ms: a process that hangs is not ready. */
const PATIENCE_MS = 2_000
const SOCKET = /^health-[0-9a-f]{8}\.sock$/

export const connectorStateSchema = z.object({
  /** A process that answers for it. */
  process: z.int(),
  version: z.string(),
  /** `con_…`, once it is enrolled. */
  id: z.string().optional(),
  name: z.string().optional(),
  state: z.string(),
  ready: z.boolean(),
  since: z.string(),
  streams: z.int(),
  bytesIn: z.int(),
  bytesOut: z.int(),
  rttMs: z.number().optional(),
  error: z.object({ code: z.string(), message: z.string(), next: z.string() }).optional(),
})
export type ConnectorStateAnswer = z.output<typeof connectorStateSchema>

export interface ServedHealth {
  /** `host:port` where probes ask, if they do. */
  readonly probes: string | undefined
  close(): Promise<void>
}

/**
 * Says how the connector is: to whoever may open its data folder, and to probes, who learn no more than whether. The socket has a name of its own, so
 * that a connector that drains and the one that follows it both answer.
 * @throws CliError GS_CLI_CONNECTOR_HEALTH
 */
export async function serveHealth(
  folder: string,
  probes: { readonly host: string; readonly port: number } | undefined,
  state: () => ConnectorStateAnswer,
): Promise<ServedHealth> {
  removeUnanswered(folder, await stateSockets(folder))
  const own = createServer(
    (_request, response) => void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(state())),
  )
  const path = join(folder, `health-${randomBytes(4).toString('hex')}.sock`)
  // bind(2) makes the file with the umask in force; libuv binds within `listen`.
  const before = process.umask(0o177)
  const listening = listen(own, { path }, path)
  process.umask(before)
  await listening
  const open = probes && createServer(answerProbes(state))
  if (open && probes) {
    open.maxConnections = 100
    await listen(open, probes, `${probes.host}:${probes.port}`).catch(async (error: unknown) => {
      await closed(own)
      throw error
    })
  }
  return {
    probes: open && addressText(open.address() as AddressInfo),
    close: async () => void (await Promise.all([closed(own), ...(open ? [closed(open)] : [])])),
  }
}

function answerProbes(state: () => ConnectorStateAnswer): RequestListener {
  return ({ url }, response) => {
    const answer = (status: number, body: object) =>
      void response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(`${JSON.stringify(body)}\n`)
    // That it answers is all there is to say of a process.
    if (url === '/healthz') return answer(200, { ok: true })
    if (url !== '/readyz') return answer(404, { ok: false })
    const { ready, state: named, error } = state()
    return answer(ready ? 200 : 503, { ready, state: named, ...(error && { code: error.code }) })
  }
}

/** Of every connector that runs with this data folder; undefined for one that does not answer. @throws CliError GS_CLI_FILE where there is no such folder */
export async function askHealth(folder: string): Promise<readonly (ConnectorStateAnswer | undefined)[]> {
  return (await stateSockets(folder)).filter(({ gone }) => !gone).map(({ answer }) => answer)
}

interface Asked {
  readonly path: string
  readonly answer?: ConnectorStateAnswer
  /** Nobody listens there. */
  readonly gone?: true
}

async function stateSockets(folder: string): Promise<readonly Asked[]> {
  let names: readonly string[]
  try {
    names = readdirSync(folder)
  } catch (error) {
    throw new CliError('GS_CLI_FILE', `${folder} cannot be read.`, { cause: error })
  }
  const paths = names.filter((name) => SOCKET.test(name)).map((name) => join(folder, name))
  return Promise.all(paths.map(ask))
}

function ask(path: string): Promise<Asked> {
  return new Promise((resolve) => {
    const asking = request({ socketPath: path, path: '/', agent: false, signal: AbortSignal.timeout(PATIENCE_MS) }, (response) => {
      json(response).then(
        (value) => {
          const { data } = connectorStateSchema.safeParse(value)
          resolve({ path, ...(data && { answer: data }) })
        },
        () => resolve({ path }),
      )
    })
    asking.once('error', ({ code }: NodeJS.ErrnoException) => resolve({ path, ...(code === 'ECONNREFUSED' && { gone: true }) }))
    asking.end()
  })
}

/** Left over from connectors that were killed. */
function removeUnanswered(folder: string, asked: readonly Asked[]): void {
  for (const { path, gone } of asked) {
    if (gone && path.startsWith(folder) && lstatSync(path, { throwIfNoEntry: false })?.isSocket()) unlinkSync(path)
  }
}

async function listen(
  server: Server,
  at: { readonly path: string } | { readonly host: string; readonly port: number },
  named: string,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      reject(
        new CliError('GS_CLI_CONNECTOR_HEALTH', `The connector cannot answer on ${named} (${cause.code ?? 'unknown reason'}).`, { cause }),
      )
    })
    server.listen(at, resolve)
  })
}

function closed(server: Server): Promise<void> {
  const ended = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeAllConnections()
  return ended
}

const addressText = ({ family, address, port }: AddressInfo) => (family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`)

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { MAX_REQUEST_BYTES } from './add-checkpoint-request.ts'
import { WitnessError } from './errors.ts'
import type { Witness } from './witness.ts'

export interface WitnessServerOptions {
  /** An address of this machine. */
  readonly host: string
  /** 0 lets the system choose. */
  readonly port: number
  /** Both PEM. Without them it speaks plain HTTP. */
  readonly tls?: { readonly cert: string; readonly key: string }
  /** Told of what could not be answered; the client is not. */
  readonly onFailure?: (error: unknown) => void
}

export interface RunningWitness {
  readonly url: string
  /** Lets answers that are under way go out, for 2 s at most. */
  close(): Promise<void>
}

const HEADERS_MS = 5_000
const REQUEST_MS = 10_000
const KEEP_ALIVE_MS = 60_000
const CLOSING_MS = 2_000
const MAX_CONNECTIONS = 256
const MAX_HEADER_BYTES = 8 << 10
const TEXT = 'text/plain; charset=utf-8'
/** c2sp.org/tlog-witness, add-checkpoint. */
const SIZE = 'text/x.tlog.size'
const CHECKPOINT_PATH = /^\/([0-9a-f]{64})\/checkpoint$/

/**
 * Serves a witness; submission and monitoring have the same prefix, which is the server's root.
 * @throws WitnessError GS_WITNESS_LISTEN
 */
export async function serveWitness(witness: Witness, options: WitnessServerOptions): Promise<RunningWitness> {
  const { host, port, tls } = options
  const server = createFor(options, (request, response) => {
    handle(witness, request, response).catch((error: unknown) => {
      options.onFailure?.(error)
      if (response.headersSent) response.destroy()
      else answer(response, 503, 'The witness cannot work now.\n')
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(new WitnessError('GS_WITNESS_LISTEN', `The witness cannot listen on ${host}:${port}.`, { cause })),
    )
    server.listen({ host, port }, resolve)
  })
  const { address, family, port: chosen } = server.address() as AddressInfo
  return {
    url: `${tls ? 'https' : 'http'}://${family === 'IPv6' ? `[${address}]` : address}:${chosen}`,
    close: () => closed(server),
  }
}

function createFor({ tls }: WitnessServerOptions, listener: (request: IncomingMessage, response: ServerResponse) => void): Server {
  const limits = {
    headersTimeout: HEADERS_MS,
    requestTimeout: REQUEST_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: 1_000,
    maxHeaderSize: MAX_HEADER_BYTES,
  }
  try {
    const server = tls ? createTlsServer({ ...limits, ...tls, handshakeTimeout: HEADERS_MS }, listener) : createServer(limits, listener)
    server.maxConnections = MAX_CONNECTIONS
    return server
  } catch (cause) {
    throw new WitnessError('GS_WITNESS_LISTEN', 'The certificate or its key cannot be used.', { cause })
  }
}

async function handle(witness: Witness, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = request.url?.split('?', 1)[0] ?? ''
  if (path === '/add-checkpoint') return addCheckpoint(witness, request, response)
  const origin = CHECKPOINT_PATH.exec(path)?.[1]
  if (origin === undefined) return answer(response, 404, 'There is nothing here.\n')
  if (request.method !== 'GET') return notAllowed(response, 'GET')
  const note = witness.checkpoint(origin)
  if (note === undefined) return answer(response, 404, 'No checkpoint of this log was cosigned here.\n')
  answer(response, 200, note)
}

async function addCheckpoint(witness: Witness, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== 'POST') return notAllowed(response, 'POST')
  const body = await bodyOf(request)
  if (body === undefined) {
    response.setHeader('connection', 'close')
    return answer(response, 413, 'The request is too large.\n')
  }
  const { status, body: text } = witness.addCheckpoint(body)
  answer(response, status, text, status === 409 ? SIZE : TEXT)
}

/** Undefined where it is too large, or is not sent to its end. */
function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let bytes = 0
    const add = (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes <= MAX_REQUEST_BYTES) return void chunks.push(chunk)
      request.off('data', add).pause()
      resolve(undefined)
    }
    request.on('data', add)
    request.once('end', () => resolve(Buffer.concat(chunks)))
    request.once('close', () => resolve(undefined))
  })
}

function notAllowed(response: ServerResponse, method: string): void {
  response.setHeader('allow', method)
  answer(response, 405, `Only ${method} is answered here.\n`)
}

function answer(response: ServerResponse, status: number, body: string, type: string = TEXT): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }).end(body)
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const late = setTimeout(() => server.closeAllConnections(), CLOSING_MS)
    server.close(() => {
      clearTimeout(late)
      resolve()
    })
    server.closeIdleConnections()
  })
}

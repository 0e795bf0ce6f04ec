import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { CodedError } from '../../operations/index.ts'
import { errorMessage, type Message, type MessageId, ownVersion, readMessage } from '../wire/message.ts'
import { McpHostError, type mcpHostErrors } from './errors.ts'
import type { HostedServer } from './hosted-server.ts'
import type { HostLog } from './log.ts'
import type { Accepted } from './session.ts'

/** The first revision whose requests belong to no session. */
const STATELESS = '2026-07-28'
const HEADERS_MS = 10_000
const BODY_MS = 30_000
const CONNECTIONS = 1_000
/** Longer than a gateway keeps a connection that it may use again, so that none closes while a request is on its way; ms. */
const KEPT_MS = 75_000

const STATUS: Partial<Record<keyof typeof mcpHostErrors, number>> = {
  GS_MCP_HOST_NOT_OPEN: 401,
  GS_MCP_HOST_NO_SERVER: 404,
  GS_MCP_HOST_NO_SESSION: 404,
  GS_MCP_HOST_NOT_MCP: 400,
  GS_MCP_HOST_DUPLICATE: 400,
  GS_MCP_HOST_TOO_LARGE: 413,
}

export interface DoorParts {
  readonly servers: ReadonlyMap<string, HostedServer>
  /** What opens it. */
  readonly token: string
  readonly log: HostLog
}

/** Streamable HTTP (MCP 2025-11-25, "Transports"), one path per server, not listening yet. */
export function hostDoor({ servers, token, log }: DoorParts): Server {
  const digest = digestOf(token)
  const server = createServer((request, response) => {
    response.on('error', () => undefined)
    answer(request, response).catch((error: unknown) => {
      // The client went away with its request half said.
      if (request.errored) return
      if (!(error instanceof CodedError))
        log.error({ reason: error instanceof Error ? error.message : '' }, 'a request could not be answered')
      refuse(response, error instanceof CodedError ? error : new McpHostError('GS_MCP_HOST_ENDED'), null)
    })
  })
  server.headersTimeout = HEADERS_MS
  // Of the body alone: answers take as long as they take.
  server.requestTimeout = BODY_MS
  server.maxConnections = CONNECTIONS
  server.keepAliveTimeout = KEPT_MS
  return server

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url?.split('?')[0] ?? ''
    if (path === '/health' && request.method === 'GET') return health(request, response)
    if (!isOpened(request)) throw new McpHostError('GS_MCP_HOST_NOT_OPEN')
    const hosted = servers.get(path.slice(1))
    if (!hosted) throw new McpHostError('GS_MCP_HOST_NO_SERVER')
    const named = request.headers['mcp-session-id']
    const id = typeof named === 'string' ? named : undefined
    switch (request.method) {
      case 'POST':
        return post(request, response, hosted, id)
      case 'GET': {
        if (id === undefined || !accepts(request).stream) return void response.writeHead(405, { allow: 'POST' }).end()
        const last = request.headers['last-event-id']
        if (!hosted.find(id).listen(response, typeof last === 'string' ? last : undefined))
          throw new McpHostError('GS_MCP_HOST_NOT_MCP', 'There is no such stream to go on with.')
        return
      }
      case 'DELETE':
        if (id === undefined) throw new McpHostError('GS_MCP_HOST_NO_SESSION')
        void hosted.find(id).end()
        return void response.writeHead(204).end()
      default:
        return void response.writeHead(405, { allow: 'GET, POST, DELETE' }).end()
    }
  }

  async function post(request: IncomingMessage, response: ServerResponse, hosted: HostedServer, id: string | undefined): Promise<void> {
    const accepted = accepts(request)
    if (!accepted.json && !accepted.stream) return void response.writeHead(406).end()
    const message = readMessage(await bodyOf(request, hosted.messageBytes))
    if (!message) throw new McpHostError('GS_MCP_HOST_NOT_MCP')
    try {
      deliver(message, request, response, hosted, id, accepted)
    } catch (error) {
      if (!(error instanceof CodedError)) throw error
      refuse(response, error, message.kind === 'request' ? message.id : null)
    }
  }

  function deliver(
    message: Message,
    request: IncomingMessage,
    response: ServerResponse,
    hosted: HostedServer,
    id: string | undefined,
    accepted: Accepted,
  ): void {
    if (id !== undefined) {
      hosted.find(id).post(message, response, accepted)
      return
    }
    if (message.kind === 'request' && message.method === 'initialize') {
      const session = hosted.start(true)
      session.post(message, response, accepted)
      return
    }
    const said = request.headers['mcp-protocol-version']
    const version = (message.kind === 'answer' ? undefined : ownVersion(message)) ?? (typeof said === 'string' ? said : '')
    if (version < STATELESS)
      throw new McpHostError('GS_MCP_HOST_NOT_MCP', 'It belongs to no session, and is of a dialect that has sessions.')
    // Of a request that is over already, or of none: there is no process that it could be for.
    if (message.kind !== 'request') return void response.writeHead(202).end()
    const session = hosted.start(false)
    session.post(message, response, accepted, () => void session.end())
  }

  /** How the servers do, for whoever has the token; that the host runs, for anybody on this machine. */
  function health(request: IncomingMessage, response: ServerResponse): void {
    const all = [...servers.values()].map((hosted) => hosted.health)
    const isWell = all.every(({ backingOffUntil }) => backingOffUntil === undefined)
    const said = { status: isWell ? 'ok' : 'degraded', ...(isOpened(request) && { servers: all }) }
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(JSON.stringify(said))
  }

  /** A page in somebody's browser that made its name point here has another Host, and says where it is from (MCP 2025-11-25, "Security Warning"). */
  function isOpened({ headers }: IncomingMessage): boolean {
    const host = headers.host?.replace(/:\d+$/, '')
    if (headers.origin !== undefined || host === undefined || !/^(127(\.\d{1,3}){3}|\[::1\]|localhost)$/.test(host)) return false
    const given = /^Bearer ([\x21-\x7e]+)$/i.exec(headers.authorization ?? '')?.[1]
    return given !== undefined && timingSafeEqual(digestOf(given), digest)
  }
}

function refuse(response: ServerResponse, error: CodedError, id: MessageId | null): void {
  if (response.headersSent) return void response.end()
  const status = STATUS[error.code as keyof typeof mcpHostErrors] ?? 503
  response
    .writeHead(status, {
      'content-type': 'application/json',
      ...(status === 503 && { 'retry-after': '1' }),
      ...(status === 401 && { 'www-authenticate': 'Bearer' }),
      // What is left of the body is not waited for.
      ...(status === 413 && { connection: 'close' }),
    })
    .end(errorMessage(id, error, status === 404 && error.code === 'GS_MCP_HOST_NO_SESSION' ? -32001 : -32000))
}

/** @throws McpHostError GS_MCP_HOST_TOO_LARGE; the rest is read and dropped then, for as long as a body may take, so that the client hears why */
function bodyOf(request: IncomingMessage, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size <= limit) return void chunks.push(chunk)
      chunks.length = 0
      reject(new McpHostError('GS_MCP_HOST_TOO_LARGE', `A message has ${limit} bytes at most.`))
    })
    request.on('end', () => resolve(Buffer.concat(chunks)))
    request.on('error', reject)
  })
}

function accepts({ headers }: IncomingMessage): Accepted {
  const accept = headers.accept ?? ''
  const any = accept.includes('*/*')
  return { json: any || accept.includes('application/json'), stream: any || accept.includes('text/event-stream') }
}

const digestOf = (text: string) => createHash('sha256').update(text).digest()

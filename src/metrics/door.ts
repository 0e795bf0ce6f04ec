import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { type AddressInfo, isIP, type Socket } from 'node:net'
import type { TlsOptions } from 'node:tls'
import type { CodedError } from '../operations/index.ts'
import { MetricsError, type MetricsErrorCode } from './errors.ts'
import type { Exposition } from './metrics.ts'

export interface MetricsDoorOptions {
  /** @param open whether as OpenMetrics */
  readonly text: (open: boolean) => Promise<Exposition>
  /** Why the gateway takes no work; empty while it does. */
  readonly reasons: () => readonly CodedError[]
  /** What a scrape must bring; undefined: nothing. Asked for each scrape, so that it can change. @throws what says that it cannot be had: then nobody is let in */
  readonly token: (() => Promise<string>) | undefined
  /** Absent on loopback only. */
  readonly tls?: TlsOptions | undefined
}

export interface MetricsDoor {
  /** @returns the port in use @throws the system's error where the address cannot be had */
  listen(address: { readonly host: string; readonly port: number }): Promise<number>
  setTls(tls: TlsOptions): void
  close(): Promise<void>
}

/** A scrape is one small request: who is slower than this, or brings more, is no scraper. Milliseconds, bytes. */
const PATIENCE_MS = 5_000
const IDLE_MS = 90_000
const LONGEST_HEAD = 8_192
const MOST_CONNECTIONS = 64

/** Where the gateway tells of itself: numbers, whether it lives, and whether it takes work. */
export function metricsDoor(options: MetricsDoorOptions): MetricsDoor {
  const limits = {
    headersTimeout: PATIENCE_MS,
    requestTimeout: PATIENCE_MS,
    keepAliveTimeout: IDLE_MS,
    connectionsCheckingInterval: 1_000,
    maxHeaderSize: LONGEST_HEAD,
    insecureHTTPParser: false,
  }
  const once = shared(options)
  const asking = new WeakSet<Socket>()
  const take = (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request
    // No scraper asks again before it is answered; a thousand at once would keep the gateway from its work.
    if (asking.has(socket)) return void socket.destroy()
    asking.add(socket)
    response.once('close', () => asking.delete(socket))
    answer(request, once)
      .catch((error: unknown) => refused(500, error as Error))
      .then((said) => send(request, response, said))
      .catch(() => response.destroy())
  }
  const server: Server = options.tls
    ? createSecureServer(
        { ...limits, minVersion: 'TLSv1.2', ALPNProtocols: ['http/1.1'], handshakeTimeout: PATIENCE_MS, ...options.tls },
        take,
      )
    : createServer(limits, take)
  server.maxConnections = MOST_CONNECTIONS
  server.timeout = IDLE_MS
  // Whoever holds connections without using them makes room for those who are to be told that the gateway lives.
  server.on('drop', () => server.closeIdleConnections())
  server.on('clientError', (_error, socket) => socket.destroy())
  server.on('tlsClientError', (_error, socket) => socket.destroy())
  return {
    async listen({ host, port }) {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen({ host, port }, () => {
          server.off('error', reject)
          resolve()
        })
      })
      return (server.address() as AddressInfo).port
    },
    setTls: (tls) => (server as Partial<import('node:https').Server>).setSecureContext?.(tls),
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

/** Who asks while a text is made gets that one. */
function shared(options: MetricsDoorOptions): MetricsDoorOptions {
  const making = new Map<boolean, Promise<Exposition>>()
  const text = (open: boolean): Promise<Exposition> => {
    const made = making.get(open) ?? options.text(open).finally(() => making.delete(open))
    making.set(open, made)
    return made
  }
  return { ...options, text }
}

interface Answer {
  readonly status: number
  readonly type: string
  readonly text: string
  readonly headers?: Readonly<Record<string, string>>
}

async function answer(request: IncomingMessage, { text, reasons, token }: MetricsDoorOptions): Promise<Answer> {
  const path = request.url?.split('?', 1)[0]
  if (path !== '/metrics' && path !== '/healthz' && path !== '/readyz') return failed(404, 'GS_METRICS_NOT_FOUND')
  if (request.method !== 'GET' && request.method !== 'HEAD') return { ...failed(405, 'GS_METRICS_METHOD'), headers: { allow: 'GET, HEAD' } }
  if (path === '/healthz') return { status: 200, type: 'text/plain; charset=utf-8', text: 'ok\n' }
  if (path === '/readyz') return readiness(reasons())
  if (token === undefined) {
    // A page in a browser on this machine may lead a name of its own here.
    if (!isAddress(request.headers.host)) return failed(421, 'GS_METRICS_MISDIRECTED')
  } else if (!matches(request.headers.authorization, await token())) {
    return { ...failed(401, 'GS_METRICS_UNAUTHORIZED'), headers: { 'www-authenticate': 'Bearer realm="gatescribe metrics"' } }
  }
  const { contentType, text: metrics } = await text(wantsOpenMetrics(request.headers.accept))
  return { status: 200, type: contentType, text: metrics }
}

function readiness(reasons: readonly CodedError[]): Answer {
  const ready = reasons.length === 0
  const said = { ready, reasons: reasons.map(({ code, message, next }) => ({ code, message, next })) }
  return { status: ready ? 200 : 503, type: 'application/json', text: `${JSON.stringify(said)}\n` }
}

function failed(status: number, code: MetricsErrorCode): Answer {
  return refused(status, new MetricsError(code))
}

/** @param error what is none of ours is not told */
function refused(status: number, error: Error): Answer {
  const { code, next } = error as Partial<CodedError>
  const said = typeof next === 'string' ? { code, message: error.message, next } : { message: 'The gateway could not answer.' }
  return { status, type: 'application/json', text: `${JSON.stringify(said)}\n` }
}

function send(request: IncomingMessage, response: ServerResponse, { status, type, text, headers }: Answer): void {
  // What comes with a request is not read: the connection ends with the answer.
  const brings = request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; sandbox",
    ...(brings && { connection: 'close' }),
    ...headers,
  })
  response.end(request.method === 'HEAD' ? undefined : text)
}

/** In constant time: of digests, which are of one length. */
function matches(authorization: string | undefined, token: string): boolean {
  const brought = /^Bearer +([\x21-\x7e]{1,4096})$/i.exec(authorization ?? '')?.[1]
  const digest = (value: string) => createHash('sha256').update(value).digest()
  return timingSafeEqual(digest(brought ?? ''), digest(token)) && brought !== undefined && token !== ''
}

/** RFC 9110 §12.5.1, as far as scrapers go: whether OpenMetrics is named and not refused, and text is not preferred. */
export function wantsOpenMetrics(accept: string | undefined): boolean {
  let open = 0
  let plain = 0
  for (const range of (accept ?? '').slice(0, 2_000).split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase())
    const said = parameters.find((parameter) => parameter.startsWith('q='))
    const quality = said === undefined ? 1 : Number(said.slice(2)) || 0
    const version = parameters.find((parameter) => parameter.startsWith('version='))?.slice('version='.length)
    if (type === 'application/openmetrics-text' && (version === undefined || version === '1.0.0')) open = Math.max(open, quality)
    if (type === 'text/plain') plain = Math.max(plain, quality)
  }
  return open > 0 && open >= plain
}

/** `127.0.0.1:9464`, `[::1]`, `localhost`. */
function isAddress(host: string | undefined): boolean {
  const name = /^(?:\[([^\]]{2,45})\]|([^:]{1,255}))(?::\d{1,5})?$/.exec(host ?? '')
  const [, six, other = ''] = name ?? []
  return six !== undefined ? isIP(six) === 6 : other.toLowerCase() === 'localhost' || isIP(other) === 4
}

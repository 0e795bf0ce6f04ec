import type { IncomingMessage } from 'node:http'
import { createServer } from 'node:https'
import { isIP, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { TlsOptions } from 'node:tls'
import { CodedError, type Run } from '../../operations/index.ts'
import { type Door, Listening, Seats, Strangers } from '../door/index.ts'
import { ESTABLISHED, refusalAnswer, sayDenied, sayLast } from './answer.ts'
import { carry } from './carry.ts'
import { ProxyError } from './errors.ts'
import { intercept } from './intercept.ts'
import { DEFAULT_LIMITS, type ProxyOptions } from './options.ts'
import { type Authority, checkHost, readAuthority, readCredential, readUser } from './read-connect.ts'
import { readHello } from './read-hello.ts'
import { fewAtOnce, system } from './resolver.ts'

/** Bytes of a head. */
const LONGEST_HEAD = 8_192
const LONGEST_AGENT = 256

/** The forward proxy. */
export interface ForwardProxy extends Door {
  /** Presents these from now on. */
  setTls(tls: TlsOptions): void
}

/** Carries connections to hosts by their names, for runs, over TLS of its own: one CONNECT is one operation. */
export function createProxy(options: ProxyOptions): ForwardProxy {
  const limits = { ...DEFAULT_LIMITS, ...options.limits }
  const { guard, log } = options
  const surroundings = { ownPorts: options.ownPorts, resolve: options.resolve ?? fewAtOnce(system) }
  const strangers = new Strangers(limits)
  const seats = new Seats(limits.perRun)

  const server = createServer({
    ...options.tls,
    ...{ minVersion: 'TLSv1.2', ALPNProtocols: ['http/1.1'], handshakeTimeout: limits.loginMs },
    // Who has said all may still hear the rest.
    ...{ allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 },
    ...{ headersTimeout: limits.loginMs, requestTimeout: limits.loginMs, connectionsCheckingInterval: Math.min(1_000, limits.loginMs / 2) },
    ...{ maxHeaderSize: LONGEST_HEAD, insecureHTTPParser: false, requireHostHeader: false, joinDuplicateHeaders: false },
  })
  const listening = new Listening(server, strangers)
  server.on('connection', (socket: Socket) => {
    if (listening.closedToNew || !strangers.enter(socket, options.peerOf(socket.remoteAddress ?? ''))) socket.destroy()
  })
  server.on('tlsClientError', (_error, socket) => socket.destroy())
  const onlyConnect = ({ socket }: IncomingMessage) => sayLast(socket, refusalAnswer(new ProxyError('GS_PROXY_ONLY_CONNECT')))
  for (const event of ['request', 'checkContinue', 'checkExpectation', 'upgrade']) server.on(event, onlyConnect)
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (!socket.writable) return void socket.destroy()
    const code = error.code === 'HPE_HEADER_OVERFLOW' ? 'GS_PROXY_HEAD_TOO_LARGE' : 'GS_PROXY_MALFORMED'
    sayLast(socket, refusalAnswer(new ProxyError(code)))
  })
  server.on('connect', (message: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => undefined)
    socket.pause()
    void connect(message, socket, head).catch((error: unknown) => {
      const spoken = error instanceof CodedError ? error : new ProxyError('GS_PROXY_FAILED', undefined, { cause: error })
      if (spoken.code === 'GS_PROXY_FAILED') log.warn({ err: error }, 'A connection failed within the proxy')
      else log.debug({ code: spoken.code }, 'A connection was refused at the proxy')
      sayLast(socket, refusalAnswer(spoken))
    })
  })

  async function connect(message: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    if (listening.closedToNew) throw new ProxyError('GS_PROXY_DRAINING')
    const address = message.socket.remoteAddress ?? ''
    const authorization = only(message, 'proxy-authorization')
    const run = await identify(authorization, address)
    strangers.becomesKnown(message.socket)
    const authority = readAuthority(message.url ?? '')
    checkHost(only(message, 'host'), authority)
    if ((message.headers['content-length'] ?? '0') !== '0' || message.headers['transfer-encoding'] !== undefined)
      throw new ProxyError('GS_PROXY_MALFORMED', 'CONNECT has a body, which means nothing.')
    const destination = options.destination(authority)
    if (destination === undefined) {
      options.onUnknown(run, authority)
      throw new ProxyError('GS_PROXY_DESTINATION_UNKNOWN')
    }
    if (!seats.take(run.id)) throw new ProxyError('GS_PROXY_FULL')
    socket.once('close', () => seats.leave(run.id))
    if ('intercepted' in destination) return intercepted(run, authority, socket, head, address)
    const application = message.headers['user-agent']?.slice(0, LONGEST_AGENT)
    const client = { address: `${address}:${message.socket.remotePort}`, user: readUser(authorization), application }
    await carry({ socket, head, run, authority, ...destination, client }, { guard, surroundings, limits })
  }

  async function identify(authorization: string | undefined, address: string): Promise<Run> {
    const throttled = options.throttle.check(address)
    if (throttled) throw throttled
    try {
      return await options.authenticator.runOf(readCredential(authorization))
    } catch (error) {
      // Clients ask without one first, to be told how.
      if (error instanceof CodedError && error.code !== 'GS_PROXY_CREDENTIAL_MISSING') {
        options.throttle.failed(address)
        options.onRefused({ code: error.code, address })
        if (error.code === 'GS_IDENTITY_CREDENTIAL_FOREIGN') options.onForeignCredential(address)
      }
      throw error
    }
  }

  /** What is asked for within is judged there, request by request: so the connection as such is no operation. */
  async function intercepted(run: Run, authority: Authority, socket: Duplex, head: Buffer, address: string): Promise<void> {
    const { intercepting } = options
    const context = intercepting?.secureContext(authority.host)
    if (intercepting === undefined || context === undefined) throw new ProxyError('GS_PROXY_DESTINATION_UNKNOWN')
    socket.write(ESTABLISHED)
    try {
      const named = { host: authority.host, address: isIP(authority.host) !== 0, ms: limits.helloMs }
      const first = await readHello(socket, head, named, new AbortController().signal)
      if (first === undefined) return void socket.destroy()
      socket.unshift(first)
    } catch {
      return sayDenied(socket)
    }
    intercept(socket, context, intercepting, { run, address, authority })
  }

  return Object.assign(listening, { setTls: (tls: TlsOptions) => server.setSecureContext(tls) })
}

/** @throws ProxyError where it came twice: which of them counts is nobody's to choose */
function only({ rawHeaders }: IncomingMessage, name: string): string | undefined {
  const values = rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === name)
  if (values.length > 1) throw new ProxyError('GS_PROXY_MALFORMED', `${name} came more than once.`)
  return values[0]
}

import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { CodedError } from '../../operations/index.ts'
import { errorBody, retryAfterOf, statusOf } from '../http/index.ts'
import type { ProxyErrorCode } from './errors.ts'

const STATUSES: Readonly<Partial<Record<ProxyErrorCode, number>>> = {
  GS_PROXY_MALFORMED: 400,
  GS_PROXY_HEAD_TOO_LARGE: 431,
  GS_PROXY_ONLY_CONNECT: 405,
  GS_PROXY_AUTHORITY: 400,
  GS_PROXY_CREDENTIAL_MISSING: 407,
  GS_PROXY_CREDENTIAL_REFUSED: 407,
  GS_PROXY_NAME_UNRESOLVED: 502,
  GS_PROXY_UNREACHABLE: 502,
  GS_PROXY_FULL: 429,
  GS_PROXY_DRAINING: 503,
  GS_PROXY_FAILED: 500,
}

/** RFC 9209 §2.3: what it is called among proxies. */
const PROXY_ERRORS: Readonly<Partial<Record<string, string>>> = {
  GS_PROXY_NAME_UNRESOLVED: 'dns_error',
  GS_PROXY_ADDRESS_REFUSED: 'destination_ip_prohibited',
  GS_PROXY_UNREACHABLE: 'destination_unavailable',
  GS_PROXY_FULL: 'connection_limit_reached',
  GS_PROXY_DRAINING: 'proxy_internal_response',
  GS_PROXY_FAILED: 'proxy_internal_error',
}

/** The status in which an error is spoken to whoever asks a proxy: 401 would be the target's. */
export function proxyStatusOf(error: CodedError): number {
  const status = STATUSES[error.code as ProxyErrorCode] ?? statusOf(error)
  return status === 401 ? 407 : status
}

/** The whole answer of a "no"; the connection ends with it. */
export function refusalAnswer(error: CodedError): Buffer {
  const status = proxyStatusOf(error)
  const body = errorBody(error)
  const after = error.code === 'GS_PROXY_DRAINING' ? 1 : retryAfterOf(error)
  const called =
    PROXY_ERRORS[error.code] ?? (status === 400 || status === 405 || status === 431 ? 'http_request_error' : 'http_request_denied')
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Refused'}`,
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
    'Cache-Control: no-store',
    `Proxy-Status: gatescribe; error=${called}; details="${error.code}"`,
    ...(status === 407 ? ['Proxy-Authenticate: Basic realm="gatescribe"', 'Proxy-Authenticate: Bearer realm="gatescribe"'] : []),
    ...(status === 405 ? ['Allow: CONNECT'] : []),
    ...(after === undefined ? [] : [`Retry-After: ${after}`]),
    'Connection: close',
  ]
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body])
}

/** RFC 9110 §9.3.6: from here on, what comes is for the other end. */
export const ESTABLISHED = Buffer.from('HTTP/1.1 200 Connection Established\r\n\r\n')

/** TLS's own way to say no where HTTP is over: a fatal alert, access_denied (RFC 8446 §6.2). */
const ACCESS_DENIED = Buffer.from([21, 3, 3, 0, 2, 2, 49])

/** Time for a client to read the last words, ms: what it still sends would turn our close into a reset that eats them. */
const LAST_WORDS_MS = 1_000

/** Says it, and ends. */
export function sayLast(socket: Duplex, bytes: Uint8Array): void {
  if (socket.destroyed) return
  socket.on('error', () => undefined)
  socket.end(bytes)
  socket.resume()
  setTimeout(() => socket.destroy(), LAST_WORDS_MS).unref()
}

export const sayDenied = (socket: Duplex): void => sayLast(socket, ACCESS_DENIED)

import type { IncomingMessage } from 'node:http'
import { type RequestOptions, request } from 'node:http'
import { isIP } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import { ConnectorError, isConnectorCode } from '../errors.ts'
import { channelBinding } from '../proof.ts'

/** TCP and TLS together, and then an answer, ms. */
const CONNECT_MS = 2_000
const ANSWER_MS = 10_000
const ANSWER_BYTES = 64 * 1024

export interface GatewayAddress {
  readonly gateway: URL
  /** PEM; default: what the system trusts. */
  readonly ca?: string
}

/**
 * A verified TLS 1.3 connection to the gateway's door, and what it alone has in common with the gateway's end.
 * @throws ConnectorError GS_CONNECTOR_GATEWAY_UNREACHABLE, GS_CONNECTOR_GATEWAY_UNTRUSTED, GS_CONNECTOR_GATEWAY_ANSWER; or the signal's reason
 */
export function reachGateway(
  { gateway, ca }: GatewayAddress,
  signal: AbortSignal,
): Promise<{ readonly socket: TLSSocket; readonly binding: Uint8Array }> {
  const host = gateway.hostname.replace(/^\[|\]$/g, '')
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    const socket = connect({
      ...{ host, port: Number(gateway.port || 443), minVersion: 'TLSv1.3', ALPNProtocols: ['http/1.1'] },
      // RFC 6066 §3: no literal addresses.
      ...(isIP(host) === 0 && { servername: host }),
      ...(ca !== undefined && { ca }),
      // Not what NODE_TLS_REJECT_UNAUTHORIZED says: the enrolment token goes to whoever answers.
      rejectUnauthorized: true,
    })
    const settle = (then: () => void) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', aborted)
      then()
    }
    const fail = (error: unknown) =>
      settle(() => {
        socket.destroy()
        reject(error as Error)
      })
    const aborted = () => fail(signal.reason)
    const timer = setTimeout(() => fail(new ConnectorError('GS_CONNECTOR_GATEWAY_UNREACHABLE', 'it did not answer in time')), CONNECT_MS)
    signal.addEventListener('abort', aborted, { once: true })
    socket.on('error', (error) => fail(unreached(error)))
    socket.once('close', () => fail(new ConnectorError('GS_CONNECTOR_GATEWAY_UNREACHABLE')))
    socket.once('secureConnect', () => {
      const binding = channelBinding(socket)
      if (!binding) return fail(new ConnectorError('GS_CONNECTOR_GATEWAY_ANSWER', 'it speaks no TLS 1.3'))
      socket.setNoDelay(true)
      return settle(() => resolve({ socket, binding }))
    })
  })
}

/** What is wrong with a certificate has a code of its own in OpenSSL; what is wrong on the way there, one of the system's. */
function unreached(cause: NodeJS.ErrnoException): ConnectorError {
  const { code = '' } = cause
  const isTrust = /CERT|SELF_SIGNED|UNABLE_TO_|ALTNAME|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH|HOSTNAME_MISMATCH/.test(code)
  // Of what OpenSSL says behind that nothing is about the way there: no TLS, an older one, or another protocol in it.
  if (!isTrust && code.startsWith('ERR_SSL_')) return new ConnectorError('GS_CONNECTOR_GATEWAY_ANSWER', code, { cause })
  if (isTrust) return new ConnectorError('GS_CONNECTOR_GATEWAY_UNTRUSTED', code, { cause })
  return new ConnectorError('GS_CONNECTOR_GATEWAY_UNREACHABLE', /^[A-Z0-9_]+$/.test(code) ? code : undefined, { cause })
}

export type Answer =
  | { readonly kind: 'body'; readonly body: unknown }
  | { readonly kind: 'upgraded'; readonly headers: IncomingMessage['headers'] }

/**
 * One request on that connection, HTTP/1.1.
 * @throws ConnectorError what the gateway says, of which only the code is taken; GS_CONNECTOR_GATEWAY_ANSWER, GS_CONNECTOR_GATEWAY_UNREACHABLE
 */
export function ask(
  socket: TLSSocket,
  options: RequestOptions & { readonly body?: object },
  { gateway }: GatewayAddress,
  signal: AbortSignal,
): Promise<Answer> {
  const { body, headers, ...rest } = options
  const content = body && Buffer.from(JSON.stringify(body))
  return new Promise((resolve, reject) => {
    const within = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)])
    const fail = (error: unknown) => {
      socket.destroy()
      if (signal.aborted) reject(signal.reason)
      else
        reject(
          error instanceof ConnectorError ? error : new ConnectorError('GS_CONNECTOR_GATEWAY_UNREACHABLE', undefined, { cause: error }),
        )
    }
    const asking = request({
      ...rest,
      createConnection: () => socket,
      signal: within,
      maxHeaderSize: 8_192,
      headers: {
        host: gateway.host,
        ...(content && { 'content-type': 'application/json', 'content-length': content.length }),
        ...headers,
      },
    })
    asking.once('error', fail)
    asking.once('upgrade', (response, _socket, head) => {
      // The gateway speaks first: its preface may have come with the answer.
      if (head.length > 0) socket.unshift(head)
      resolve({ kind: 'upgraded', headers: response.headers })
    })
    asking.once('response', (response) => {
      read(response).then((text) => {
        socket.destroy()
        const answer = parsed(text)
        if (response.statusCode === 200 && answer !== undefined) return resolve({ kind: 'body', body: answer })
        return fail(refusal(answer))
      }, fail)
    })
    asking.end(content)
  })
}

/** A sentence of somebody's that merely claims to be the gateway is not shown: the catalogue has ours. */
function refusal(answer: unknown): ConnectorError {
  const code = typeof answer === 'object' && answer !== null && 'code' in answer ? answer.code : undefined
  return new ConnectorError(isConnectorCode(code) ? code : 'GS_CONNECTOR_GATEWAY_ANSWER')
}

async function read(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > ANSWER_BYTES) throw new ConnectorError('GS_CONNECTOR_GATEWAY_ANSWER')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

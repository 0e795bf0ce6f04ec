import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2'
import { ConnectorError } from '../errors.ts'
import { CODE_HEADER } from '../words.ts'

/** A connector gives up on a target after 5 s; what takes longer is the connector itself. */
const PATIENCE_MS = 7_000

/**
 * CONNECT: RFC 9113 §8.5.
 * @param target `host:port`
 * @throws ConnectorError GS_CONNECTOR_TARGET_NOT_ALLOWED, _TARGET_UNREACHABLE, _BUSY, _CLOSED; or the signal's reason
 */
export function openStream(session: ClientHttp2Session, target: string, signal: AbortSignal): Promise<ClientHttp2Stream> {
  return new Promise((resolve, reject) => {
    let stream: ClientHttp2Stream
    try {
      stream = session.request({ ':method': 'CONNECT', ':authority': target }, { endStream: false })
    } catch (error) {
      // It went away, or drains, since it was chosen.
      reject(new ConnectorError('GS_CONNECTOR_CLOSED', undefined, { cause: error }))
      return
    }
    const settle = (then: () => void) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', aborted)
      stream.removeListener('close', closed)
      then()
    }
    const fail = (error: unknown) =>
      settle(() => {
        stream.destroy()
        reject(error as Error)
      })
    const aborted = () => fail(signal.reason)
    const closed = () => fail(new ConnectorError('GS_CONNECTOR_CLOSED'))
    const timer = setTimeout(() => fail(new ConnectorError('GS_CONNECTOR_TARGET_UNREACHABLE', 'the connector did not answer')), PATIENCE_MS)
    signal.addEventListener('abort', aborted, { once: true })
    stream.on('error', () => undefined)
    stream.once('close', closed)
    stream.once('response', (headers) => {
      if (headers[':status'] === 200) settle(() => resolve(stream))
      else fail(refusalOf(headers))
    })
  })
}

/** Of what a connector says only the code is believed, and only one that may be said here. */
function refusalOf(headers: IncomingHttpHeaders): ConnectorError {
  switch (headers[CODE_HEADER]) {
    case 'GS_CONNECTOR_TARGET_NOT_ALLOWED':
      return new ConnectorError('GS_CONNECTOR_TARGET_NOT_ALLOWED')
    case 'GS_CONNECTOR_BUSY':
      return new ConnectorError('GS_CONNECTOR_BUSY')
    case 'GS_CONNECTOR_STOPPING':
      return new ConnectorError('GS_CONNECTOR_CLOSED')
    default:
      return new ConnectorError('GS_CONNECTOR_TARGET_UNREACHABLE')
  }
}

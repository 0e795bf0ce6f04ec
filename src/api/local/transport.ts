import { request as httpRequest, type IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { LocalError } from './errors.ts'
import type { LocalApi } from './local-api.ts'

export interface LocalRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly path: string
  readonly body?: Uint8Array
  /** Media type of the body; bytes by default. */
  readonly type?: 'application/json'
  readonly signal?: AbortSignal
}

export interface LocalResponse {
  readonly status: number
  readonly body: Readable
}

/** Carries a request to the local API. */
export type Transport = (request: LocalRequest) => Promise<LocalResponse>

const BYTES = 'application/octet-stream'

/** Over the socket of a running gateway. @throws LocalError where none answers */
export function socketTransport(socketPath: string): Transport {
  return ({ method, path, body, type = BYTES, signal }) =>
    new Promise<LocalResponse>((resolve, reject) => {
      const headers = body ? { 'content-type': type, 'content-length': body.byteLength } : {}
      const outgoing = httpRequest({ socketPath, method, path, headers, agent: false, ...(signal ? { signal } : {}) })
      outgoing.once('response', (response: IncomingMessage) => resolve({ status: response.statusCode ?? 500, body: response }))
      outgoing.once('error', (error) => reject(signal?.aborted ? error : connectionError(error)))
      outgoing.end(body)
    })
}

/** To an API in this process that listens nowhere. */
export function injectTransport(api: LocalApi): Transport {
  return async ({ method, path, body, type = BYTES, signal }) => {
    const response = await api.inject({
      method,
      url: path,
      payloadAsStream: true,
      ...(signal ? { signal } : {}),
      ...(body ? { payload: Buffer.from(body), headers: { 'content-type': type } } : {}),
    })
    return { status: response.statusCode, body: response.stream() }
  }
}

function connectionError(error: NodeJS.ErrnoException): LocalError {
  switch (error.code) {
    case 'ENOENT':
    case 'ECONNREFUSED':
      return new LocalError('GS_LOCAL_NOT_RUNNING', undefined, { cause: error })
    case 'EACCES':
    case 'EPERM':
      return new LocalError('GS_LOCAL_NO_ACCESS', undefined, { cause: error })
    default:
      return new LocalError('GS_LOCAL_INTERRUPTED', undefined, { cause: error })
  }
}

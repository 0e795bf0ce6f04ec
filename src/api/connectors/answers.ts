import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { CODE_HEADER, ConnectorError } from '../../connector/index.ts'
import type { CodedError } from '../../operations/index.ts'

const STATUS: Readonly<Partial<Record<string, number>>> = {
  GS_CONNECTOR_REQUEST_INVALID: 400,
  GS_CONNECTOR_MISDIRECTED: 421,
  GS_CONNECTOR_THROTTLED: 429,
  GS_CONNECTOR_PROOF_INVALID: 401,
  GS_CONNECTOR_TOKEN_INVALID: 401,
  GS_CONNECTOR_WORKLOAD_REFUSED: 403,
  GS_CONNECTOR_WORKLOAD_CHANGED: 403,
  GS_CONNECTOR_NAME_UNKNOWN: 404,
  GS_CONNECTOR_UNKNOWN: 401,
  GS_CONNECTOR_REVOKED: 403,
  GS_CONNECTOR_BUSY: 503,
  GS_CONNECTOR_STOPPING: 503,
}

/** What a connector is told; whatever has no code of this room is our own fault, and nobody's to know. */
export const toldOf = (error: unknown): ConnectorError =>
  error instanceof ConnectorError ? error : new ConnectorError('GS_CONNECTOR_FAILED')

const statusOf = ({ code }: CodedError): number => STATUS[code] ?? 500

const bodyOf = ({ code, message, next }: CodedError) => ({ code, message, next })

export function refuse(reply: FastifyReply, error: ConnectorError): FastifyReply {
  return reply.code(statusOf(error)).header(CODE_HEADER, error.code).send(bodyOf(error))
}

/** The same where Node has handed the connection over: RFC 9110 §7.8 lets a server answer an Upgrade as if there were none. */
export function refuseUpgrade(socket: Duplex, error: ConnectorError): void {
  const body = JSON.stringify(bodyOf(error))
  const status = statusOf(error)
  socket.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      'content-type: application/json; charset=utf-8',
      `content-length: ${Buffer.byteLength(body)}`,
      `${CODE_HEADER}: ${error.code}`,
      'cache-control: no-store',
      'connection: close',
      '',
      body,
    ].join('\r\n'),
  )
}

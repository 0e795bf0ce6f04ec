import { STATUS_CODES } from 'node:http'
import { errorBody } from '../plain/error-body.ts'
import { statusOf } from '../relay/status.ts'
import type { HttpsDoorError } from './errors.ts'

/** A whole answer for what could not be read as a request; the connection ends with it. */
export function garbageAnswer(error: HttpsDoorError): Buffer {
  const status = statusOf(error)
  const body = errorBody(error)
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
    'Cache-Control: no-store',
    'Connection: close',
  ]
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body])
}

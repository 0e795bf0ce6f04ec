import type { CodedError } from '../../../operations/index.ts'
import { type Asked, speak } from './speak.ts'
import type { Talk } from './talk.ts'

/** Says no, and has it recorded. @param number of the operation; undefined: the request is in the recording already */
export function say(exchange: Talk['exchange'], error: CodedError, asked: Asked, number: number | undefined): void {
  const { exchanges } = exchange.session
  const { method, rawPath } = exchange.request
  if (number !== undefined) exchanges?.request(number, { method, target: rawPath })
  const said = speak(exchange, error, asked)
  if (!said) return
  const body = exchanges?.answer({ status: said.status, type: said.type })
  body?.add(said.body)
  body?.end('complete')
}

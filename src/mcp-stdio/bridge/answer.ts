import type { IncomingMessage } from 'node:http'
import type { CodedError } from '../../operations/index.ts'
import { EventReader, EventTooLong, type StreamEvent } from '../wire/events.ts'
import { isObject } from '../wire/message.ts'
import { GatewayRefusal, McpBridgeError } from './errors.ts'

/** The body of an answer, read as UTF-8. @param limit bytes @throws McpBridgeError GS_MCP_BRIDGE_BAD_ANSWER where it is longer */
export async function collect(response: IncomingMessage, limit: number): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response) {
    size += (chunk as Buffer).length
    if (size > limit) throw tooLong()
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks).toString()
}

/** The events of a stream, as they come. @param limit characters of one @throws McpBridgeError GS_MCP_BRIDGE_BAD_ANSWER where one is longer; where the stream breaks off */
export async function* eventsOf(response: IncomingMessage, limit: number): AsyncGenerator<StreamEvent> {
  const reader = new EventReader(limit)
  try {
    for await (const chunk of response) yield* reader.push(chunk as Buffer)
  } catch (cause) {
    throw cause instanceof EventTooLong ? tooLong(cause) : cause
  }
}

/** What the gateway says where it refuses a request before it is a message: `code`, a sentence and `next`, wherever in the object they stand. */
export function problemIn(body: Uint8Array): CodedError | undefined {
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(body).toString())
  } catch {
    return undefined
  }
  for (const said of [
    value,
    isObject(value) ? value.error : undefined,
    isObject(value) && isObject(value.error) ? value.error.data : undefined,
  ]) {
    if (!isObject(said)) continue
    const { code, message, reason, next } = said
    const sentence = message ?? reason
    if (typeof code === 'string' && /^GS_[A-Z_]{1,60}$/.test(code) && typeof next === 'string')
      return new GatewayRefusal(code, typeof sentence === 'string' ? sentence : 'The gateway refused this.', next)
  }
  return undefined
}

const tooLong = (cause?: unknown) =>
  new McpBridgeError('GS_MCP_BRIDGE_BAD_ANSWER', 'The answer is larger than a message may be.', { cause })

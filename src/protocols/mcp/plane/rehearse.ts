import type { McpResource, Operation } from '../../../operations/index.ts'
import { type DoorRequest, readBody } from '../../http/index.ts'
import { McpError } from '../errors.ts'
import { clientOperation, END_SESSION, OPEN_STREAM, serverOperation, wordlessOperation } from '../judge/index.ts'
import { checkMirrored, dialectOf, LONGEST_MESSAGE, readMessage } from '../message/index.ts'
import { checkContentType } from './place.ts'

/**
 * What a request is, without a session that it came in: what rules are tested with. Definitions of tools are not looked at.
 * @throws McpError where it would be refused whatever the rules say
 */
export async function readMcpRequest(door: DoorRequest, { name }: Pick<McpResource, 'name'>): Promise<Operation> {
  if (door.method === 'GET') return wordlessOperation(OPEN_STREAM, '', name)
  if (door.method === 'DELETE') return wordlessOperation(END_SESSION, '', name)
  if (door.method !== 'POST') throw new McpError('GS_MCP_METHOD')
  checkContentType(door)
  const body = await readBody(door.body, door.bodyLength, LONGEST_MESSAGE, new AbortController().signal)
  if (body.kind === 'large') throw new McpError('GS_MCP_MESSAGE_TOO_LARGE')
  const message = readMessage(body.kind === 'whole' ? body.bytes : Buffer.alloc(0))
  checkMirrored(door.headers, message, dialectOf(door.headers, message))
  if (message.kind === 'request' || message.kind === 'notification') return clientOperation(message, name)
  // What it answers is known in its session only.
  return serverOperation('', message.kind === 'result' ? message.result : { error: message.error }, name, 'is answered')
}

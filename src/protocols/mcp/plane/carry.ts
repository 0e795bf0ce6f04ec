import { type CodedError, Refusal } from '../../../operations/index.ts'
import { ClientLeft, type Exchange, firstOf, govern, isAdmitted, readBody, speakable } from '../../http/index.ts'
import { McpError } from '../errors.ts'
import { unsupported } from '../judge/index.ts'
import { checkMirrored, checkUnmirrored, dialectOf, LONGEST_MESSAGE, type RpcMessage, readMessage } from '../message/index.ts'
import { carryMessage } from './carry-message.ts'
import { carryStream, endSession } from './carry-stream.ts'
import { checkContentType, checkOrigin, placeOf } from './place.ts'
import { Reply } from './reply.ts'
import { say } from './say.ts'
import type { Asked } from './speak.ts'
import { type Carrying, forwardedHeaders, only, type Talk } from './talk.ts'

/** The way of one request of HTTP. Never rejects. */
export async function carry(door: Exchange, carrying: Carrying): Promise<void> {
  const reply = new Reply(door.answer)
  const exchange = { ...door, answer: reply }
  let asked: Asked = {}
  try {
    const { talk, message } = await understood(exchange, carrying, (read) => {
      asked = read
    })
    if (message) await carryMessage(talk, message)
    else if (exchange.request.method === 'GET') await carryStream(talk)
    else await endSession(talk)
  } catch (error) {
    if (error instanceof ClientLeft) reply.cut()
    // What the guard itself said is on record.
    else if (error instanceof Refusal) say(exchange, error, asked, 0)
    else await notCarried(exchange, speakable(error), asked)
  } finally {
    reply.stopHolding()
  }
}

/** @param read told what could be read so far. @throws McpError */
async function understood(
  exchange: Talk['exchange'],
  carrying: Carrying,
  read: (asked: Asked) => void,
): Promise<{ readonly talk: Talk; readonly message: RpcMessage | undefined }> {
  const { request, resource, session, signal } = exchange
  const whose = { run: session.run.id, resource: resource.name }
  checkOrigin(request)
  if (request.upgrade || !['POST', 'GET', 'DELETE'].includes(request.method)) throw new McpError('GS_MCP_METHOD')
  const place = placeOf(request, resource, carrying.sealed, whose)
  let message: RpcMessage | undefined
  if (request.method === 'POST') {
    checkContentType(request)
    const body = await readBody(request.body, request.bodyLength, LONGEST_MESSAGE, signal)
    if (body.kind === 'large') throw new McpError('GS_MCP_MESSAGE_TOO_LARGE')
    message = readMessage(body.kind === 'whole' ? body.bytes : Buffer.alloc(0))
    read({ message })
  } else if (place.kind === 'messages') throw new McpError('GS_MCP_METHOD')
  const dialect = dialectOf(request.headers, message)
  read({ message, dialect })
  if (dialect === 'stateless' && (message === undefined || message.kind === 'result' || message.kind === 'error')) {
    throw new McpError('GS_MCP_METHOD', 'In this dialect clients send requests and notifications by POST, and nothing else.')
  }
  if (message) checkMirrored(request.headers, message, dialect)
  else checkUnmirrored(request.headers)
  const own = dialect === 'stateless' ? undefined : opened(exchange, carrying, whose, 'session', 'mcp-session-id')
  const lastEvent = dialect === 'stateless' ? undefined : opened(exchange, carrying, whose, 'event', 'last-event-id')
  const known = place.token ?? own
  const offered = carrying.offers.of(resource.name)
  const talk: Talk = {
    ...carrying,
    ...{ exchange, resource, whose, dialect, path: place.path, session: known, elsewhere: place.kind === 'messages' },
    conversation: carrying.live.of(whose.run, whose.resource, known),
    ...{ offered, changes: offered.changes },
    headers: forwardedHeaders(request.headers, own, lastEvent),
  }
  return { talk, message }
}

/** What this run was given for the server's own. @throws McpError GS_MCP_SESSION_UNKNOWN */
function opened(
  { request }: Exchange,
  { sealed }: Carrying,
  whose: Talk['whose'],
  kind: 'session' | 'event',
  header: string,
): string | undefined {
  if (firstOf(request.headers, header) === undefined) return undefined
  const value = sealed.open(kind, whose, only(request.headers, header) ?? '')
  if (value === undefined) throw new McpError('GS_MCP_SESSION_UNKNOWN')
  return value
}

/** What has no single meaning is recorded as that, in our own words. */
async function notCarried(exchange: Talk['exchange'], error: CodedError, asked: Asked): Promise<void> {
  const refusal = new Refusal('GS_OPERATION_NOT_SUPPORTED', { reason: error.message, next: error.next })
  const operation = unsupported(`${error.code}: ${error.message}`)
  try {
    const answer = await govern(exchange, { operation, refusal, effective: () => Promise.reject(refusal) }, exchange.signal)
    if (isAdmitted(answer)) throw new TypeError('what is not carried is not admitted')
    say(exchange, answer.refusal === refusal ? error : answer.refusal, asked, answer.number)
  } catch (failure) {
    if (failure instanceof ClientLeft) exchange.answer.cut()
    else say(exchange, speakable(failure), asked, 0)
  }
}

import type { Admission } from '../../../guard/index.ts'
import {
  type CodedError,
  claimsOf,
  type EffectiveOperation,
  type Json,
  type Mask,
  type Operation,
  Refusal,
} from '../../../operations/index.ts'
import { type Admitted, ClientLeft, failed, govern, isAdmitted, Timed, type UpstreamAnswer } from '../../http/index.ts'
import { McpError } from '../errors.ts'
import { canonicalText, clientOperation, isAmbiguous, offered, serverOperation, urisIn } from '../judge/index.ts'
import {
  checkParameterHeaders,
  disguises,
  isObject,
  type RpcMessage,
  type RpcNotification,
  type RpcRequest,
  writeMessage,
} from '../message/index.ts'
import { hold } from './held.ts'
import { look } from './look.ts'
import { standingOf } from './offers.ts'
import { passOn } from './pass-on.ts'
import { say } from './say.ts'
import { noTo } from './speak.ts'
import type { Talk } from './talk.ts'

/** Parameters that MCP knows: by any other spelling of one, some servers would read it. */
const PARAMETERS: ReadonlySet<string> = new Set([
  ...['name', 'arguments', 'uri', 'cursor', 'ref', 'argument', 'context', 'level', 'requestId', 'reason', 'progressToken', 'progress'],
  ...[
    'total',
    'message',
    'protocolVersion',
    'capabilities',
    'clientInfo',
    'notifications',
    'inputResponses',
    'requestState',
    'task',
    'taskId',
  ],
  '_meta',
])

/** The way of one message of a client. @throws McpError, Refusal, ClientLeft and others, where nothing of it has been recorded */
export async function carryMessage(talk: Talk, message: RpcMessage): Promise<void> {
  if ('params' in message && disguises(message.params, PARAMETERS)) {
    throw new McpError('GS_MCP_MALFORMED', 'A parameter is spelt otherwise than MCP does, so that servers differ in what they make of it.')
  }
  if ('method' in message && urisIn(message.method, message.params).some(isAmbiguous)) {
    throw new McpError(
      'GS_MCP_MALFORMED',
      'The URI leads up, or is written otherwise than it has to be, so that servers differ in what it means.',
    )
  }
  switch (message.kind) {
    case 'request':
      return carryRequest(talk, message)
    case 'notification':
      return carryNotification(talk, message)
    default:
      return carryResponse(talk, message)
  }
}

async function carryRequest(talk: Talk, message: RpcRequest): Promise<void> {
  const { exchange, conversation } = talk
  const operation = operationOf(talk, message)
  const withdrawn = new AbortController()
  const leave = () => withdrawn.abort(exchange.signal.reason)
  let asking = true
  const end = conversation.begin(message.id, {
    method: message.method,
    cancel() {
      if (asking) withdrawn.abort(new ClientLeft())
      return asking
    },
  })
  try {
    if (exchange.signal.aborted) leave()
    else exchange.signal.addEventListener('abort', leave, { once: true })
    const refusal = await tools(talk, message, operation)
    const waiting = (pending: Parameters<typeof hold>[1]) =>
      hold(message, pending, exchange.answer, exchange.request.headers, talk.elsewhere ? conversation : undefined)
    const effective = () => effectiveOf(talk, message, operation)
    const answer = await govern(exchange, { operation, refusal, effective, waiting }, withdrawn.signal)
    asking = false
    exchange.answer.stopHolding()
    if (isAdmitted(answer)) return await forward(talk, message, answer)
    if (exchange.signal.aborted && exchange.signal.reason instanceof ClientLeft) throw exchange.signal.reason
    refuse(talk, message, answer.refusal, answer.number)
  } finally {
    asking = false
    exchange.signal.removeEventListener('abort', leave)
    end()
  }
}

/** The same for the same message, but for what its client says of itself this time. */
function operationOf({ exchange, repeated, resource }: Talk, message: RpcRequest | RpcNotification): Operation {
  // A request and a notification of the same words are not the same: a server may do either, and only one of them is looked at as a call.
  const key = `${message.kind} ${canonicalText(message.method, message.params)}`
  const same = repeated(exchange).get(key, () => clientOperation(message, resource.name))
  // MCP 2026-07-28, "OpenTelemetry trace context".
  const { traceparent, tracestate } = isObject(message.params._meta) ? message.params._meta : {}
  if (typeof traceparent !== 'string') return same
  const claims = claimsOf([['traceparent', traceparent], ...(typeof tracestate === 'string' ? [['tracestate', tracestate] as const] : [])])
  return claims ? { ...same, claims } : same
}

/** What a call's definition says against it. Nobody looks for what the rules refuse anyway. */
async function tools(talk: Talk, message: RpcRequest, operation: Operation): Promise<Refusal | undefined> {
  const { exchange, offered: offers, pins, resource, dialect } = talk
  const { method, params } = message
  const { name } = params
  if (method === 'prompts/get' && typeof name === 'string' && offers.prompts.collides(name)) return new Refusal('GS_MCP_NAMES_COLLIDE')
  if (/^tasks\/(get|result|cancel)$/.test(method) && !isOwnTask(talk, params.taskId)) return notItsTask()
  if (method === 'completion/complete' && !isShown(talk, params.ref)) return new Refusal('GS_POLICY_DENIED')
  if (method === 'tools/list' && params.cursor === undefined && offers.isUnknown(performance.now()))
    await lookAhead(talk, message, operation)
  if (method !== 'tools/call') return undefined
  if (typeof name !== 'string') throw new McpError('GS_MCP_MALFORMED', 'The call names no tool.')
  if (exchange.guard.decide(exchange.session, operation).effect === 'deny') return undefined
  if (!offers.isFresh(name, performance.now())) await look(talk, message)
  const refusal = standingOf(offers, pins, resource.name, name)
  if (refusal) return refusal
  checkParameterHeaders(exchange.request.headers, pins.definition(resource.name, name)?.definition.inputSchema, params.arguments, dialect)
  return undefined
}

const isOwnTask = ({ tasks, whose: { run, resource } }: Talk, task: Json | undefined): boolean =>
  typeof task === 'string' && tasks.has(run, resource, task)

const notItsTask = () =>
  new Refusal('GS_POLICY_DENIED', {
    reason: 'This run was given no such task by this server.',
    next: 'Ask only after tasks that calls of this run came to; after a restart of the gateway, call again.',
  })

/** Whether what an argument is completed for is shown to whoever asks: what it could be would tell of what is hidden. */
function isShown({ exchange: { guard, session }, resource: { name: server } }: Talk, ref: Json | undefined): boolean {
  const { name } = isObject(ref) ? ref : {}
  return guard.couldAllow(session, typeof name === 'string' ? offered.prompt(server, name) : offered.resource(server, undefined))
}

/** Before a list is shown. What the server says to that question its client hears by its own. */
async function lookAhead(talk: Talk, message: RpcRequest, operation: Operation): Promise<void> {
  const { exchange } = talk
  if (exchange.guard.decide(exchange.session, operation).effect === 'deny') return
  try {
    await look(talk, message)
  } catch (error) {
    if (exchange.signal.aborted || !(error instanceof McpError)) throw error
  }
}

/**
 * What a person approves: the message without what differs each time, and which definition of the tool it is about.
 * @throws Refusal where the tool has become another one while they were asked
 */
async function effectiveOf(talk: Talk, message: RpcRequest, operation: Operation): Promise<EffectiveOperation> {
  const { offered: offers, pins, resource } = talk
  const { method, params } = message
  const tool = method === 'tools/call' && typeof params.name === 'string' ? params.name : undefined
  if (tool !== undefined) {
    if (!offers.isFresh(tool, performance.now())) await lookAgain(talk, message)
    const refusal = standingOf(offers, pins, resource.name, tool)
    if (refusal) throw refusal
  }
  const pinned = tool === undefined ? undefined : pins.definition(resource.name, tool)
  const detail = pinned && { definition: pinned.digest }
  return {
    ...{ protocol: 'mcp', resource: resource.name },
    parts: [{ label: 'request', content: operation.statement.text, ...(detail && { detail }) }],
    ...{ session: {}, facts: operation.facts ? [operation.facts] : [], stream: false },
  }
}

/** @throws Refusal where the server does not say what it offers now */
async function lookAgain(talk: Talk, message: RpcRequest): Promise<void> {
  try {
    await look(talk, message)
  } catch (error) {
    if (!(error instanceof McpError)) throw error
    throw new Refusal('GS_MCP_TOOLS_NOT_PINNED', { reason: error.message, next: error.next })
  }
}

async function carryNotification(talk: Talk, message: RpcNotification): Promise<void> {
  const { exchange, conversation } = talk
  const operation = operationOf(talk, message)
  const answer = await govern(exchange, { operation, effective: () => effectiveText(talk, operation) }, exchange.signal)
  if (!isAdmitted(answer)) return refuse(talk, message, answer.refusal, answer.number)
  const { requestId } = message.params
  const isCancel = message.method === 'notifications/cancelled' && (typeof requestId === 'string' || typeof requestId === 'number')
  if (!isCancel || !conversation.cancel(requestId)) return forward(talk, message, answer)
  // The server has never seen what is cancelled.
  answer.admission.settle({ status: 'completed' })
  exchange.answer.begin(202, [['content-length', '0']])
  exchange.answer.end()
}

/** A client answers what its server asked, within a stream of the dialects before 2026-07-28. */
async function carryResponse(talk: Talk, message: Extract<RpcMessage, { kind: 'result' | 'error' }>): Promise<void> {
  const { exchange, conversation, resource } = talk
  const method = message.id === undefined ? undefined : conversation.answered(message.id)
  if (method === undefined) throw new McpError('GS_MCP_RESPONSE_UNASKED')
  const said = message.kind === 'result' ? message.result : { error: message.error }
  const operation = serverOperation(method, said, resource.name, 'is answered')
  const answer = await govern(exchange, { operation, effective: () => effectiveText(talk, operation) }, exchange.signal)
  return isAdmitted(answer) ? forward(talk, message, answer) : refuse(talk, message, answer.refusal, answer.number)
}

const effectiveText = ({ resource }: Talk, { statement, facts }: Operation): EffectiveOperation => ({
  ...{ protocol: 'mcp', resource: resource.name, parts: [{ label: 'request', content: statement.text }] },
  ...{ session: {}, facts: facts ? [facts] : [], stream: false },
})

/** Says no where whoever asked listens: in the old dialect on its stream. @param number of the operation; undefined: the request is in the recording already */
function refuse(
  { exchange, conversation, elsewhere, dialect }: Talk,
  message: RpcMessage,
  error: CodedError,
  number: number | undefined,
): void {
  const { inject } = conversation
  if (!elsewhere || message.kind !== 'request' || !inject) {
    say(exchange, error, { message, dialect }, number)
    return
  }
  if (number !== undefined) exchange.session.exchanges?.request(number, { method: 'POST', target: exchange.request.rawPath })
  inject(writeMessage(noTo(error, { message, dialect })))
  exchange.answer.begin(202, [['content-length', '0']])
  exchange.answer.end()
}

/** Sends what was admitted, passes on what comes, and settles. Never rejects. */
async function forward(talk: Talk, message: RpcMessage, { admission, decision, number }: Admitted): Promise<void> {
  const { exchange, path, headers, conversation, elsewhere, maskKey } = talk
  const masks: readonly Mask[] = decision.masks ?? []
  const request = message.kind === 'request' ? message : undefined
  const timed = new Timed(exchange.signal, admission)
  let answer: UpstreamAnswer | undefined
  let sent = false
  try {
    const body = writeMessage(message)
    exchange.session.exchanges?.request(number, {
      method: 'POST',
      target: exchange.request.rawPath,
      type: 'application/json',
      bytes: body.length,
    })
    const key = masks.length > 0 ? await maskKey() : undefined
    const target = await exchange.target()
    timed.signal.throwIfAborted()
    // Where the stream of its answer breaks off, or answers come elsewhere, it may still be answered.
    if (request && talk.dialect === 'handshake' && talk.session !== undefined) conversation.expect({ request, masks })
    sent = true
    answer = await target.request({ method: 'POST', path, headers: [...headers, ['Content-Type', 'application/json']], body }, timed.signal)
    const ending = await passOn({ talk, admission, answer, target, request, masks, key, signal: timed.signal })
    if (request && ending) conversation.take(request.id)
    admission.settle(ending ?? settled(answer.status, request !== undefined && !elsewhere))
  } catch (error) {
    answer?.body.destroy()
    failed(exchange, admission, error, { sent, status: answer?.status }, (spoken) => refuse(talk, message, spoken, undefined))
  } finally {
    timed.stop()
  }
}

/** @param open whether an answer was to come, and did not: then it may come on another stream, and nobody knows */
function settled(status: number, open: boolean): Parameters<Admission['settle']>[0] {
  if (status >= 400) return { status: 'failed', code: String(status) }
  return { status: open ? 'unknown' : 'completed', code: String(status) }
}

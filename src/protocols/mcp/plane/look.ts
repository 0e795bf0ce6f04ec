import { randomUUID } from 'node:crypto'
import type { ToolDefinition } from '../../../operations/index.ts'
import type { HeaderPairs, UpstreamAnswer } from '../../http/index.ts'
import { firstOf, govern, isAdmitted } from '../../http/index.ts'
import { McpError } from '../errors.ts'
import { DISCOVER, wordlessOperation } from '../judge/index.ts'
import {
  idKey,
  isObject,
  type JsonObject,
  LONGEST_EVENT,
  type RpcMessage,
  type RpcRequest,
  readReceived,
  SseDecoder,
  writeMessage,
} from '../message/index.ts'
import { pageOf, takeDown } from './offers.ts'
import { wholeBody } from './pass-on.ts'
import { ownHeaders, type Talk } from './talk.ts'

/** A list that goes on for longer is none. */
const MOST_PAGES = 100
/** As it would be written; UTF-16 code units. */
const LONGEST_LIST = 32 * 1024 * 1024
/** For a page of it, and after which no other page is asked for, ms. */
const PATIENCE_MS = 15_000

/**
 * The gateway looks itself at the tools of a server: before one is called whose definition it has not seen lately, and before a first page is shown. An operation of its own, in the
 * session of whoever calls.
 *
 * @param asked the request: what it says of its client goes with the question
 * @throws Refusal where the guard says no; McpError GS_MCP_ANSWER, TargetError, the signal's reason
 */
export async function look(talk: Talk, asked: RpcRequest): Promise<void> {
  const { exchange, resource } = talk
  const operation = wordlessOperation(DISCOVER, 'tools/list', resource.name)
  const answer = await govern(exchange, { operation, effective: () => Promise.reject(new TypeError('nobody is asked')) }, exchange.signal)
  if (!isAdmitted(answer)) throw answer.refusal
  const { admission } = answer
  try {
    await pages(talk, asked)
    admission.settle({ status: 'completed' })
  } catch (error) {
    admission.settle({ status: 'failed' })
    throw error
  }
}

async function pages(talk: Talk, asked: RpcRequest): Promise<void> {
  const all: ToolDefinition[] = []
  const began = performance.now()
  const { changes } = talk.offered
  let size = 0
  let cursor: string | undefined
  for (let page = 1; page <= MOST_PAGES; page++) {
    const result = await list(talk, asked, cursor)
    size += JSON.stringify(result).length
    if (size > LONGEST_LIST) break
    const { definitions, nextCursor } = pageOf(result)
    for (const definition of definitions) all.push(definition)
    if (nextCursor === undefined) {
      takeDown(talk.offered.tools, all, true, true)
      talk.pins.check(talk.resource.name, all)
      talk.offered.seen(performance.now(), page > 1, changes)
      return
    }
    if (performance.now() - began > PATIENCE_MS) throw silent()
    cursor = nextCursor
  }
  throw new McpError('GS_MCP_ANSWER', 'The list of tools of the MCP server has no end.')
}

async function list(talk: Talk, asked: RpcRequest, cursor: string | undefined): Promise<JsonObject> {
  const { exchange, path, conversation, elsewhere } = talk
  const meta = isObject(asked.params._meta) ? asked.params._meta : {}
  const { progressToken: _, ...rest } = meta
  const params: JsonObject = { ...(Object.keys(rest).length > 0 && { _meta: rest }), ...(cursor !== undefined && { cursor }) }
  const request: RpcRequest = { kind: 'request', id: `gatescribe-${randomUUID()}`, method: 'tools/list', params }
  const headers: HeaderPairs = ownHeaders(talk, talk.dialect === 'stateless' ? [['Mcp-Method', 'tools/list']] : [])
  const arrived = Promise.withResolvers<RpcMessage>()
  const forget = elsewhere ? conversation.await(request.id, arrived.resolve) : () => undefined
  const patience = new AbortController()
  const leave = () => patience.abort(exchange.signal.reason)
  exchange.signal.addEventListener('abort', leave, { once: true })
  const timer = setTimeout(() => patience.abort(silent()), PATIENCE_MS)
  try {
    exchange.signal.throwIfAborted()
    const target = await exchange.target()
    const answer = await target.request({ method: 'POST', path, headers, body: writeMessage(request) }, patience.signal)
    const message = elsewhere
      ? await acknowledged(answer, arrived.promise, patience.signal)
      : await answered(answer, request, patience.signal)
    if (message.kind === 'result' && isObject(message.result)) return message.result
    // A server without tools knows no such method (JSON-RPC 2.0 §5.1).
    if (message.kind === 'error' && isObject(message.error) && message.error.code === -32_601) return {}
    throw new McpError('GS_MCP_ANSWER', 'The MCP server did not say which tools it has.')
  } finally {
    clearTimeout(timer)
    exchange.signal.removeEventListener('abort', leave)
    forget()
  }
}

const silent = () => new McpError('GS_MCP_ANSWER', 'The MCP server did not say in time which tools it has.')

async function acknowledged(answer: UpstreamAnswer, arrived: Promise<RpcMessage>, signal: AbortSignal): Promise<RpcMessage> {
  answer.body.resume()
  const left = Promise.withResolvers<never>()
  signal.addEventListener('abort', () => left.reject(signal.reason), { once: true })
  return Promise.race([arrived, left.promise])
}

async function answered(answer: UpstreamAnswer, { id }: RpcRequest, signal: AbortSignal): Promise<RpcMessage> {
  const isAnswer = (text: Buffer): RpcMessage | undefined => {
    const message = readReceived(text.toString())?.message
    return (message?.kind === 'result' || message?.kind === 'error') && message.id !== undefined && idKey(message.id) === idKey(id)
      ? message
      : undefined
  }
  const type = firstOf(answer.headers, 'content-type') ?? ''
  if (!/^text\/event-stream\b/i.test(type)) {
    const message = isAnswer(await wholeBody(answer.body, LONGEST_EVENT, signal))
    if (message) return message
    throw new McpError('GS_MCP_ANSWER', 'The MCP server did not say which tools it has.')
  }
  const decoder = new SseDecoder()
  for await (const chunk of answer.body) {
    for (const { data } of decoder.push(chunk as Buffer)) {
      const message = data && isAnswer(data)
      // The rest of the stream is nobody's: leaving the loop ends it.
      if (message) return message
    }
  }
  throw new McpError('GS_MCP_ANSWER', 'The MCP server did not say which tools it has.')
}

import { isUtf8 } from 'node:buffer'
import { type Mask, Refusal } from '../../../operations/index.ts'
import { govern, type HttpTarget, isAdmitted } from '../../http/index.ts'
import { McpError } from '../errors.ts'
import { serverOperation } from '../judge/index.ts'
import { MessageMasks } from '../mask/index.ts'
import {
  folded,
  idKey,
  isObject,
  type Received,
  type RpcId,
  type RpcMessage,
  type RpcRequest,
  readReceived,
  writeMessage,
} from '../message/index.ts'
import type { Expected, Live } from './live.ts'
import { isList, shownList } from './show.ts'
import { noTo } from './speak.ts'
import { ownHeaders, type Talk } from './talk.ts'

/** How what a server said to a request ended it. */
export interface Ending {
  readonly status: 'completed' | 'failed'
  readonly code: string
}

/** A server's messages on the way to the client: what of them it gets, and what the gateway answers instead of it. */
export class Answering {
  readonly #talk: Talk
  readonly #expected: Expected | undefined
  readonly #masks: MessageMasks
  readonly #key: Uint8Array | undefined
  readonly #redact: HttpTarget['redact']
  /** The old dialect says only within its stream which conversation it is. */
  conversation: Live
  ending: Ending | undefined

  /** @param request that it is the answer to; undefined: a stream of what the server says by itself. @param masks that hold for it */
  constructor(
    talk: Talk,
    request: RpcRequest | undefined,
    masks: readonly Mask[],
    key: Uint8Array | undefined,
    redact: HttpTarget['redact'],
  ) {
    this.#talk = talk
    this.#redact = redact
    this.#expected = request && { request, masks }
    this.#masks = new MessageMasks(masks, key)
    this.#key = key
    this.conversation = talk.conversation
  }

  counts(): ReturnType<MessageMasks['counts']> {
    return this.#masks.counts()
  }

  /**
   * @param text of one message. @returns what the client gets; undefined: nothing
   * @throws McpError GS_MCP_ANSWER where it is no message
   */
  async take(text: Buffer): Promise<Buffer | undefined> {
    const received = readReceived(text.toString())
    if (received === undefined) throw new McpError('GS_MCP_ANSWER', 'The MCP server sent something that is no message of MCP.')
    // Bytes that are no UTF-8 are something else to each reader.
    if (!isUtf8(text)) return this.take(writeMessage(received.message))
    if (received.plain && !ESCAPED.test(text.toString('latin1'))) return this.#taken(received, text)
    const anew = writeMessage(received.message).toString('latin1')
    const covered = this.#redact(anew)
    return covered === anew ? this.#taken(received, text) : this.take(Buffer.from(covered, 'latin1'))
  }

  async #taken(received: Received, text: Buffer): Promise<Buffer | undefined> {
    const { message } = received
    if (message.kind === 'request') return this.#asks(message, text, received)
    if (message.kind === 'notification') {
      if (message.method === 'notifications/tools/list_changed') this.#talk.offered.changed()
      return this.#masked(message, text, received)
    }
    return this.#responds(message, text, received)
  }

  async #responds(
    message: Extract<RpcMessage, { kind: 'result' | 'error' }>,
    text: Buffer,
    received: Received,
  ): Promise<Buffer | undefined> {
    const { id } = message
    // About a message that the server could not read.
    if (id === undefined) return this.#masked(message, text, received)
    if (this.conversation.takeOwn(id, message)) return undefined
    const expected = this.#expectedFor(id)
    // Whose answer it is nobody knows, nor what of it may be shown.
    if (expected === undefined) return undefined
    const isOwn = expected === this.#expected
    if (message.kind === 'error') {
      if (isOwn) this.ending = { status: 'failed', code: codeOf(message.error) }
      return this.#masked(message, text, received)
    }
    const { result } = message
    this.#givesTask(result)
    if (!isObject(result)) throw new McpError('GS_MCP_ANSWER', 'The MCP server answered with a result that is no object.')
    if (isOwn)
      this.ending = { status: result.isError === true ? 'failed' : 'completed', code: result.isError === true ? 'tool-error' : '200' }
    try {
      await this.#wantsInput(result)
      if (isList(expected.request.method)) return writeMessage({ ...message, result: shownList(this.#talk, expected.request, result) })
      return isShownAsItIs(expected.request.method) ? plainly(message, text, received) : this.#masked(message, text, received, expected)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      if (isOwn) this.ending = { status: 'failed', code: error.code }
      return writeMessage(noTo(error, { message: expected.request, dialect: this.#talk.dialect }))
    }
  }

  #givesTask(result: unknown): void {
    const { run, resource } = this.#talk.whose
    const task = taskIn(result)
    if (task !== undefined) this.#talk.tasks.given(run, resource, task)
  }

  #expectedFor(id: RpcId): Expected | undefined {
    const own = this.#expected
    return own && idKey(own.request.id) === idKey(id) ? own : this.conversation.take(id)
  }

  /** Within a stream, a server asks its client for something. */
  async #asks(message: RpcRequest, text: Buffer, received: Received): Promise<Buffer | undefined> {
    const { id, method, params } = message
    if (method === 'ping') {
      this.conversation.asked(id, method)
      return plainly(message, text, received)
    }
    const refusal = await this.#judged(method, params)
    if (refusal) {
      await this.#refuse(id, refusal)
      return undefined
    }
    this.conversation.asked(id, method)
    return this.#masked(message, text, received)
  }

  /**
   * MCP 2026-07-28, "Multi Round-Trip Requests": instead of a result, a server wants something of the client first.
   * @throws Refusal where it may not have it
   */
  async #wantsInput(result: { readonly [name: string]: unknown }): Promise<void> {
    // Under names in another case, too, by which some clients would read it.
    const wants = Object.entries(result).filter(([name, value]) => value !== null && folded(name) === 'inputrequests')
    for (const wanted of wants.flatMap(([, requests]) => (isRecord(requests) ? Object.values(requests) : [requests]))) {
      const { method, params } = isRecord(wanted) ? wanted : {}
      const refusal = await this.#judged(typeof method === 'string' ? method : '', isRecord(params) ? (params as RpcRequest['params']) : {})
      if (refusal) throw refusal
    }
  }

  /** @returns why it may not be asked; an operation of its own either way */
  async #judged(method: string, params: RpcRequest['params']): Promise<Refusal | undefined> {
    const { exchange, resource } = this.#talk
    const operation = serverOperation(method, params, resource.name, 'asks')
    const effective = () => ({
      ...{ protocol: 'mcp' as const, resource: resource.name, parts: [{ label: 'request', content: operation.statement.text }] },
      ...{ session: {}, facts: operation.facts ? [operation.facts] : [], stream: false },
    })
    const answer = await govern(exchange, { operation, effective }, exchange.signal)
    if (!isAdmitted(answer)) return answer.refusal
    answer.admission.settle({ status: 'completed' })
    return undefined
  }

  /** Says no to a server in its client's name, over a connection of its own: the one that it asked on is still under way. */
  async #refuse(id: RpcId, refusal: Refusal): Promise<void> {
    const { exchange, path } = this.#talk
    const error = { code: REJECTED, message: `${refusal.message} (${refusal.code})` }
    try {
      const target = await exchange.session.connect({}, exchange.signal)
      try {
        const headers = ownHeaders(this.#talk)
        const answer = await target.request(
          { method: 'POST', path, headers, body: writeMessage({ kind: 'error', id, error }) },
          exchange.signal,
        )
        answer.body.destroy()
      } finally {
        target.close()
      }
    } catch (failure) {
      // The server waits for an answer that does not come; the client has lost nothing by that.
      if (exchange.signal.aborted) throw failure
    }
  }

  #masked(message: RpcMessage, text: Buffer, received: Received, expected?: Expected): Buffer {
    const masks = expected === undefined || expected === this.#expected ? this.#masks : new MessageMasks(expected.masks, this.#key)
    const shown = masks.apply(plainly(message, text, received))
    return Buffer.from(shown.buffer, shown.byteOffset, shown.length)
  }
}

/** Letters and signs that need no escape, and may be one of a credential. */
const ESCAPED = /\\u00[2-7][0-9a-f]/i

/** MCP 2025-11-25, "Sampling": the user rejected it. */
const REJECTED = -1

/** Says what the server is, and nothing that it holds. */
const isShownAsItIs = (method: string): boolean => method === 'initialize' || method === 'server/discover' || method === 'ping'

/** As it came where everybody reads that alike; else written anew. */
const plainly = (message: RpcMessage, text: Buffer, { plain }: Received): Buffer => (plain ? text : writeMessage(message))

/** As MCP 2025-11-25 has it, or as the extension of 2026-07-28, where the result itself is the task. */
function taskIn(result: unknown): string | undefined {
  if (!isRecord(result)) return undefined
  const task = isRecord(result.task) ? result.task : result.resultType === 'task' ? result : {}
  return typeof task.taskId === 'string' ? task.taskId : undefined
}

const isRecord = (value: unknown): value is { readonly [name: string]: unknown } =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** JSON-RPC 2.0 §5.1. */
function codeOf(error: unknown): string {
  const code = isRecord(error) ? error.code : undefined
  return typeof code === 'number' && Number.isSafeInteger(code) ? String(code) : 'error'
}

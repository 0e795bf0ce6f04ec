import { Readable } from 'node:stream'
import type { Admission } from '../../../guard/index.ts'
import { bodyMasking } from '../../../masking/index.ts'
import type { Mask } from '../../../operations/index.ts'
import { firstOf, type HeaderPairs, type HttpTarget, passAnswer, readBody, type UpstreamAnswer } from '../../http/index.ts'
import { McpError } from '../errors.ts'
import { LONGEST_EVENT, type RpcRequest, writeEvent } from '../message/index.ts'
import { Answering, type Ending } from './answering.ts'
import { EventStream } from './event-stream.ts'
import type { Talk } from './talk.ts'

/** What a client is told of the server's head. Cookies, redirects, and what servers say of themselves are not for it. */
const SHOWN = /^(content-type|cache-control|retry-after|mcp-protocol-version|x-accel-buffering|ratelimit(-[a-z]+)?|allow)$/
/** Of an answer that is no message of MCP. Bytes. */
const LONGEST_OTHER = 65_536

export interface PassingOn {
  readonly talk: Talk
  readonly admission: Admission
  readonly answer: UpstreamAnswer
  readonly target: HttpTarget
  /** What it is the answer to; undefined: nothing that has an answer. */
  readonly request: RpcRequest | undefined
  readonly masks: readonly Mask[]
  readonly key: Uint8Array | undefined
  readonly signal: AbortSignal
}

/**
 * Passes on what a server answered, message by message.
 * @returns how it ended, as far as the server said that
 * @throws McpError, Refusal, MaskingError, TargetError, the signal's reason: the rest of it is not shown
 */
export async function passOn(passing: PassingOn): Promise<Ending | undefined> {
  const { answer, talk, request, masks, key } = passing
  const { status } = answer
  if (status >= 300 && status < 400) throw new McpError('GS_MCP_REDIRECT')
  const encoding = firstOf(answer.headers, 'content-encoding')
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw new McpError('GS_MCP_ANSWER', 'The MCP server encoded its answer although it was asked not to.')
  }
  const answering = new Answering(talk, request, masks, key, (text) => passing.target.redact(text))
  try {
    const type = typeOf(answer.headers)
    if (type === 'text/event-stream' && status === 200) await passEvents(passing, answering)
    else await passWhole(passing, answering, type)
  } finally {
    for (const [mask, what, count] of answering.counts()) passing.admission.masked(mask, what, count)
  }
  return answering.ending
}

async function passEvents(passing: PassingOn, answering: Answering): Promise<void> {
  const { talk, admission, answer, target, signal } = passing
  const stream = new EventStream(talk, answering, target)
  const body = Readable.from(stream.shown(answer.body), { objectMode: false, highWaterMark: 65_536 })
  // Whoever gives up what is shown gives up what it is made of.
  body.once('close', () => answer.body.destroy())
  try {
    await passAnswer(talk.exchange, admission, { ...answer, body, trailers: () => [] }, { headers: headersOf(passing) }, signal)
  } finally {
    stream.close()
  }
}

/** An answer that is one message, or none. */
async function passWhole(passing: PassingOn, answering: Answering, type: string): Promise<void> {
  const { talk, admission, answer, target, request, signal } = passing
  const { status } = answer
  const isMessage = type === 'application/json'
  const whole = await wholeBody(answer.body, isMessage ? LONGEST_EVENT : LONGEST_OTHER, signal)
  const redacted = Buffer.from(target.redact(whole.toString('latin1')), 'latin1')
  let shown: Buffer | undefined
  if (redacted.length > 0 && isMessage && isRpc(redacted)) shown = await answering.take(redacted)
  else if (redacted.length > 0 && (status >= 400 || !(request === undefined || talk.elsewhere))) {
    // What a server of something else says of an error is masked like any text. What it says besides is no answer.
    if (status < 400) throw new McpError('GS_MCP_ANSWER', 'The MCP server answered in a form that is none of MCP.')
    const masking = bodyMasking(passing.masks, type, passing.key)
    shown = masking ? Buffer.concat([masking.push(redacted, 0), masking.end()]) : redacted
  }
  if (request !== undefined && status < 300 && answering.ending === undefined && !talk.elsewhere) {
    throw new McpError('GS_MCP_ANSWER', 'The MCP server did not answer the request.')
  }
  const asEvent = talk.exchange.answer.held
  if (asEvent && (shown === undefined || !isMessage)) throw new McpError('GS_MCP_ANSWER', 'The MCP server answered with an error of HTTP.')
  const body = shown === undefined ? NOTHING : asEvent ? writeEvent({ event: 'message', data: shown }) : shown
  const headers: HeaderPairs = [...headersOf(passing), ['content-length', String(body.length)]]
  await passAnswer(
    talk.exchange,
    admission,
    { ...answer, body: Readable.from(body.length > 0 ? [body] : []), trailers: () => [] },
    { headers },
    signal,
  )
}

const NOTHING = Buffer.alloc(0)
const typeOf = (headers: HeaderPairs): string => (firstOf(headers, 'content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''

/** Whether it means to be a message of JSON-RPC: an error of HTTP may have JSON of its own. */
const isRpc = (bytes: Buffer): boolean => bytes.includes('"jsonrpc"')

function headersOf({ talk, answer, target }: PassingOn): HeaderPairs {
  const session = firstOf(answer.headers, 'mcp-session-id')
  const shown = answer.headers
    .filter(([name]) => SHOWN.test(name.toLowerCase()))
    .map(([name, value]) => [name, target.redact(value)] as const)
  // In the stateless dialect there is none; a server that speaks both may give one all the same.
  if (session === undefined || talk.dialect === 'stateless') return shown
  return [...shown, ['Mcp-Session-Id', talk.sealed.seal('session', talk.whose, session)]]
}

/** @throws McpError GS_MCP_ANSWER where it is longer; whatever the body breaks with; the signal's reason */
export async function wholeBody(body: Readable, most: number, signal: AbortSignal): Promise<Buffer> {
  const read = await readBody(body, undefined, most, signal)
  if (read.kind === 'none') return NOTHING
  if (read.kind === 'whole') return read.bytes
  body.destroy()
  throw new McpError('GS_MCP_ANSWER', 'The answer of the MCP server is larger than what the gateway passes on at once.')
}

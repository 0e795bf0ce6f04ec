import { type CodedError, Refusal, type RefusalCode } from '../../../operations/index.ts'
import { type HeaderPairs, listOf, type Refusable, refusalHeaders, retryAfterOf, statusOf } from '../../http/index.ts'
import { McpError } from '../errors.ts'
import {
  type Dialect,
  HANDSHAKE_VERSIONS,
  type JsonObject,
  type RpcMessage,
  STATELESS_VERSION,
  writeEvent,
  writeMessage,
} from '../message/index.ts'
import { metadataUrl } from '../oauth/metadata.ts'
import { Reply } from './reply.ts'

/** What was asked for, as far as it could be read. */
export interface Asked {
  readonly message?: RpcMessage | undefined
  readonly dialect?: Dialect | undefined
}

/** What is said, for the recording. */
export interface Said {
  readonly status: number
  readonly type: string
  readonly body: Uint8Array
}

/**
 * The code of JSON-RPC for "the gateway refused". Outside of what JSON-RPC and MCP keep for themselves (-32768 to -32000), as MCP 2026-07-28 wants it;
 * `data.code` says why.
 */
export const REFUSED = -31_403
/** JSON-RPC 2.0 §5.1, Internal error. */
const INTERNAL = -32_603

/** Of a tool's call: what its caller does next is said in its own words. */
const NEXT_OF_CALLS: Readonly<Partial<Record<RefusalCode, string>>> = {
  GS_APPROVAL_PENDING: 'Wait, then call the same tool with the same arguments again once it is approved; do not rephrase them.',
  GS_APPROVAL_EXPIRED: 'Call the same tool with the same arguments again if it is still wanted: that asks anew.',
  GS_APPROVAL_WITHDRAWN: 'Call the same tool with the same arguments again if it is still wanted: that asks anew.',
  GS_APPROVAL_USED: 'Call the tool again only if it is wanted once more: that asks anew.',
}

/**
 * A "no" as a message of MCP. To a tool's call it is a result that says so, since that is what a model reads; to everything else an error.
 * @param error what is said. @param asked its request, if it is one
 */
export function noTo(error: CodedError, { message, dialect }: Asked): RpcMessage {
  const isCall = message?.kind === 'request' && message.method === 'tools/call'
  const next = (isCall && error instanceof Refusal && error.ticket !== undefined ? NEXT_OF_CALLS[error.code] : undefined) ?? error.next
  const details = detailsOf(error, next)
  if (isCall && error instanceof Refusal) {
    const rule = error.rule === undefined ? '' : `, rule ${error.rule}`
    const ticket = error.ticket === undefined ? '' : ` Approval: ${error.ticket}.`
    const text = `Refused by the gateway: ${error.message} (${error.code}${rule})${ticket}\nNext: ${next}`
    return {
      ...{ kind: 'result', id: message.id },
      result: {
        ...(dialect === 'stateless' && { resultType: 'complete' }),
        ...{ content: [{ type: 'text', text }], isError: true, _meta: { 'gatescribe/refusal': details } },
      },
    }
  }
  const id = message?.kind === 'request' ? message.id : undefined
  const code = error instanceof McpError ? error.rpc : error instanceof Refusal ? REFUSED : INTERNAL
  const versions = [STATELESS_VERSION, ...[...HANDSHAKE_VERSIONS].reverse()]
  const data = code === -32_022 ? { ...details, supported: versions } : details
  return { kind: 'error', id, error: { code, message: `${error.message} ${next} (${error.code})`, data } }
}

function detailsOf(error: CodedError, next: string): JsonObject {
  const { rule, ticket } = error instanceof Refusal ? error : { rule: undefined, ticket: undefined }
  const after = retryAfterOf(error)
  return {
    ...{ code: error.code, next },
    ...(rule !== undefined && { rule }),
    ...(ticket !== undefined && { approval: ticket }),
    ...(after !== undefined && { retryAfter: after }),
  }
}

/**
 * Says no. Where the answer has begun, it is cut.
 * @returns what was said; undefined where it was cut
 */
export function speak({ request, answer }: Refusable, error: CodedError, asked: Asked = {}): Said | undefined {
  if (answer.begun) {
    answer.cut()
    return undefined
  }
  const message = writeMessage(noTo(error, asked))
  const isRequest = asked.message?.kind === 'request'
  // What a client's library does not take for an answer, its user does not get to read: what was read is answered, whatever the answer is.
  const status = isRequest && error instanceof Refusal ? 200 : error instanceof McpError ? error.status : statusOf(error)
  const streams = (answer instanceof Reply && answer.held) || (status === 200 && isRequest && !acceptsJson(request.headers))
  const type = streams ? 'text/event-stream' : 'application/json'
  const body = streams ? writeEvent({ event: 'message', data: message }) : message
  const others = refusalHeaders(error).filter(([name]) => name !== 'www-authenticate')
  const headers: HeaderPairs = [
    ...others,
    ...(status === 401 ? [challenge(request.base)] : []),
    ...(status === 405 ? ([['allow', 'POST']] as const) : []),
    ...([['content-type', type]] as const),
    ...(streams ? [] : ([['content-length', String(body.length)]] as const)),
  ]
  answer.begin(status, headers)
  if (request.method !== 'HEAD') void answer.write(body)
  answer.end()
  return { status, type, body }
}

/** RFC 6750 §3, RFC 9728 §5.1. */
function challenge(base: string | undefined): readonly [string, string] {
  const where = base === undefined ? '' : `, resource_metadata="${metadataUrl(base)}"`
  return ['www-authenticate', `Bearer realm="gatescribe"${where}`]
}

/** Without Accept, everything is accepted. */
export function acceptsJson(headers: HeaderPairs): boolean {
  const accepted = mediaTypes(headers)
  return accepted.length === 0 || accepted.some((type) => type === 'application/json' || type === 'application/*' || type === '*/*')
}

export function acceptsEvents(headers: HeaderPairs): boolean {
  return mediaTypes(headers).some((type) => type === 'text/event-stream')
}

const mediaTypes = (headers: HeaderPairs): readonly string[] =>
  listOf(headers, 'accept').map((each) => (each.split(';', 1)[0] ?? '').trim())

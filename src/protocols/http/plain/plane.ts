import { type CodedError, type Operation, Refusal } from '../../../operations/index.ts'
import { HttpError } from '../errors.ts'
import { valuesOf } from '../headers.ts'
import { ClientLeft, type Exchange, type HttpPlane, type HttpSession } from '../plane.ts'
import { forward } from '../relay/forward.ts'
import { type Admitted, govern, isAdmitted } from '../relay/govern.ts'
import { type ReadBody, readBody } from '../relay/read-body.ts'
import { Repeated } from '../relay/repeated.ts'
import { speakable } from '../relay/status.ts'
import type { UpstreamRequest } from '../target.ts'
import { changedAnswer, lookedInto, looksInto } from './change-answer.ts'
import { openWebSocket } from './open-websocket.ts'
import { headOf, operationOf, type ReadRequest, readRequest, statementOf } from './read-request.ts'
import { speak } from './speak.ts'

/** A body of up to this is recorded and can be approved; a longer one is passed on as it comes. Bytes. */
export const MOST_READ = 3 * 1024 * 1024

export interface PlainPlaneOptions {
  /** What values are hashed by where a mask says so; undefined: none does. */
  readonly maskKey?: () => Promise<Uint8Array | undefined>
}

/** Any API on HTTP, of which nothing is known but HTTP: one request is one operation. */
export function createPlainPlane({ maskKey = async () => undefined }: PlainPlaneOptions = {}): HttpPlane {
  const sessions = new WeakMap<HttpSession, Repeated>()
  return {
    kind: 'http',
    ask: () => ({}),
    async carry(exchange) {
      const { session } = exchange
      const repeated = sessions.get(session) ?? new Repeated()
      sessions.set(session, repeated)
      try {
        await judged(exchange, repeated, maskKey)
      } catch (error) {
        if (error instanceof ClientLeft) exchange.answer.cut()
        else say(exchange, speakable(error), 0)
      }
    },
    refuse: (refusable, error) => void speak(refusable, error),
  }
}

async function judged(exchange: Exchange, repeated: Repeated, maskKey: () => Promise<Uint8Array | undefined>): Promise<void> {
  const { request: door, resource, signal } = exchange
  let request: ReadRequest
  try {
    request = readRequest(door)
  } catch (error) {
    if (error instanceof HttpError) return notCarried(exchange, error)
    throw error
  }
  const body = await readBody(door.body, door.bodyLength, MOST_READ, signal)
  const make = () => operationOf(request, statementOf(request, body, door.bodyLength), resource)
  const operation = body.kind === 'none' ? repeated.get(JSON.stringify([headOf(request), ...agentsOf(request)]), make) : make()
  const answer = await govern(exchange, { operation, effective: () => effective(exchange, operation, body, request) }, signal)
  if (isAdmitted(answer)) return admitted(exchange, answer, request, body, maskKey)
  say(exchange, answer.refusal, answer.number)
}

/** What facts say and the canonical text does not. */
const agentsOf = ({ headers }: ReadRequest): readonly string[] => valuesOf(headers, 'user-agent')

/** @throws Refusal where content follows that nobody has seen, and no rule lets persons approve that */
function effective({ guard, session, resource }: Exchange, operation: Operation, body: ReadBody, { upgrades }: ReadRequest) {
  const stream = body.kind === 'large' || upgrades
  if (stream && guard.decide(session, operation).ask?.stream === false) {
    throw new Refusal('GS_APPROVAL_UNAVAILABLE', {
      reason: 'What would be sent is not known when persons are asked, and no rule lets them approve it unseen.',
      next: 'Send less than 3 MiB at once, or ask the owner of the rule for stream: true.',
    })
  }
  return {
    ...{ protocol: 'http' as const, resource: resource.name, parts: [{ label: 'request', content: operation.statement.text }] },
    ...{ session: {}, facts: operation.facts ? [operation.facts] : [], stream },
  }
}

async function admitted(
  exchange: Exchange,
  answer: Admitted,
  request: ReadRequest,
  body: ReadBody,
  maskKey: () => Promise<Uint8Array | undefined>,
): Promise<void> {
  const { request: door } = exchange
  const { decision, admission, number } = answer
  const masks = decision.masks ?? []
  const type = door.headers.find(([name]) => /^content-type$/i.test(name))?.[1]
  const recorded = {
    ...{ method: request.method, target: request.target },
    ...(type !== undefined && { type }),
    ...(body.kind === 'whole' && { bytes: body.bytes.length }),
  }
  const upstream: UpstreamRequest = {
    ...{ method: request.method, path: request.target, headers: lookedInto(request.headers, masks) },
    ...(body.kind === 'whole' && { body: body.bytes }),
    ...(body.kind === 'large' && { body: body.stream, ...(door.bodyLength !== undefined && { bodyLength: door.bodyLength }) }),
  }
  const refuse = (error: CodedError) => say(exchange, error, undefined)
  let key: Uint8Array | undefined
  try {
    if (masks.length > 0) key = await maskKey()
    if (door.upgrade && looksInto(masks)) throw new HttpError('GS_HTTP_STREAM_MASKED')
  } catch (error) {
    admission.withdraw({ status: 'failed' })
    return say(exchange, speakable(error), number)
  }
  const changing = { masks, maskKey: key, base: door.base, method: request.method }
  const change: Parameters<typeof forward>[0]['change'] = (each, target) => changedAnswer(each, target, changing)
  if (door.upgrade)
    return openWebSocket({ exchange, admitted: answer, upstream, protocol: door.upgrade.protocol, recorded, refuse, change })
  await forward({ exchange, admitted: answer, request: upstream, change, recorded, refuse })
}

/** What has no single meaning is recorded as that, in our own words. */
async function notCarried(exchange: Exchange, error: HttpError): Promise<void> {
  const refusal = new Refusal('GS_OPERATION_NOT_SUPPORTED', { reason: error.message, next: error.next })
  const operation: Operation = { protocol: 'http', form: 'unsupported', statement: { text: Buffer.from(error.message) } }
  const answer = await govern(exchange, { operation, refusal, effective: () => Promise.reject(refusal) }, exchange.signal)
  if (isAdmitted(answer)) throw new TypeError('what is not carried is not admitted')
  say(exchange, answer.refusal === refusal ? error : answer.refusal, answer.number)
}

/** Says no, and has it recorded. @param number of the operation; undefined: the request is in the recording already */
function say(exchange: Exchange, error: CodedError, number: number | undefined): void {
  const { exchanges } = exchange.session
  const { method, rawPath } = exchange.request
  if (number !== undefined) exchanges?.request(number, { method, target: rawPath })
  const said = speak(exchange, error)
  if (!said) return
  const body = exchanges?.answer({ status: said.status, type: 'application/json' })
  body?.add(said.body)
  body?.end('complete')
}

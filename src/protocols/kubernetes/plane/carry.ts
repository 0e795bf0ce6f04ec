import { type CodedError, type Decision, type Facts, Refusal } from '../../../operations/index.ts'
import {
  type Admitted,
  type ChangedAnswer,
  ClientLeft,
  type Exchange,
  forward,
  govern,
  type HeaderPairs,
  inOrder,
  isAdmitted,
  type Refused,
  speakable,
  type UpstreamRequest,
} from '../../http/index.ts'
import { KubernetesError } from '../errors.ts'
import { type AnswerMasks, answerMasks } from '../mask/index.ts'
import { type Asked, effectiveOperation, type Repeated, readAsked, readHead, recordedHead, retrying } from './asked.ts'
import { openChannel } from './channel.ts'
import { forwardedHeaders, withHeader } from './headers.ts'
import { withListHint } from './list-hint.ts'
import type { Retries } from './retries.ts'
import { reviewChange } from './review-change.ts'
import { speak } from './speak.ts'

/** What the requests of a plane share. */
export interface Carrying {
  readonly retries: Retries
  /** What is known of the requests of a session. */
  readonly repeated: (exchange: Exchange) => Repeated
  /** Of the operator `hash` of masks. */
  readonly maskKey: () => Promise<Uint8Array | undefined>
}

/** kubectl gives up a WebSocket that is not answered after 75 s, and does not try SPDY then; ms. */
const WEBSOCKET_PATIENCE_MS = 60_000

/** The way of one request. Never rejects. */
export async function carry(exchange: Exchange, carrying: Carrying): Promise<void> {
  try {
    await judged(exchange, carrying)
  } catch (error) {
    if (error instanceof ClientLeft) return exchange.answer.cut()
    say(exchange, speakable(error), 0)
  }
}

async function judged(exchange: Exchange, carrying: Carrying): Promise<void> {
  let asked: Asked
  try {
    const head = readHead(exchange.request)
    asked = await readAsked(head, exchange.request, carrying.repeated(exchange), exchange.signal)
  } catch (error) {
    if (error instanceof KubernetesError) return notCarried(exchange, error)
    throw error
  }
  const { session, resource, request } = exchange
  const attempt = { run: session.run.id, resource: resource.name, request: asked.request, headers: request.headers }
  asked = retrying(asked, carrying.retries.take(attempt))
  const { operation } = asked
  const websocket = request.upgrade?.protocol.toLowerCase() === 'websocket'
  const answer = await govern(
    exchange,
    {
      operation,
      effective: () => effectiveOperation(asked, resource.name),
      ...(websocket && { patience: WEBSOCKET_PATIENCE_MS }),
    },
    exchange.signal,
  )
  const failed = (number: number) => carrying.retries.failed(attempt, { session: session.id, operation: number })
  if (!isAdmitted(answer)) {
    failed(answer.number)
    return refuse(exchange, answer, operation.facts)
  }
  await admitted(exchange, carrying, asked, answer, failed)
}

async function admitted(
  exchange: Exchange,
  carrying: Carrying,
  asked: Asked,
  answer: Admitted,
  failed: (number: number) => void,
): Promise<void> {
  const { request, identity, carried } = asked
  const { number } = answer
  const upstream = (headers: HeaderPairs): UpstreamRequest => ({
    method: request.method,
    path: request.target,
    headers,
    ...(identity && { impersonate: identity }),
    ...(carried.kind === 'whole' && { body: carried.bytes }),
    ...(carried.kind === 'large' && { body: carried.stream }),
    ...(carried.kind === 'large' && exchange.request.bodyLength !== undefined && { bodyLength: exchange.request.bodyLength }),
  })
  const kind = request.channel !== '' ? 'channel' : request.proxied ? 'proxied' : 'request'
  const headers = forwardedHeaders(exchange.request.headers, kind, `${exchange.session.id}-${number}`)
  const no = (error: CodedError) => say(exchange, error, undefined)
  if (request.channel !== '' && request.upgrade) {
    const maskKey = await carrying.maskKey()
    return openChannel({ exchange, asked, admitted: answer, upstream: upstream(headers), maskKey, no, failed: () => failed(number) })
  }
  let change: ((status: number, headers: HeaderPairs) => ChangedAnswer) | undefined
  let changed = headers
  try {
    const masks = await masksOf(asked, answer, carrying)
    if (masks) {
      changed = masks.requestHeaders(headers)
      change = (status, answered) => masks.answer(status, answered)
    } else if (isReview(asked)) {
      changed = withHeader(
        withHeader(withHeader(headers, 'accept-encoding', 'identity'), 'if-none-match', undefined),
        'accept',
        'application/json',
      )
      change = (_, answered) => ({ headers: withoutLength(answered), body: reviewChange((facts) => decide(exchange, facts)) })
    }
  } catch (error) {
    answer.admission.withdraw({ status: 'failed' })
    return say(exchange, speakable(error), number)
  }
  await forward({
    exchange,
    admitted: answer,
    request: upstream(changed),
    change: ({ status, headers: answered }, target) => {
      const masked = change?.(status, answered) ?? { headers: answered }
      // What is behind a proxy may show what it was sent; an API server never does.
      return request.proxied ? { headers: masked.headers, body: inOrder(target.redactor(), masked.body) } : masked
    },
    recorded: recordedHead(asked, exchange.request),
    refuse: no,
  })
}

async function masksOf({ request }: Asked, { decision }: Admitted, { maskKey }: Carrying): Promise<AnswerMasks | undefined> {
  if (!decision.masks || decision.masks.length === 0) return undefined
  const { group, resource, subresource, verb } = request.info
  return answerMasks({ masks: decision.masks, group, resource, subresource, verb, key: await maskKey() })
}

function isReview({ operation }: Asked): boolean {
  return operation.facts?.effects.some(({ action }) => action === 'self review') === true
}

/** What the rules say of a request that is not made. */
function decide({ guard, session }: Exchange, facts: Facts): Decision {
  return guard.decide(session, { protocol: 'kubernetes', form: 'request', statement: { text: NOTHING }, facts })
}

const NOTHING = new Uint8Array(0)

function withoutLength(headers: HeaderPairs): HeaderPairs {
  return headers.filter(([name]) => !/^(content-length|etag)$/i.test(name))
}

/** What has no single meaning is recorded as that, in our own words. */
async function notCarried(exchange: Exchange, error: KubernetesError): Promise<void> {
  const refusal = new Refusal('GS_OPERATION_NOT_SUPPORTED', { reason: error.message, next: error.next })
  const operation = { protocol: 'kubernetes', form: 'unsupported', statement: { text: Buffer.from(error.message) } } as const
  const answer = await govern(
    exchange,
    {
      operation,
      refusal,
      effective: () => {
        throw refusal
      },
    },
    exchange.signal,
  )
  if (isAdmitted(answer)) throw new TypeError('what is not carried is not admitted')
  say(exchange, answer.refusal === refusal ? error : answer.refusal, answer.number)
}

function refuse(exchange: Exchange, { refusal, number }: Refused, facts: Facts | undefined): void {
  say(exchange, withListHint(refusal, facts?.k8s), number)
}

/** Says no, and has it recorded. @param number of the operation; undefined: the request is in the recording already */
export function say(exchange: Exchange, error: CodedError, number: number | undefined): void {
  const { exchanges } = exchange.session
  const { method, rawPath } = exchange.request
  if (number !== undefined) exchanges?.request(number, { method, target: rawPath })
  const said = speak(exchange, error)
  if (!said) return
  const body = exchanges?.answer({ status: said.status, type: 'application/json' })
  body?.add(said.body)
  body?.end('complete')
}

import { type CodedError, type EffectiveOperation, type Facts, type Operation, Refusal } from '../../../operations/index.ts'
import {
  type Admitted,
  ClientLeft,
  type Exchange,
  forward,
  govern,
  type HeaderPairs,
  isAdmitted,
  type Refused,
  speakable,
  type UpstreamRequest,
} from '../../http/index.ts'
import { KubernetesError } from '../errors.ts'
import { type Asked, effectiveOperation, type Repeated, readAsked, readHead, recordedHead, retrying } from './asked.ts'
import { type Changing, changing } from './changing.ts'
import { openChannel } from './channel.ts'
import { forwardedHeaders } from './headers.ts'
import { withListHint } from './list-hint.ts'
import { objectVersion } from './object-version.ts'
import type { Retries } from './retries.ts'
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
      effective: async () => {
        mayBeUnseen(exchange, effectiveOperation(asked, resource.name), operation)
        return effectiveOperation(asked, resource.name, await objectVersion(exchange, asked))
      },
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

/** @throws Refusal where content follows that nobody has seen, and no rule lets persons approve that */
function mayBeUnseen({ guard, session }: Exchange, { stream }: EffectiveOperation, operation: Operation): void {
  if (!stream || guard.decide(session, operation).ask?.stream !== false) return
  throw new Refusal('GS_APPROVAL_UNAVAILABLE', {
    reason: 'What would be sent is not known when persons are asked, and no rule lets them approve it unseen.',
    next: 'Run one command without -i and -t, send no body to what is behind a proxy, or ask the owner of the rule for stream: true.',
  })
}

async function admitted(
  exchange: Exchange,
  carrying: Carrying,
  asked: Asked,
  answer: Admitted,
  failed: (number: number) => void,
): Promise<void> {
  const { request } = asked
  const { number, admission } = answer
  const isChannel = request.channel !== '' && request.upgrade
  const kind = isChannel ? 'channel' : request.proxied ? 'proxied' : 'request'
  const headers = forwardedHeaders(exchange.request.headers, kind, `${exchange.session.id}-${number}`)
  const no = (error: CodedError) => say(exchange, error, undefined)
  let maskKey: Uint8Array | undefined
  let changed: Changing
  try {
    if (answer.decision.masks?.length) maskKey = await carrying.maskKey()
    changed = changing(exchange, asked, answer, headers, maskKey)
  } catch (error) {
    admission.withdraw({ status: 'failed' })
    return say(exchange, speakable(error), number)
  }
  const upstream = upstreamOf(exchange, asked, changed.headers)
  if (isChannel) return openChannel({ exchange, asked, admitted: answer, upstream, maskKey, no, failed: () => failed(number) })
  await forward({
    exchange,
    admitted: answer,
    request: upstream,
    change: changed.change,
    recorded: recordedHead(asked, exchange.request),
    refuse: no,
  })
}

function upstreamOf(exchange: Exchange, { request, identity, carried }: Asked, headers: HeaderPairs): UpstreamRequest {
  const { bodyLength } = exchange.request
  return {
    ...{ method: request.method, path: request.target, headers },
    ...(identity && { impersonate: identity }),
    ...(carried.kind === 'whole' && { body: carried.bytes }),
    ...(carried.kind === 'large' && { body: carried.stream, ...(bodyLength !== undefined && { bodyLength }) }),
  }
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
  const body = exchanges?.answer({ status: said.status, type: said.type })
  body?.add(said.body)
  body?.end('complete')
}

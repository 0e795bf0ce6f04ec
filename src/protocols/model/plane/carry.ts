import {
  type CodedError,
  type EffectiveOperation,
  type MaskCount,
  type ModelResource,
  type Operation,
  type OperationReference,
  Refusal,
} from '../../../operations/index.ts'
import {
  ClientLeft,
  type Exchange,
  firstOf,
  govern,
  HttpError,
  isAdmitted,
  type Repeated,
  StrictJsonError,
  speakable,
  strictJson,
  utf8Text,
} from '../../http/index.ts'
import { ModelError } from '../errors.ts'
import { type MaskedPrompt, type PromptAnalyzer, type PromptMasking, promptMasking } from '../mask/index.ts'
import { withoutOwnCredentials } from '../request/own-credentials.ts'
import { type AskedRequest, MOST_READ, readAsked } from '../request/read-request.ts'
import type { BodyRoom } from './body-room.ts'
import { forwardCall } from './forward-call.ts'
import { forwardOther } from './forward-other.ts'
import { KeepAlive, type KeepAliveTimes } from './keep-alive.ts'
import type { Attempt, Retries } from './retries.ts'
import { speak } from './speak.ts'
import { forwardedBody, headOf, statementOf } from './statement.ts'

/** What the requests of a plane share. */
export interface Carrying {
  readonly retries: Retries
  /** What is known of the requests of a session. */
  readonly repeated: (exchange: Exchange) => Repeated
  /** Of the operator `hash` of masks. */
  readonly maskKey: () => Promise<Uint8Array | undefined>
  /** Whom masks ask about prompts, where one is configured. */
  readonly analyzer: () => PromptAnalyzer | undefined
  /** Names of resources whose servers refuse to be asked for usage. */
  readonly refusesAsking: Set<string>
  readonly keepAlive: KeepAliveTimes
  readonly room: BodyRoom
}

/** A request, ready to be forwarded once it is admitted. */
interface Prepared {
  readonly asked: AskedRequest
  /** As it is forwarded. */
  readonly body: Buffer | undefined
  /** The same without being asked for usage. */
  readonly unasked: Buffer | undefined
  readonly operation: Operation
  readonly maskKey: Uint8Array | undefined
  /** What was masked of it. */
  readonly masked: readonly MaskCount[]
}

/** The way of one request. Never rejects. */
export async function carry(exchange: Exchange, carrying: Carrying): Promise<void> {
  const keepAlive = new KeepAlive(exchange.answer, carrying.keepAlive)
  const held: Held = { release: () => {} }
  try {
    await judged(exchange, carrying, keepAlive, held)
  } catch (error) {
    if (error instanceof ClientLeft) return exchange.answer.cut()
    say(exchange, speakable(error), 0, keepAlive)
  } finally {
    keepAlive.stop()
    held.release()
  }
}

/** Room for the body, for as long as it is held. */
interface Held {
  release: () => void
}

/** The door hands each plane what is of its kind. */
const resourceOf = ({ resource }: Exchange): ModelResource => resource as ModelResource

async function judged(exchange: Exchange, carrying: Carrying, keepAlive: KeepAlive, held: Held): Promise<void> {
  const { session, resource, request: door, signal } = exchange
  let prepared: Prepared
  try {
    held.release = await carrying.room.take(session.run.id, Math.min(door.bodyLength ?? MOST_READ, MOST_READ), signal)
    prepared = await prepare(exchange, carrying)
  } catch (error) {
    if (error instanceof ModelError || error instanceof HttpError) return notCarried(exchange, error, keepAlive)
    throw error
  }
  const { asked } = prepared
  const attempt: Attempt = {
    ...{ run: session.run.id, resource: resource.name, headers: door.headers },
    text: prepared.operation.statement.text,
  }
  const retryOf = carrying.retries.take(attempt)
  const operation = retryOf ? { ...prepared.operation, retryOf } : prepared.operation
  const streams = asked.facts.model?.stream === true
  const patience = streams ? undefined : patienceOf(exchange)
  const answer = await govern(
    exchange,
    {
      operation,
      effective: () => effective(exchange, prepared),
      ...(streams && { waiting: () => keepAlive.start() }),
      ...(patience !== undefined && { patience }),
    },
    signal,
  )
  keepAlive.stop()
  const failed = (number: number) => {
    const of: OperationReference = { session: session.id, operation: number }
    carrying.retries.failed(attempt, of)
  }
  if (!isAdmitted(answer)) {
    failed(answer.number)
    return say(exchange, answer.refusal, answer.number, keepAlive)
  }
  for (const [mask, what, count] of prepared.masked) answer.admission.masked(mask, what, count)
  const call = {
    ...{ exchange, asked, admitted: answer, resource: resourceOf(exchange), keepAlive },
    // The guard has seen them, and said so in the trail.
    body: prepared.body && withoutOwnCredentials(prepared.body),
    unasked: prepared.unasked && withoutOwnCredentials(prepared.unasked),
    maskKey: prepared.maskKey,
    refusesAsking: () => void carrying.refusesAsking.add(resource.name),
    refuse: (error: CodedError) => say(exchange, error, undefined, keepAlive),
    failed: () => failed(answer.number),
  }
  return asked.endpoint && SPOKEN.has(asked.endpoint.name) ? forwardCall(call) : forwardOther(call)
}

/** Whose answers speak, and may call tools. */
const SPOKEN: ReadonlySet<string> = new Set(['chat', 'responses', 'messages', 'completions'])

/** Reads it, and has it masked where a mask holds for who asks. @throws ModelError, HttpError; whatever its body breaks with */
async function prepare(exchange: Exchange, carrying: Carrying): Promise<Prepared> {
  const { guard, session, request: door, signal } = exchange
  const resource = resourceOf(exchange)
  const asks = resource.usage === 'ask' && !carrying.refusesAsking.has(resource.name)
  const asked = await readAsked(door, asks ? resource : { ...resource, usage: 'estimate' }, signal)
  const { body, unasked } = forwardedBody(asked)
  const make = (bytes = body): Operation => ({
    ...{ protocol: 'model', form: 'request', statement: statementOf(asked, bytes), facts: asked.facts },
    ...(asked.cost && { cost: asked.cost }),
    ...(asked.agent && { claims: asked.agent }),
  })
  const operation = asked.body.kind === 'none' ? carrying.repeated(exchange).get(headOf(asked), make) : make()
  const { masks = [] } = guard.decide(session, operation)
  const unmasked = { asked, body, unasked, operation, masked: [] }
  if (masks.length === 0) return { ...unmasked, maskKey: undefined }
  const maskKey = await carrying.maskKey()
  const masking = promptMasking(masks, maskKey, carrying.analyzer())
  if (!masking) return { ...unmasked, maskKey }
  const prompt = await maskedPrompt(asked, masking, signal)
  if (prompt === undefined) return { ...unmasked, maskKey }
  const forwarded = forwardedBody(asked, prompt.body)
  return { asked, ...forwarded, operation: make(forwarded.body), maskKey, masked: prompt.counts }
}

/**
 * Also of what is no call, such as an item of a conversation that the provider keeps.
 * @returns undefined where there is nothing that detectors read
 * @throws ModelError where nobody can look into it; Refusal where the analyzer is silent
 */
async function maskedPrompt(
  { body, target }: AskedRequest,
  masking: PromptMasking,
  signal: AbortSignal,
): Promise<MaskedPrompt | undefined> {
  if (body.kind === 'large') throw new ModelError('GS_MODEL_BODY_TOO_LARGE')
  if (body.kind === 'none' || body.bytes.length === 0) return undefined
  if (body.json !== undefined || isJson(body.bytes)) return masking.mask(body.bytes, signal)
  if (/json|^text\//i.test(firstOf(target.headers, 'content-type') ?? '')) throw new ModelError('GS_MODEL_BODY')
  if (masking.refusesBinary) throw new ModelError('GS_MODEL_BINARY_REFUSED')
  return undefined
}

function isJson(bytes: Buffer): boolean {
  try {
    strictJson(utf8Text(bytes))
    return true
  } catch (error) {
    if (error instanceof StrictJsonError) return false
    throw error
  }
}

/** @throws Refusal where content follows that nobody has seen, and no rule lets persons approve that */
function effective({ guard, session, resource }: Exchange, { asked, operation }: Prepared): EffectiveOperation {
  const stream = asked.body.kind === 'large'
  if (stream && guard.decide(session, operation).ask?.stream === false) {
    throw new Refusal('GS_APPROVAL_UNAVAILABLE', {
      reason: 'What would be sent is not known when persons are asked, and no rule lets them approve it unseen.',
      next: 'Send less than 3 MiB at once, or ask the owner of the rule for stream: true.',
    })
  }
  const { text, recorded } = operation.statement
  return {
    ...{ protocol: 'model', resource: resource.name, parts: [{ label: 'request', content: text, ...(recorded && { recorded }) }] },
    ...{ session: {}, facts: operation.facts ? [operation.facts] : [], stream },
  }
}

/**
 * How long a client that is not streamed to can be held, ms: half of the time that its SDK says it waits, as the model needs some of it too.
 * @returns undefined where it does not say
 */
function patienceOf({ request: { headers } }: Exchange): number | undefined {
  const said = firstOf(headers, 'x-stainless-timeout') ?? firstOf(headers, 'x-stainless-read-timeout')
  const seconds = Number(said)
  return said !== undefined && Number.isFinite(seconds) && seconds > 0 ? seconds * 500 : undefined
}

/** What has no single meaning is recorded as that, in our own words. */
async function notCarried(exchange: Exchange, error: ModelError | HttpError, keepAlive: KeepAlive): Promise<void> {
  const refusal = new Refusal('GS_OPERATION_NOT_SUPPORTED', { reason: error.message, next: error.next })
  const operation: Operation = { protocol: 'model', form: 'unsupported', statement: { text: Buffer.from(error.message) } }
  const answer = await govern(exchange, { operation, refusal, effective: () => Promise.reject(refusal) }, exchange.signal)
  if (isAdmitted(answer)) throw new TypeError('what is not carried is not admitted')
  say(exchange, answer.refusal === refusal ? error : answer.refusal, answer.number, keepAlive)
}

/** Says no, and has it recorded. @param number of the operation; undefined: the request is in the recording already */
function say(exchange: Exchange, error: CodedError, number: number | undefined, keepAlive: KeepAlive): void {
  const { exchanges } = exchange.session
  const { method, rawPath } = exchange.request
  if (number !== undefined) exchanges?.request(number, { method, target: rawPath })
  const said = speak(exchange, resourceOf(exchange).api, error, keepAlive.begun)
  if (!said) return
  const body = exchanges?.answer({ status: said.status, type: said.type })
  body?.add(said.body)
  body?.end('complete')
}

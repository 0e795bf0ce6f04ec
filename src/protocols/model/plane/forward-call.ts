import { Readable } from 'node:stream'
import { type CodedError, type Json, Refusal } from '../../../operations/index.ts'
import {
  type BodyChange,
  type ChangedAnswer,
  changedAnswer,
  failed as endInFailure,
  firstOf,
  type HeaderPairs,
  type HttpTarget,
  lookedInto,
  passAnswer,
  shownHeaders,
  Timed,
  type UpstreamAnswer,
} from '../../http/index.ts'
import type { AnswerReading } from '../answer/judging.ts'
import { KeyInPieces } from '../answer/key-in-pieces.ts'
import { judgeWhole, wholeAnswer } from '../answer/read-whole.ts'
import { eventsShown } from '../answer/show-events.ts'
import { type ToolCall, ToolCalls } from '../answer/tool-calls.ts'
import { Used } from '../answer/used.ts'
import { ModelError } from '../errors.ts'
import { answerMasking, type ModelAnswerMasking } from '../mask/index.ts'
import { priced } from '../request/cost.ts'
import { isObject } from '../request/json.ts'
import { errorEvent, providerErrorEvent } from './error-shape.ts'
import { answerJudge } from './judge-answer.ts'
import { type ModelCall, recordedHead, upstreamOf } from './model-call.ts'

/** Headers that are about bytes which are changed. */
const ABOUT_BYTES = /^(content-length|etag|digest|content-digest|repr-digest|content-md5|accept-ranges|content-range)$/i
/** An error of a provider is not longer; bytes. */
const LONGEST_ERROR = 1024 * 1024

/**
 * Sends a call that was admitted, shows its answer as it comes, judges the tools that it names, says what it used, and settles. Never rejects: what goes
 * wrong is said while that can be, and afterwards the answer is cut.
 */
export async function forwardCall(call: ModelCall): Promise<void> {
  const { exchange, admitted, resource } = call
  const { admission, number } = admitted
  const timed = new Timed(exchange.signal, admission)
  const { signal } = timed
  const progress: Showing = { sent: false, status: undefined, shows: 'nothing' }
  let completed = false
  try {
    exchange.session.exchanges?.request(number, recordedHead(call))
    const target = await exchange.target()
    signal.throwIfAborted()
    progress.sent = true
    const { answer, asksUsage } = await send(call, target, signal)
    progress.status = answer.status
    const refused = await show({ call, answer, target, signal, strips: asksUsage, progress })
    const code = String(answer.status)
    completed = answer.status < 400 && refused === undefined
    admission.settle({ status: refused ? 'cancelled' : completed ? 'completed' : 'failed', code })
  } catch (error) {
    const { sent, status, shows } = progress
    if ((error instanceof Refusal || error instanceof ModelError) && shows === 'events' && exchange.answer.begun) {
      // Between two events: clients throw it, where a connection that is cut would tell them nothing.
      admission.settle({ status: error instanceof Refusal ? 'cancelled' : 'failed', ...(status !== undefined && { code: String(status) }) })
      void exchange.answer.write(errorEvent(resource.api, error).bytes)
      exchange.answer.end()
    } else {
      endInFailure(exchange, admission, error, { sent, status, unsaid: call.keepAlive.begun && shows === 'nothing' }, call.refuse)
    }
  } finally {
    timed.stop()
    if (!completed) call.failed()
  }
}

interface Showing {
  sent: boolean
  status: number | undefined
  /** What the client has got, or is about to. */
  shows: 'nothing' | 'events' | 'whole'
}

/**
 * Sends it. Some servers do not know how to be asked for usage, and refuse the whole call: they get it as its client sent it.
 * @returns the answer, and whether it was asked for its usage
 */
async function send(call: ModelCall, target: HttpTarget, signal: AbortSignal): Promise<{ answer: UpstreamAnswer; asksUsage: boolean }> {
  const { asked, unasked, exchange } = call
  const interim = (status: number, headers: HeaderPairs) =>
    exchange.answer.inform(status, shownHeaders(headers, target, exchange.request.base))
  const headers = lookedInto(asked.target.headers, [])
  const answer = await target.request({ ...upstreamOf(call, headers), interim }, signal)
  const mayRefuseAsking = asked.asksUsage && unasked !== undefined && (answer.status === 400 || answer.status === 422)
  if (!mayRefuseAsking) return { answer, asksUsage: asked.asksUsage }
  const said = await upTo(answer.body, LONGEST_ERROR)
  if (!said.includes('stream_options')) return { answer: { ...answer, body: Readable.from([said]) }, asksUsage: false }
  call.refusesAsking()
  const again = await target.request({ ...upstreamOf({ asked, body: unasked }, headers), interim }, signal)
  return { answer: again, asksUsage: false }
}

/** What of an error is looked at. */
async function upTo(body: Readable, most: number): Promise<Buffer> {
  const pieces: Buffer[] = []
  let size = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    pieces.push(chunk)
    size += chunk.length
    if (size > most) break
  }
  return Buffer.concat(pieces)
}

interface ToShow {
  readonly call: ModelCall
  readonly answer: UpstreamAnswer
  readonly target: HttpTarget
  readonly signal: AbortSignal
  readonly strips: boolean
  readonly progress: Showing
}

/** @returns why its client got a "no" instead of all of it */
async function show(to: ToShow): Promise<CodedError | undefined> {
  const { call, answer } = to
  if (answer.status >= 300) return showError(to)
  const encoding = firstOf(answer.headers, 'content-encoding')
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') throw new ModelError('GS_MODEL_ANSWER_ENCODED')
  const reading: AnswerReading = {
    calls: new ToolCalls(call.asked.facts.model?.tools),
    used: new Used(),
    judge: answerJudge(call.exchange, call.asked.facts, call.asked.target.target, to.signal),
  }
  const masks = call.admitted.decision.masks ?? []
  const mask = call.asked.endpoint && masks.length > 0 ? answerMasking(masks, call.maskKey) : undefined
  const isEvents = /^text\/event-stream *(;|$)/i.test(firstOf(answer.headers, 'content-type') ?? '')
  const refused = isEvents ? await showEvents(to, reading, mask) : await showWhole(to, reading, mask)
  return refused
}

/** As it is: what went wrong, and what the provider says that its client should do. */
async function showError({ call, answer, target, signal, progress }: ToShow): Promise<undefined> {
  const { exchange, admitted, asked, maskKey, keepAlive, resource } = call
  const { admission, decision } = admitted
  admission.spent({ inputTokens: 0, outputTokens: 0 })
  const changing = { masks: decision.masks ?? [], maskKey, base: exchange.request.base, method: asked.target.method }
  const changed = changedAnswer(answer, target, changing)
  if (!keepAlive.begun) {
    progress.shows = 'whole'
    await passAnswer(exchange, admission, { ...answer, trailers: () => [] }, changed, signal)
    return
  }
  // Its status was said before anybody knew.
  const text = await upTo(answer.body, LONGEST_ERROR)
  const said = Buffer.concat([changed.body?.push(text, performance.now()) ?? text, changed.body?.end() ?? NOTHING]).toString()
  const { bytes } = providerErrorEvent(
    resource.api,
    isJsonObject(said) ? said.replaceAll('\n', ' ') : JSON.stringify({ error: { message: said } }),
  )
  progress.shows = 'events'
  await passAnswer(exchange, admission, { ...answer, body: Readable.from([bytes]), trailers: () => [] }, { headers: [] }, signal)
}

async function showEvents(
  { call, answer, target, signal, strips, progress }: ToShow,
  reading: AnswerReading,
  mask: ModelAnswerMasking | undefined,
) {
  const { exchange, admitted, resource, asked } = call
  const { admission } = admitted
  let refused: CodedError | undefined
  const shownCalls = mask ? new ToolCalls() : reading.calls
  const events = eventsShown({
    ...{ body: answer.body, redact: redactedBy(target), key: new KeyInPieces(() => target.redactor()), reading, strips, mask, shownCalls },
    errorEvent: (error) => errorEvent(resource.api, error),
    refused: (error) => {
      refused = error
    },
  })
  const changed: ChangedAnswer = {
    headers: shownHeaders(answer.headers, target, exchange.request.base).filter(([name]) => !ABOUT_BYTES.test(name)),
    ...(mask && { body: counting(mask) }),
  }
  progress.shows = 'events'
  try {
    const shown = { ...answer, body: endingWith(events, answer.body), trailers: () => [] }
    await passAnswer(exchange, admission, shown, changed, signal)
    // What was broken off was paid for too, and nobody says how much.
    if (refused === undefined && reading.used.said) admission.spent(priced(resource, asked.model, reading.used.said))
  } finally {
    exchange.session.exchanges?.toolCalls(shownCalls.all)
  }
  return refused
}

async function showWhole({ call, answer, target, signal, progress }: ToShow, reading: AnswerReading, mask: ModelAnswerMasking | undefined) {
  const { exchange, admitted, resource, asked, refuse, keepAlive } = call
  const { admission } = admitted
  const bytes = await wholeAnswer(answer.body, target.redactor())
  const refused = await judgeWhole(bytes, reading)
  if (reading.used.said) admission.spent(priced(resource, asked.model, reading.used.said))
  if (refused) {
    refuse(refused)
    return refused
  }
  // Its client was promised a stream, which this is not.
  if (keepAlive.begun) throw new ModelError('GS_MODEL_ANSWER_UNREADABLE')
  const masking = mask?.json()
  const shown = masking ? Buffer.concat([masking.push(bytes, performance.now()), masking.end()]) : bytes
  const headers: HeaderPairs = [
    ...shownHeaders(answer.headers, target, exchange.request.base).filter(([name]) => !ABOUT_BYTES.test(name)),
    ['Content-Length', String(shown.length)],
  ]
  progress.shows = 'whole'
  const body = shown.length > 0 ? Readable.from([shown]) : Readable.from([])
  const changed = { headers, ...(masking && { body: counting(masking) }) }
  await passAnswer(exchange, admission, { ...answer, body, trailers: () => [] }, changed, signal)
  exchange.session.exchanges?.toolCalls(masking ? callsIn(shown) : reading.calls.all)
  return undefined
}

function callsIn(answer: Buffer): readonly ToolCall[] {
  return new ToolCalls().read(JSON.parse(answer.toString()) as Json)
}

/** Of something whole, wherever it was cut. @returns the same bytes where there is nothing to take out */
function redactedBy(target: Pick<HttpTarget, 'redactor'>): (bytes: Uint8Array) => Uint8Array {
  return (bytes) => {
    const redactor = target.redactor()
    const shown = redactor.push(bytes, 0)
    const rest = redactor.end()
    const redacted = rest.length > 0 ? Buffer.concat([shown, rest]) : shown
    return Buffer.compare(redacted, bytes) === 0 ? bytes : redacted
  }
}

/** Changes nothing: it was changed before. Says what was masked. */
const counting = (masking: Pick<BodyChange, 'counts'>): BodyChange => ({
  push: (bytes) => bytes,
  end: () => NOTHING,
  counts: () => masking.counts?.() ?? [],
})

/** What is made of a stream, as one that ends its source with it: a generator that waits for its source cannot be ended. */
function endingWith(made: AsyncGenerator<Uint8Array>, source: Readable): Readable {
  const shown = Readable.from(made, { highWaterMark: 1 })
  const { destroy } = shown
  shown.destroy = (error) => {
    source.destroy(error)
    return destroy.call(shown, error)
  }
  return shown
}

function isJsonObject(text: string): boolean {
  try {
    return isObject(JSON.parse(text))
  } catch {
    return false
  }
}

const NOTHING = new Uint8Array(0)

import type { Readable } from 'node:stream'
import type { CodedError } from '../../../operations/index.ts'
import { ModelError } from '../errors.ts'
import type { ModelAnswerMasking } from '../mask/index.ts'
import { SSE_KEEP_ALIVE, SseDecoder, type SseEvent, SseTooLong } from '../stream/sse.ts'
import { type AnswerReading, readable } from './judging.ts'
import type { ToolCalls } from './tool-calls.ts'
import { withoutUsage } from './usage-chunk.ts'

export interface EventsToShow {
  readonly body: Readable
  /** Takes the credential out of one event. @returns the same bytes where it is not there */
  readonly redact: (event: Uint8Array) => Uint8Array
  readonly reading: AnswerReading
  /** Whether its client did not ask for usage, and the gateway did. */
  readonly strips: boolean
  readonly mask: ModelAnswerMasking | undefined
  /** What its client is shown of tool calls; where nothing is masked, what is read. */
  readonly shownCalls: ToolCalls
  /** A "no" as an event. */
  readonly errorEvent: (error: CodedError) => SseEvent
  /** Called once, where the answer ends in a "no". */
  readonly refused: (error: CodedError) => void
}

/** While a person is asked, ms. */
const KEEP_ALIVE_MS = 10_000
const DONE = '[DONE]'

/**
 * A provider's stream of events as its client may see it: each event as soon as it is over, and none that names a tool before that is judged. Where it
 * may not be called, an event that says so ends the stream: no client takes what came before for a whole answer.
 * @throws ModelError where nobody can tell what an event says; whatever the body breaks with
 */
export async function* eventsShown(parts: EventsToShow): AsyncGenerator<Uint8Array> {
  const { body, mask, redact } = parts
  const decoder = new SseDecoder()
  const source = body[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  let next = source.next()
  try {
    for (;;) {
      const come = await within(next, mask?.deadline)
      if (come === undefined) {
        const due = masked(mask?.expire(performance.now()) ?? [], parts)
        if (due.length > 0) yield joined(due)
        continue
      }
      if (come.done) break
      next = source.next()
      next.catch(() => undefined)
      const now = performance.now()
      if (yield* shown(decode(decoder, come.value, redact), parts, now)) return
    }
    // The last line of some servers has no blank one behind it, and some clients take it for an event.
    const rest = decoder.end()
    if (rest.length > 0 && (yield* shown(decode(new SseDecoder(), ended(rest), redact), parts, performance.now()))) return
    const held = masked(mask?.end() ?? [], parts)
    if (held.length > 0) yield joined(held)
  } finally {
    body.destroy()
  }
}

/** @returns whether that was the end of it */
async function* shown(events: readonly SseEvent[], parts: EventsToShow, now: number): AsyncGenerator<Uint8Array, boolean> {
  const { reading, strips, mask, errorEvent, refused } = parts
  let out: SseEvent[] = []
  for (const event of events) {
    const named = event.data === undefined || event.data === '' || event.data === DONE ? [] : read(event, reading)
    for (const call of named) {
      if (reading.judge.allowed(call)) continue
      if (out.length > 0) yield joined(out)
      out = []
      const refusal = yield* keptAlive(reading.judge.judge({ ...call }, false))
      if (refusal === undefined) continue
      const held = mask?.end() ?? []
      yield joined([...held, errorEvent(refusal)])
      refused(refusal)
      return true
    }
    const passed = strips ? withoutUsage(event) : event
    if (passed === undefined) continue
    if (mask) out.push(...masked(mask.event(passed, now), parts))
    else out.push(passed)
  }
  if (out.length > 0) yield joined(out)
  return false
}

function masked(events: readonly SseEvent[], { shownCalls }: EventsToShow): readonly SseEvent[] {
  for (const { json } of events) shownCalls.read(json)
  return events
}

/** @throws ModelError GS_MODEL_ANSWER_UNREADABLE */
function read(event: SseEvent, { calls, used }: AnswerReading) {
  const json = readable(event.data ?? '', event.json)
  // Whoever could read it where we cannot might find a tool call in it.
  if (json === undefined) throw new ModelError('GS_MODEL_ANSWER_UNREADABLE')
  used.read(json)
  return calls.read(json)
}

const ended = (rest: Uint8Array): Uint8Array => Buffer.concat([rest, Buffer.from('\n\n')])

function decode(decoder: SseDecoder, bytes: Uint8Array, redact: EventsToShow['redact']): readonly SseEvent[] {
  try {
    return decoder.push(bytes).flatMap((event) => {
      const redacted = redact(event.bytes)
      return redacted === event.bytes ? event : new SseDecoder().push(redacted)
    })
  } catch (error) {
    throw error instanceof SseTooLong ? new ModelError('GS_MODEL_ANSWER_UNREADABLE') : error
  }
}

async function* keptAlive<Result>(result: Promise<Result>): AsyncGenerator<Uint8Array, Result> {
  for (;;) {
    const come = await within(
      result.then((value) => ({ value })),
      performance.now() + KEEP_ALIVE_MS,
    )
    if (come) return come.value
    yield SSE_KEEP_ALIVE
  }
}

/** @param deadline of `performance.now()`, ms; undefined: none. @returns undefined where that came first */
async function within<Result>(result: Promise<Result>, deadline: number | undefined): Promise<Result | undefined> {
  if (deadline === undefined) return result
  let timer: NodeJS.Timeout | undefined
  try {
    return await Promise.race([
      result,
      new Promise<undefined>((resolve) => {
        timer = setTimeout(() => resolve(undefined), Math.max(1, deadline - performance.now()))
      }),
    ])
  } finally {
    clearTimeout(timer)
  }
}

const joined = (events: readonly SseEvent[]): Uint8Array =>
  events.length === 1 ? events[0]!.bytes : Buffer.concat(events.map(({ bytes }) => bytes))

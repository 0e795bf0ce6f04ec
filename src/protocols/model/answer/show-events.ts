import type { Readable } from 'node:stream'
import type { CodedError } from '../../../operations/index.ts'
import { ModelError } from '../errors.ts'
import type { ModelAnswerMasking } from '../mask/index.ts'
import { LONGEST_EVENT, SSE_KEEP_ALIVE, SseDecoder, type SseEvent, SseTooLong } from '../stream/sse.ts'
import { type AnswerReading, readable } from './judging.ts'
import type { KeyInPieces } from './key-in-pieces.ts'
import type { ToolCall, ToolCalls } from './tool-calls.ts'
import { withoutUsage } from './usage-chunk.ts'

export interface EventsToShow {
  readonly body: Readable
  /** Takes the credential out of one event. @returns the same bytes where it is not there */
  readonly redact: (event: Uint8Array) => Uint8Array
  readonly reading: AnswerReading
  /** Where a text may hold the credential in pieces. */
  readonly key?: KeyInPieces
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
 * may not be called, an event that says so ends the stream: no client takes what came before for a whole answer. Where a person is asked about a tool,
 * nothing more is shown until its arguments are all there, and that person has answered.
 * @throws ModelError where nobody can tell what an event says; whatever the body breaks with
 */
export async function* eventsShown(parts: EventsToShow): AsyncGenerator<Uint8Array> {
  const { body, mask, redact } = parts
  const decoder = new SseDecoder()
  const source = body[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  const holding: Holding = { events: undefined, bytes: 0, calls: [], told: 0 }
  let next = source.next()
  try {
    for (;;) {
      const come = await within(next, holding.events ? holding.told + KEEP_ALIVE_MS : mask?.deadline)
      if (holding.events && performance.now() - holding.told >= KEEP_ALIVE_MS) {
        holding.told = performance.now()
        yield SSE_KEEP_ALIVE
      }
      if (come === undefined) {
        const due = masked(mask?.expire(performance.now()) ?? [], parts)
        if (due.length > 0) yield joined(due)
        continue
      }
      if (come.done) break
      next = source.next()
      next.catch(() => undefined)
      const now = performance.now()
      if (yield* shown(decode(decoder, come.value, redact), parts, holding, now)) return
    }
    // The last line of some servers has no blank one behind it, and some clients take it for an event.
    const rest = decoder.end()
    if (rest.length > 0 && (yield* shown(decode(new SseDecoder(), ended(rest), redact), parts, holding, performance.now()))) return
    if (yield* released(holding, parts)) return
    const held = masked(mask?.end() ?? [], parts)
    if (held.length > 0) yield joined(held)
  } finally {
    body.destroy()
  }
}

/** What is held back until persons have answered. */
interface Holding {
  /** Undefined: nothing is. */
  events: SseEvent[] | undefined
  bytes: number
  /** Which they are asked about; they grow as their arguments come. */
  readonly calls: ToolCall[]
  /** When the client was last told that somebody is there. */
  told: number
}

/** @returns whether that was the end of it */
async function* shown(
  events: readonly SseEvent[],
  parts: EventsToShow,
  holding: Holding,
  now: number,
): AsyncGenerator<Uint8Array, boolean> {
  const { reading, strips, mask } = parts
  let out: SseEvent[] = []
  for (const event of events) {
    if (event.strays) throw new ModelError('GS_MODEL_ANSWER_UNREADABLE')
    const named = event.data === undefined || event.data === '' || event.data === DONE ? [] : read(event, parts)
    for (const call of named) {
      const verdict = reading.judge.verdict(call)
      if (verdict === 'show') continue
      if (out.length > 0) yield joined(out)
      out = []
      if (verdict === 'judge whole') hold(holding, call, now)
      else if (yield* refusing(call, false, parts)) return true
    }
    const passed = strips ? withoutUsage(event) : event
    if (passed === undefined) continue
    if (holding.events) {
      holding.events.push(passed)
      holding.bytes += passed.bytes.length
      if (holding.bytes > LONGEST_EVENT) throw new ModelError('GS_MODEL_ANSWER_UNREADABLE')
    } else if (mask) out.push(...masked(mask.event(passed, now), parts))
    else out.push(passed)
  }
  if (out.length > 0) yield joined(out)
  return false
}

function hold(holding: Holding, call: ToolCall, now: number): void {
  if (!holding.events) holding.told = now
  holding.events ??= []
  if (!holding.calls.includes(call)) holding.calls.push(call)
}

/** All of it has come: persons are asked, and what they approve is shown. @returns whether it ended in a "no" */
async function* released(holding: Holding, parts: EventsToShow): AsyncGenerator<Uint8Array, boolean> {
  const { events, calls } = holding
  if (!events) return false
  holding.events = undefined
  for (const call of calls) if (yield* refusing(call, true, parts)) return true
  const { mask } = parts
  const out = mask
    ? masked(
        events.flatMap((event) => mask.event(event, performance.now())),
        parts,
      )
    : events
  if (out.length > 0) yield joined(out)
  return false
}

/** @returns whether it was refused, which ends the stream */
async function* refusing(call: ToolCall, whole: boolean, parts: EventsToShow): AsyncGenerator<Uint8Array, boolean> {
  const refusal = yield* keptAlive(parts.reading.judge.judge({ ...call }, whole))
  if (refusal === undefined) return false
  yield joined([...(parts.mask?.end() ?? []), parts.errorEvent(refusal)])
  parts.refused(refusal)
  return true
}

function masked(events: readonly SseEvent[], { shownCalls }: EventsToShow): readonly SseEvent[] {
  for (const { json } of events) shownCalls.read(json)
  return events
}

/** @throws ModelError GS_MODEL_ANSWER_UNREADABLE */
function read(event: SseEvent, { reading: { calls, used }, key }: EventsToShow) {
  const json = readable(event.data ?? '', event.json)
  // Whoever could read it where we cannot might find a tool call in it.
  if (json === undefined) throw new ModelError('GS_MODEL_ANSWER_UNREADABLE')
  key?.look(json)
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

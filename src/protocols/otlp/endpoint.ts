import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import type { Run } from '../../operations/index.ts'
import { firstOf } from '../http/headers.ts'
import type { DoorRequest, OwnEndpoint } from '../http/plane.ts'
import { readBody } from '../http/relay/read-body.ts'
import { CONTENT_TYPES, type Encoding, exported, failed } from './answer.ts'
import { isAboutModels, keepSpan } from './keep-span.ts'
import { TooManyParts } from './parts.ts'
import { spansInJson } from './read-json.ts'
import { spansInProtobuf } from './read-protobuf.ts'
import type { ClaimedSpan } from './span.ts'

/** Bytes of one request, sent and unpacked. */
export const MOST_BYTES = 4 * 1024 * 1024
const unpacked = promisify(gunzip)

/** Where spans go. */
export interface SpanSink {
  /** Spans of one run that may be kept. */
  readonly most: number
  /**
   * @param other spans that were sent besides, and are about nothing that is kept
   * @returns how many of them are kept; undefined where the run is over
   */
  take(run: Run, spans: readonly ClaimedSpan[], other: number): number | undefined
}

/** What is said instead of taking a request. */
class Refused {
  readonly status: number
  readonly message: string
  constructor(status: number, message: string) {
    this.status = status
    this.message = message
  }
}

/**
 * Takes spans as OpenTelemetry's exporters send them (OTLP/HTTP, protobuf or JSON, plain or gzip), at `/v1/traces` below where it stands. They say what a
 * job claims of itself; those that are about models, agents and tools are kept, as such. It answers as OTLP says, partial success too.
 */
export function createOtlpEndpoint(sink: SpanSink): OwnEndpoint {
  return async ({ request, answer, run, signal }) => {
    const encoding = encodingOf(request)
    const say = (status: number, body: Buffer) => {
      answer.begin(status, [
        ['Content-Type', CONTENT_TYPES[encoding ?? 'json']],
        ['Content-Length', String(body.length)],
        ['Cache-Control', 'no-store'],
      ])
      if (body.length > 0) void answer.write(body)
      answer.end()
    }
    try {
      const { rejected, why } = take(sink, run, encoding, await bytesOf(request, encoding, signal))
      say(200, exported(encoding ?? 'json', rejected, why))
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      say(error.status, failed(encoding ?? 'json', error.message))
    }
  }
}

function encodingOf({ headers }: DoorRequest): Encoding | undefined {
  const type = firstOf(headers, 'content-type')?.split(';', 1)[0]?.trim().toLowerCase()
  return (['protobuf', 'json'] as const).find((encoding) => CONTENT_TYPES[encoding] === type)
}

/** @throws Refused; the signal's reason */
async function bytesOf(request: DoorRequest, encoding: Encoding | undefined, signal: AbortSignal): Promise<Buffer> {
  const { rawPath, method, headers, body, bodyLength } = request
  if (/^\/v1\/(metrics|logs|profiles)$/.test(rawPath))
    throw new Refused(404, 'The gateway takes traces only. Set OTEL_METRICS_EXPORTER=none and OTEL_LOGS_EXPORTER=none.')
  if (rawPath !== '/v1/traces') throw new Refused(404, 'The gateway takes traces at /otlp/v1/traces.')
  if (method !== 'POST') throw new Refused(405, 'Traces are sent by POST.')
  if (encoding === undefined) throw new Refused(415, 'The gateway reads application/x-protobuf and application/json.')
  const coding = firstOf(headers, 'content-encoding')?.toLowerCase() ?? 'identity'
  if (coding !== 'identity' && coding !== 'gzip') throw new Refused(415, 'The gateway reads bodies as they are, or in gzip.')
  const read = await readBody(body, bodyLength, MOST_BYTES, signal)
  if (read.kind === 'large') throw new Refused(413, 'One request has at most 4 MiB.')
  const bytes = read.kind === 'none' ? Buffer.alloc(0) : read.bytes
  if (coding === 'identity') return bytes
  try {
    return await unpacked(bytes, { maxOutputLength: MOST_BYTES })
  } catch (error) {
    const large = error instanceof RangeError || (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
    throw large ? new Refused(413, 'One request has at most 4 MiB, unpacked too.') : new Refused(400, 'This is not gzip.')
  }
}

/** @throws Refused */
function take(
  sink: SpanSink,
  run: Run,
  encoding: Encoding | undefined,
  bytes: Buffer,
): { readonly rejected: number; readonly why: string } {
  const kept: ClaimedSpan[] = []
  let [other, malformed] = [0, 0]
  try {
    for (const sent of encoding === 'json' ? spansInJson(bytes) : spansInProtobuf(bytes)) {
      const span = isAboutModels(sent) ? keepSpan(sent) : undefined
      if (span) kept.push(span)
      else if (isAboutModels(sent)) malformed++
      else other++
    }
  } catch (error) {
    if (error instanceof TooManyParts)
      throw new Refused(413, 'There are too many spans and attributes in one request. Send fewer at a time.')
    throw new Refused(400, 'This is no request to export traces.')
  }
  const taken = kept.length + other === 0 ? 0 : sink.take(run, kept, other)
  if (taken === undefined) throw new Refused(401, 'The run is over.')
  const dropped = kept.length - taken
  const why = [
    ...(malformed > 0 ? [`${malformed} have no ids or times that are some`] : []),
    ...(dropped > 0 ? [`${dropped} are more than the ${sink.most} that the gateway keeps of one run`] : []),
  ]
  return { rejected: malformed + dropped, why: `Of these spans, ${why.join(', and ')}.` }
}

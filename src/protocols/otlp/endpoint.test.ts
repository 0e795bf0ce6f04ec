import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { bytes, tracesInJson, tracesInProtobuf } from '../../../test/parts/otlp-bytes.ts'
import type { Run } from '../../operations/index.ts'
import type { DoorAnswer, DoorRequest } from '../http/index.ts'
import { createOtlpEndpoint, type SpanSink } from './endpoint.ts'
import type { ClaimedSpan } from './span.ts'

const run: Run = { id: 'run_1', principal: { kind: 'job', issuer: 'ci', subject: 's', groups: [] }, facts: {}, startedAt: 0 }
const CHAT = { attributes: { 'gen_ai.operation.name': 'chat' } }
const PROTOBUF = 'application/x-protobuf'

/** Spans of nothing: two bytes each. */
const MANY = bytes(1, Buffer.concat(Array(2).fill(bytes(2, Buffer.from('1200'.repeat(99_000), 'hex')))))
const MANY_IN_JSON = Buffer.from(`{"resourceSpans":[{"scopeSpans":[{"spans":[${Array(120_000).fill('{}').join(',')}]}]}]}`)
/** No JSON at all, which nobody finds out. */
const MORE_IN_JSON = Buffer.from(`{"resourceSpans":[${'{},'.repeat(300_000)}`)

interface Sent {
  readonly path?: string
  readonly method?: string
  readonly type?: string
  readonly coding?: string
  readonly body?: Buffer
}

async function send(sent: Sent, room = Number.POSITIVE_INFINITY) {
  const taken: { spans: readonly ClaimedSpan[]; other: number }[] = []
  const sink: SpanSink = {
    most: 10_000,
    take(_run, spans, other) {
      if (Number.isNaN(room)) return undefined
      taken.push({ spans: spans.slice(0, room), other })
      return Math.min(spans.length, room)
    },
  }
  const { path = '/v1/traces', method = 'POST', type = PROTOBUF, coding, body = Buffer.alloc(0) } = sent
  const said: { status?: number; body: Buffer } = { body: Buffer.alloc(0) }
  const answer = {
    begun: false,
    begin: (status: number) => {
      said.status = status
    },
    write: (chunk: Uint8Array) => {
      said.body = Buffer.concat([said.body, chunk])
      return undefined
    },
    end: () => undefined,
  } as unknown as DoorAnswer
  const request: DoorRequest = {
    ...{
      method,
      rawPath: path,
      rawQuery: undefined,
      body: Readable.from(body.length === 0 ? [] : [body]),
      bodyLength: body.length,
      base: '',
    },
    headers: [['Content-Type', type], ...(coding === undefined ? [] : [['Content-Encoding', coding] as [string, string]])],
  }
  await createOtlpEndpoint(sink)({ run, request, answer, signal: new AbortController().signal })
  return { ...said, text: said.body.toString(), taken }
}

describe('what is sent', () => {
  it('is taken in protobuf and JSON, as it is and in gzip, and answered with nothing to say', async () => {
    for (const body of [tracesInProtobuf([CHAT, { attributes: {} }]), gzipSync(tracesInProtobuf([CHAT, { attributes: {} }]))]) {
      const { status, text, taken } = await send({ body, ...(body[0] === 0x1f && { coding: 'gzip' }) })
      expect([status, text]).toEqual([200, ''])
      expect(taken).toMatchObject([{ spans: [{ attributes: { 'gen_ai.operation.name': 'chat' } }], other: 1 }])
    }
    const json = await send({ type: 'application/json; charset=utf-8', body: tracesInJson([CHAT]) })
    expect([json.status, json.text, json.taken.length]).toEqual([200, '{}', 1])
  })

  it('is taken in part where there is too much of it, or some of it is none, and that is said', async () => {
    const spans = [CHAT, CHAT, { ...CHAT, trace: '00' }]
    const { status, text } = await send({ type: 'application/json', body: tracesInJson(spans) }, 1)
    expect(status).toBe(200)
    const { partialSuccess } = JSON.parse(text)
    expect(partialSuccess.rejectedSpans).toBe('2')
    expect(partialSuccess.errorMessage).toBe(
      'Of these spans, 1 have no ids or times that are some, and 1 are more than the 10000 that the gateway keeps of one run.',
    )
    const binary = await send({ body: tracesInProtobuf(spans) }, 1)
    // partial_success = 1 { rejected_spans = 1: 2, error_message = 2 }
    expect([...binary.body.subarray(0, 1), ...binary.body.subarray(2, 5)]).toEqual([0x0a, 0x08, 2, 0x12])
    expect(binary.text).toContain('more than the 10000')
  })

  it('is nothing where it is empty', async () => {
    expect(await send({})).toMatchObject({ status: 200, taken: [] })
  })

  it.each([
    [{ path: '/v1/metrics' }, 404, 'OTEL_METRICS_EXPORTER=none'],
    [{ path: '/v1/logs' }, 404, 'traces only'],
    [{ path: '/v2/traces' }, 404, '/otlp/v1/traces'],
    [{ method: 'GET' }, 405, 'POST'],
    [{ type: 'text/plain' }, 415, 'application/x-protobuf'],
    [{ coding: 'br' }, 415, 'gzip'],
    [{ body: Buffer.from('no protobuf') }, 400, 'no request'],
    [{ type: 'application/json', body: Buffer.from('{') }, 400, 'no request'],
    [{ coding: 'gzip', body: Buffer.from('no gzip') }, 400, 'not gzip'],
    [{ coding: 'gzip', body: gzipSync(Buffer.alloc(32 * 1024 * 1024)) }, 413, 'unpacked'],
    [{ body: Buffer.alloc(5 * 1024 * 1024) }, 413, '4 MiB'],
    [{ body: MANY }, 413, 'Send fewer'],
    [{ type: 'application/json', body: MANY_IN_JSON }, 413, 'Send fewer'],
    [{ type: 'application/json', body: MORE_IN_JSON }, 413, 'Send fewer'],
  ] satisfies [Sent, number, string][])('is refused with what to do: %o', async (sent, status, says) => {
    const said = await send(sent)
    expect([said.status, said.taken]).toEqual([status, []])
    expect(said.text).toContain(says)
  })

  it('is taken however long its texts are', async () => {
    const said = '{\\",['.repeat(200_000)
    const body = tracesInJson([{ attributes: { 'gen_ai.operation.name': 'chat', 'gen_ai.input.messages': said } }])
    expect(await send({ type: 'application/json', body })).toMatchObject({ status: 200, taken: [{ spans: [{}] }] })
  })

  it('is refused once the run is over', async () => {
    expect(await send({ body: tracesInProtobuf([CHAT]) }, Number.NaN)).toMatchObject({ status: 401 })
  })
})

import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { everythingHappened } from '../../test/metrics/every-family.ts'
import { type Push, startPush } from './index.ts'

interface Came {
  readonly headers: IncomingHttpHeaders
  readonly body: {
    readonly resourceMetrics: readonly { readonly scopeMetrics: readonly { readonly metrics: readonly { readonly name: string }[] }[] }[]
  }
  readonly at: number
}

let server: Server
let came: Came[]
let answers: { readonly status: number; readonly body?: string; readonly headers?: Record<string, string> }[]
let push: Push | undefined
let lines: string[]

beforeEach(async () => {
  came = []
  answers = []
  lines = []
  server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      came.push({ headers: request.headers, body: JSON.parse(Buffer.concat(chunks).toString()), at: performance.now() })
      const { status, body = '{}', headers = {} } = answers.shift() ?? { status: 200 }
      response.writeHead(status, headers).end(body)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterEach(async () => {
  await push?.close(0)
  await new Promise((resolve) => server.close(resolve).closeAllConnections())
})

function begin(every = 60): Push {
  const log = { info: (_: object, line: string) => void lines.push(line), warn: (_: object, line: string) => void lines.push(line) }
  const metrics = everythingHappened()
  push = startPush({
    ...{ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/metrics?token=in-the-query`, every, log },
    headers: async () => ({ authorization: 'Bearer of-the-collector' }),
    metrics: () => metrics.otlp({ version: '1.2.3', instance: 'gw.example/main' }),
  })
  return push
}

describe('a push of metrics', () => {
  it('brings everything, again and again, with what opens the collector', async () => {
    const { state } = begin()
    expect(state.taken).toBe(0)
    await expect.poll(() => came.length).toBeGreaterThanOrEqual(2)
    const [first, second] = came as [Came, Came]
    expect(first.headers).toMatchObject({ 'content-type': 'application/json', authorization: 'Bearer of-the-collector' })
    const names = ({ body }: Came) => body.resourceMetrics[0]!.scopeMetrics[0]!.metrics.map(({ name }) => name)
    expect(names(first)).toContain('gatescribe_operations_total')
    expect(names(second)).toEqual(names(first))
    expect(push!.state).toMatchObject({ failed: 0, error: undefined })
    expect(lines).toEqual([])
  })

  it('goes on where the collector is down, says so once, and when it is back', async () => {
    answers.push({ status: 503 }, { status: 502 })
    begin()
    await expect.poll(() => push!.state.taken).toBeGreaterThanOrEqual(1)
    expect(push!.state).toMatchObject({ failed: 2, error: undefined })
    expect(lines).toEqual(['The collector did not take the metrics. It answered 503.', 'the collector takes metrics again'])
  })

  it('leaves a collector alone for as long as it asks', async () => {
    answers.push({ status: 429, headers: { 'retry-after': '1' } })
    begin()
    await expect.poll(() => came.length, { timeout: 5_000 }).toBeGreaterThanOrEqual(2)
    expect(came[1]!.at - came[0]!.at).toBeGreaterThanOrEqual(950)
  })

  it('asks one that refuses less and less often', async () => {
    answers.push({ status: 401 }, { status: 401 }, { status: 401 }, { status: 200 })
    begin()
    await expect.poll(() => came.length, { timeout: 5_000 }).toBeGreaterThanOrEqual(4)
    expect(came[1]!.at - came[0]!.at).toBeGreaterThanOrEqual(115)
    expect(came[3]!.at - came[2]!.at).toBeGreaterThanOrEqual(450)
  })

  it('tells of data points that were rejected, and takes what is no answer for one', async () => {
    answers.push({ status: 200, body: '{"partialSuccess":{"rejectedDataPoints":"7"}}' }, { status: 200, body: 'not JSON' })
    begin()
    await expect.poll(() => push!.state.taken).toBeGreaterThanOrEqual(1)
    expect(lines[0]).toContain('It rejected 7 data points.')
  })

  it('follows no redirect, and no line holds where it went', async () => {
    answers.push({ status: 307, headers: { location: 'http://127.0.0.1:1/stolen' } })
    begin()
    await expect.poll(() => push!.state.failed).toBe(1)
    expect(lines.join()).toContain('It answered 307.')
    expect(JSON.stringify([lines, push!.state])).not.toMatch(/in-the-query|of-the-collector|stolen/)
  })

  it('brings what happened last as it ends, and does not wait for one that failed', async () => {
    begin(60_000)
    await push!.close(1_000)
    expect(came).toHaveLength(1)
    answers.push({ status: 503 })
    begin()
    await expect.poll(() => push!.state.failed).toBe(1)
    const before = came.length
    await push!.close(1_000)
    expect(came.length - before).toBeLessThanOrEqual(1)
  })
})

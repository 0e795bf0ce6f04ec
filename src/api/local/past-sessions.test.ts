import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type InMemoryOperator, inMemoryOperator } from '../../../test/parts/operator.ts'
import { GatewayError } from '../../gateway/errors.ts'
import { injectTransport, type LocalClient, localApi, localClient } from './index.ts'

const never = new AbortController().signal
let operator: InMemoryOperator
let client: LocalClient
let closing: AbortController

beforeEach(() => {
  operator = inMemoryOperator()
  closing = new AbortController()
  client = localClient(injectTransport(localApi(operator, { error: () => undefined }, closing.signal)))
})
afterEach(() => closing.abort())

async function all<T>(lines: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const line of lines) found.push(line)
  return found
}

describe('sessions of the past', () => {
  it('are asked for by run, resource, time and state', async () => {
    expect(await client.pastSessions({ run: 'run_one', state: 'ended', since: '2026-11-27T00:00:00Z', limit: '7' })).toEqual({
      sessions: [],
      next: 'on',
    })
    expect(operator.transcripts).toEqual([{ run: 'run_one', state: 'ended', since: Date.UTC(2026, 10, 27), limit: 7 }])
  })

  it.each([
    { run: 'a b' },
    { limit: '0' },
    { limit: '101' },
    { since: 'yesterday' },
    { state: 'dead' },
    { cursor: 'x'.repeat(65) },
    { who: 'me' },
  ])('are not asked for with %o', async (asked) => {
    await expect(client.pastSessions(asked as Record<string, string>)).rejects.toMatchObject({ code: 'GS_LOCAL_BAD_REQUEST' })
    expect(operator.transcripts).toEqual([])
  })
})

describe('the transcript of a run', () => {
  const lines = [
    { run: { id: 'run_one', who: 'w', kind: 'job', issuer: 'ci', startedAt: '2026-11-27T12:00:00Z', entry: 2, state: 'live' as const } },
    { spans: { entry: 4, at: '2026-11-27T12:00:01Z', other: 1, dropped: 0 } },
    { ended: { entry: 5, at: '2026-11-27T12:00:02Z', state: 'ended', decisions: { allow: 1, ask: 0, deny: 0 } } },
  ]

  it('is lines as they come', async () => {
    operator.ran.push(...lines)
    expect(await all(client.runTranscript('run_one', { follow: 'true' }, never))).toEqual(lines)
    expect(operator.transcripts).toEqual([{ run: 'run_one', follow: true }])
  })

  it('says why there is none before its first line, and is of no run with an odd name', async () => {
    operator.fail('runTranscript', new GatewayError('GS_GATEWAY_NO_RUN'))
    await expect(all(client.runTranscript('run_one', {}, never))).rejects.toMatchObject({ code: 'GS_GATEWAY_NO_RUN' })
    await expect(all(client.runTranscript('../x', {}, never))).rejects.toMatchObject({ code: 'GS_LOCAL_BAD_REQUEST' })
  })
})

describe('a transcript', () => {
  it('is lines as they come, with and without what the client saw', async () => {
    const closed = { closed: { entry: 4, at: '2026-11-27T12:00:00Z', reason: 'killed' } }
    const segment = {
      segment: { segment: 1, entry: 3, at: '2026-11-27T12:00:00Z', events: [[0.1, 'row', ['\u001b']]] as [number, string, ...unknown[]][] },
    }
    operator.happened.push(segment, closed)
    expect(await all(client.transcript('ses_one', { recording: 'true', follow: 'true' }, never))).toEqual([segment, closed])
    await all(client.transcript('ses_one', {}, never))
    expect(operator.transcripts).toEqual([
      { session: 'ses_one', recording: 'true', follow: true },
      { session: 'ses_one', recording: 'false', follow: false },
    ])
  })

  it.each(['../secrets', 'ses one', 'ses_"', '\u0000'])('is of no session called %o', async (id) => {
    await expect(all(client.transcript(id, {}, never))).rejects.toMatchObject({ code: 'GS_LOCAL_BAD_REQUEST' })
    expect(operator.transcripts).toEqual([])
  })

  it('says why there is none before its first line', async () => {
    for (const code of ['GS_GATEWAY_NO_SESSION', 'GS_GATEWAY_NOT_RECORDED', 'GS_GATEWAY_RECORDING_GONE'] as const) {
      operator.fail('transcript', new GatewayError(code))
      await expect(all(client.transcript('ses_one', { recording: 'true' }, never))).rejects.toMatchObject({
        code,
        next: expect.any(String),
      })
    }
  })
})

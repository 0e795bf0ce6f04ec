import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { zstdDecompressSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { errorIn, types } from '../../../../test/parts/raw-postgres.ts'
import { relayRoom } from '../../../../test/parts/relay-room.ts'
import { SegmentEncoder } from '../../../recording/index.ts'
import { Reel } from '../../../recording/reel.ts'
import { SessionRecorder } from '../../../recording/session-recorder.ts'
import { PostgresTranscriber } from '../recording/index.ts'
import * as build from '../wire/build.ts'

const room = relayRoom('create table t (id int, name text)')
const data = (text: string): Buffer => build.copyData(Buffer.from(text))
const maker = { began: () => undefined, full: () => undefined, crowded: false }
let recorder: SessionRecorder
beforeEach(() => {
  maker.crowded = false
  recorder = new SessionRecorder(new Reel('ses_test', false, maker), { rows: 1000, bytes: 1024 * 1024 })
  room.gate.recorder = recorder
})
afterEach(() => room.postgres.query('truncate t'))

/** What was recorded of copying in, without times. */
function copied(): unknown[][] {
  const encoder = new SegmentEncoder({ postgres: (lines) => new PostgresTranscriber(lines) })
  recorder.end()
  const { content } = encoder.take({
    n: 1,
    session: 'ses_test',
    protocol: 'postgres',
    segment: 1,
    started: '',
    tape: recorder.reel.take().tape,
  })!
  const lines = zstdDecompressSync(content).toString().split('\n').slice(1, -1)
  return lines.map((line) => (JSON.parse(line) as unknown[]).slice(1)).filter(([code]) => /^(copy-sent|error|complete)/.test(String(code)))
}

describe('copy data, as it is recorded', () => {
  it('is what the target was sent, in the order of its answers', async () => {
    const raw = await room.client()
    raw.send(build.query('copy t from stdin'))
    await raw.untilType('G')
    for (const byte of Buffer.concat([data('1\tgr'), data('ün\n'), data('2\tb\n')])) {
      raw.send(Buffer.from([byte]))
      if (byte % 5 === 0) await sleep(1)
    }
    raw.send(build.copyDone())
    await raw.until()
    expect(copied()).toEqual([['copy-sent', '1\tgrün\n'], ['copy-sent', '2\tb\n'], ['copy-sent-done'], ['complete', 'COPY 2']])
  })

  it('ends where a limit ends it: what came behind was not sent, and is not there', async () => {
    const raw = await room.client()
    room.gate.limits = { of: /copy/, rows: 2 }
    raw.send(build.query('copy t from stdin'))
    await raw.untilType('G')
    raw.send(data('1\ta\n2\tb\n'))
    await sleep(50)
    raw.send(data('3\tc\n'), data('4\td\n'), build.copyDone())
    expect(errorIn(await raw.until()).get('D')).toContain('GS_LIMIT_EXCEEDED')
    const [first, end, error] = copied()
    expect([first, end]).toEqual([
      ['copy-sent', '1\ta\n2\tb\n'],
      ['copy-sent-fail', 'gatescribe refused', 'gateway'],
    ])
    expect(error?.[0]).toBe('error')
  })

  it('has of a message that a limit cuts off what the target was sent of it, without what filled it up', async () => {
    const raw = await room.client()
    room.gate.limits = { of: /copy/, rows: 2 }
    raw.send(build.query('copy t from stdin'))
    await raw.untilType('G')
    const message = data('1\ta\n2\tb\n3\tc\n4\td\n')
    raw.send(message.subarray(0, 5 + 6))
    await sleep(50)
    raw.send(message.subarray(5 + 6), build.copyDone())
    await raw.until()
    expect(copied().slice(0, 3)).toEqual([
      ['copy-sent', '1\ta\n'],
      ['copy-sent', '2\t'],
      ['copy-sent-fail', 'gatescribe refused', 'gateway'],
    ])
  })

  it('is not there where there was no COPY any more; CopyFail says what the client said', async () => {
    const raw = await room.client()
    raw.send(build.query('copy t from stdin'))
    await raw.untilType('G')
    raw.send(data('no number\ta\n'))
    await raw.untilType('E')
    await raw.until()
    raw.send(data('1\tlate\n'), build.copyDone(), build.query('copy t from stdin'))
    await raw.untilType('G')
    raw.send(data('2\tb\n'), build.copyFail('thought better of it'))
    await raw.until()
    const events = copied()
    expect(events.map(([code]) => code)).toEqual(['copy-sent', 'error', 'copy-sent', 'copy-sent-fail', 'error'])
    expect(events.filter(([code]) => code !== 'error')).toEqual([
      ['copy-sent', 'no number\ta\n'],
      ['copy-sent', '2\tb\n'],
      ['copy-sent-fail', 'thought better of it', 'client'],
    ])
  })

  it('is not there of a message whose beginning the target failed at; the next COPY is whole', async () => {
    const raw = await room.client()
    raw.send(build.query('copy t from stdin'))
    await raw.untilType('G')
    const late = 'd'.repeat(100)
    const message = data(`no number\ta\n${late}`)
    raw.send(data('no number either\ta\n'), message.subarray(0, 5 + 12))
    await raw.untilType('E')
    await raw.until()
    raw.send(message.subarray(5 + 12, 30))
    await sleep(30)
    raw.send(message.subarray(30), build.copyDone(), build.query('copy t from stdin'))
    await raw.untilType('G')
    raw.send(data('2\tb\n'), build.copyDone())
    await raw.until()
    const events = copied().filter(([code]) => code !== 'error')
    expect(events.slice(-3)).toEqual([['copy-sent', '2\tb\n'], ['copy-sent-done'], ['complete', 'COPY 1']])
    expect(JSON.stringify(events)).not.toContain('ddd')
  })

  it('is not there where persons, or rules, refused the COPY', async () => {
    const raw = await room.client()
    room.gate.denies = /copy/
    raw.send(build.query('copy t from stdin'), data('1\ta\n'), build.copyDone())
    expect(types(await raw.until())).toBe('EZ')
    expect(copied().map(([code]) => code)).toEqual(['error'])
  })

  it('is waited for where it cannot be recorded fast enough, and all of it goes then', async () => {
    const raw = await room.client()
    raw.send(build.query('copy t from stdin'))
    await raw.untilType('G')
    maker.crowded = true
    const line = `1\t${'x'.repeat(1000)}\n`
    const many = 20_000
    const content = line.repeat(50)
    for (let n = 0; n < many / 50; n++) raw.send(data(content))
    raw.send(build.copyDone())
    await sleep(300)
    expect(raw.socket.writableLength).toBeGreaterThan(1024 * 1024)
    maker.crowded = false
    recorder.reel.roomAgain()
    expect(types(await raw.until())).toBe('CZ')
    const all = line.repeat(many)
    const events = copied()
    const kept = events.flatMap(([code, said]) => (code === 'copy-sent' ? [said] : [])).join('')
    expect(kept).toBe(all.slice(0, 1024 * 1024))
    const left = all.slice(1024 * 1024)
    const sha256 = createHash('sha256').update(left).digest('hex')
    expect(events.find(([code]) => code === 'copy-sent-capped')).toEqual([
      'copy-sent-capped',
      expect.objectContaining({ bytes: left.length, sha256 }),
    ])
  })
})

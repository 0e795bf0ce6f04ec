import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { zstdDecompressSync } from 'node:zlib'
import { beforeEach, describe, expect, it } from 'vitest'
import { PostgresTranscriber } from '../protocols/postgres/recording/index.ts'
import * as build from '../protocols/postgres/wire/build.ts'
import { backend } from '../protocols/postgres/wire/codes.ts'
import type { EntryDraft, PayloadKey } from '../trail/index.ts'
import { SegmentEncoder } from './encode-segments.ts'
import type { Order } from './messages.ts'
import { Recording, type SessionRecording, type ThreadListener } from './recording.ts'
import type { RecordingSettings } from './settings.ts'

const row = (text: string) => {
  const body = Buffer.alloc(6 + text.length)
  body.writeUInt16BE(1, 0)
  body.writeUInt32BE(text.length, 2)
  body.write(text, 6)
  return build.message(backend.dataRow, body)
}
const READY = build.readyForQuery(0x49)
const DONE = build.message(backend.commandComplete, Buffer.from('SELECT 1\0'))
const NOTICE = build.message(backend.noticeResponse, Buffer.from('SNOTICE\0\0'))

/** The recording with a thread that encodes when it is told to, and a trail that becomes durable when it is told to. */
class Room {
  settings: RecordingSettings = { strict: false, cap: { rows: 1000, bytes: 1024 * 1024 }, resources: undefined, stdin: true }
  readonly entries: EntryDraft[] = []
  readonly warnings: string[] = []
  orders: Order[] = []
  listener!: ThreadListener
  threads = 0
  /** Whether entries become durable at once. */
  durable = true
  /** Whether there is room for them. */
  full = false
  #placing: (() => void)[] = []
  #encoder = new SegmentEncoder({ postgres: (lines) => new PostgresTranscriber(lines) })
  readonly recording = new Recording({
    trail: {
      sessionKey: () => ({ id: 'aa' }) as PayloadKey,
      note: (draft, placed) => {
        if (this.full) placed?.(undefined)
        else {
          this.entries.push(draft)
          if (this.durable) placed?.(this.entries.length - 1)
          else this.#placing.push(() => placed?.(0))
        }
        return 'b.1'
      },
    },
    settings: () => this.settings,
    log: { warn: (_, message) => this.warnings.push(message) },
    startThread: (listener) => {
      this.threads++
      this.listener = listener
      this.#encoder = new SegmentEncoder({ postgres: (lines) => new PostgresTranscriber(lines) })
      return { take: (order) => void this.orders.push(order), close: async () => undefined }
    },
  })

  begin(): SessionRecording {
    return this.recording.begin('ses_1', { name: 'orders-db', kind: 'postgres' })!
  }

  /** What the thread was given is encoded. */
  encode(): void {
    for (const order of this.orders.splice(0)) {
      const encoded = this.#encoder.take(order)
      if (encoded) this.listener.encoded(encoded)
    }
  }

  /** What was noted is durable. */
  place(): void {
    for (const placed of this.#placing.splice(0)) placed()
  }

  /** Everything that was recorded, without times. */
  events(): unknown[][] {
    return this.entries.flatMap(({ payloads = [] }) =>
      payloads.flatMap(({ content }) =>
        zstdDecompressSync(content)
          .toString()
          .split('\n')
          .slice(1, -1)
          .map((line) => (JSON.parse(line) as unknown[]).slice(1)),
      ),
    )
  }

  /** Ends the session. @returns how many segments it has */
  end({ finish }: SessionRecording): number | undefined {
    let count: number | undefined
    finish((segments) => {
      count = segments
    })
    this.encode()
    return count
  }
}

const show = ({ recorder }: SessionRecording, ...messages: readonly Uint8Array[]) => {
  for (const message of messages) recorder.add(message, 0, message.length)
  recorder.wrote()
}

let room: Room
beforeEach(() => {
  room = new Room()
})

describe('the recording of a session', () => {
  it('becomes a segment within a second, another one for what comes later, and ends with how many there are', async () => {
    const session = room.begin()
    session.recorder.op(1)
    show(session, row('one'), DONE, READY)
    expect(room.orders).toHaveLength(0)
    await expect.poll(() => room.orders.length, { timeout: 1000 }).toBe(1)
    room.encode()
    show(session, row('two'))
    expect(room.end(session)).toBe(2)
    expect(room.entries.map(({ kind, fields }) => [kind, fields.session, fields.segment])).toEqual([
      ['recording.segment', 'ses_1', 1],
      ['recording.segment', 'ses_1', 2],
    ])
    expect(room.events()).toEqual([
      ['op', 1],
      ['row', ['one']],
      ['complete', 'SELECT 1'],
      ['ready', 'idle'],
      ['op', 1],
      ['row', ['two']],
    ])
  })

  it('costs no segment where nothing was shown, nor one for silence', async () => {
    const session = room.begin()
    expect(room.end(session)).toBe(0)
    const other = room.begin()
    show(other, READY)
    other.recorder.op(7)
    other.recorder.wrote()
    expect(room.end(other)).toBe(1)
    other.recorder.wrote()
    await sleep(600)
    expect(room.entries).toHaveLength(1)
  })

  it('is not begun where the resource is not among those that are', () => {
    room.settings = { ...room.settings, resources: ['others'] }
    expect(room.recording.begin('ses_1', { name: 'orders-db', kind: 'postgres' })).toBeUndefined()
  })

  it.each([1, 3, 7, 11, 1000])('counts and digests rows behind the cap, in pieces of %i bytes too, whatever comes in between', (size) => {
    room.settings = { ...room.settings, cap: { rows: 2, bytes: 1024 } }
    const session = room.begin()
    const { recorder } = session
    const pass = (message: Uint8Array) => {
      // A first piece holds the header.
      for (let at = 0; at < message.length; ) {
        const end = Math.min(message.length, at === 0 ? Math.max(5, size) : at + size)
        recorder.add(message, at, end)
        at = end
      }
      recorder.wrote()
    }
    const left = [row('three'), row('four')]
    for (const message of [
      row('one'),
      row('two'),
      left[0]!,
      NOTICE,
      left[1]!,
      DONE,
      row('next'),
      DONE,
      row('x'.repeat(2000)),
      row('y'),
      DONE,
    ])
      pass(message)
    expect(room.end(session)).toBe(1)
    const digest = (rows: readonly Uint8Array[]) => createHash('sha256').update(Buffer.concat(rows)).digest('hex')
    const large = [row('x'.repeat(2000)), row('y')]
    expect(room.events()).toEqual([
      ['row', ['one']],
      ['row', ['two']],
      ['notice', { S: 'NOTICE' }],
      ['capped', { rows: 2, bytes: Buffer.concat(left).length, sha256: digest(left) }],
      ['complete', 'SELECT 1'],
      ['row', ['next']],
      ['complete', 'SELECT 1'],
      ['capped', { rows: 2, bytes: Buffer.concat(large).length, sha256: digest(large) }],
      ['complete', 'SELECT 1'],
    ])
  })

  it('has nothing of what was added and never written', () => {
    const session = room.begin()
    show(session, row('seen'))
    session.recorder.add(row('never'), 0, 12)
    session.recorder.op(3)
    session.recorder.dropped()
    show(session, READY)
    room.end(session)
    expect(room.events()).toEqual([
      ['row', ['seen']],
      ['op', 3],
      ['ready', 'idle'],
    ])
  })

  it('slows its session down, and drops nothing, where segments do not become durable; and says when there is room', () => {
    room.durable = false
    const session = room.begin()
    let told = 0
    session.recorder.onRoom(() => {
      told++
    })
    let shown = 0
    for (; !session.recorder.crowded && shown < 10_000; shown++) show(session, row('x'.repeat(1000)), DONE)
    // Two segments are on their way, and a third is full.
    expect(shown).toBeGreaterThan(2000)
    expect(shown).toBeLessThan(4000)
    expect(told).toBe(0)
    room.encode()
    expect(session.recorder.crowded).toBe(true)
    room.place()
    expect(session.recorder.crowded).toBe(false)
    expect(told).toBeGreaterThan(0)
    room.durable = true
    expect(room.end(session)).toBeGreaterThanOrEqual(3)
    room.encode()
    expect(room.events().filter(([code]) => code === 'row')).toHaveLength(shown)
  })

  it('shows nothing before it is durable where it is strict, in order', () => {
    room.settings = { ...room.settings, strict: true }
    room.durable = false
    const session = room.begin()
    expect(session.opened).toMatchObject({ strict: true })
    const shown: string[] = []
    const strictly = (text: string) => {
      show(session, row(text))
      session.recorder.whenShown(() => shown.push(text))
    }
    strictly('one')
    strictly('two')
    room.encode()
    expect(shown).toEqual([])
    room.place()
    expect(shown).toEqual(['one'])
    strictly('three')
    for (let step = 0; step < 3; step++) {
      room.encode()
      room.place()
    }
    expect(shown).toEqual(['one', 'two', 'three'])
    // What is beyond the cap leaves nothing to wait for.
    session.recorder.whenShown(() => shown.push('nothing new'))
    expect(shown).toHaveLength(4)
  })

  it.each(['the thread ends', 'the trail has no room'])(
    'never shows what was not recorded where it is strict and %s, and says so',
    (what) => {
      room.settings = { ...room.settings, strict: true }
      const session = room.begin()
      const shown: string[] = []
      let lost = 0
      session.recorder.onLost(() => {
        lost++
      })
      show(session, row('one'))
      session.recorder.whenShown(() => shown.push('one'))
      if (what === 'the thread ends') room.listener.failed(new Error('gone'))
      else {
        room.full = true
        room.encode()
        room.full = false
      }
      expect(lost).toBe(1)
      show(session, row('two'))
      session.recorder.whenShown(() => shown.push('two'))
      room.encode()
      room.end(session)
      expect(shown).toEqual([])
      expect(room.entries[0]).toMatchObject({ kind: 'gap', fields: { segment: 1 } })
    },
  )

  it('says which segments are missing where the thread ends, and goes on with another one at a whole message', () => {
    const session = room.begin()
    for (let n = 0; n < 1100; n++) show(session, row('x'.repeat(1000)), DONE)
    expect(room.orders).toHaveLength(1)
    const long = row('y'.repeat(100))
    session.recorder.add(long, 0, 50)
    session.recorder.wrote()
    room.orders = []
    room.listener.failed(new Error('gone'))
    session.recorder.add(long, 50, long.length)
    session.recorder.wrote()
    show(session, READY)
    expect(room.end(session)).toBe(2)
    expect(room.threads).toBe(2)
    expect(room.warnings).toHaveLength(1)
    expect(room.entries.map(({ kind, fields }) => [kind, fields.segment])).toEqual([
      ['gap', 1],
      ['recording.segment', 2],
    ])
    expect(room.events().at(-1)).toEqual(['ready', 'idle'])
  })

  it('ends in time where the thread says nothing, and says what is missing', async () => {
    const session = room.begin()
    show(session, READY)
    let segments: number | undefined
    session.finish((count) => {
      segments = count
    })
    expect(segments).toBeUndefined()
    await expect.poll(() => segments, { timeout: 2000 }).toBe(1)
    expect(room.entries.map(({ kind }) => kind)).toEqual(['gap'])
    // Too late.
    room.encode()
    expect(room.entries).toHaveLength(1)
  })

  it('tells the trail of a segment that it had no room for, once it has', () => {
    const session = room.begin()
    for (let n = 0; n < 1100; n++) show(session, row('x'.repeat(1000)), DONE)
    room.full = true
    room.encode()
    expect(room.entries).toEqual([])
    room.full = false
    show(session, READY)
    expect(room.end(session)).toBe(2)
    expect(room.entries.map(({ kind, fields }) => [kind, fields.segment])).toEqual([
      ['gap', 1],
      ['recording.segment', 2],
    ])
  })
})

describe('how far recordings are', () => {
  it('is how old the oldest is of what is shown and in no segment, until that is durable', async () => {
    expect(room.recording.state).toEqual({ sessions: 0, waitingBytes: 0, lag: 0, segments: 0, missing: 0 })
    const session = room.begin()
    show(session, row('one'), DONE, READY)
    await sleep(60)
    expect(room.recording.state).toMatchObject({ sessions: 1, segments: 0 })
    expect(room.recording.state.lag).toBeGreaterThanOrEqual(50)
    room.durable = false
    await expect.poll(() => room.orders.length, { timeout: 1000 }).toBe(1)
    expect(room.recording.state.lag).toBeGreaterThan(0)
    room.encode()
    expect(room.recording.state).toMatchObject({ lag: 0, segments: 1 })
    expect(room.recording.state.waitingBytes).toBeGreaterThan(0)
    room.place()
    expect(room.recording.state).toMatchObject({ waitingBytes: 0, missing: 0 })
  })

  it('counts a segment that has no room as missing, once', async () => {
    const session = room.begin()
    show(session, row('one'), DONE, READY)
    room.full = true
    room.end(session)
    expect(room.recording.state).toMatchObject({ sessions: 0, segments: 1, missing: 1 })
  })
})

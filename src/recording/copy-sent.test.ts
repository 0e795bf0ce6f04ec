import { createHash, randomBytes } from 'node:crypto'
import { zstdDecompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { PostgresTranscriber } from '../protocols/postgres/recording/index.ts'
import * as build from '../protocols/postgres/wire/build.ts'
import { backend } from '../protocols/postgres/wire/codes.ts'
import { SegmentEncoder } from './encode-segments.ts'
import { Reel } from './reel.ts'
import { SessionRecorder } from './session-recorder.ts'

const data = (content: string | Uint8Array) => build.copyData(Buffer.from(content as string))
const copyIn = (binary: boolean) => build.message(backend.copyInResponse, Buffer.from([binary ? 1 : 0, 0, 0]))
const DONE = build.message(backend.commandComplete, Buffer.from('COPY 2\0'))
const NOTICE = build.message(backend.noticeResponse, Buffer.from('SNOTICE\0\0'))
const sha256 = (content: string | Uint8Array) => createHash('sha256').update(content).digest('hex')

/** One session, and what becomes of its tapes. */
class Session {
  readonly leaked: string[] = []
  readonly #maker = { began: () => undefined, full: () => undefined, crowded: false }
  readonly recorder: SessionRecorder
  readonly #encoder = new SegmentEncoder({ postgres: (lines) => new PostgresTranscriber(lines) })
  #segments = 0
  #said: unknown[][] = []

  constructor(cap = { rows: 1000, bytes: 1024 * 1024 }) {
    this.recorder = new SessionRecorder(new Reel('ses_1', false, this.#maker), cap)
  }

  show(...messages: readonly Uint8Array[]): void {
    for (const message of messages) this.recorder.add(message, 0, message.length)
    this.recorder.wrote()
  }

  send(bytes: Uint8Array): void {
    this.recorder.copySent(bytes, 0, bytes.length, false)
  }

  begin(binary = false): void {
    this.recorder.op(3)
    this.show(copyIn(binary))
  }

  /** What was taped becomes a segment. */
  segment(): void {
    const { tape } = this.recorder.reel.take()
    const order = { n: 1, session: 'ses_1', protocol: 'postgres', segment: ++this.#segments, started: '', tape }
    const { content, leaked, fault } = this.#encoder.take(order)!
    expect(fault).toBeUndefined()
    this.leaked.push(...leaked)
    const lines = zstdDecompressSync(content).toString().split('\n').slice(1, -1)
    this.#said.push(...lines.map((line) => (JSON.parse(line) as unknown[]).slice(1)))
  }

  /** All events, to its end. */
  events(): unknown[][] {
    this.recorder.end()
    this.segment()
    return this.#said
  }
}

const OPENED = [
  ['op', 3],
  ['copy-in', false, 0],
]
const text = (events: readonly unknown[][]) => events.flatMap(([code, content]) => (code === 'copy-sent' ? [content] : [])).join('')

describe('copy data that a client sends', () => {
  it('is recorded in whole lines under the number of its operation, and its end, wherever its messages and bytes are cut', () => {
    const content = '1\tgrün\n2\t€\n3\t😀'
    const bytes = Buffer.from(content)
    for (let cut = 0; cut <= bytes.length; cut++) {
      const wire = Buffer.concat([data(bytes.subarray(0, cut)), data(bytes.subarray(cut))])
      for (let at = 5; at < wire.length; at++) {
        // A header is never in two pieces.
        if (at >= cut + 5 && at < cut + 10 && at !== cut + 5) continue
        const session = new Session()
        session.begin()
        session.recorder.copySent(wire, 0, at, false)
        session.recorder.copySent(wire, at, wire.length, at !== cut + 5)
        session.recorder.copyEnded('done')
        session.show(DONE)
        const events = session.events()
        expect(events.slice(0, 2)).toEqual(OPENED)
        expect(text(events)).toBe(content)
        expect(events.slice(-2)).toEqual([['copy-sent-done'], ['complete', 'COPY 2']])
        for (const [, said] of events.slice(2, -3)) expect(said).toMatch(/\n$/)
      }
    }
  })

  it('is the same wherever segments end, and is durable up to a character', () => {
    const bytes = Buffer.from('1\tgrün\n2\t€')
    for (let cut = 1; cut < bytes.length; cut++) {
      const session = new Session()
      session.begin()
      session.send(data(bytes.subarray(0, cut)))
      session.segment()
      session.send(data(bytes.subarray(cut)))
      session.recorder.copyEnded('done')
      const events = session.events()
      expect(text(events)).toBe(bytes.toString())
      expect(events.filter(([code]) => code === 'op').length).toBe(2)
    }
  })

  it('is bytes where it is binary', () => {
    const content = Buffer.from('5047434f50590aff0d0a00000000000000000000010000000464617461ffff', 'hex')
    const session = new Session()
    session.begin(true)
    session.send(data(content.subarray(0, 9)))
    session.send(data(content.subarray(9)))
    session.recorder.copyEnded('done')
    expect(session.events()).toEqual([
      ['op', 3],
      ['copy-in', true, 0],
      ['copy-sent', { base64: content.toString('base64') }],
      ['copy-sent-done'],
    ])
  })

  it.each([1, 7, 100, 5000])(
    'is kept up to the cap, in the middle of a message too; the rest is counted and digested (messages of %i bytes)',
    (size) => {
      const content = randomBytes(6_000).toString('hex').replace(/00/g, '\n')
      const session = new Session({ rows: 20_000, bytes: 1024 })
      session.begin()
      const messages: Buffer[] = []
      for (let at = 0; at < content.length; at += size) messages.push(Buffer.from(data(content.slice(at, at + size))))
      session.send(Buffer.concat(messages))
      session.show(NOTICE)
      session.recorder.copyEnded('done')
      session.show(DONE)
      const events = session.events()
      expect(text(events)).toBe(content.slice(0, 1024))
      const left = content.slice(1024)
      const begun = messages.filter((_, at) => at * size >= 1024).length
      expect(events.slice(-3)).toEqual([
        ['copy-sent-capped', { rows: begun, bytes: left.length, sha256: sha256(left) }],
        ['copy-sent-done'],
        ['complete', 'COPY 2'],
      ])
    },
  )

  it('is kept up to so many messages, and each COPY for itself', () => {
    const session = new Session({ rows: 2, bytes: 1024 })
    for (let copy = 0; copy < 2; copy++) {
      session.begin()
      session.send(Buffer.concat(['a\n', 'b\n', 'c\n', 'd\n'].map(data)))
      session.recorder.copyEnded('done')
      session.show(DONE)
    }
    const one = [
      ['copy-in', false, 0],
      ['copy-sent', 'a\n'],
      ['copy-sent', 'b\n'],
      ['copy-sent-capped', { rows: 2, bytes: 4, sha256: sha256('c\nd\n') }],
      ['copy-sent-done'],
      ['complete', 'COPY 2'],
    ]
    expect(session.events()).toEqual([['op', 3], ...one, ...one])
  })

  it('takes no memory and leaves no segments behind the cap', () => {
    const session = new Session({ rows: 1000, bytes: 1024 })
    session.begin()
    session.send(data('x'.repeat(2000)))
    session.segment()
    for (let n = 0; n < 100; n++) session.send(data('x'.repeat(2000)))
    expect(session.recorder.reel.taped).toBe(0)
    expect(session.events().at(-1)).toEqual(['copy-sent-capped', expect.objectContaining({ bytes: 2000 - 1024 + 200_000 })])
  })

  it('ends as it ended: by CopyFail of either, by an error of the server, or with the session', () => {
    const error = build.message(backend.errorResponse, Buffer.from('C22P02\0\0'))
    const failed = (how: 'failed' | 'refused') => (session: Session) => session.recorder.copyEnded(how, Buffer.from('enough'))
    const cases: readonly (readonly [end: (session: Session) => void, said: unknown[]])[] = [
      [failed('failed'), ['copy-sent-fail', 'enough', 'client']],
      [failed('refused'), ['copy-sent-fail', 'enough', 'gateway']],
      [(session) => session.show(error), ['error', { C: '22P02' }]],
    ]
    for (const [end, said] of cases) {
      const session = new Session({ rows: 1000, bytes: 6 })
      session.begin()
      session.send(data('one\ntwo\n'))
      end(session)
      const events = session.events()
      expect(events.slice(2)).toEqual([
        ['copy-sent', 'one\n'],
        ['copy-sent', 'tw'],
        ['copy-sent-capped', { rows: 0, bytes: 2, sha256: sha256('o\n') }],
        said,
      ])
    }
    const lost = new Session()
    lost.begin()
    lost.send(data('one\nand so'))
    expect(text(lost.events())).toBe('one\nand so')
  })

  it('stays where what is shown at the same time is dropped', () => {
    const session = new Session()
    session.begin()
    session.recorder.add(NOTICE, 0, NOTICE.length)
    session.send(data('sent\n'))
    session.recorder.copyEnded('refused', Buffer.from('no'))
    session.recorder.dropped()
    expect(session.events().filter(([code]) => code !== 'op')).toEqual([
      ['copy-in', false, 0],
      ['copy-sent', 'sent\n'],
      ['copy-sent-fail', 'no', 'gateway'],
    ])
  })

  describe('with a credential of ours', () => {
    const secret = `gs_pg_${'A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8S9t0U1v'}`
    const bytes = Buffer.from(`1\tit is ${secret}.\n`)

    it.each([false, true])('has nothing of it, wherever messages and segments are cut (binary: %s)', (binary) => {
      for (let cut = 1; cut < bytes.length; cut++) {
        for (const segments of [false, true]) {
          const session = new Session()
          session.begin(binary)
          session.send(data(bytes.subarray(0, cut)))
          if (segments) session.segment()
          session.send(data(bytes.subarray(cut)))
          session.recorder.copyEnded('done')
          const said = session.events().flatMap(([code, content]) => (code === 'copy-sent' ? [content as string | { base64: string }] : []))
          const all = said.map((each) => (typeof each === 'string' ? each : Buffer.from(each.base64, 'base64').toString())).join('')
          expect(all, `${cut}`).toBe('1\tit is «redacted:pg-credential».\n')
          expect(session.leaked).toContain('pg')
        }
      }
    })

    it('has nothing of one that the cap, or the end of a session, cuts off', () => {
      const at = bytes.indexOf('gs_')
      for (let cut = at + 4; cut < at + secret.length; cut++) {
        const capped = new Session({ rows: 10, bytes: cut })
        capped.begin()
        capped.send(data(bytes))
        capped.segment()
        const lost = new Session()
        lost.begin()
        lost.send(data(bytes.subarray(0, cut)))
        for (const session of [capped, lost]) expect(text(session.events())).toMatch(/^1\tit is «redacted:[a-z-]+»$/)
      }
    })
  })
})

import { createHash } from 'node:crypto'
import { zstdDecompressSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { SegmentEncoder } from './encode-segments.ts'
import { ExchangeRecorder } from './exchange-recorder.ts'
import { ExchangeTranscriber } from './exchange-transcriber.ts'
import { Reel } from './reel.ts'

const CAP = { rows: 1000, bytes: 100 }
const bytes = (text: string) => Buffer.from(text, 'latin1')

/** One session, and what becomes of its tapes. */
class Session {
  readonly leaked: string[] = []
  readonly reel = new Reel('ses_1', false, { began: () => undefined, full: () => undefined, crowded: false })
  readonly recorder: ExchangeRecorder
  readonly #encoder = new SegmentEncoder({ kubernetes: (lines) => new ExchangeTranscriber(lines) })
  readonly said: unknown[][] = []
  #segments = 0

  constructor(stdin = true, cap = CAP) {
    this.recorder = new ExchangeRecorder(this.reel, cap, stdin)
  }

  /** What was taped becomes a segment. */
  segment(): void {
    const segment = ++this.#segments
    const { content, leaked, fault } = this.#encoder.take({
      ...{ n: segment, session: 'ses_1', protocol: 'kubernetes' },
      segment,
      started: '',
      tape: this.reel.take().tape,
    })!
    expect(fault).toBeUndefined()
    this.leaked.push(...leaked)
    const lines = zstdDecompressSync(content).toString().split('\n').slice(1, -1)
    this.said.push(...lines.map((line) => (JSON.parse(line) as unknown[]).slice(1)))
  }

  end(): unknown[][] {
    this.recorder.end()
    this.segment()
    return this.said
  }
}

const exec = { carrier: 'websocket', protocol: 'v5.channel.k8s.io', action: 'exec', tty: false } as const

let session: Session
beforeEach(() => {
  session = new Session()
})
afterEach(() => vi.useRealTimers())

describe('the recording of exchanges', () => {
  it('has the request, what it was answered, and which operation it was', () => {
    const { recorder } = session
    recorder.request(7, { method: 'GET', target: '/api/v1/pods?limit=500' })
    const body = recorder.answer({ status: 200, type: 'application/json' })
    body.add(bytes('{"kind":'))
    body.add(bytes('"PodList"}'))
    body.end('complete')
    expect(session.end()).toEqual([
      ['op', 7],
      ['request', { method: 'GET', target: '/api/v1/pods?limit=500' }],
      ['answer', { status: 200, type: 'application/json' }],
      ['body', '{"kind":'],
      ['body', '"PodList"}'],
      ['body-end', { bytes: 18 }],
    ])
  })

  it('keeps of a body what the cap allows, and counts and digests the rest', () => {
    const body = session.recorder.answer({ status: 200 })
    const content = Buffer.alloc(250, 'abcdefg')
    for (let at = 0; at < content.length; at += 60) body.add(content.subarray(at, at + 60))
    body.end('cut')
    const said = session.end()
    expect(said.flatMap(([code, text]) => (code === 'body' ? [text] : [])).join('')).toBe(content.toString('latin1', 0, 100))
    const sha256 = createHash('sha256').update(content.subarray(100)).digest('hex')
    expect(said.slice(-2)).toEqual([
      ['content-capped', { of: 'body', bytes: 150, sha256 }],
      ['body-end', { bytes: 250, cut: true }],
    ])
  })

  it('has what was said on a stream in order, and how it ended', () => {
    session.recorder.request(1, { method: 'GET', target: '/api/v1/namespaces/x/pods/y/exec?command=sh' })
    const stream = session.recorder.stream(exec)
    stream.resized(80, 24)
    stream.content('stdin', 0, bytes('ls\n'), 0, 3)
    stream.content('stdout', 0, bytes('..a\0..'), 2, 4)
    stream.content('stderr', 0, bytes('no\n'), 0, 3)
    stream.exited({ status: 'failure', code: 2, message: 'exit code 2' })
    stream.end()
    expect(session.end().slice(2)).toEqual([
      ['stream', exec],
      ['resize', [80, 24]],
      ['stdin', 'ls\n'],
      ['stdout', { base64: bytes('a\0').toString('base64') }],
      ['stderr', 'no\n'],
      ['exit', { status: 'failure', code: 2, message: 'exit code 2' }],
      ['stream-end', {}],
    ])
  })

  it('tells the connections of a port-forward apart', () => {
    const stream = session.recorder.stream({ ...exec, action: 'portforward', ports: [80] })
    stream.opened(1, 80)
    stream.opened(2, 80)
    stream.content('sent', 1, bytes('a'.repeat(120)), 0, 120)
    stream.content('sent', 2, bytes('two'), 0, 3)
    stream.content('received', 1, bytes('x'), 0, 1)
    stream.content('forward-error', 2, bytes('refused'), 0, 7)
    stream.closed(1, { sent: 120, received: 1 })
    stream.closed(2, { sent: 3, received: 0 })
    stream.end('GS_RUN_REVOKED')
    expect(session.end().slice(2)).toEqual([
      ['forward', [1, 80]],
      ['forward', [2, 80]],
      ['sent', 1, 'a'.repeat(100)],
      ['sent', 2, 'two'],
      ['received', 1, 'x'],
      ['forward-error', 2, 'refused'],
      ['content-capped', { of: 'sent', connection: 1, bytes: 20, sha256: createHash('sha256').update('a'.repeat(20)).digest('hex') }],
      ['forward-end', [1, { sent: 120, received: 1 }]],
      ['forward-end', [2, { sent: 3, received: 0 }]],
      ['stream-end', { reason: 'GS_RUN_REVOKED' }],
    ])
  })

  it('counts and digests what is typed where it is not to be kept', () => {
    session = new Session(false)
    const stream = session.recorder.stream(exec)
    stream.content('stdin', 0, bytes('password\n'), 0, 9)
    stream.end()
    expect(JSON.stringify(session.end())).not.toContain('password')
    expect(session.said.at(-2)).toEqual([
      'content-capped',
      { of: 'stdin', bytes: 9, sha256: createHash('sha256').update('password\n').digest('hex') },
    ])
  })

  it('keeps as much again of what lasts after a minute, and says what it did not keep before', () => {
    let now = 0
    vi.spyOn(session.reel, 'now').mockImplementation(() => now)
    const stream = session.recorder.stream(exec)
    const say = (text: string) => stream.content('stdout', 0, bytes(text), 0, text.length)
    say('a'.repeat(150))
    now = 59_999
    say('b')
    now = 60_000
    say('c')
    stream.end()
    const beyond = createHash('sha256')
      .update(`${'a'.repeat(50)}b`)
      .digest('hex')
    expect(session.end().slice(2)).toEqual([
      ['stdout', 'a'.repeat(100)],
      ['content-capped', { of: 'stdout', bytes: 51, sha256: beyond }],
      ['stdout', 'c'],
      ['stream-end', {}],
    ])
  })

  it('never cuts a character or a credential of ours in two, in segments neither', () => {
    const text = `größe 🦆 gs_run_${'x'.repeat(43)} end`
    const utf8 = Buffer.from(text)
    const stream = session.recorder.stream(exec)
    for (let at = 0; at < utf8.length; at++) {
      stream.content('stdout', 0, utf8, at, at + 1)
      if (at % 7 === 0) session.segment()
    }
    stream.end()
    const said = session.end().flatMap(([code, content]) => (code === 'stdout' ? [content] : []))
    expect(said.every((piece) => typeof piece === 'string')).toBe(true)
    expect(said.join('')).toMatch(/^größe 🦆 .*redacted.* end$/)
    expect(said.join('')).not.toContain('xxx')
    expect(session.leaked).toContain('run')
  })

  it('keeps a credential of ours whole where something else is capped meanwhile', () => {
    let now = 0
    vi.spyOn(session.reel, 'now').mockImplementation(() => now)
    const stream = session.recorder.stream(exec)
    const say = (name: 'stdout' | 'stderr', text: string) => stream.content(name, 0, bytes(text), 0, text.length)
    say('stdout', 'a'.repeat(150))
    say('stderr', 'token gs_ru')
    now = 60_000
    say('stdout', 'b')
    say('stderr', `n_${'x'.repeat(43)} end`)
    stream.end()
    const said = session.end()
    expect(JSON.stringify(said)).not.toContain('xxx')
    expect(said.flatMap(([code, content]) => (code === 'stderr' ? [content] : [])).join('')).toMatch(/^token .*run-credential.* end$/)
  })

  it('takes out what a credential began with, where it ends there', () => {
    const stream = session.recorder.stream(exec)
    const text = bytes('token: gs_ru')
    stream.content('stdout', 0, text, 0, text.length)
    stream.end()
    const said = session.end().flatMap(([code, content]) => (code === 'stdout' ? [content] : []))
    expect(said.join('')).toBe('token: «redacted:cut»')
  })

  it('takes credentials of ours out of requests too', () => {
    session.recorder.request(1, { method: 'GET', target: `/api?x=gs_run_${'x'.repeat(43)}` })
    expect(JSON.stringify(session.end())).not.toContain('xxx')
  })

  it('says in each segment which operation it is about', () => {
    session.recorder.request(3, { method: 'GET', target: '/' })
    const body = session.recorder.answer({ status: 200 })
    session.segment()
    body.add(bytes('later'))
    body.end('complete')
    expect(session.end().map(([code]) => code)).toEqual(['op', 'request', 'answer', 'op', 'body', 'body-end'])
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TranscriptLine } from '../../api/local/index.ts'
import type { CliError } from '../errors.ts'
import { harmlessJson } from '../harmless.ts'
import { asAsciicast } from './as-asciicast.ts'
import { beats } from './beats.ts'
import { ExchangeScreen } from './shown-exchange.ts'

type Event = [number, string, ...unknown[]]
const session = (protocol = 'kubernetes'): TranscriptLine => ({
  session: {
    ...{ id: 'ses_one', run: 'run_one', resource: 'prod', protocol, who: 'p', kind: 'job', state: 'ended' },
    ...{ openedAt: '2026-11-27T12:00:00.000000000Z', opened: 1, tls: true, recording: 'recorded' },
  },
})
const segment = (events: readonly Event[], over: object = {}): TranscriptLine => ({
  segment: {
    segment: 1,
    entry: 9,
    at: '2026-11-27T12:00:09.000000000Z',
    started: '2026-11-27T12:00:00.250Z',
    events: [...events],
    ...over,
  },
})
async function* each<T>(items: readonly T[]) {
  yield* items
}

const TARGET = '/api/v1/namespaces/x/pods/y/exec?command=sh&command=-l&stdin=true&tty=true'
const TERMINAL: readonly Event[] = [
  [1, 'op', 1],
  [1, 'request', { method: 'GET', target: TARGET }],
  [1.5, 'stream', { carrier: 'websocket', protocol: 'v5.channel.k8s.io', action: 'exec', tty: true }],
  [1.6, 'resize', [120, 40]],
  [1.7, 'stdout', '$ '],
  [2, 'stdin', 'ls\r'],
  [2.125, 'stdout', 'ls\r\n\u001b[1ma\u001b[0m\r\n$ '],
  [3, 'resize', [100, 30]],
  [3.5, 'stdout', { base64: Buffer.from([0x61, 0xff, 0x62]).toString('base64') }],
  [4, 'content-capped', { of: 'stdout', bytes: 10, sha256: 'ab' }],
  [5, 'exit', { code: 3, status: 'failure', message: 'exit code 3' }],
  [5, 'stream-end', {}],
]

describe('what was said in HTTP', () => {
  const shown = (...events: readonly Event[]) => {
    const screen = new ExchangeScreen()
    return events.flatMap((event) => screen.event(event as never).map(({ text }) => text))
  }

  it('is answers with their bodies, and what was counted of them', () => {
    expect(
      shown(
        [0, 'op', 1],
        [0, 'request', { method: 'GET', target: '/api' }],
        [0, 'answer', { status: 200, type: 'application/json' }],
        [0, 'body', '{"a":\n1}\n'],
        [0, 'body', { base64: 'AAEC' }],
        [0, 'content-capped', { of: 'body', bytes: 99, sha256: 'ab' }],
        [0, 'body-end', { bytes: 110 }],
        [0, 'op', 0],
        [0, 'request', { method: 'POST', target: '/x' }],
        [0, 'answer', { status: 403 }],
        [0, 'body-end', { bytes: 3, cut: true }],
      ),
    ).toEqual([
      '200 application/json',
      '{"a":',
      '1}',
      '(3 bytes that are no text)',
      '… 99 more bytes of body are not recorded: SHA-256 ab',
      'POST /x',
      '403',
      'the answer broke off after 3 bytes',
    ])
  })

  it('is what was typed, written and said on stderr, marked, and how it ended', () => {
    expect(
      shown(
        [0, 'stream', { carrier: 'spdy', protocol: 'v4.channel.k8s.io', action: 'exec', tty: false }],
        [0, 'stdin', 'cat\n'],
        [0, 'stdout', 'one\r\ntwo\n'],
        [0, 'stderr', 'no\n'],
        [0, 'exit', { code: 2, status: 'failure', message: 'exit code 2' }],
        [0, 'exit', { code: 0, status: 'success' }],
        [0, 'stream-end', { reason: 'GS_RUN_REVOKED' }],
        [0, 'stream-end', {}],
      ),
    ).toEqual([
      'exec over spdy, v4.channel.k8s.io',
      '» cat',
      'one',
      'two',
      '! no',
      'exit code 2: exit code 2',
      'exit code 0',
      'the stream was ended: GS_RUN_REVOKED',
    ])
  })

  it('is lines on a terminal, where each key is a piece of its own', () => {
    const keys = [...'ls\r'].flatMap((key): Event[] => [
      [0, 'stdin', key],
      [0, 'stdout', key === '\r' ? '\r\n' : key],
    ])
    expect(
      shown(
        [0, 'stream', { carrier: 'spdy', protocol: 'v4.channel.k8s.io', action: 'exec', tty: true }],
        [0, 'stdout', '$ '],
        ...keys,
        [0, 'stdout', 'a\r\n$ '],
        [0, 'stdin', 'x'],
        [0, 'stream-end', {}],
      ),
    ).toEqual(['exec over spdy, v4.channel.k8s.io, on a terminal', '» ls', '$ ls', 'a', '» x', '$ '])
  })

  it('is the connections of a port-forward', () => {
    expect(
      shown(
        [0, 'forward', [1, 5432]],
        [0, 'sent', 1, { base64: 'AAEC' }],
        [0, 'received', 1, 'hello'],
        [0, 'forward-error', 1, 'refused'],
        [0, 'content-capped', { of: 'sent', connection: 1, bytes: 9, sha256: 'ab' }],
        [0, 'forward-end', [1, { sent: 12, received: 5 }]],
      ),
    ).toEqual([
      'connection 1 to port 5432',
      '» 1: (3 bytes that are no text)',
      '1: hello',
      '! 1: refused',
      '… 9 more bytes of sent of connection 1 are not recorded: SHA-256 ab',
      'connection 1 is closed: 12 bytes sent, 5 received',
    ])
  })

  it('is shown as it is where it is of another version, and never throws', () => {
    expect(shown([0, 'later', 1])).toEqual(['["later",1]'])
    fc.assert(
      fc.property(fc.constantFrom('answer', 'body', 'exit', 'stream', 'forward', 'resize', 'content-capped'), fc.json(), (code, value) => {
        expect(() => new ExchangeScreen().event([0, code, JSON.parse(value)] as never)).not.toThrow()
      }),
    )
  })

  it('stands under its request, at its time', async () => {
    const operation: TranscriptLine = {
      operation: {
        ...{ n: 1, entry: 2, at: '2026-11-27T12:00:01.200000000Z', form: 'request', statement: 1, text: `GET ${TARGET}` },
        ...{ effect: 'allow', rules: ['may-exec'], policy: 'sha256:00' },
      },
    }
    const outcome: TranscriptLine = {
      outcome: {
        n: 1,
        entry: 3,
        at: '2026-11-27T12:00:06.000000000Z',
        status: 'completed',
        rows: 0,
        bytes: 40,
        us: 4_000_000,
        code: '101',
      },
    }
    const texts: string[] = []
    for await (const { lines } of beats(each([session(), operation, segment(TERMINAL), outcome]), 'replay'))
      texts.push(...lines.map(({ text }) => text))
    expect(texts[0]).toContain('#1 request  allow (may-exec)')
    expect(texts[1]).toBe(`GET ${TARGET}`)
    expect(texts.slice(2)).toEqual([
      'exec over websocket, v5.channel.k8s.io, on a terminal',
      'the terminal has 120 columns and 40 rows',
      '» ls',
      '$ ls',
      '\u001b[1ma\u001b[0m',
      '$ ',
      'the terminal has 100 columns and 30 rows',
      '(3 bytes that are no text)',
      '… 10 more bytes of stdout are not recorded: SHA-256 ab',
      'exit code 3: exit code 3',
      '#1 completed 101, 40 bytes, 4000.0 ms',
    ])
  })
})

describe('a terminal as asciicast v3', () => {
  async function cast(lines: readonly TranscriptLine[]): Promise<unknown[]> {
    const found: unknown[] = []
    for await (const line of asAsciicast(each(lines))) found.push(line)
    return found
  }

  /** Reads a file by the rules of the format; throws where one is broken. */
  function parse(file: string): { header: Record<string, unknown>; events: (readonly [number, string, string])[]; text: string } {
    const [first = '', ...rest] = file.trimEnd().split('\n')
    const header = JSON.parse(first)
    const isSize = (value: unknown) => Number.isInteger(value) && (value as number) > 0
    if (header.version !== 3 || !isSize(header.term?.cols) || !isSize(header.term?.rows)) throw new Error('header')
    if (header.timestamp !== undefined && !Number.isInteger(header.timestamp)) throw new Error('timestamp')
    const events = rest.map((line) => {
      const event = JSON.parse(line)
      const [interval, code, data] = event
      if (event.length !== 3 || typeof interval !== 'number' || !(interval >= 0) || typeof data !== 'string') throw new Error(line)
      if (code === 'r' && !/^[1-9]\d*x[1-9]\d*$/.test(data)) throw new Error(line)
      if (code === 'x' && !/^\d+$/.test(data)) throw new Error(line)
      if (!['o', 'i', 'm', 'r', 'x'].includes(code)) throw new Error(line)
      return event
    })
    return { header, events, text: events.flatMap(([, code, data]) => (code === 'o' ? [data] : [])).join('') }
  }
  const asFile = (lines: readonly unknown[]) => lines.map((line) => `${harmlessJson(line)}\n`).join('')

  it('has a header, then what was written, typed and resized, with intervals, and how it ended', async () => {
    const { header, events, text } = parse(asFile(await cast([session(), segment(TERMINAL)])))
    expect(header).toEqual({
      version: 3,
      term: { cols: 120, rows: 40 },
      timestamp: Math.floor(Date.parse('2026-11-27T12:00:01.750Z') / 1000),
      command: 'sh -l',
      title: 'ses_one at prod',
    })
    expect(events).toEqual([
      [0.2, 'o', '$ '],
      [0.3, 'i', 'ls\r'],
      [0.125, 'o', 'ls\r\n\u001b[1ma\u001b[0m\r\n$ '],
      [0.875, 'r', '100x30'],
      [0.5, 'o', 'a\ufffdb'],
      [1.5, 'm', '10 bytes of stdout are not recorded, SHA-256 ab'],
      [0, 'x', '3'],
    ])
    expect(text).toContain('\u001b[1ma')
  })

  it('says what is missing, and by what it was ended, as markers', async () => {
    const first = TERMINAL.slice(0, 5)
    const lines = [
      session(),
      segment(first),
      segment([], { segment: 2, missing: 'gone', started: undefined }),
      segment(
        [
          [9, 'stdout', 'x'],
          [9.5, 'stream-end', { reason: 'GS_RUN_REVOKED' }],
        ],
        { segment: 3 },
      ),
    ]
    const { events } = parse(asFile(await cast(lines)))
    expect(events.slice(1)).toEqual([
      [7.3, 'm', 'segment 2 is missing'],
      [0, 'o', 'x'],
      [0.5, 'm', 'the stream was ended: GS_RUN_REVOKED'],
    ])
  })

  it('has the size that is told after something was typed, and before anything is shown', async () => {
    const [header, ...events] = await cast([
      session(),
      segment([
        [1, 'stream', { tty: true }],
        [1.25, 'stdin', 'hello\n'],
        [1.5, 'resize', [100, 40]],
        [2, 'stdout', 'hello'],
      ]),
    ])
    expect(header).toMatchObject({ version: 3, term: { cols: 100, rows: 40 } })
    expect(events).toEqual([
      [0.25, 'i', 'hello\n'],
      [0.75, 'o', 'hello'],
    ])
  })

  it('has a size where none was told, and a header where nothing was written', async () => {
    const [header] = await cast([
      session(),
      segment([
        [1, 'stream', { tty: true }],
        [2, 'resize', [0, 0]],
      ]),
    ])
    expect(header).toMatchObject({ version: 3, term: { cols: 80, rows: 24 } })
  })

  it('is nothing that a terminal obeys when it is printed, and the same when it is read', async () => {
    const hostile = '\u001b]0;owned\u0007\u001b[2J\u202e\u009b31m'
    const file = asFile(
      await cast([
        session(),
        segment([
          [1, 'stream', { tty: true }],
          [2, 'stdout', hostile],
        ]),
      ]),
    )
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that there are none
    expect(file).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
    expect(parse(file).text).toBe(hostile)
  })

  it.each([
    [
      'a command without one',
      [
        session(),
        segment([
          [1, 'stream', { tty: false }],
          [2, 'stdout', 'x'],
        ]),
      ],
      'Nothing in the session is a terminal.',
    ],
    ['requests only', [session(), segment([[1, 'request', { method: 'GET', target: '/' }]])], 'Nothing in the session is a terminal.'],
    ['PostgreSQL', [session('postgres'), segment([[1, 'row', ['x']]])], 'The session is no terminal: it speaks postgres.'],
  ])('is refused for %s', async (_, lines, message) => {
    const error = (await cast(lines as TranscriptLine[]).catch((error: unknown) => error)) as CliError
    expect(error.code).toBe('GS_CLI_NO_ASCIICAST')
    expect(error.message).toContain(message)
  })
})

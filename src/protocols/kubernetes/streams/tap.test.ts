import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { synStreams, uint32 } from '../../../../test/parts/spdy-frames.ts'
import { findingsOf, TextMasking } from '../../../masking/index.ts'
import type { Mask } from '../../../operations/index.ts'
import type { ExchangeRecorder } from '../../../recording/index.ts'
import { opcodes, StreamError, spdyControl, spdyData, webSocketFrame } from '../wire/index.ts'
import type { AgreedStream } from './agreed.ts'
import { StreamTap } from './tap.ts'

const KEY = Buffer.from([1, 2, 3, 4])
const exec: AgreedStream = {
  ...{
    action: 'exec',
    tty: false,
    ports: [],
    carrier: 'websocket',
    protocol: 'v5.channel.k8s.io',
    form: 'channels',
    base64: false,
    version: 5,
  },
}
const overSpdy: AgreedStream = { ...exec, carrier: 'spdy', protocol: 'v4.channel.k8s.io', form: 'spdy', version: 4 }
const forward: AgreedStream = { ...overSpdy, action: 'portforward', protocol: 'portforward.k8s.io', version: 1 }
const tunnel: AgreedStream = { ...forward, carrier: 'websocket', protocol: 'SPDY/3.1+portforward.k8s.io', form: 'tunnel' }
const byChannels: AgreedStream = { ...forward, carrier: 'websocket', protocol: 'v4.channel.k8s.io', form: 'channels', ports: [80, 8443] }

/** What is told, with pieces of one thing joined. */
class Notes {
  readonly said: [string, ...unknown[]][] = []
  readonly recorder = {
    stream: () => ({
      content: (name: string, connection: number, bytes: Uint8Array, start: number, end: number) => {
        const text = Buffer.from(bytes.subarray(start, end)).toString('latin1')
        const last = this.said.findLast(([code]) => code === name)
        const isSame = last && last === this.said.at(-1) && last[1] === connection
        if (isSame) last[2] = `${last[2]}${text}`
        else this.said.push([name, connection, text])
      },
      resized: (...size: unknown[]) => this.said.push(['resize', ...size]),
      exited: (exit: unknown) => this.said.push(['exit', exit]),
      opened: (...forward: unknown[]) => this.said.push(['forward', ...forward]),
      closed: (...end: unknown[]) => this.said.push(['forward-end', ...end]),
      end: () => undefined,
    }),
  } as unknown as ExchangeRecorder
}

type Sent = readonly ['client' | 'target', Uint8Array]

/** Each part is sent in two pieces, cut there. */
function told(agreed: AgreedStream, sent: readonly Sent[], cut = 0): unknown[] {
  const notes = new Notes()
  const tap = new StreamTap({ agreed, recorder: notes.recorder }, () => 0)
  for (const [from, bytes] of sent) {
    for (const piece of [bytes.subarray(0, cut), bytes.subarray(cut)]) {
      const passed = from === 'client' ? [tap.fromClient(piece)] : tap.fromTarget(piece)
      expect(Buffer.concat(passed)).toEqual(Buffer.from(piece))
    }
  }
  tap.end()
  return notes.said
}

const codeOf = (call: () => unknown) => {
  try {
    call()
  } catch (error) {
    return error instanceof StreamError ? error.code : `not coded: ${error}`
  }
  return 'nothing'
}
const say = (channel: number, text: string, mask?: Uint8Array) =>
  webSocketFrame(opcodes.binary, Buffer.concat([Buffer.from([channel]), Buffer.from(text, 'latin1')]), mask)
const data = (stream: number, text: string, final = false) => spdyData(stream, Buffer.from(text, 'latin1'), final)
const SUCCESS = '{"metadata":{},"status":"Success"}'

describe('an exec over channels', () => {
  it('is told wherever it is cut', () => {
    const client = Buffer.concat([
      say(4, '{"Width":80,', KEY),
      say(4, '"Height":24}{"width":9,"Height":3}', KEY),
      say(0, 'ls', KEY),
      say(255, '\x03', KEY),
    ])
    const target = Buffer.concat([say(1, ''), say(1, 'a\0'), say(2, 'b'), say(3, SUCCESS)])
    for (let cut = 0; cut <= Math.max(client.length, target.length); cut++)
      expect(
        told(
          exec,
          [
            ['client', client],
            ['target', target],
          ],
          cut,
        ),
      ).toEqual([
        ['resize', 80, 24],
        ['resize', 9, 3],
        ['stdin', 0, 'ls'],
        ['stdout', 0, 'a\0'],
        ['stderr', 0, 'b'],
        ['exit', { code: 0, status: 'success' }],
      ])
  })

  it('tells a text where the protocol has no exit code, and what is no Status', () => {
    expect(told({ ...exec, version: 1 }, [['target', say(3, 'no such file')]])).toEqual([
      ['exit', { status: 'failure', message: 'no such file' }],
    ])
    expect(told(exec, [['target', say(3, '{"half":')]])).toEqual([['exit', { status: 'failure', message: '{"half":' }]])
    expect(told(exec, [['target', say(3, '{"status":"Failure","details":{"causes":[7,{"reason":"ExitCode","message":"1x"}]}}')]])).toEqual([
      ['exit', { status: 'failure' }],
    ])
  })

  it('is told in base64', () => {
    const text = (channel: number, content: string, mask?: Uint8Array) =>
      webSocketFrame(opcodes.text, Buffer.from(`${channel}${Buffer.from(content).toString('base64')}`), mask)
    const agreed = { ...exec, base64: true, version: 4 }
    expect(
      told(
        agreed,
        [
          ['client', text(0, 'ls\n', KEY)],
          ['target', text(1, 'a')],
          ['target', text(3, SUCCESS)],
        ],
        5,
      ),
    ).toEqual([
      ['stdin', 0, 'ls\n'],
      ['stdout', 0, 'a'],
      ['exit', { code: 0, status: 'success' }],
    ])
  })

  it.each([
    ['the client writes to what it is shown', 'client', say(1, 'x', KEY), 'GS_K8S_CHANNEL'],
    ['the target types', 'target', say(0, 'x'), 'GS_K8S_CHANNEL'],
    ['a size is none', 'client', say(4, '{"Width":-1}', KEY), 'GS_K8S_CHANNEL'],
    ['a size is no JSON', 'client', say(4, 'rm -rf /}', KEY), 'GS_K8S_CHANNEL'],
    ['a size has no end', 'client', say(4, '{'.repeat(2000), KEY), 'GS_K8S_STREAM_LIMIT'],
    ['an exit has no end', 'target', say(3, 'x'.repeat(70_000)), 'GS_K8S_STREAM_LIMIT'],
    ['what comes is no WebSocket', 'target', Buffer.from('HTTP/1.1 200 OK\r\n\r\n'), 'GS_K8S_WEBSOCKET'],
  ] as const)('is ended where %s', (_, from, bytes, code) => {
    expect(codeOf(() => told(exec, [[from, bytes]]))).toBe(code)
  })
})

describe('streams of SPDY', async () => {
  const [error, stdin, stdout, resize] = (await synStreams([
    { id: 1, headers: { streamtype: 'error' } },
    { id: 3, headers: { streamtype: 'stdin' } },
    { id: 5, headers: { streamtype: 'stdout' } },
    { id: 7, headers: { streamtype: 'resize' } },
  ])) as [Buffer, Buffer, Buffer, Buffer]
  const opened = Buffer.concat([error, stdin, stdout, resize])

  it('are an exec, wherever it is cut', () => {
    const client = Buffer.concat([opened, data(7, '{"Width":80,"Height":24}\n'), data(3, 'ls\n'), data(3, '', true)])
    const target = Buffer.concat([data(5, 'a'), data(5, 'b', true), data(1, SUCCESS, true)])
    for (let cut = 0; cut <= client.length; cut++)
      expect(
        told(
          overSpdy,
          [
            ['client', client],
            ['target', target],
          ],
          cut,
        ),
      ).toEqual([
        ['resize', 80, 24],
        ['stdin', 0, 'ls\n'],
        ['stdout', 0, 'ab'],
        ['exit', { code: 0, status: 'success' }],
      ])
  })

  it.each([
    ['data comes on a stream that nobody opened', 'client', data(9, 'x'), 'GS_K8S_SPDY'],
    ['data comes behind its end', 'client', Buffer.concat([data(3, 'x', true), data(3, 'y')]), 'GS_K8S_SPDY'],
    ['data comes behind a reset of the same side', 'client', Buffer.concat([spdyControl(3, 0, uint32(3, 5)), data(3, 'y')]), 'GS_K8S_SPDY'],
    ['the client writes to what it is shown', 'client', data(5, 'x'), 'GS_K8S_CHANNEL'],
    ['the target types', 'target', data(3, 'x'), 'GS_K8S_CHANNEL'],
  ] as const)('are ended where %s', (_, from, bytes, code) => {
    expect(
      codeOf(() =>
        told(overSpdy, [
          ['client', opened],
          [from, bytes],
        ]),
      ),
    ).toBe(code)
  })

  it('take what was on its way when the other side ended a stream', () => {
    expect(
      told(overSpdy, [
        ['client', opened],
        ['target', spdyControl(3, 0, uint32(3, 5))],
        ['client', data(3, 'late')],
      ]),
    ).toEqual([['stdin', 0, 'late']])
  })

  it.each([
    ['the target opens one', 'target', [{ id: 1, headers: { streamtype: 'stdin' } }], 'GS_K8S_SPDY'],
    [
      'one is opened twice',
      'client',
      [
        { id: 3, headers: { streamtype: 'stdin' } },
        { id: 3, headers: { streamtype: 'stdin' } },
      ],
      'GS_K8S_SPDY',
    ],
    ['one has an even number', 'client', [{ id: 2, headers: { streamtype: 'stdin' } }], 'GS_K8S_SPDY'],
    ['one is for something else', 'client', [{ id: 1, headers: { streamtype: 'data' } }], 'GS_K8S_CHANNEL'],
    ['one is for nothing', 'client', [{ id: 1, headers: {} }], 'GS_K8S_CHANNEL'],
  ] as const)('are ended where %s', async (_, from, streams, code) => {
    const frames = await synStreams(streams)
    expect(codeOf(() => told(overSpdy, [[from, Buffer.concat(frames)]]))).toBe(code)
  })

  it('are not open in any number', async () => {
    const frames = await synStreams(Array.from({ length: 4097 }, (_, at) => ({ id: 2 * at + 1, headers: { streamtype: 'stdin' } })))
    expect(codeOf(() => told(overSpdy, [['client', Buffer.concat(frames)]]))).toBe('GS_K8S_STREAM_LIMIT')
  })
})

describe('a port-forward', async () => {
  const pair = (id: number, request: string, port = '80') => [
    { id, headers: { streamtype: 'error', port, requestid: request } },
    { id: id + 2, headers: { streamtype: 'data', port, requestid: request } },
  ]
  const frames = await synStreams([...pair(1, '0'), ...pair(5, '1', '443')])
  const client = Buffer.concat([...frames, data(3, 'one', true), data(7, 'two'), data(1, '', true), data(5, '', true)])
  const target = Buffer.concat([data(3, '1'), data(7, '22'), data(1, '', true), data(3, '', true), data(5, 'refused', true)])
  const said = [
    ['forward', 1, 80],
    ['forward', 2, 443],
    ['sent', 1, 'one'],
    ['sent', 2, 'two'],
    ['received', 1, '1'],
    ['received', 2, '22'],
    ['forward-end', 1, { sent: 3, received: 1 }],
    ['forward-error', 2, 'refused'],
    ['forward-end', 2, { sent: 3, received: 2 }],
  ]

  it('is told wherever it is cut', () => {
    for (let cut = 0; cut <= client.length; cut++)
      expect(
        told(
          forward,
          [
            ['client', client],
            ['target', target],
          ],
          cut,
        ),
      ).toEqual(said)
  })

  it('is told in a tunnel, whatever its messages are', () => {
    const inPieces = (bytes: Buffer, mask?: Uint8Array) =>
      Buffer.concat([
        webSocketFrame(opcodes.binary, bytes.subarray(0, 7), mask, false),
        webSocketFrame(opcodes.continuation, bytes.subarray(7, 30), mask),
        webSocketFrame(opcodes.binary, bytes.subarray(30), mask),
      ])
    for (const cut of [0, 1, 2, 6, 9, 20, 40, 60])
      expect(
        told(
          tunnel,
          [
            ['client', inPieces(client, KEY)],
            ['target', inPieces(target)],
          ],
          cut,
        ),
      ).toEqual(said)
    expect(codeOf(() => told(tunnel, [['client', webSocketFrame(opcodes.text, client, KEY)]]))).toBe('GS_K8S_CHANNEL')
  })

  it('is told where its streams have no request ids, as old clients open them', async () => {
    const old = await synStreams([
      { id: 1, headers: { streamtype: 'error', port: '80' } },
      { id: 3, headers: { streamtype: 'data', port: '80' } },
    ])
    expect(
      told(forward, [
        ['client', Buffer.concat(old)],
        ['target', data(3, 'x')],
      ]),
    ).toEqual([
      ['forward', 1, 80],
      ['received', 1, 'x'],
      ['forward-end', 1, { sent: 0, received: 1 }],
    ])
  })

  it.each([
    [
      'two ports',
      [
        { id: 1, headers: { streamtype: 'error', port: '80', requestid: '0' } },
        { id: 3, headers: { streamtype: 'data', port: '22', requestid: '0' } },
      ],
    ],
    ['no port', [{ id: 1, headers: { streamtype: 'data', requestid: '0' } }]],
    ['a port that is none', [{ id: 1, headers: { streamtype: 'data', port: '70000', requestid: '0' } }]],
  ])('is ended where a connection has %s', async (_, streams) => {
    const frames = await synStreams(streams)
    expect(codeOf(() => told(forward, [['client', Buffer.concat(frames)]]))).toBe('GS_K8S_CHANNEL')
  })

  it('is told by channels, each of which the target begins with its port', () => {
    const from = Buffer.concat([say(0, '\x50'), say(0, '\0'), say(1, '\x50\0'), say(2, '\xfb\x20'), say(3, '\xfb\x20no')])
    const sent: readonly Sent[] = [
      ['target', from],
      ['client', say(0, 'GET', KEY)],
      ['target', say(0, 'HTTP')],
    ]
    for (let cut = 0; cut <= from.length; cut++)
      expect(told(byChannels, sent, cut)).toEqual([
        ['forward', 1, 80],
        ['forward', 2, 8443],
        ['forward-error', 2, 'no'],
        ['sent', 1, 'GET'],
        ['received', 1, 'HTTP'],
        ['forward-end', 1, { sent: 3, received: 4 }],
        ['forward-end', 2, { sent: 0, received: 0 }],
      ])
    expect(codeOf(() => told(byChannels, [['target', say(0, '\x16\0')]]))).toBe('GS_K8S_CHANNEL')
    expect(codeOf(() => told(byChannels, [['client', say(1, 'x', KEY)]]))).toBe('GS_K8S_CHANNEL')
    expect(codeOf(() => told(byChannels, [['client', say(4, 'x', KEY)]]))).toBe('GS_K8S_CHANNEL')
  })

  it('forgets connections that are over: as many as there ever are, a few at once', async () => {
    const many = 6000
    const frames = await synStreams(Array.from({ length: many }, (_, at) => pair(4 * at + 1, `${at % 10}`)).flat())
    const tap = new StreamTap({ agreed: forward }, () => 0)
    for (let at = 0; at < many; at++) {
      const id = 4 * at + 1
      tap.fromClient(Buffer.concat([frames[2 * at]!, frames[2 * at + 1]!, data(id, '', true), data(id + 2, 'x', true)]))
      tap.fromTarget(Buffer.concat([data(id, '', true), data(id + 2, 'y', true)]))
    }
    expect(tap.connections).toBe(many)
  })
})

describe('hostile bytes', async () => {
  const spdy = Buffer.concat([
    ...(await synStreams([
      { id: 1, headers: { streamtype: 'stdout' } },
      { id: 3, headers: { streamtype: 'error' } },
    ])),
    data(3, ''),
  ])
  const begun = { client: spdy, target: Buffer.concat([data(1, 'mail ann@example.org'), data(3, SUCCESS)]) }
  const channels = {
    client: Buffer.concat([say(0, 'ls', KEY), say(4, '{}', KEY)]),
    target: Buffer.concat([say(1, 'mail ann@example.org'), say(2, 'x'), say(3, SUCCESS)]),
  }
  const mask: Mask = {
    ...{ name: 'm', columns: [], detect: ['email'], patterns: [], as: 'redact' },
    unmaskedWrite: false,
    predicates: false,
  }

  it.each([
    ['WebSocket', exec, channels],
    ['SPDY', overSpdy, begun],
  ] as const)(
    'end in a code or pass, as long as they were and never unmasked where they were whole: %s',
    (_, agreed, { client, target }) => {
      fc.assert(
        fc.property(
          fc.boolean(),
          fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { maxLength: 3 }),
          fc.array(fc.nat(80), { maxLength: 6 }),
          (isClient, changes, cuts) => {
            const bytes = Buffer.from(isClient ? client : target)
            for (const [at, byte] of changes) if (at < bytes.length) bytes[at] = byte
            const masking = () => new TextMasking(findingsOf([mask])!, undefined, 100)
            const tap = new StreamTap({ agreed, recorder: new Notes().recorder, masking }, () => 0)
            if (!isClient && agreed.form === 'spdy') tap.fromClient(client)
            let passed = 0
            const code = codeOf(() => {
              const ends = [...cuts.sort((a, b) => a - b), bytes.length]
              ends.forEach((end, at) => {
                const piece = Buffer.from(bytes.subarray(ends[at - 1] ?? 0, end))
                if (isClient) tap.fromClient(piece)
                else for (const out of tap.fromTarget(piece)) passed += out.length
              })
              for (const out of tap.targetEnded()) passed += out.length
              if (!isClient) expect(passed).toBe(bytes.length)
              tap.end()
            })
            expect(code).not.toContain('not coded')
          },
        ),
        { numRuns: 400 },
      )
    },
  )
})

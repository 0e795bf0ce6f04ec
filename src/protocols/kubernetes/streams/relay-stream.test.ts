import { connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { zstdDecompressSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import { type Findings, findingsOf } from '../../../masking/index.ts'
import { type Mask, Refusal } from '../../../operations/index.ts'
import { ExchangeRecorder } from '../../../recording/exchange-recorder.ts'
import { ExchangeTranscriber, SegmentEncoder } from '../../../recording/index.ts'
import { Reel } from '../../../recording/reel.ts'
import { opcodes, webSocketFrame } from '../wire/index.ts'
import type { AgreedStream } from './agreed.ts'
import { relayStream, type StreamEnd } from './relay-stream.ts'

const KEY = Buffer.from([9, 8, 7, 6])
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
const SUCCESS = '{"metadata":{},"status":"Success"}'
const failure = (code: number) =>
  JSON.stringify({
    ...{
      metadata: {},
      status: 'Failure',
      message: `command terminated with non-zero exit code: exit status ${code}`,
      reason: 'NonZeroExitCode',
    },
    details: { causes: [{ reason: 'ExitCode', message: `${code}` }] },
  })
const say = (channel: number, text: string, mask?: Uint8Array) =>
  webSocketFrame(opcodes.binary, Buffer.concat([Buffer.from([channel]), Buffer.from(text)]), mask)
const close = (mask?: Uint8Array) => webSocketFrame(opcodes.close, Buffer.from([3, 0xe8]), mask)
const email: Mask = {
  ...{ name: 'no-emails', columns: [], detect: ['email'], patterns: [], as: 'redact', unmaskedWrite: false, predicates: false },
}

/** Two connected sockets. */
async function pair(): Promise<readonly [near: Socket, far: Socket]> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true })
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve))
  const far = connect({ port: (server.address() as { port: number }).port, host: '127.0.0.1', allowHalfOpen: true })
  const near = await accepted
  server.close()
  return [near, far]
}

/** A client and a target with the relay between them. */
class Room {
  readonly client: Socket
  readonly target: Socket
  readonly reel: Reel
  readonly recorder: ExchangeRecorder
  readonly ending: Promise<StreamEnd>
  readonly abort = new AbortController()
  atClient = Buffer.alloc(0)
  atTarget = Buffer.alloc(0)
  readonly maker = { began: () => undefined, full: () => undefined, crowded: false }
  most = Number.POSITIVE_INFINITY
  #charged = 0

  private constructor(
    [nearClient, client]: readonly [Socket, Socket],
    [nearTarget, target]: readonly [Socket, Socket],
    agreed: AgreedStream,
    findings?: Findings,
    strict = false,
  ) {
    this.client = client
    this.target = target
    this.reel = new Reel('ses_1', strict, this.maker)
    this.recorder = new ExchangeRecorder(this.reel, { rows: 1000, bytes: 1024 * 1024 }, true)
    client.on('data', (bytes: Buffer) => {
      this.atClient = Buffer.concat([this.atClient, bytes])
    })
    target.on('data', (bytes: Buffer) => {
      this.atTarget = Buffer.concat([this.atTarget, bytes])
    })
    for (const socket of [client, target]) socket.on('error', () => undefined)
    this.ending = relayStream({
      ...{ client: nearClient, target: nearTarget, head: {}, agreed, recorder: this.recorder, findings, signal: this.abort.signal },
      charge: (bytes) => {
        this.#charged += bytes
        return this.#charged > this.most ? new Refusal('GS_SESSION_ENDED') : undefined
      },
    })
  }

  static async open(agreed = exec, masks: readonly Mask[] = [], strict = false): Promise<Room> {
    return new Room(await pair(), await pair(), agreed, findingsOf(masks), strict)
  }

  /** What was recorded, without times. */
  said(): unknown[][] {
    this.recorder.end()
    const encoder = new SegmentEncoder({ kubernetes: (lines) => new ExchangeTranscriber(lines) })
    const { content } = encoder.take({
      ...{ n: 1, session: 'ses_1', protocol: 'kubernetes', segment: 1, started: '' },
      tape: this.reel.take().tape,
    })!
    const lines = zstdDecompressSync(content).toString().split('\n').slice(1, -1)
    return lines.map((line) => (JSON.parse(line) as unknown[]).slice(1)).filter(([code]) => code !== 'op')
  }

  end(): void {
    this.client.destroy()
    this.target.destroy()
  }
}

let room: Room
afterEach(() => room?.end())

describe('the relay of a stream', () => {
  it('carries both directions as they are, and records what was said, in order, and how it ended', async () => {
    room = await Room.open()
    const sent = Buffer.concat([say(4, '{"Width":120,"Height":40}\n', KEY), say(0, 'ls\n', KEY), say(255, '\0', KEY)])
    room.client.write(sent)
    await expect.poll(() => room.atTarget.length).toBe(sent.length)
    const shown = Buffer.concat([say(1, 'a.txt\n'), say(2, 'no\n'), say(3, failure(3)), close()])
    room.target.write(shown)
    await expect.poll(() => room.atClient.length).toBe(shown.length)
    room.client.end(close(KEY))
    await expect.poll(() => room.target.readableEnded).toBe(true)
    room.target.end()
    expect(await room.ending).toMatchObject({
      how: 'ended',
      exit: { code: 3, status: 'failure' },
      toClient: shown.length,
      connections: 0,
      masked: [],
    })
    expect(room.atTarget).toEqual(Buffer.concat([sent, close(KEY)]))
    expect(room.atClient).toEqual(shown)
    expect(room.said()).toEqual([
      ['stream', { carrier: 'websocket', protocol: 'v5.channel.k8s.io', action: 'exec', tty: false }],
      ['resize', [120, 40]],
      ['stdin', 'ls\n'],
      ['stdout', 'a.txt\n'],
      ['stderr', 'no\n'],
      ['exit', { code: 3, status: 'failure', message: 'command terminated with non-zero exit code: exit status 3' }],
      ['stream-end', {}],
    ])
  })

  it('ends what cannot be told for sure, before it reaches the target, and says so', async () => {
    room = await Room.open()
    const hidden = Buffer.concat([
      webSocketFrame(opcodes.binary, Buffer.from('\x04{'), KEY, false),
      webSocketFrame(opcodes.continuation, Buffer.from('\0rm -rf /\n'), KEY),
    ])
    room.client.write(hidden)
    expect(await room.ending).toMatchObject({ how: 'refused', error: { code: 'GS_K8S_CHANNEL' } })
    expect(room.atTarget.length).toBe(0)
    await expect.poll(() => room.client.readableEnded || room.client.destroyed).toBe(true)
    expect(room.atClient.toString('latin1')).toContain('"status":"Failure"')
    expect(room.said().at(-1)).toEqual(['stream-end', { reason: 'GS_K8S_CHANNEL' }])
  })

  it('ends what came behind the request and cannot be told, also where nobody is there any more to hear why', async () => {
    const [nearClient, client] = await pair()
    const [nearTarget, target] = await pair()
    client.on('error', () => undefined)
    client.destroy()
    await sleep(20)
    const head = { client: webSocketFrame(opcodes.binary, Buffer.from('\x01x'), KEY) }
    const ending = relayStream({
      client: nearClient,
      target: nearTarget,
      head,
      agreed: exec,
      charge: () => undefined,
      signal: new AbortController().signal,
    })
    expect(await ending).toMatchObject({ how: 'refused', error: { code: 'GS_K8S_CHANNEL' } })
    await expect.poll(() => nearClient.destroyed && nearTarget.destroyed).toBe(true)
    target.destroy()
  })

  it('tells the client why it is cut off, between two messages', async () => {
    room = await Room.open()
    room.target.write(say(1, '$ '))
    await expect.poll(() => room.atClient.length).toBeGreaterThan(0)
    const refusal = new Refusal('GS_SESSION_ENDED')
    room.abort.abort(refusal)
    expect(await room.ending).toMatchObject({ how: 'refused', error: refusal })
    await expect.poll(() => room.client.readableEnded).toBe(true)
    const word = room.atClient.subarray(say(1, '$ ').length)
    expect(word[2]! === 3 || word[4] === 3).toBe(true)
    expect(word.toString('latin1')).toContain(refusal.message)
    await expect.poll(() => room.target.readableEnded || room.target.destroyed).toBe(true)
  })

  it('puts no last word within a message: it cuts', async () => {
    room = await Room.open()
    const half = say(1, 'x'.repeat(100)).subarray(0, 50)
    room.target.write(half)
    await expect.poll(() => room.atClient.length).toBe(50)
    room.abort.abort(new Refusal('GS_SESSION_ENDED'))
    await room.ending
    await expect.poll(() => room.client.destroyed || room.client.readableEnded).toBe(true)
    expect(room.atClient).toEqual(half)
  })

  it('is cut where it is charged more than it may', async () => {
    room = await Room.open()
    room.most = 100
    room.target.write(say(1, 'x'.repeat(90)))
    await expect.poll(() => room.atClient.length).toBeGreaterThan(90)
    room.target.write(say(1, 'y'.repeat(90)))
    expect(await room.ending).toMatchObject({ how: 'refused', error: { code: 'GS_SESSION_ENDED' } })
    expect(room.atClient.toString('latin1')).not.toContain('yyy')
  })

  it.each([
    ['the target down for a client that does not read', (room: Room) => [room.target, room.client] as const, undefined],
    ['the client down for a target that does not read', (room: Room) => [room.client, room.target] as const, KEY],
  ])('slows %s', async (_, sides, mask) => {
    room = await Room.open()
    const [writer, reader] = sides(room)
    reader.pause()
    const piece = say(mask ? 0 : 1, 'x'.repeat(60_000), mask)
    const MOST = 64 * 1024 * 1024
    let written = 0
    while (written < MOST) {
      written += piece.length
      if (writer.write(piece)) continue
      const drained = new Promise((resolve) => writer.once('drain', () => resolve(true)))
      if ((await Promise.race([drained, sleep(300)])) !== true) break
    }
    expect(written).toBeLessThan(MOST)
    reader.resume()
    await expect.poll(() => writer.writableNeedDrain, { timeout: 5000 }).toBe(false)
  })

  it('waits for the recording', async () => {
    room = await Room.open()
    room.maker.crowded = true
    room.target.write(say(1, 'first'))
    await expect.poll(() => room.atClient.length).toBeGreaterThan(0)
    room.target.write(say(1, 'second'))
    await sleep(50)
    expect(room.atClient.toString('latin1')).not.toContain('second')
    room.maker.crowded = false
    room.reel.roomAgain()
    await expect.poll(() => room.atClient.toString('latin1')).toContain('second')
  })

  it('shows nothing before it is durable, where that is wanted', async () => {
    room = await Room.open(exec, [], true)
    room.target.write(say(1, 'secret plan'))
    await sleep(50)
    expect(room.atClient.length).toBe(0)
    const { shown } = room.reel.take()
    await sleep(20)
    expect(room.atClient.length).toBe(0)
    room.reel.settled(shown)
    await expect.poll(() => room.atClient.toString('latin1')).toContain('secret plan')
  })
})

describe('what commands write, where it is masked', () => {
  it('is as long as it was, wherever it is cut, over frames and channels', async () => {
    const frames = Buffer.concat([
      say(1, 'mail ann@exam'),
      say(2, 'also bob@exa'),
      say(1, 'ple.org now\n'),
      say(2, 'mple.org\n'),
      say(3, SUCCESS),
      close(),
    ])
    for (const at of [1, 5, 14, 16, 17, 30, 40, 50, frames.length - 60]) {
      room = await Room.open(exec, [email])
      room.target.write(frames.subarray(0, at))
      await sleep(5)
      room.target.write(frames.subarray(at))
      await expect.poll(() => room.atClient.length).toBe(frames.length)
      const text = room.atClient.toString('latin1')
      expect(text).not.toMatch(/ann|bob/)
      expect(text).toContain('mail')
      expect(text).toContain(' now\n')
      room.client.end()
      room.target.end()
      const { masked } = await room.ending
      expect(masked).toEqual([
        ['no-emails', 'email', 1],
        ['no-emails', 'email', 1],
      ])
      const said = room.said()
      expect(JSON.stringify(said)).not.toMatch(/ann@|bob@/)
      expect(said.flatMap(([code, content]) => (code === 'stdout' ? [content] : [])).join('')).toMatch(/^mail .{15} now\n$/)
      room.end()
    }
  })

  it('waits a tenth of a second at most, and a fiftieth on a terminal', async () => {
    for (const [tty, most] of [
      [false, 400],
      [true, 300],
    ] as const) {
      room = await Room.open({ ...exec, tty }, [email])
      room.target.write(say(1, 'prompt'))
      const began = performance.now()
      await expect.poll(() => room.atClient.toString('latin1'), { interval: 5 }).toContain('prompt')
      expect(performance.now() - began).toBeLessThan(most)
      room.end()
    }
  })

  it('is let go on when the target ends', async () => {
    room = await Room.open(exec, [email])
    const shown = Buffer.concat([say(1, 'ann@example.org')])
    room.target.end(shown)
    await expect.poll(() => room.atClient.length).toBe(shown.length)
    expect(room.atClient.toString('latin1')).not.toContain('ann')
  })
})

import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { constants, createDeflate } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { spdyControl, spdyData, webSocketFrame } from '../../../src/protocols/kubernetes/wire/build.ts'
import { ChannelReader, SpdyReader, StreamError, WebSocketReader } from '../../../src/protocols/kubernetes/wire/index.ts'
import { DICTIONARY } from '../../../src/protocols/kubernetes/wire/spdy-headers.ts'
import { KUBERNETES_PARTS, ownProgram } from '../../parts/kubernetes-binaries.ts'
import { needs } from '../../parts/require.ts'
import { sizeOr } from '../../parts/soak.ts'
import { headerBlock, uint32 } from '../../parts/spdy-frames.ts'

/*
 * Whatever the bytes, what is read here is what the libraries of the API server and of kubelets read there; or it is refused. What these see beyond
 * that would not be in the recording.
 */

let readers: ChildProcess
let port: number
const isBuilt = () => existsSync(ownProgram('streamreaders'))
beforeAll(async () => {
  if (!isBuilt()) return
  readers = spawn(ownProgram('streamreaders'), { stdio: ['ignore', 'pipe', 'inherit'] })
  port = Number(await new Promise((resolve) => readers.stdout?.once('data', (line) => resolve(String(line)))))
})
afterAll(() => void readers?.kill())
beforeEach((test) => needs(test, isBuilt(), KUBERNETES_PARTS))

const RUNS = sizeOr(400, 20_000)

/** @returns what was told, and whether it was refused in the end */
function reading(read: (told: string[]) => void): { readonly told: readonly string[]; readonly refused: boolean } {
  const told: string[] = []
  try {
    read(told)
    return { told, refused: false }
  } catch (error) {
    if (!(error instanceof StreamError)) throw error
    return { told, refused: true }
  }
}

function add(told: string[], start: string, piece: Uint8Array): void {
  if (piece.length === 0) return
  const hex = Buffer.from(piece).toString('hex')
  if (told.at(-1)?.startsWith(start)) told[told.length - 1] += hex
  else told.push(`${start}${hex}`)
}

/** A few bytes of it are others, or it is cut off. */
type Change = readonly [at: number, byte: number]
function changed(bytes: Buffer, changes: readonly Change[], cut: number): Buffer {
  const copy = Buffer.from(bytes)
  for (const [at, byte] of changes) if (copy.length > 0) copy[at % copy.length] = byte
  return cut > 0 && cut < copy.length ? copy.subarray(0, copy.length - cut) : copy
}
const someChanges = fc.oneof(
  fc.constant([]),
  fc.array(fc.tuple(fc.nat(2_000), fc.oneof(fc.constantFrom(0, 1, 0x80, 0xff), fc.nat(255))), { maxLength: 3 }),
)
const someCut = fc.oneof({ arbitrary: fc.constant(0), weight: 8 }, { arbitrary: fc.nat(40), weight: 1 })

type Part =
  | { readonly frame: 'headers'; readonly type: number; readonly flags: number; readonly types: readonly string[] }
  | { readonly frame: 'data'; readonly back: number; readonly text: string; readonly ends: boolean }
  | { readonly frame: 'control'; readonly type: number; readonly words: readonly number[] }

const part: fc.Arbitrary<Part> = fc.oneof(
  fc.record({
    ...{ frame: fc.constant('headers' as const), type: fc.constantFrom(1, 1, 1, 2, 8), flags: fc.constantFrom(0, 0, 1, 2, 3) },
    types: fc.oneof(
      { arbitrary: fc.constantFrom(['stdin'], ['stdout'], ['error'], ['data']), weight: 9 },
      { arbitrary: fc.constant(['stdin', 'stdout']), weight: 1 },
    ),
  }),
  fc.record({ frame: fc.constant('data' as const), back: fc.nat(2), text: fc.string({ maxLength: 12 }), ends: fc.boolean() }),
  fc
    .oneof(
      { arbitrary: fc.constantFrom<[number, number[]]>([3, [1, 5]], [4, [1, 4, 100]], [6, [1]], [7, [1, 0]], [9, [1, 500]]), weight: 9 },
      { arbitrary: fc.tuple(fc.constantFrom(3, 4, 6, 7, 9), fc.array(fc.constantFrom(0, 1, 3, 5), { maxLength: 4 })), weight: 1 },
    )
    .map(([type, words]) => ({ frame: 'control' as const, type, words })),
)

/** One direction, compressed as one stream by zlib. */
async function sessionOf(parts: readonly Part[], level: number, strategy: number): Promise<Buffer> {
  const deflate = createDeflate({ level, strategy, dictionary: DICTIONARY })
  let chunks: Buffer[] = []
  deflate.on('data', (chunk: Buffer) => chunks.push(chunk))
  const frames: Buffer[] = []
  let stream = -1
  for (const each of parts) {
    if (each.frame === 'data') frames.push(spdyData(Math.max(1, stream - 2 * each.back), Buffer.from(each.text), each.ends))
    else if (each.frame === 'control') frames.push(spdyControl(each.type, 0, uint32(...each.words)))
    else {
      // More than one block in a frame is what another reader may take for the next frame's.
      deflate.write(Buffer.concat(each.types.map((streamtype) => headerBlock({ streamtype, port: '80' }))))
      await new Promise<void>((resolve) => deflate.flush(constants.Z_SYNC_FLUSH, resolve))
      if (each.type === 1) stream += 2
      const about = each.type === 1 ? Buffer.concat([uint32(stream, 0), Buffer.from([0, 0])]) : uint32(Math.max(1, stream))
      frames.push(spdyControl(each.type, each.type === 1 ? each.flags : each.flags & 1, Buffer.concat([about, ...chunks])))
      chunks = []
    }
  }
  deflate.close()
  return Buffer.concat(frames)
}

function readSpdy(bytes: Buffer) {
  return reading((told) =>
    new SpdyReader({
      opened(stream, headers, ends, oneWay) {
        const pairs = [...headers].map(([name, value]) => `${name}=${Buffer.from(value, 'latin1').toString('hex')}`).sort()
        told.push(`opened ${stream} ${pairs.join(',')} ${ends} ${oneWay}`)
      },
      content: (stream, from, start, end) => add(told, `content ${stream} `, from.subarray(start, end)),
      ended: (stream) => told.push(`ended ${stream}`),
      reset: (stream) => told.push(`reset ${stream}`),
    }).push(bytes, 0, bytes.length),
  )
}

it('SPDY: streams and data are those that spdystream reads', async () => {
  const strategies = [constants.Z_DEFAULT_STRATEGY, constants.Z_FIXED, constants.Z_HUFFMAN_ONLY]
  let whole = 0
  await fc.assert(
    fc.asyncProperty(
      ...([fc.array(part, { maxLength: 8 }), fc.constantFrom(0, 1, 9), fc.constantFrom(...strategies), someChanges, someCut] as const),
      async (parts, level, strategy, changes, cut) => {
        const bytes = changed(await sessionOf(parts, level, strategy), changes, cut)
        const answer = await fetch(`http://127.0.0.1:${port}/spdy`, { method: 'POST', body: new Uint8Array(bytes) })
        const theirs = (await answer.text()).split('\n').slice(0, -1).join('\n')
        const { told, refused } = readSpdy(bytes)
        const ours = told.join('\n')
        // What is refused is not forwarded. Of data that is not whole we see the beginning.
        if (refused) expect(theirs.startsWith(ours) || ours.startsWith(theirs)).toBe(true)
        else expect(ours.slice(0, theirs.length)).toBe(theirs)
        if (!refused && theirs !== '') whole++
      },
    ),
    { numRuns: RUNS },
  )
  expect(whole).toBeGreaterThan(RUNS / 20)
})

it('WebSocket: messages and their channels are those that x/net reads', async () => {
  const frame = fc.record({
    ...{ opcode: fc.constantFrom(2, 2, 2, 2, 1, 0, 8, 9, 10), final: fc.constantFrom(true, true, true, true, true, false) },
    ...{ masked: fc.constantFrom(true, true, true, true, true, true, true, false), size: fc.constantFrom(0, 1, 2, 5, 125, 126, 300) },
    channel: fc.constantFrom(0, 0, 0, 4, 255),
  })
  let number = 0
  let whole = 0
  await fc.assert(
    fc.asyncProperty(fc.array(frame, { minLength: 1, maxLength: 5 }), someChanges, someCut, async (frames, changes, cut) => {
      const key = Buffer.from([0x11, 0x22, 0x33, 0x44])
      const bytes = changed(
        Buffer.concat(
          frames.map(({ opcode, final, masked, size, channel }) =>
            webSocketFrame(opcode, Buffer.alloc(size, 'x').fill(channel, 0, Math.min(size, 1)), masked ? key : undefined, final),
          ),
        ),
        changes,
        cut,
      )
      const theirs = (await receivedBy(bytes, `${++number}`)).filter((message) => message.length > 2)
      const { told, refused } = readWebSocket(bytes)
      if (refused) expect(startsWith(theirs, told) || startsWith(told, theirs)).toBe(true)
      else expect(told).toEqual(theirs)
      if (!refused && theirs.length > 0) whole++
    }),
    { numRuns: RUNS },
  )
  expect(whole).toBeGreaterThan(RUNS / 20)
})

const startsWith = (longer: readonly string[], shorter: readonly string[]) => longer.join().startsWith(shorter.join())

/** Messages with something in them, as the API server's channels have them: the channel, then the content. */
function readWebSocket(bytes: Buffer) {
  return reading((told) => {
    let message = ''
    const end = (): void => {
      if (message !== '') told.push(message)
      message = ''
    }
    const options = { base64: false, closes: true, allowed: () => true, mayClose: () => true, fragments: false }
    const channels = new ChannelReader(options, {
      content(channel, from, start, to) {
        if (message === '') message = Buffer.from([channel]).toString('hex')
        message += Buffer.from(from.subarray(start, to)).toString('hex')
      },
      messageEnd: end,
      closed: (channel) => told.push(Buffer.from([255, channel]).toString('hex')),
      end: () => undefined,
    })
    try {
      new WebSocketReader(true, channels).push(bytes)
    } finally {
      end()
    }
  })
}

async function receivedBy(bytes: Buffer, name: string): Promise<readonly string[]> {
  await new Promise<void>((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => resolve()).on('close', () => resolve())
    const head = ['Host: x', 'Upgrade: websocket', 'Connection: Upgrade', 'Origin: http://x', 'Sec-WebSocket-Version: 13']
    socket.write(`GET /websocket/${name} HTTP/1.1\r\n${head.join('\r\n')}\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`)
    socket.once('data', () => socket.end(bytes))
    socket.resume()
  })
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}/seen/${name}`)
    if (answer.ok) return (await answer.text()).split('\n')
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

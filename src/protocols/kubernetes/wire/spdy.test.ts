import { constants, createDeflate } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { spdyControl, spdyData } from './build.ts'
import { StreamError } from './errors.ts'
import { SpdyReader, type SpdyVisitor } from './spdy.ts'
import { DICTIONARY, type SpdyHeaders } from './spdy-headers.ts'

class Scribe implements SpdyVisitor {
  readonly seen: string[] = []
  readonly bytes = new Map<number, string>()
  opened(stream: number, headers: SpdyHeaders, ends: boolean, oneWay: boolean): void {
    this.seen.push(
      `${stream} ${[...headers].map(([name, value]) => `${name}=${value}`).join(' ')}${ends ? ' ends' : ''}${oneWay ? ' one way' : ''}`,
    )
  }
  content(stream: number, bytes: Uint8Array, start: number, end: number): void {
    this.bytes.set(stream, `${this.bytes.get(stream) ?? ''}${Buffer.from(bytes.subarray(start, end)).toString('latin1')}`)
  }
  ended(stream: number): void {
    this.seen.push(`${stream} ended: ${this.bytes.get(stream) ?? ''}`)
  }
  reset(stream: number): void {
    this.seen.push(`${stream} reset`)
  }
}

function block(headers: readonly (readonly [string, string])[]): Buffer {
  const parts = headers.flat().map((text) => {
    const part = Buffer.alloc(4 + text.length)
    part.writeUInt32BE(text.length)
    part.write(text, 4, 'latin1')
    return part
  })
  const count = Buffer.alloc(4)
  count.writeUInt32BE(headers.length)
  return Buffer.concat([count, ...parts])
}

const word = (...numbers: number[]) => {
  const bytes = Buffer.alloc(4 * numbers.length)
  for (const [at, number] of numbers.entries()) bytes.writeUInt32BE(number, 4 * at)
  return bytes
}

/** Blocks as one stream, as zlib compresses them with the dictionary. */
async function compressed(blocks: readonly Uint8Array[]): Promise<Buffer[]> {
  const deflate = createDeflate({ level: 9, dictionary: DICTIONARY })
  const flushed: Buffer[] = []
  let chunks: Buffer[] = []
  deflate.on('data', (chunk: Buffer) => chunks.push(chunk))
  for (const each of blocks) {
    deflate.write(each)
    await new Promise<void>((resolve) => deflate.flush(constants.Z_SYNC_FLUSH, resolve))
    flushed.push(Buffer.concat(chunks))
    chunks = []
  }
  deflate.close()
  return flushed
}

const codeOf = (call: () => unknown) => {
  try {
    call()
  } catch (error) {
    return error instanceof StreamError ? error.code : `not coded: ${error}`
  }
  return 'nothing'
}

function read(chunks: readonly Uint8Array[]): Scribe {
  const scribe = new Scribe()
  const reader = new SpdyReader(scribe)
  for (const chunk of chunks) reader.push(chunk, 0, chunk.length)
  return scribe
}

const synStream = (stream: number, headers: Uint8Array, flags = 0) =>
  spdyControl(1, flags, Buffer.concat([word(stream, 0), Buffer.from([0, 0]), headers]))

describe('frames of SPDY/3.1', async () => {
  const blocks = await compressed([
    block([
      ['streamtype', 'stdin'],
      ['port', '80'],
    ]),
    block([]),
    block([['streamtype', 'data\0error']]),
  ])
  const [first, second, third] = blocks as [Buffer, Buffer, Buffer]
  const session = Buffer.concat([
    spdyControl(4, 0, Buffer.concat([word(1), word(4, 100)])),
    synStream(1, first),
    spdyData(1, Buffer.from('ls\n'), false),
    spdyControl(6, 0, word(1)),
    spdyControl(2, 0, Buffer.concat([word(1), second])),
    synStream(3, third, 3),
    spdyData(1, Buffer.alloc(0), true),
    spdyControl(9, 0, word(1, 65536)),
    spdyControl(3, 0, word(3, 5)),
    spdyControl(7, 0, word(3, 0)),
  ])
  const seen = ['1 streamtype=stdin port=80', '3 streamtype=data\0error ends one way', '1 ended: ls\n', '3 reset']

  it('are read wherever they are cut', () => {
    for (let at = 0; at <= session.length; at++) expect(read([session.subarray(0, at), session.subarray(at)]).seen).toEqual(seen)
    expect(read([...session].map((byte) => Buffer.from([byte]))).seen).toEqual(seen)
  })

  it.each([
    ['of another version', spdyControl(6, 0, word(1), 2)],
    ['of a type that there is not', spdyControl(5, 0, word(1))],
    ['with the certificate of a client', spdyControl(10, 0, word(1))],
    // Readers that take eight bytes whatever the length says would see a frame in what stands behind.
    ['that resets and is longer than that', spdyControl(3, 0, Buffer.concat([word(1, 5), spdyData(1, Buffer.from('rm'), false)]))],
    ['that pings and is longer than that', spdyControl(6, 0, word(1, 1))],
    // The rest of it need not come: who takes one setting, whatever the length says, sees a frame in what stands behind.
    [
      'of settings that is longer than they are, and not whole',
      Buffer.concat([spdyControl(4, 0, Buffer.alloc(255)).subarray(0, 8), word(1, 4, 100), spdyData(1, Buffer.from('rm'), false)]),
    ],
    ['that resets a stream with a bit that means nothing', spdyControl(3, 0, word(0x80000001, 5))],
    ['that opens a stream in fewer bytes than that takes', spdyControl(1, 0, word(1))],
    ['of settings that are fewer than it says', spdyControl(4, 0, Buffer.concat([word(2), word(4, 100)]))],
    ['of data of no stream', spdyData(0, Buffer.from('x'), false)],
    ['of data with a flag that there is not', Buffer.from('000000010200000078', 'hex')],
    ['that opens no stream', synStream(0, first)],
    ['with headers that are not compressed', synStream(1, block([['streamtype', 'stdin']]))],
    ['with headers that are cut off', synStream(1, first.subarray(0, 12))],
  ])('are refused: %s', (_, bytes) => {
    expect(codeOf(() => read([bytes]))).toBe('GS_K8S_SPDY')
    expect(codeOf(() => read([...bytes].map((byte) => Buffer.from([byte]))))).toBe('GS_K8S_SPDY')
  })

  it.each([
    ['something behind them', Buffer.concat([block([['a', 'b']]), block([['streamtype', 'stdin']])])],
    ['a name in upper case', block([['StreamType', 'stdin']])],
    [
      'a name twice',
      block([
        ['a', '1'],
        ['a', '2'],
      ]),
    ],
    ['no name', block([['', 'x']])],
    ['a length beyond their end', Buffer.concat([word(1), word(0xffffffff)])],
  ])('are refused with headers that have %s', async (_, headers) => {
    const [bytes] = (await compressed([headers])) as [Buffer]
    expect(codeOf(() => read([synStream(1, bytes)]))).toBe('GS_K8S_SPDY')
  })

  it('are refused with more headers than are read, or longer ones', async () => {
    const many = block(Array.from({ length: 65 }, (_, at) => [`n${at}`, 'x'] as const))
    const long = block([['a', 'x'.repeat(70_000)]])
    for (const headers of [many, long]) {
      const [bytes] = (await compressed([headers])) as [Buffer]
      expect(codeOf(() => read([synStream(1, bytes)]))).toBe('GS_K8S_STREAM_LIMIT')
    }
    expect(codeOf(() => read([spdyControl(1, 0, Buffer.alloc(40_000))]))).toBe('GS_K8S_STREAM_LIMIT')
  })

  it('end in a code or are read, whatever is changed in them, and the same however they come', () => {
    const outcome = (chunks: readonly Uint8Array[]) => {
      const scribe = new Scribe()
      const code = codeOf(() => {
        const reader = new SpdyReader(scribe)
        for (const chunk of chunks) reader.push(chunk, 0, chunk.length)
      })
      expect(code).not.toContain('not coded')
      return [code, ...scribe.seen]
    }
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(session.length - 1), fc.nat(255)), { maxLength: 4 }), fc.nat(session.length), (changes, cut) => {
        const bytes = Buffer.from(session)
        for (const [at, byte] of changes) bytes[at] = byte
        expect(outcome([bytes.subarray(0, cut), bytes.subarray(cut)])).toEqual(outcome([bytes]))
      }),
      { numRuns: 500 },
    )
  })
})

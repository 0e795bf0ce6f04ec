import { randomBytes } from 'node:crypto'
import { constants, createDeflateRaw, type DeflateRaw } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { StreamError } from './errors.ts'
import { Inflater } from './inflate.ts'
import { DICTIONARY } from './spdy-headers.ts'

/** What a writer flushes for each of several pieces of one stream. */
async function deflated(pieces: readonly Uint8Array[], deflate: DeflateRaw): Promise<Buffer[]> {
  const flushed: Buffer[] = []
  let chunks: Buffer[] = []
  deflate.on('data', (chunk: Buffer) => chunks.push(chunk))
  for (const piece of pieces) {
    deflate.write(piece)
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
const NONE = Buffer.alloc(0)
const LIMIT = 1024 * 1024

describe('DEFLATE', () => {
  it.each([
    ['stored', { level: 0 }],
    ['codes of its own', { level: 9 }],
    ['fixed codes', { level: 9, strategy: constants.Z_FIXED }],
    ['codes without copies', { level: 6, strategy: constants.Z_HUFFMAN_ONLY }],
    ['a dictionary', { level: 9, dictionary: DICTIONARY }],
  ])('reads what zlib writes: %s', async (_, options) => {
    const pieces = [
      Buffer.from('streamtype: stdin, stream type: stdout, accept-encoding'),
      randomBytes(5_000),
      Buffer.alloc(70_000, 'abcdefghij'),
      NONE,
      Buffer.from('streamtype: stdin, stream type: stdout, accept-encoding'),
      Buffer.from(randomBytes(3_000).toString('hex')),
    ]
    const inflater = new Inflater('dictionary' in options ? DICTIONARY : NONE)
    for (const [at, piece] of (await deflated(pieces, createDeflateRaw(options))).entries())
      expect(Buffer.from(inflater.inflate(piece, LIMIT)).equals(pieces[at]!)).toBe(true)
  })

  it('reads what zlib writes, whatever it is', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.oneof(
            fc.uint8Array({ maxLength: 300 }),
            fc.string({ maxLength: 300 }).map((text) => Buffer.from(text)),
          ),
          { maxLength: 5 },
        ),
        fc.constantFrom(1, 6, 9),
        async (pieces, level) => {
          const inflater = new Inflater(DICTIONARY)
          for (const [at, piece] of (await deflated(pieces, createDeflateRaw({ level, dictionary: DICTIONARY }))).entries())
            expect(Buffer.from(inflater.inflate(piece, LIMIT))).toEqual(Buffer.from(pieces[at]!))
        },
      ),
      { numRuns: 50 },
    )
  })

  it('refuses what ends within a block, at every place', async () => {
    const [piece] = (await deflated([Buffer.from('something, something else, and something')], createDeflateRaw())) as [Buffer]
    for (let at = 1; at < piece.length; at++) {
      const code = codeOf(() => new Inflater(NONE).inflate(piece.subarray(0, at), LIMIT))
      // Cut before the empty block that a flush ends with, it is whole.
      if (code !== 'nothing') expect(code).toBe('GS_K8S_SPDY')
      else expect(at).toBeGreaterThan(piece.length - 6)
    }
  })

  it('never makes more than it may', async () => {
    const [piece] = (await deflated([Buffer.alloc(1000, 'x')], createDeflateRaw())) as [Buffer]
    expect(codeOf(() => new Inflater(NONE).inflate(piece, 999))).toBe('GS_K8S_STREAM_LIMIT')
    expect(new Inflater(NONE).inflate(piece, 1000)).toHaveLength(1000)
  })

  it('refuses a copy from before the beginning, an end, and codes that cannot be', () => {
    // A copy of three from one byte back, with fixed codes; a last block; a type that there is not; too many codes.
    for (const hex of ['020200', '0300', '06', 'fcffff'])
      expect(codeOf(() => new Inflater(NONE).inflate(Buffer.from(hex, 'hex'), LIMIT))).toBe('GS_K8S_SPDY')
  })

  it('ends in a code or is read, whatever the bytes are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(codeOf(() => new Inflater(DICTIONARY).inflate(bytes, 10_000))).toMatch(/^(nothing|GS_K8S_(SPDY|STREAM_LIMIT))$/)
      }),
      { numRuns: 2_000 },
    )
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Lines } from '../../../recording/lines.ts'
import * as build from '../wire/build.ts'
import { backend } from '../wire/codes.ts'
import { buildErrorResponse } from '../wire/error-response.ts'
import { PostgresTranscriber } from './postgres-transcriber.ts'

const row = (...cells: readonly (Buffer | null)[]) => {
  const parts: Buffer[] = [Buffer.from([cells.length >> 8, cells.length & 255])]
  for (const cell of cells) {
    const length = Buffer.alloc(4)
    length.writeInt32BE(cell === null ? -1 : cell.length)
    parts.push(length, ...(cell ? [cell] : []))
  }
  return Buffer.from(build.message(backend.dataRow, Buffer.concat(parts)))
}
const columns = (...described: readonly (readonly [name: string, type: number, format: 0 | 1])[]) => {
  const parts: Buffer[] = [Buffer.from([0, described.length])]
  for (const [name, type, format] of described) {
    const fixed = Buffer.alloc(18)
    fixed.writeUInt32BE(type, 6)
    fixed.writeUInt16BE(format, 16)
    parts.push(Buffer.from(`${name}\0`), fixed)
  }
  return Buffer.from(build.message(backend.rowDescription, Buffer.concat(parts)))
}
const session = Buffer.concat([
  build.parameterStatus('client_encoding', 'UTF8'),
  build.backendKeyData(4711, Buffer.from([0xde, 0xad, 0xbe, 0xef])),
  build.readyForQuery(0x49),
  columns(['plain', 25, 0], ['größe', 23, 1], ['words', 25, 1]),
  row(Buffer.from('say "hi"\\\n'), Buffer.from([0, 0, 0, 5]), Buffer.from('text')),
  row(null, null, Buffer.alloc(0)),
  build.message(backend.commandComplete, Buffer.from('SELECT 2\0')),
  build.message(backend.bindComplete, Buffer.alloc(0)),
  row(Buffer.from([0, 1]), Buffer.from([0xff, 0xfe]), Buffer.from('ünï')),
  buildErrorResponse({ severity: 'ERROR', sqlstate: '42601', message: 'no' }),
  build.readyForQuery(0x45),
])

function transcribe(chunks: readonly (readonly [bytes: Uint8Array, whole: boolean])[]): unknown[][] {
  const lines = new Lines()
  const transcriber = new PostgresTranscriber(lines)
  for (const [bytes, whole] of chunks) transcriber.bytes(bytes, whole)
  const text = Buffer.from(lines.take()).toString()
  return text.split('\n').flatMap((line) => (line === '' ? [] : [(JSON.parse(line) as unknown[]).slice(1)]))
}
const whole = transcribe([[session, true]])

describe('what a server says, in lines', () => {
  it('is text where it is some, and bytes in base64 where it is not', () => {
    expect(whole).toEqual([
      ['setting', 'client_encoding', 'UTF8'],
      ['process', 4711],
      ['ready', 'idle'],
      [
        'columns',
        [
          { name: 'plain', type: 25 },
          { name: 'größe', type: 23, binary: true },
          { name: 'words', type: 25, binary: true },
        ],
      ],
      ['row', ['say "hi"\\\n', { base64: 'AAAABQ==' }, 'text']],
      ['row', [null, null, '']],
      ['complete', 'SELECT 2'],
      ['bound'],
      ['row', [{ base64: 'AAE=' }, { base64: '//4=' }, 'ünï']],
      ['error', expect.objectContaining({ S: 'ERROR', C: '42601', M: 'no' })],
      ['ready', 'failed'],
    ])
    expect(JSON.stringify(whole)).not.toContain('3q2+7w')
  })

  it('is the same wherever it is cut', () => {
    for (let cut = 1; cut < session.length; cut++) {
      expect(
        transcribe([
          [session.subarray(0, cut), true],
          [session.subarray(cut), false],
        ]),
      ).toEqual(whole)
    }
    expect(transcribe(Array.from(session, (_, at) => [session.subarray(at, at + 1), at === 0]))).toEqual(whole)
  })

  it('goes on at the next whole message where one was cut off', () => {
    const ready = build.readyForQuery(0x49)
    expect(
      transcribe([
        [row(Buffer.from('text')).subarray(0, 9), true],
        [ready, true],
      ]),
    ).toEqual([
      ['gap', 'a message was cut off'],
      ['ready', 'idle'],
    ])
    expect(
      transcribe([
        [Buffer.from([0x44, 0, 0, 0, 1]), true],
        [row(Buffer.from('never')), false],
        [ready, true],
      ]),
    ).toEqual([
      ['gap', 'what came is no PostgreSQL'],
      ['ready', 'idle'],
    ])
  })

  it('keeps no message that is longer than any that is recorded, and goes on behind it', () => {
    const long = build.message(backend.noticeResponse, Buffer.alloc(2 * 1024 * 1024, 0x41))
    expect(transcribe([[Buffer.concat([long, build.readyForQuery(0x49)]), true]])).toEqual([
      ['gap', 'a message is too long to be kept'],
      ['ready', 'idle'],
    ])
  })

  it('never throws, whatever comes, and always is lines of JSON; what is not well-formed is kept as it came', () => {
    let understood = 0
    let other = 0
    const bodies = fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.constant(session.subarray(5, 40)))
    const message = fc.tuple(fc.oneof(fc.constantFrom(...Object.values(backend)), fc.integer({ min: 0, max: 255 })), bodies)
    fc.assert(
      fc.property(fc.array(message, { maxLength: 8 }), fc.integer({ min: 1, max: 30 }), (messages, size) => {
        const bytes = Buffer.concat(messages.map(([type, body]) => build.message(type, body)))
        const chunks: [Uint8Array, boolean][] = []
        for (let at = 0; at < bytes.length; at += size) chunks.push([bytes.subarray(at, at + size), at === 0])
        const said = transcribe(chunks)
        expect(said).toHaveLength(messages.length)
        for (const [at, [code, type, length, content]] of said.entries()) {
          if (code !== 'message') {
            understood++
            continue
          }
          other++
          const body = messages[at]![1]
          expect(length).toBe(body.length)
          expect(Buffer.from((content as { base64: string }).base64, 'base64')).toEqual(Buffer.from(body))
          expect(String(type).length).toBeGreaterThan(0)
        }
      }),
      { numRuns: 1_000 },
    )
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.uint8Array({ maxLength: 60 }), fc.boolean()), { maxLength: 6 }), (chunks) => {
        transcribe(chunks)
      }),
      { numRuns: 400 },
    )
    // Otherwise nothing was tried.
    expect(understood).toBeGreaterThan(100)
    expect(other).toBeGreaterThan(100)
  })
})

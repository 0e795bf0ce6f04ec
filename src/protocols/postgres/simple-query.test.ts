import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { simpleQuery, type TextRow } from './simple-query.ts'
import { message, readyForQuery } from './wire/build.ts'
import { backend, transaction } from './wire/codes.ts'
import { buildErrorResponse } from './wire/error-response.ts'
import { WireError } from './wire/errors.ts'

const LIMITS = { message: 1000, answer: 10_000 }
const complete = message(backend.commandComplete, Buffer.from('SELECT 1\0'))
const ready = readyForQuery(transaction.idle)

function dataRow(...values: (string | null)[]): Buffer {
  const parts = values.map((value) => {
    const bytes = Buffer.from(value ?? '')
    const length = Buffer.alloc(4)
    length.writeInt32BE(value === null ? -1 : bytes.length)
    return Buffer.concat([length, bytes])
  })
  const count = Buffer.alloc(2)
  count.writeUInt16BE(values.length)
  return message(backend.dataRow, Buffer.concat([count, ...parts]))
}

/** A connection on which a server answers with these chunks. */
function answering(...chunks: Uint8Array[]): PassThrough {
  const socket = new PassThrough()
  socket.write = () => true
  for (const chunk of chunks) socket.push(chunk)
  return socket
}

async function run(socket: PassThrough, limits = LIMITS) {
  const rows: TextRow[] = []
  const end = await simpleQuery(socket, 'SELECT 1', limits, (row) => rows.push(row))
  return { rows, end }
}

describe('a query on a connection of our own', () => {
  const answer = Buffer.concat([dataRow('é', null), dataRow('', 'b'), complete, ready])

  it('gives the same rows wherever the answer is cut', async () => {
    for (let at = 0; at <= answer.length; at += 1) {
      const { rows, end } = await run(answering(answer.subarray(0, at), answer.subarray(at)))
      expect(rows).toEqual([
        ['é', null],
        ['', 'b'],
      ])
      expect(end).toEqual({})
    }
  })
  it('leaves what comes behind in the socket', async () => {
    const socket = answering(Buffer.concat([answer, Buffer.from('behind')]))
    await run(socket)
    expect(String(socket.read())).toBe('behind')
  })
  it('says that it was refused, and by which SQLSTATE', async () => {
    const refused = buildErrorResponse({ severity: 'ERROR', sqlstate: '42501', message: 'no' })
    expect((await run(answering(Buffer.concat([refused, ready])))).end).toEqual({ refused: '42501' })
  })
  it.each([
    ['a column that is longer than its row', [message(backend.dataRow, Buffer.from([0, 1, 0, 0, 0, 9, 65])), ready]],
    ['bytes behind the last column', [message(backend.dataRow, Buffer.from([0, 0, 65])), ready]],
    ['a row without a count', [message(backend.dataRow, Buffer.from([0])), ready]],
    ['a row that is too long', [dataRow('x'.repeat(2000)), ready]],
    ['an answer that is too long', [...Array.from({ length: 20 }, () => dataRow('x'.repeat(900))), ready]],
    ['an impossible length', [Buffer.from([backend.dataRow, 0, 0, 0, 1]), ready]],
  ])('breaks off at %s', async (_, chunks) => {
    await expect(run(answering(...chunks))).rejects.toThrow(WireError)
  })
  it('breaks off where the server leaves', async () => {
    const socket = answering(dataRow('a'))
    socket.push(null)
    await expect(run(socket)).rejects.toThrow(WireError)
  })
})

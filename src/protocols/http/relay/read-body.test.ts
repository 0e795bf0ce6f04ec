import { Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { readBody } from './read-body.ts'

const never = new AbortController().signal
const MOST = 512 * 1024

it('takes no more memory than it has bytes, also where each comes by itself', async () => {
  const body = new Readable({ read() {} })
  const reading = readBody(body, undefined, MOST, never)
  const before = process.memoryUsage().rss
  const kilobyte = Buffer.alloc(1024, 'x')
  for (let at = 0; at < MOST; at++) {
    // As a parser hands out chunks: views of the same kilobytes.
    body.push(kilobyte.subarray(at & 1023, (at & 1023) + 1))
    if (at % 8192 === 0) await turn()
  }
  body.push(null)
  const read = await reading
  expect(read.kind === 'whole' && read.bytes.equals(Buffer.alloc(MOST, 'x'))).toBe(true)
  expect(process.memoryUsage().rss - before).toBeLessThan(100e6)
})

it('is whole behind its beginning where it is longer, in order', async () => {
  const pieces = Array.from({ length: 300 }, (_, at) => Buffer.from(`${at},`))
  const read = await readBody(Readable.from(pieces, { objectMode: false }), undefined, 100, never)
  const got: Buffer[] = []
  if (read.kind === 'large') for await (const piece of read.stream) got.push(piece as Buffer)
  expect(Buffer.concat(got).toString()).toBe(Buffer.concat(pieces).toString())
})

it('ends where its stream was gone before, or goes', async () => {
  const gone = new Readable({ read() {} }).on('error', () => undefined)
  gone.destroy(new Error('gone'))
  await expect(readBody(gone, undefined, MOST, never)).rejects.toThrow('gone')
  const closed = new Readable({ read() {} })
  const reading = readBody(closed, undefined, MOST, never)
  closed.destroy()
  await expect(reading).rejects.toThrow('broke off')
})

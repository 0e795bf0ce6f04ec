import { Readable } from 'node:stream'
import { expect, it } from 'vitest'
import { MAX_BODY } from '../request/index.ts'
import { carriedBody } from './carried-body.ts'

const never = new AbortController().signal
const chunks = (bytes: number, size = 65_536) =>
  Readable.from(
    (function* () {
      for (let left = bytes; left > 0; left -= size) yield Buffer.alloc(Math.min(left, size), left & 255)
    })(),
    { objectMode: false },
  )

async function sizeOf(stream: Readable): Promise<number> {
  let size = 0
  for await (const chunk of stream) size += (chunk as Buffer).length
  return size
}

it('is read to its end where an API server would', async () => {
  const body = await carriedBody(chunks(MAX_BODY), undefined, never)
  expect(body.kind === 'whole' && body.bytes.length).toBe(MAX_BODY)
  expect(await carriedBody(chunks(0), undefined, never)).toEqual({ kind: 'none' })
})

it('is passed on whole, and not read, where it is larger', async () => {
  const said = await carriedBody(chunks(MAX_BODY + 1), MAX_BODY + 1, never)
  expect(said.kind === 'large' && (await sizeOf(said.stream))).toBe(MAX_BODY + 1)
  const unsaid = await carriedBody(chunks(MAX_BODY + 70_000), undefined, never)
  expect(unsaid.kind === 'large' && (await sizeOf(unsaid.stream))).toBe(MAX_BODY + 70_000)
})

it('is not waited for when the client has left, nor where it breaks', async () => {
  const leaving = new AbortController()
  const waiting = carriedBody(new Readable({ read() {} }), undefined, leaving.signal)
  leaving.abort(new Error('left'))
  await expect(waiting).rejects.toThrow('left')
  const broken = new Readable({ read() {} })
  const reading = carriedBody(broken, undefined, never)
  broken.destroy(new Error('broken'))
  await expect(reading).rejects.toThrow('broken')
})

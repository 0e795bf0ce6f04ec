import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { AUTHORIZED, doorBeforeRealTarget, soon } from '../../../../test/parts/https-door.ts'
import { shown, sizeOr } from '../../../../test/parts/soak.ts'

const { open, dial } = doorBeforeRealTarget()

/** Bytes that go through. */
const SIZE = sizeOr(64 * 1024 ** 2, 1024 ** 3)
const PIECE = Buffer.alloc(65_536, 'gatescribe ')
const MEMORY = 64 * 1024 ** 2

/** The most that this process has beyond what it had, while something runs. */
async function growth(work: () => Promise<unknown>): Promise<number> {
  globalThis.gc?.()
  const before = process.memoryUsage().rss
  let most = 0
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage().rss - before)
  }, 20)
  await work()
  clearInterval(timer)
  return most
}

const head = (method: string, more = '') => `${method} /r/api/ HTTP/1.1\r\nHost: localhost\r\n${AUTHORIZED}${more}\r\n`

it('passes a large answer and a large body as they come, unchanged, and holds little of them', { timeout: 600_000 }, async () => {
  const expected = createHash('sha256')
  for (let sent = 0; sent < SIZE; sent += PIECE.length) expected.update(PIECE)
  const digest = expected.digest('hex')
  const { port } = await open((request, response) => {
    if (request.method === 'PUT') {
      const hash = createHash('sha256')
      request.on('data', (chunk: Buffer) => hash.update(chunk))
      request.on('end', () => response.end(hash.digest('hex')))
      return
    }
    response.setHeader('content-length', SIZE)
    let sent = 0
    const fill = () => {
      while (sent < SIZE) {
        sent += PIECE.length
        if (!response.write(PIECE)) return
      }
      response.end()
    }
    response.on('drain', fill)
    fill()
  })
  const warm = await dial(port)
  warm.write(head('GET'))
  await once(warm, 'data')
  warm.destroy()

  const down = await growth(async () => {
    const socket = await dial(port)
    const hash = createHash('sha256')
    let left = SIZE
    let inBody = false
    const got = Promise.withResolvers<void>()
    socket.on('data', (chunk: Buffer) => {
      const begin = inBody ? 0 : chunk.indexOf('\r\n\r\n') + 4
      inBody = true
      hash.update(chunk.subarray(begin))
      left -= chunk.length - begin
      if (left === 0) got.resolve()
    })
    socket.write(head('GET'))
    await got.promise
    expect(hash.digest('hex')).toBe(digest)
  })
  const up = await growth(async () => {
    const socket = await dial(port)
    socket.write(head('PUT', `Content-Length: ${SIZE}\r\n`))
    for (let sent = 0; sent < SIZE; sent += PIECE.length) if (!socket.write(PIECE)) await once(socket, 'drain')
    const [answer] = (await once(socket, 'data')) as [Buffer]
    let text = answer.toString()
    while (!/[0-9a-f]{64}/.test(text)) text += String((await once(socket, 'data'))[0])
    expect(text).toContain(digest)
  })
  const megabytes = (bytes: number) => Math.round(bytes / 1024 ** 2)
  shown('src/protocols/http/relay/streaming.test.ts', {
    'megabytes each way': megabytes(SIZE),
    'more memory at most, MB': megabytes(Math.max(down, up)),
  })
  // Client and target are in this process too.
  expect(Math.max(down, up)).toBeLessThan(2 * MEMORY)
})

it('reads a target no faster than its client reads, and a client no faster than its target', async () => {
  let [written, read] = [0, 0]
  const { port } = await open((request, response) => {
    if (request.method === 'PUT') {
      request.once('data', () => request.pause())
      return
    }
    const fill = () => {
      do written += PIECE.length
      while (written < 512 * 1024 ** 2 && response.write(PIECE))
    }
    response.on('drain', fill)
    fill()
  })
  const slow = await dial(port)
  slow.write(head('GET'))
  slow.once('data', () => slow.pause())
  const eager = await dial(port)
  eager.write(head('PUT', `Content-Length: ${512 * 1024 ** 2}\r\n`))
  const push = () => {
    do read += PIECE.length
    while (read < 512 * 1024 ** 2 && eager.write(PIECE))
  }
  eager.on('drain', push)
  push()
  await soon(() => written > 0 && read > 0).toBe(true)
  let before = -1
  while (before !== written + read) {
    before = written + read
    await sleep(200)
  }
  expect(
    [written, read].every((bytes) => bytes < 48 * 1024 ** 2),
    `${written} ${read}`,
  ).toBe(true)
})

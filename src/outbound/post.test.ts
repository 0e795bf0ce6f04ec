import type { AddressInfo } from 'node:net'
import { createServer, type Server } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { post } from './index.ts'

let server: Server | undefined
afterEach(() => server?.close())

/** Somebody who answers these bytes, whatever is asked, and leaves the connection open. */
async function whoSays(bytes: string): Promise<string> {
  server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => socket.write(bytes))
  })
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

const ask = (url: string, timeout = 300) => post(url, { headers: {}, body: '{}', signal: new AbortController().signal, timeout })

it('has an answer or none within its time where somebody wants to speak another protocol', { timeout: 3_000 }, async () => {
  const url = await whoSays('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
  await expect(ask(url)).rejects.toMatchObject({ why: 'cut' })
})

it('does not listen to answers that are none for long', async () => {
  const began = performance.now()
  await expect(ask(await whoSays('HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(100)), 2_000)).rejects.toMatchObject({ why: 'cut' })
  expect(performance.now() - began).toBeLessThan(1_500)
})

it('takes the answer behind a few of them', async () => {
  const url = await whoSays(`${'HTTP/1.1 100 Continue\r\n\r\n'.repeat(2)}HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\nok`)
  expect(await ask(url)).toMatchObject({ status: 202, body: Buffer.from('ok') })
})

it('follows nobody elsewhere', async () => {
  const url = await whoSays('HTTP/1.1 307 Temporary Redirect\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n')
  expect(await ask(url)).toMatchObject({ status: 307 })
})

it('reads the beginning of an answer and no more, and waits for no answer that trickles', async () => {
  const { body } = await ask(await whoSays(`HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n${'x'.repeat(300_000)}`))
  expect(body.byteLength).toBe(65_536)
  server?.close()
  await expect(ask(await whoSays('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n1'))).rejects.toMatchObject({ why: 'silent' })
})

it.for([
  ['30', 30_000],
  ['-5', undefined],
  ['1e9', undefined],
  ['9999999', undefined],
  ['Fri, 01 Jan 2010 00:00:00 GMT', 0],
  ['tomorrow', undefined],
] as const)('takes Retry-After: %s to mean %s ms', async ([said, retryAfter]) => {
  const url = await whoSays(`HTTP/1.1 429 Too Many Requests\r\nRetry-After: ${said}\r\nContent-Length: 0\r\n\r\n`)
  expect(await ask(url)).toMatchObject({ status: 429, retryAfter })
})

// An API in HTTPS that is a process of its own: answers that are large, or without end, and how much of one was taken. Listens on every address.
//
//   node streaming-api.ts <port> <certificate> <key>
import { readFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { createServer } from 'node:https'

const [port, certificate, key] = process.argv.slice(2) as [string, string, string]
const piece = Buffer.alloc(16 * 1024, 'lorem ipsum ')
/** Bytes that were handed on of the answers that have a name. */
const poured = new Map<string, number>()
/** Answers that have begun, and go on once they are told to: setting connections up takes long beside others that take all they can get. */
const held: (() => void)[] = []

/** As much as the reader takes. @param left bytes */
function pour(response: ServerResponse, name: string, left: number): void {
  while (left > 0 && !response.destroyed) {
    const next = left < piece.length ? piece.subarray(0, left) : piece
    left -= next.length
    poured.set(name, (poured.get(name) ?? 0) + next.length)
    if (!response.write(next)) return void response.once('drain', () => pour(response, name, left))
  }
  response.end()
}

/** So much every so many ms, where the reader keeps up; each begins at a moment of its own. */
function drip(response: ServerResponse, bytes: number, ms: number): void {
  const next = piece.subarray(0, bytes)
  const begin = setTimeout(() => {
    const dripping = setInterval(() => {
      if (response.destroyed) clearInterval(dripping)
      else if (!response.writableNeedDrain) response.write(next)
    }, ms)
  }, Math.random() * ms)
  begin.unref()
}

createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, (request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'https://localhost')
  const name = searchParams.get('name') ?? ''
  response.on('error', () => undefined)
  response.setHeader('content-type', 'application/octet-stream')
  if (pathname === '/large') return pour(response, name, Number(searchParams.get('bytes')))
  if (pathname === '/endless') {
    const [bytes, ms] = [Number(searchParams.get('bytes')), Number(searchParams.get('every'))]
    const go = () => (ms > 0 ? drip(response, bytes, ms) : pour(response, name, Number.POSITIVE_INFINITY))
    response.flushHeaders()
    return searchParams.has('held') ? void held.push(go) : go()
  }
  if (pathname === '/go') for (const go of held.splice(0)) go()
  response.setHeader('content-type', 'application/json')
  request.resume()
  request.once('end', () => response.end(pathname === '/poured' ? String(poured.get(name) ?? 0) : '{"tickets":[]}'))
}).listen(Number(port), () => console.log('listens'))

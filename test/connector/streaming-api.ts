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

createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, (request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'https://localhost')
  const name = searchParams.get('name') ?? ''
  response.on('error', () => undefined)
  response.setHeader('content-type', 'application/octet-stream')
  if (pathname === '/large') return pour(response, name, Number(searchParams.get('bytes')))
  if (pathname === '/endless') return pour(response, name, Number.POSITIVE_INFINITY)
  response.setHeader('content-type', 'application/json')
  request.resume()
  request.once('end', () => response.end(pathname === '/poured' ? String(poured.get(name) ?? 0) : '{"tickets":[]}'))
}).listen(Number(port), () => console.log('listens'))

// An API in HTTPS that is a process of its own: a large answer, and one without end. Listens on every address.
//
//   node streaming-api.ts <port> <certificate> <key>
import { readFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { createServer } from 'node:https'

const [port, certificate, key] = process.argv.slice(2) as [string, string, string]
const piece = Buffer.alloc(16 * 1024, 'lorem ipsum ')

/** As much as the reader takes. @param left bytes */
function pour(response: ServerResponse, left: number): void {
  while (left > 0 && !response.destroyed) {
    const next = left < piece.length ? piece.subarray(0, left) : piece
    left -= next.length
    if (!response.write(next)) return void response.once('drain', () => pour(response, left))
  }
  response.end()
}

createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, (request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'https://localhost')
  response.setHeader('content-type', 'application/octet-stream')
  response.on('error', () => undefined)
  if (pathname === '/large') return pour(response, Number(searchParams.get('bytes')))
  if (pathname === '/endless') return pour(response, Number.POSITIVE_INFINITY)
  request.resume()
  request.once('end', () => response.setHeader('content-type', 'application/json').end('{"tickets":[]}'))
}).listen(Number(port), () => console.log('listens'))

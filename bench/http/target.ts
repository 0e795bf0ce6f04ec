// An API in HTTP over TLS, for measuring what is in front of it: a small answer, a large one, and one that takes what it is sent. A process of its own.
//
//   node target.ts <port> <certificate> <key>
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'

const [port, certificate, key] = process.argv.slice(2) as [string, string, string]
const small = JSON.stringify({ tickets: Array.from({ length: 20 }, (_, id) => ({ id, title: `Ticket ${id}`, state: 'open' })) })
const piece = Buffer.alloc(64 * 1024, 'lorem ipsum ')

createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, (request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'https://localhost')
  if (pathname === '/large') {
    let left = Number(searchParams.get('bytes'))
    response.setHeader('content-type', 'application/octet-stream')
    const more = () => {
      while (left > 0) {
        const next = piece.subarray(0, left)
        left -= next.length
        if (!response.write(next)) return void response.once('drain', more)
      }
      response.end()
    }
    return more()
  }
  request.resume()
  request.once('end', () => response.setHeader('content-type', 'application/json').end(small))
}).listen(Number(port), '127.0.0.1')

// A server of MCP over TLS, for measuring what is in front of it: forty tools, of which one answers, one tells the time in a stream, and one never ends. A process of its own.
//
//   node target.ts <port> <certificate> <key>
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'

const [port, certificate, key] = process.argv.slice(2) as [string, string, string]

const message = (text: string) =>
  `data: ${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: text } })}\n\n`

const schema = {
  type: 'object',
  properties: { state: { type: 'string', description: 'open, late or done' }, limit: { type: 'integer', minimum: 1 } },
  required: ['state'],
}
const names = ['find_orders', 'stay', 'tell', ...Array.from({ length: 37 }, (_, n) => `tool_number_${n}`)]
const tools = names.map((name) => ({ name, description: `What ${name} does, in a sentence that a model reads.`, inputSchema: schema }))
const found = {
  content: [{ type: 'text', text: 'Orders 17, 21, 40 and 42 are late; mail anna@example.com about the first.' }],
  isError: false,
}

interface Asked {
  readonly id?: number
  readonly method: string
  readonly params?: { readonly name?: string; readonly arguments?: { readonly events?: number; readonly every?: number } }
}

createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, async (request, response) => {
  const pieces: Buffer[] = []
  for await (const piece of request as AsyncIterable<Buffer>) pieces.push(piece)
  const { id, method, params } = JSON.parse(Buffer.concat(pieces).toString()) as Asked
  if (params?.name === 'stay' || params?.name === 'tell') {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(message('on it'))
    if (params.name === 'stay') return
    const { events = 1, every = 1 } = params.arguments ?? {}
    for (let event = 0; event < events; event += 1) {
      await sleep(every)
      // Of a clock that all processes of the machine share, ns.
      response.write(message(`at ${process.hrtime.bigint()} it was`))
    }
    response.end(`data: ${JSON.stringify({ jsonrpc: '2.0', id, result: found })}\n\n`)
    return
  }
  const result = method === 'tools/list' ? { tools } : method === 'tools/call' ? found : {}
  response.setHeader('content-type', 'application/json').end(JSON.stringify({ jsonrpc: '2.0', id, result }))
}).listen(Number(port), '127.0.0.1')

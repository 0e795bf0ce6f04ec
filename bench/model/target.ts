// A provider of models over TLS, for measuring what is in front of it: a small answer, or a stream whose events say when they were sent. A process of its
// own.
//
//   node target.ts <port> <certificate> <key>
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'

/** What a request asks for besides what an API knows. */
interface Asked {
  readonly stream?: boolean
  /** Events, and how long before each, ms; a stream without them stays open. */
  readonly metadata?: { readonly events?: string; readonly every?: string }
}

const [port, certificate, key] = process.argv.slice(2) as [string, string, string]
const usage = { prompt_tokens: 12, completion_tokens: 20, total_tokens: 32 }
const choice = {
  index: 0,
  message: { role: 'assistant', content: 'Four orders are late, and two will be tomorrow.' },
  finish_reason: 'stop',
}
const whole = JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion', created: 0, model: 'm', choices: [choice], usage })

const chunk = (content: string, finish: string | null = null) =>
  `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 0, model: 'm', choices: [{ index: 0, delta: { content }, finish_reason: finish }] })}\n\n`

createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, async (request, response) => {
  const pieces: Buffer[] = []
  for await (const piece of request as AsyncIterable<Buffer>) pieces.push(piece)
  const { stream, metadata } = JSON.parse(Buffer.concat(pieces).toString()) as Asked
  if (!stream) return void response.setHeader('content-type', 'application/json').end(whole)
  response.setHeader('content-type', 'text/event-stream')
  response.write(chunk('Listen: '))
  if (metadata?.events === undefined) return
  for (let event = 0; event < Number(metadata.events); event += 1) {
    await sleep(Number(metadata.every))
    // Of a clock that all processes of the machine share, ns.
    response.write(chunk(`at ${process.hrtime.bigint()} it was `))
  }
  response.end(`${chunk('', 'stop')}data: [DONE]\n\n`)
}).listen(Number(port), '127.0.0.1')

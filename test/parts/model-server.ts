import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { errorBody, isAnthropic, scriptedEndpoint } from './model/endpoints.ts'
import { anthropicModel, anthropicModels, embeddings, openaiModel, openaiModels } from './model/other-endpoints.ts'
import { type Asked, countTokens, type Ready, ready, type Script, type Turn } from './model/script.ts'
import { formatEvent, type Json } from './model/wire.ts'
import type { TestCertificate } from './test-certificates.ts'

export { type Answer, type Asked, inTurn, type Script, type Turn } from './model/script.ts'

/**
 * A stand-in for a provider of models, which nobody can run: OpenAI's chat completions, responses, completions, embeddings and models, the same under
 * Azure's paths, and Anthropic's messages, whole and streamed. What it answers comes from a script; the providers' own clients have found nothing wrong
 * with it (model-server.test.ts, test/agents). It wants its key in the slot of the API, and records what reached it.
 */
export interface ModelServer {
  /** `http://127.0.0.1:port`. OpenAI's base URL is this and `/v1`; Anthropic's and Azure's are this. */
  readonly url: string
  readonly port: number
  /** What it takes for a key. */
  readonly key: string
  /** What reached it, in order: with a wrong key, too. */
  readonly received: readonly ModelRequest[]
  /** What the next requests meet, one each. */
  readonly trouble: Trouble[]
  /** From the next request on; calls of tools are numbered anew. */
  script: Script
  close(): Promise<void>
}

export interface ModelRequest {
  readonly method: string
  /** With its query. */
  readonly path: string
  readonly headers: IncomingHttpHeaders
  /** As it came. */
  readonly text: string
  readonly body: Json
  /** How it was understood, where the script was asked. */
  readonly asked?: Asked
  /** Events that were sent so far, of an answer that is streamed. */
  readonly sent: number
  /** The client went away before the answer was whole. */
  readonly aborted: boolean
  /** The status that was answered. */
  readonly status?: number
}

export type Trouble =
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: Json | string }
  /** Milliseconds before anything is answered. */
  | { readonly delay: number }
  /** Nobody answers. */
  | { readonly silence: true }
  /** The connection is cut after so many events; 0: after the head. */
  | { readonly cutAfter: number }

export interface ModelServerOptions {
  /** By default {@link MODEL_KEY}. */
  readonly key?: string
  readonly models?: readonly string[]
  /** With TLS: `url` is https then, by the name localhost. */
  readonly tls?: TestCertificate
  /** Where it listens; 127.0.0.1 by default. */
  readonly address?: string
}

/** Looks like a provider's key, so that what hunts for secrets knows it. */
export const MODEL_KEY = 'sk-proj-Zk3mQ9xT7bV1cW5nR8yL2pD6fH4jS0aG'

const MOST_BYTES = 64 << 20

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

export async function startModelServer(script: Script, options: ModelServerOptions = {}): Promise<ModelServer> {
  const { key = MODEL_KEY, models = ['gpt-4o', 'gpt-4o-mini', 'claude-opus-5'], tls, address = '127.0.0.1' } = options
  const received: Mutable<ModelRequest>[] = []
  const trouble: Trouble[] = []
  /** What was said up to a response and in it, by its id. */
  const kept = new Map<string, readonly Turn[]>()
  let answered = 0
  let called = 0
  const server = { script }

  async function answer(request: Mutable<ModelRequest>, response: ServerResponse): Promise<void> {
    const path = request.path.split('?')[0]!
    const say = (status: number, body: Json | string, headers: Readonly<Record<string, string>> = {}) => {
      request.status = status
      const text = typeof body === 'string' ? body : JSON.stringify(body)
      response.writeHead(status, { 'content-type': 'application/json', 'x-request-id': `req_${received.length}`, ...headers }).end(text)
    }
    const met = trouble.shift()
    if (met !== undefined && 'silence' in met) return
    if (met !== undefined && 'delay' in met) await sleep(met.delay)
    if (met !== undefined && 'status' in met)
      return say(met.status, met.body ?? errorBody(path, met.status, 'out of order', 'server_error'), met.headers)
    if (!isKeyRight(request, key)) return say(401, errorBody(path, 401, 'Incorrect API key provided.'))
    if (path.startsWith('/openai/deployments/') && !request.path.includes('api-version=')) {
      return say(404, errorBody(path, 404, 'Resource not found'))
    }
    const listed = modelsAnswer(request, path, models)
    if (listed !== undefined) return say(listed.status, listed.body)
    if (request.method !== 'POST') return say(405, errorBody(path, 405, 'Method not allowed'))
    if (/\/embeddings$/.test(path)) return say(200, embeddings(request.body))
    const endpoint = scriptedEndpoint(path)
    if (path === '/v1/messages/count_tokens') {
      return say(200, {
        input_tokens: scriptedEndpoint('/v1/messages')!
          .read(request.body)
          .turns.reduce((n, { text }) => n + countTokens(text), 0),
      })
    }
    if (endpoint === undefined) return say(404, errorBody(path, 404, `Unknown request URL: ${request.method} ${path}`))

    const { previous_response_id: previous } = request.body
    if (typeof previous === 'string' && !kept.has(previous)) {
      return say(400, errorBody(path, 400, `Previous response with id '${previous}' not found.`))
    }
    const asked = endpoint.read(request.body, kept.get(String(previous)))
    request.asked = asked
    const told = await server.script(asked)
    if (told.fail) return say(told.fail.status, errorBody(path, told.fail.status, 'as the script says'), told.fail.headers)
    const made = ready(asked, told, called)
    called += made.calls.length
    const id = String(++answered).padStart(12, '0')
    if (asked.api === 'responses' && request.body.store !== false) kept.set(`resp_${id}`, [...asked.turns, turnOf(made)])
    if (!asked.stream) {
      if (made.delay > 0) await sleep(made.delay)
      return say(200, endpoint.whole(id, asked, made, request.body))
    }
    request.status = 200
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache',
      'x-request-id': `req_${id}`,
    })
    response.flushHeaders()
    const most = met !== undefined && 'cutAfter' in met ? met.cutAfter : Number.POSITIVE_INFINITY
    for (const event of endpoint.events(id, asked, made, request.body)) {
      if (made.delay > 0) await sleep(made.delay)
      if (request.aborted) return
      if (request.sent >= most) return void response.destroy()
      if (!response.write(formatEvent(event))) await drained(response)
      request.sent++
    }
    response.end()
  }

  const onRequest = (incoming: IncomingMessage, response: ServerResponse): void => {
    const chunks: Buffer[] = []
    let size = 0
    incoming.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > MOST_BYTES) incoming.destroy()
      else chunks.push(chunk)
    })
    incoming.on('end', () => {
      const text = Buffer.concat(chunks).toString()
      const { method = '', url = '', headers } = incoming
      const request: Mutable<ModelRequest> = { method, path: url, headers, text, body: parsed(text), sent: 0, aborted: false }
      received.push(request)
      response.on('close', () => {
        if (!response.writableFinished) request.aborted = true
      })
      answer(request, response).catch((error: unknown) => {
        // The story does not go on: whoever asked shall see why.
        if (response.headersSent) return void response.destroy()
        request.status = 500
        response
          .writeHead(500, { 'content-type': 'application/json' })
          .end(JSON.stringify(errorBody(url, 500, String(error), 'server_error')))
      })
    })
  }

  const listener = tls === undefined ? createServer(onRequest) : createTlsServer({ cert: tls.certificate, key: tls.key }, onRequest)
  await new Promise<void>((listening) => listener.listen(0, address, listening))
  const { port } = listener.address() as AddressInfo
  return {
    ...{ url: tls === undefined ? `http://127.0.0.1:${port}` : `https://localhost:${port}`, port, key, received, trouble },
    get script() {
      return server.script
    },
    set script(next) {
      server.script = next
      called = 0
    },
    async close() {
      listener.closeAllConnections()
      await new Promise<void>((closed) => listener.close(() => closed()))
    },
  }
}

/** Each API has slots of its own for it: a key in another one is none. Anthropic's own clients have changed theirs: both are taken. */
function isKeyRight({ path, headers }: ModelRequest, key: string): boolean {
  if (headers.authorization === `Bearer ${key}`) return !isAnthropic(path) || headers['anthropic-version'] !== undefined
  if (path.startsWith('/openai/')) return headers['api-key'] === key
  return headers['anthropic-version'] !== undefined && headers['x-api-key'] === key
}

function modelsAnswer(
  { method, headers }: ModelRequest,
  path: string,
  models: readonly string[],
): { status: number; body: Json } | undefined {
  const [, name] = /^(?:\/v1|\/openai)\/models(?:\/([^/]+))?$/.exec(path) ?? []
  if (method !== 'GET' || !/^(?:\/v1|\/openai)\/models(\/|$)/.test(path)) return undefined
  const ofAnthropic = headers['anthropic-version'] !== undefined
  if (name === undefined) return { status: 200, body: ofAnthropic ? anthropicModels(models) : openaiModels(models) }
  if (!models.includes(name)) return { status: 404, body: errorBody(path, 404, `The model '${name}' does not exist`) }
  return { status: 200, body: ofAnthropic ? anthropicModel(name) : openaiModel(name) }
}

function turnOf({ text, calls }: Ready): Turn {
  return { role: 'assistant', text, ...(calls.length > 0 ? { calls } : {}) }
}

function parsed(text: string): Json {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Json) : {}
  } catch {
    return {}
  }
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    response.once('drain', resolve)
    response.once('close', resolve)
  })
}

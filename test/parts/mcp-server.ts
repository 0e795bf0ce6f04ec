import { randomUUID } from 'node:crypto'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { McpServer, ResourceTemplate } from '@modelcontextprotocol/sdk/server/mcp.js'
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { z } from 'zod'

/** What a real server of the official SDK was asked to do. */
export interface PlayedTools {
  readonly calls: { readonly name: string; readonly arguments: unknown }[]
  /** Results of what it asked its clients for. */
  readonly answers: unknown[]
  /** Changes the description of `write_file`, and says that tools have changed. */
  change(description: string): void
}

/** One server for each session, with a few tools, a resource and a prompt. */
function serverOf(played: {
  calls: PlayedTools['calls']
  answers: unknown[]
  description: string
  servers: Set<McpServer>
  more: readonly string[]
}): McpServer {
  const server = new McpServer({ name: 'files', version: '1.0.0' }, { capabilities: { logging: {} } })
  const said = (text: string) => ({ content: [{ type: 'text' as const, text }] })
  server.registerTool('read_file', { description: 'Reads a file', inputSchema: { path: z.string() } }, async ({ path }) => {
    played.calls.push({ name: 'read_file', arguments: { path } })
    return said(`content of ${path}; mail me at jane.doe@example.com`)
  })
  server.registerTool(
    'write_file',
    { description: played.description, inputSchema: { path: z.string(), text: z.string() } },
    async (args) => {
      played.calls.push({ name: 'write_file', arguments: args })
      return said('written')
    },
  )
  server.registerTool('slow', { description: 'Takes its time', inputSchema: { steps: z.number() } }, async ({ steps }, extra) => {
    played.calls.push({ name: 'slow', arguments: { steps } })
    const progressToken = extra._meta?.progressToken
    for (let step = 1; step <= steps && !extra.signal.aborted; step++) {
      if (progressToken !== undefined) {
        await extra.sendNotification({ method: 'notifications/progress', params: { progressToken, progress: step, total: steps } })
      }
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    return said(extra.signal.aborted ? 'aborted' : 'done')
  })
  server.registerTool('ask_user', { description: 'Asks the user', inputSchema: {} }, async () => {
    played.calls.push({ name: 'ask_user', arguments: {} })
    try {
      const answer = await server.server.elicitInput({
        message: 'Your name?',
        requestedSchema: { type: 'object', properties: { name: { type: 'string' } } },
      })
      played.answers.push(answer)
      return said(`asked: ${JSON.stringify(answer)}`)
    } catch (error) {
      played.answers.push(String(error))
      return said(`not asked: ${String(error)}`)
    }
  })
  server.registerTool('broken', { description: 'Fails', inputSchema: {} }, async () => {
    throw new Error('it is broken')
  })
  for (const name of played.more) server.registerTool(name, { description: 'Does nothing' }, async () => said('nothing'))
  server.registerResource('notes', 'file:///notes.txt', { description: 'Notes' }, async (uri) => ({
    contents: [{ uri: uri.href, text: 'notes of jane.doe@example.com' }],
  }))
  server.registerResource('secret', 'file:///secret.txt', {}, async (uri) => ({ contents: [{ uri: uri.href, text: 'secret' }] }))
  server.registerResource('any', new ResourceTemplate('file:///{name}', { list: undefined }), {}, async (uri) => ({
    contents: [{ uri: uri.href, text: 'any' }],
  }))
  server.registerPrompt('greet', { description: 'Greets', argsSchema: { name: z.string() } }, ({ name }) => ({
    messages: [{ role: 'user', content: { type: 'text', text: `Greet ${name}` } }],
  }))
  return server
}

/**
 * A server of the official SDK (1.x: the dialects with a handshake), as a listener of Node's server.
 * @param path its endpoint. @param json whether answers are JSON rather than streams. @param more names of tools that do nothing
 */
export function mcpServer({
  path = '/',
  json = false,
  more = [],
}: {
  readonly path?: string
  readonly json?: boolean
  readonly more?: readonly string[]
} = {}): PlayedTools & {
  readonly listener: RequestListener
} {
  const played = {
    calls: [] as PlayedTools['calls'],
    answers: [] as unknown[],
    description: 'Writes a file',
    servers: new Set<McpServer>(),
    more,
  }
  const sessions = new Map<string, StreamableHTTPServerTransport>()
  const old = new Map<string, SSEServerTransport>()

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://localhost')
    if (request.method === 'GET' && url.pathname === '/sse') {
      const transport = new SSEServerTransport('/messages', response)
      old.set(transport.sessionId, transport)
      await connected().connect(transport)
      return
    }
    if (url.pathname === '/messages') {
      await old.get(url.searchParams.get('sessionId') ?? '')?.handlePostMessage(request, response)
      return
    }
    if (url.pathname !== path) {
      response.writeHead(404).end()
      return
    }
    const id = request.headers['mcp-session-id']
    const known = typeof id === 'string' ? sessions.get(id) : undefined
    if (id !== undefined && !known) {
      response
        .writeHead(404, { 'content-type': 'application/json' })
        .end('{"jsonrpc":"2.0","error":{"code":-32001,"message":"Session not found"},"id":null}')
      return
    }
    const transport =
      known ??
      new StreamableHTTPServerTransport({
        sessionIdGenerator: () => randomUUID(),
        enableJsonResponse: json,
        onsessioninitialized: (session) => void sessions.set(session, transport),
      })
    // The SDK's own types do not agree under exactOptionalPropertyTypes.
    if (!known) await connected().connect(transport as Parameters<McpServer['connect']>[0])
    await transport.handleRequest(request, response)
  }

  function connected(): McpServer {
    const server = serverOf(played)
    played.servers.add(server)
    return server
  }

  return {
    calls: played.calls,
    answers: played.answers,
    change(description) {
      played.description = description
      for (const server of played.servers) server.sendToolListChanged()
    },
    listener: (request, response) => {
      serve(request, response).catch(() => response.destroy())
    },
  }
}

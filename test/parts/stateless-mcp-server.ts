import type { RequestListener } from 'node:http'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { acceptedContent, createMcpHandler, inputRequired, McpServer } from '@modelcontextprotocol/server'
import { z } from 'zod'

/** A server of the official SDK 2.x, which speaks the stateless dialect of 2026-07-28 and those with a handshake, as a listener of Node's server. */
export function statelessMcpServer(): {
  readonly listener: RequestListener
  readonly calls: { readonly name: string; readonly arguments: unknown }[]
  readonly headers: Record<string, string | string[] | undefined>[]
  /** Says that tools have changed to whoever listens. */
  changed(): void
} {
  const calls: { name: string; arguments: unknown }[] = []
  const headers: Record<string, string | string[] | undefined>[] = []
  const said = (text: string) => ({ content: [{ type: 'text' as const, text }] })
  const handler = createMcpHandler(() => {
    const server = new McpServer({ name: 'stateless', version: '2.0.0' }, { capabilities: { tools: { listChanged: true } } })
    server.registerTool('read_file', { description: 'Reads', inputSchema: z.object({ path: z.string() }) }, ({ path }) => {
      calls.push({ name: 'read_file', arguments: { path } })
      return said(`content of ${path}; mail jane.doe@example.com`)
    })
    server.registerTool('über', { description: 'A name that is no ASCII', inputSchema: z.object({}) }, () => said('über'))
    const regional = z.object({ region: z.string().meta({ 'x-mcp-header': 'Region' }) })
    server.registerTool('regional', { description: 'Is somewhere', inputSchema: regional }, ({ region }) => {
      calls.push({ name: 'regional', arguments: { region } })
      return said(`in ${region}`)
    })
    const name = z.object({ name: z.string() })
    server.registerTool('ask_user', { description: 'Asks the user', inputSchema: z.object({}) }, (_, context) => {
      calls.push({ name: 'ask_user', arguments: {} })
      const answer = acceptedContent(context.mcpReq.inputResponses, 'who', name)
      if (answer) return said(`asked: ${answer.name}`)
      return inputRequired({ inputRequests: { who: inputRequired.elicit({ message: 'Your name?', requestedSchema: name }) } })
    })
    return server
  })
  const handle = toNodeHandler(handler) as unknown as RequestListener
  return {
    calls,
    headers,
    changed: () => handler.notify.toolsChanged(),
    listener: (request, response) => {
      headers.push(request.headers)
      handle(request, response)
    },
  }
}

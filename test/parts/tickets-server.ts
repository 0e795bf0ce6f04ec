import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { z } from 'zod'

/**
 * An MCP server as a team for customers might have one, made with the official SDK, over streamable HTTP: the handshake dialects and the stateless one of
 * 2026-07-28. It wants a bearer token.
 */
export interface TicketsServer {
  /** Of its one endpoint. */
  readonly url: string
  readonly token: string
  readonly tickets: readonly Ticket[]
  /** Every call of a tool that reached it. */
  readonly calls: readonly { readonly tool: string; readonly arguments: Readonly<Record<string, unknown>> }[]
  /** How many requests came without the token. */
  readonly strangers: number
  /** As it was at first, with no calls. */
  restore(): void
  close(): Promise<void>
}

export interface Ticket {
  readonly id: string
  readonly title: string
  readonly customer: string
  readonly priority: 'low' | 'high'
  readonly open: boolean
}

const FIRST: Ticket = { id: 'T-1', title: 'Charged twice', customer: 'grace@example.com', priority: 'high', open: true }

export const TICKETS_TOKEN = 'tickets-4f9b2c7e1a8d6035'

export async function startTickets(): Promise<TicketsServer> {
  const tickets: Ticket[] = [FIRST]
  const calls: TicketsServer['calls'][number][] = []
  const state = { strangers: 0 }
  const text = (value: unknown) => ({
    content: [{ type: 'text' as const, text: typeof value === 'string' ? value : JSON.stringify(value) }],
  })

  const make = (): McpServer => {
    const server = new McpServer({ name: 'tickets', version: '1.0.0' })
    const tool = <S extends z.ZodObject>(name: string, description: string, inputSchema: S, act: (given: z.output<S>) => unknown) =>
      server.registerTool(name, { description, inputSchema }, ((given: z.output<S>) => {
        calls.push({ tool: name, arguments: given })
        return text(act(given))
      }) as never)
    tool('list_tickets', 'Lists the tickets that are open.', z.object({}), () => tickets.filter(({ open }) => open))
    tool(
      'create_ticket',
      'Files a new ticket.',
      z.object({ title: z.string(), customer: z.string(), priority: z.enum(['low', 'high']) }),
      (given) => {
        const ticket = { id: `T-${tickets.length + 1}`, ...given, open: true }
        tickets.push(ticket)
        return `Filed "${ticket.title}".`
      },
    )
    tool('delete_ticket', 'Deletes a ticket for good.', z.object({ id: z.string() }), ({ id }) => {
      const at = tickets.findIndex((ticket) => ticket.id === id)
      if (at >= 0) tickets.splice(at, 1)
      return at >= 0 ? `Deleted ${id}.` : `There is no ${id}.`
    })
    return server
  }

  const handler = createMcpHandler(make)
  const handle = toNodeHandler(handler) as unknown as RequestListener // Its types and Node's differ in what may be undefined.
  const listener = createServer((request, response) => {
    if (request.url !== '/mcp') return void response.writeHead(404).end()
    if (request.headers.authorization !== `Bearer ${TICKETS_TOKEN}`) {
      state.strangers++
      return void response.writeHead(401, { 'www-authenticate': 'Bearer' }).end()
    }
    handle(request, response)
  })
  await new Promise<void>((listening) => listener.listen(0, '127.0.0.1', listening))
  return {
    url: `http://127.0.0.1:${(listener.address() as AddressInfo).port}/mcp`,
    token: TICKETS_TOKEN,
    tickets,
    calls,
    get strangers() {
      return state.strangers
    },
    restore() {
      tickets.splice(0, tickets.length, FIRST)
      calls.length = 0
    },
    async close() {
      await handler.close()
      listener.closeAllConnections()
      await new Promise<void>((closed) => listener.close(() => closed()))
    },
  }
}

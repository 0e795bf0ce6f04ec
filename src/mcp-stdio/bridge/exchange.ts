import type { IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import type { Message } from '../wire/message.ts'
import { ownVersion } from '../wire/message.ts'
import { McpBridgeError } from './errors.ts'
import type { BridgeTarget } from './run-file.ts'

/** How long a connection may take to stand; ms. An answer may take as long as an approval does. */
const CONNECT_MS = 15_000

export interface Asked {
  readonly method: 'POST' | 'GET' | 'DELETE'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly signal: AbortSignal
}

/** Requests to one MCP server behind the gateway. */
export interface Exchange {
  /** @returns the answer's head, its body still to be read. @throws McpBridgeError GS_MCP_BRIDGE_UNREACHABLE; what the signal aborts with */
  ask(asked: Asked): Promise<IncomingMessage>
  close(): void
}

export function createExchange({ url, credential, ca }: BridgeTarget): Exchange {
  const agent = new Agent({ keepAlive: true, ...(ca !== undefined && { ca }) })
  return {
    ask: ({ method, headers, body, signal }) =>
      new Promise((resolve, reject) => {
        const sent = request(url, {
          ...{ method, agent, signal, timeout: CONNECT_MS },
          headers: { ...headers, authorization: `Bearer ${credential}` },
        })
        // Of the connection alone: from then on somebody may be looking at what is asked for.
        sent.on('socket', (socket) => {
          const stands = () => void socket.setTimeout(0)
          if (socket.connecting) socket.once('secureConnect', stands)
          else stands()
          socket.setKeepAlive(true, 30_000)
        })
        sent.on('timeout', () => sent.destroy(new Error('it did not answer in time')))
        sent.on('response', resolve)
        sent.on('error', (cause: NodeJS.ErrnoException) => {
          if (signal.aborted) reject(cause)
          else
            reject(
              new McpBridgeError('GS_MCP_BRIDGE_UNREACHABLE', `The gateway does not answer (${cause.code ?? cause.message}).`, { cause }),
            )
        })
        sent.end(body)
      }),
    close: () => agent.destroy(),
  }
}

/** What a message says in headers too, in the stateless dialect (MCP 2026-07-28, "Standard Request Headers"). */
export function mirrored(message: Message): Readonly<Record<string, string>> {
  if (message.kind !== 'request') return {}
  const version = ownVersion(message)
  if (version === undefined) return {}
  const field = NAMED.get(message.method)
  const name = field === undefined ? undefined : message.params[field]
  return {
    'mcp-protocol-version': version,
    ...(isPlain(message.method) && { 'mcp-method': message.method }),
    ...(typeof name === 'string' && { 'mcp-name': headerValue(name) }),
  }
}

const NAMED: ReadonlyMap<string, string> = new Map([
  ['tools/call', 'name'],
  ['prompts/get', 'name'],
  ['resources/read', 'uri'],
  ['tasks/get', 'taskId'],
  ['tasks/update', 'taskId'],
  ['tasks/cancel', 'taskId'],
])

/** MCP 2026-07-28, "Value Encoding". */
export const headerValue = (value: string): string => (isPlain(value) ? value : `=?base64?${Buffer.from(value).toString('base64')}?=`)

/** Whether a header can say it as it is, and nobody takes it for something that is encoded. */
const isPlain = (text: string) => /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(text) && !text.startsWith('=?base64?')

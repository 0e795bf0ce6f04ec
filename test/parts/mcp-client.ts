import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { Agent, fetch as undiciFetch } from 'undici'

/** How a client finds and trusts a gateway. */
export interface McpClientOptions {
  readonly url: string
  readonly credential: string
  /** PEM. */
  readonly ca: string | Buffer
  /** Capabilities that the client says that it has. */
  readonly capabilities?: Record<string, object>
  /** The transport of 2024-11-05. */
  readonly old?: boolean
  /** By what the client knows itself at a gateway that is reached by an address. */
  readonly servername?: string
}

/** `fetch` over connections that trust one CA. */
export function trustingFetch(ca: string | Buffer, servername = 'localhost'): { readonly fetch: typeof fetch; close(): Promise<void> } {
  const dispatcher = new Agent({ connect: { ca, servername }, keepAliveTimeout: 1_000, pipelining: 1 })
  return {
    fetch: ((url: string | URL, init?: object) =>
      undiciFetch(url, { ...init, dispatcher } as Parameters<typeof undiciFetch>[1])) as unknown as typeof fetch,
    close: () => dispatcher.destroy(),
  }
}

/** A client of the official SDK 1.x, connected. */
export async function mcpClient({ url, credential, ca, capabilities = {}, old = false, servername }: McpClientOptions) {
  const trusting = trustingFetch(ca, servername)
  const client = new Client({ name: 'tests', version: '1.0.0' }, { capabilities })
  const options = { fetch: trusting.fetch, requestInit: { headers: { authorization: `Bearer ${credential}` } } }
  const withCredential = ((to: string | URL, init?: RequestInit) => {
    const headers = new Headers(init?.headers)
    headers.set('authorization', `Bearer ${credential}`)
    return trusting.fetch(to, { ...init, headers: Object.fromEntries(headers) })
  }) as typeof fetch
  const transport = old
    ? new SSEClientTransport(new URL(url), { ...options, eventSourceInit: { fetch: withCredential } })
    : new StreamableHTTPClientTransport(new URL(url), options)
  return {
    client,
    transport,
    connect: () => client.connect(transport as Parameters<Client['connect']>[0]),
    async close() {
      await client.close().catch(() => undefined)
      await trusting.close()
    },
  }
}

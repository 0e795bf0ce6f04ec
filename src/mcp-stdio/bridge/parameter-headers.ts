import { isObject } from '../wire/message.ts'
import { headerValue } from './exchange.ts'

/** Tools of a server, and parameters of a tool; more are not repeated. */
const MOST_TOOLS = 10_000
const MOST_PARAMETERS = 200

interface Wanted {
  /** Lower case. */
  readonly header: string
  /** Names of members, from the arguments down. */
  readonly path: readonly string[]
}

/** What schemas of tools want to be said in headers as well (MCP 2026-07-28, `x-mcp-header`), as far as tools were listed. */
export class ParameterHeaders {
  readonly #wanted = new Map<string, readonly Wanted[]>()

  /** Takes down a page of a list. @param result of `tools/list` */
  listed(result: unknown): void {
    const tools = isObject(result) && Array.isArray(result.tools) ? result.tools : []
    for (const tool of tools) {
      if (!isObject(tool) || typeof tool.name !== 'string') continue
      const wanted = wantedBy(tool.inputSchema)
      this.#wanted.delete(tool.name)
      if (wanted.length > 0 && this.#wanted.size < MOST_TOOLS) this.#wanted.set(tool.name, wanted)
    }
  }

  /** @param params of `tools/call` */
  of({ name, arguments: args }: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
    const wanted = typeof name === 'string' ? (this.#wanted.get(name) ?? []) : []
    const headers: Record<string, string> = {}
    for (const { header, path } of wanted) {
      const value = path.reduce<unknown>((at, member) => (isObject(at) && Object.hasOwn(at, member) ? at[member] : undefined), args)
      if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
        headers[`mcp-param-${header}`] = headerValue(String(value))
    }
    return headers
  }
}

function wantedBy(schema: unknown): readonly Wanted[] {
  const found: Wanted[] = []
  const waiting: { readonly schema: unknown; readonly path: readonly string[] }[] = [{ schema, path: [] }]
  for (let next = waiting.pop(); next !== undefined && found.length < MOST_PARAMETERS; next = waiting.pop()) {
    const properties = isObject(next.schema) ? next.schema.properties : undefined
    if (!isObject(properties) || next.path.length > 10) continue
    for (const [name, property] of Object.entries(properties)) {
      if (!isObject(property)) continue
      const path = [...next.path, name]
      const header = property['x-mcp-header']
      // RFC 9110 §5.6.2: a token.
      if (typeof header === 'string' && /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/.test(header))
        found.push({ header: header.toLowerCase(), path })
      waiting.push({ schema: property, path })
    }
  }
  return found
}

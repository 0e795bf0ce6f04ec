import { rewriteStrings } from '../mask/rewrite-strings.ts'
import { type JsonObject, listOf } from './json.ts'

const HIDDEN = Buffer.from('"[a credential]"')

/**
 * What of a body is recorded: a client may tell the provider how to log in at servers of MCP (`tools[].authorization` and `headers` of responses,
 * `mcp_servers[].authorization_token` of messages) and at its data (`data_sources[].parameters.authentication` of Azure), and that is nobody's to keep.
 * @param json what the body says
 * @returns the same object where nothing of it has to be left out
 */
export function recordedBody(body: Buffer, json: JsonObject): Buffer {
  if (ASKED.every((name) => listOf(json[name]).length === 0)) return body
  return rewriteStrings(body, {
    text(_, [list = '', ...path]) {
      if (!ASKED.includes(list)) return undefined
      const parameters = path.findIndex((name) => SCHEMA.has(name))
      const above = parameters === -1 || list === 'data_sources' ? path : path.slice(0, parameters)
      return above.some((name) => OPENING.has(name)) ? HIDDEN : undefined
    },
  })
}

/** What stands for whom the provider asks. */
const ASKED: readonly string[] = ['mcp_servers', 'tools', 'data_sources']
/** Members that say how to log in there. */
const OPENING: ReadonlySet<string> = new Set(['authorization', 'authorization_token', 'authentication', 'headers'])
/** Below these a tool describes what it is called with, which may have such names too. */
const SCHEMA: ReadonlySet<string> = new Set(['parameters', 'input_schema'])

import { rewriteStrings } from '../mask/rewrite-strings.ts'
import { isObject, type JsonObject, listOf } from './json.ts'

const HIDDEN = Buffer.from('"[a credential]"')

/**
 * What of a body is recorded: a client may tell the provider how to log in at servers of MCP (`tools[].authorization` and `headers` of responses,
 * `mcp_servers[].authorization_token` of messages) and at its data (`data_sources[].parameters.authentication` of Azure), and that is nobody's to keep.
 * @param json what the body says
 * @returns the same object where nothing of it has to be left out
 */
export function recordedBody(body: Buffer, json: JsonObject): Buffer {
  const isToMcp = listOf(json.mcp_servers).length > 0 || listOf(json.tools).some((tool) => isObject(tool) && tool.type === 'mcp')
  if (!isToMcp && listOf(json.data_sources).length === 0) return body
  return rewriteStrings(body, {
    text: (_, [list, , member, below]) => {
      if (list === 'data_sources' && below === 'authentication') return HIDDEN
      if (list === 'mcp_servers' && member === 'authorization_token' && below === undefined) return HIDDEN
      return list === 'tools' && (member === 'authorization' || member === 'headers') ? HIDDEN : undefined
    },
  })
}

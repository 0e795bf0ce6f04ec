import { type Facts, Refusal } from '../../../operations/index.ts'
import { offered } from '../judge/index.ts'
import { folded, isObject, type JsonObject, type RpcRequest } from '../message/index.ts'
import { pageOf, takeDown } from './offers.ts'
import type { Talk } from './talk.ts'

/** Lists that are filtered: where their elements stand, and what is known of each before it is used. */
const LISTS: Readonly<
  Record<string, { readonly member: string; readonly facts: (server: string, each: JsonObject) => Facts | undefined }>
> = {
  'prompts/list': {
    member: 'prompts',
    facts: (server, { name }) => (typeof name === 'string' ? offered.prompt(server, name) : undefined),
  },
  'resources/list': {
    member: 'resources',
    facts: (server, { uri }) => (typeof uri === 'string' ? offered.resource(server, uri) : undefined),
  },
  'resources/templates/list': { member: 'resourceTemplates', facts: (server) => offered.resource(server, undefined) },
}

export const isList = (method: string): boolean => method === 'tools/list' || Object.hasOwn(LISTS, method)

/**
 * @param request a list
 * @returns what is shown of its result
 * @throws Refusal GS_MCP_TOOLS_NOT_PINNED where tools could be used, and nobody has pinned any of them
 */
export function shownList(talk: Talk, request: RpcRequest, result: JsonObject): JsonObject {
  const first = request.params.cursor === undefined
  if (request.method === 'tools/list') return shownTools(talk, result, first)
  const { guard, session } = talk.exchange
  const { member, facts } = LISTS[request.method] as (typeof LISTS)[string]
  const all = (Array.isArray(result[member]) ? result[member] : []).filter(isObject)
  if (member === 'prompts') {
    const named = all.filter((each): each is JsonObject & { readonly name: string } => typeof each.name === 'string')
    takeDown(talk.offered.prompts, named, first, typeof result.nextCursor !== 'string')
  }
  const shown = all.filter((each) => {
    const known = facts(talk.resource.name, each)
    if (known === undefined || (member === 'prompts' && talk.offered.prompts.collides(String(each.name)))) return false
    return guard.couldAllow(session, known)
  })
  return withList(result, member, shown)
}

function shownTools(talk: Talk, result: JsonObject, first: boolean): JsonObject {
  const { guard, session } = talk.exchange
  const server = talk.resource.name
  const { definitions, nextCursor } = pageOf(result)
  // A page says nothing of what stands on the others, which may have been shown long ago.
  const isWhole = first && nextCursor === undefined
  takeDown(talk.offered.tools, definitions, isWhole, isWhole)
  if (isWhole) talk.offered.seen(performance.now(), false, talk.changes)
  const standings = talk.pins.check(server, definitions)
  const possible = definitions.map(({ name }) => guard.couldAllow(session, offered.tool(server, name)))
  const shown = definitions.filter(
    ({ name }, at) => possible[at] && standings[at]?.standing === 'pinned' && !talk.offered.tools.collides(name),
  )
  const unpinned = definitions.some(
    ({ name }, at) => possible[at] && standings[at]?.standing === 'unpinned' && !talk.pins.definition(server, name),
  )
  if (shown.length === 0 && unpinned && standings.every(({ standing }) => standing === 'unpinned' || standing === 'refused')) {
    throw new Refusal('GS_MCP_TOOLS_NOT_PINNED', {
      reason: 'Nobody has looked at the tools of this server and pinned them yet, so none is shown.',
      next: `Report that an operator has to run \`gatescribe tools diff ${server}\`, and pin what they find right.`,
    })
  }
  return withList(result, 'tools', shown)
}

/** Members that somebody who does not mind case would take for the list are left out; what is shown to one asker is for nobody else to keep. */
function withList(result: JsonObject, member: string, shown: readonly JsonObject[]): JsonObject {
  const others = Object.entries(result).filter(([name]) => folded(name) !== folded(member))
  return { ...Object.fromEntries(others), [member]: shown, ...(result.cacheScope !== undefined && { cacheScope: 'private' }) }
}

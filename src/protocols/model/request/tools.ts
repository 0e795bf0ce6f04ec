import type { Json } from '../../../operations/index.ts'
import { isObject, listOf, stringOf } from './json.ts'

/**
 * Names of the tools that a request offers to the model, in every form that there is: functions of chat completions and responses, custom tools, tools
 * that the provider runs itself (by their type: `web_search`), Anthropic's, and the functions that came before tools.
 * @returns distinct and sorted; undefined where there is one whose name is not told
 */
export function offeredTools(body: { readonly [name: string]: Json }): readonly string[] | undefined {
  const names = new Set<string>()
  let known = true
  const add = (name: string | undefined) => {
    if (name === undefined) known = false
    else names.add(name)
  }
  // What is stored with the provider may offer whatever it likes.
  if (isObject(body.prompt)) return undefined
  for (const list of [body.tools, body.functions, ...listsIn(body.messages), ...listsIn(body.input)]) {
    if (list === undefined || list === null) continue
    if (!Array.isArray(list)) return undefined
    for (const tool of list as readonly Json[]) for (const name of namesOf(tool)) add(name)
  }
  // Servers of MCP that the provider speaks to by itself; which tools those have nobody here knows.
  if (Array.isArray(body.mcp_servers)) for (const server of body.mcp_servers as readonly Json[]) if (server !== null) add('mcp')
  if (isObject(body.web_search_options)) add('web_search')
  for (const source of listOf(body.data_sources)) add(isObject(source) ? stringOf(source.type) : undefined)
  for (const plugin of listOf(body.plugins)) add(isObject(plugin) ? stringOf(plugin.id) : undefined)
  return known ? [...names].sort() : undefined
}

/** Tools that are offered later on in a conversation: as what a search for tools found, or with a message. */
const listsIn = (items: Json | undefined): readonly (Json | undefined)[] =>
  listOf(items).map((item) => (isObject(item) ? item.tools : undefined))

/** Deeper than anybody groups tools. */
const DEEPEST = 8

function namesOf(tool: Json, depth = 0): readonly (string | undefined)[] {
  if (!isObject(tool)) return [undefined]
  const { type } = tool
  // Chat completions: {type: 'function', function: {name}}, {type: 'custom', custom: {name}}.
  for (const each of [tool.function, tool.custom]) if (isObject(each)) return [stringOf(each.name)]
  // A group of tools under a name.
  if (Array.isArray(tool.tools) && depth < DEEPEST) return (tool.tools as readonly Json[]).flatMap((each) => namesOf(each, depth + 1))
  // Responses and Anthropic: {type: 'function' | 'custom', name}, {name, input_schema}; what Anthropic runs itself has a type and a name.
  const name = stringOf(tool.name)
  return [name ?? (type === 'function' || type === 'custom' ? undefined : stringOf(type))]
}

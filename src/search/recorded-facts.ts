import type { StatementFacts } from './statement-facts.ts'

/** The payload of an intent that holds facts: `facts.<n>`. */
export const FACTS = /^facts\.(\d{1,15})$/

const MOST_ACTIONS = 64
const MOST_OBJECTS = 256

/**
 * What recorded facts say of actions and objects: names as the gateway resolved them, and each without its schema too. Whatever is not as
 * this version writes it says nothing.
 *
 * @param content of the payload
 */
export function recordedFacts(content: Uint8Array): StatementFacts {
  const { effects, sql, k8s, http, model, tool, egress } = parsed(content)
  const actions = new Set(list(effects).map((effect) => (isRecord(effect) ? effect.action : undefined)))
  const objects = new Set<unknown>([...ofRequest(record(k8s), record(http)), ...ofAgent(record(model), record(tool), record(egress))])
  if (isRecord(k8s)) actions.add(k8s.verb)
  const { reads, writes, functions, seen } = isRecord(sql) ? sql : {}
  const inPart = isRecord(seen) ? [seen.reads, seen.writes, seen.functions] : []
  for (const name of [reads, writes, functions, ...inPart].flatMap(list)) {
    if (typeof name !== 'string') continue
    objects.add(name)
    objects.add(name.slice(name.indexOf('.') + 1))
  }
  return { actions: texts(actions).slice(0, MOST_ACTIONS), objects: texts(objects).slice(0, MOST_OBJECTS) }
}

/** `pods`, `pods/web-0`, `shop/pods/web-0`, with its group as `deployments.apps`; the path of what is no object. */
function ofRequest(k8s: Readonly<Record<string, unknown>>, http: Readonly<Record<string, unknown>>): readonly unknown[] {
  const { resource, group, namespace, name, path } = k8s
  const paths = [path, http.path].filter((each) => each !== '')
  if (typeof resource !== 'string' || resource === '') return paths
  const named = typeof name === 'string' && name !== '' ? [`${resource}/${name}`] : []
  const placed = typeof namespace === 'string' && namespace !== '' ? [resource, ...named].map((each) => `${namespace}/${each}`) : []
  const grouped = typeof group === 'string' && group !== '' ? [`${resource}.${group}`] : []
  return [resource, ...grouped, ...named, ...placed, ...paths]
}

/** The model, the tools that it is offered and calls; the tool or prompt, with its server too, and the resource of MCP; the host, with its port too. */
function ofAgent(
  model: Readonly<Record<string, unknown>>,
  tool: Readonly<Record<string, unknown>>,
  egress: Readonly<Record<string, unknown>>,
): readonly unknown[] {
  const named = typeof tool.name === 'string' && tool.name !== '' ? [tool.name, `${String(tool.server)}/${tool.name}`] : []
  const hosts = typeof egress.host === 'string' ? [egress.host, `${egress.host}:${String(egress.port)}`] : []
  return [model.model, ...list(model.toolCalls), ...list(model.tools), ...named, tool.uri === '' ? undefined : tool.uri, ...hosts]
}

function parsed(content: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(Buffer.from(content).toString())
    return isRecord(value) ? value : {}
  } catch {
    return {}
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null
const record = (value: unknown): Readonly<Record<string, unknown>> => (isRecord(value) ? value : {})
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
const texts = (values: Iterable<unknown>) => [...values].filter((value) => typeof value === 'string')

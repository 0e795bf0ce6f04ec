import { z } from 'zod'
import { type Facts, PLANE_KINDS, PLANES } from '../../operations/index.ts'
import { isRedacted } from './past-askers.ts'

const names = z.array(z.string())

const classes = [...new Set(PLANE_KINDS.flatMap((kind) => PLANES[kind].classes))]

/** `Facts` as the guard writes them. What has another form is not read in part: a fact that is left out would be an unknown one. */
const facts = z.strictObject({
  effects: z.array(z.strictObject({ class: z.enum(classes), action: z.string() })),
  sql: z
    .strictObject({
      catalog: z.string().optional(),
      statements: z.int(),
      reads: names.optional(),
      writes: names.optional(),
      columns: z
        .strictObject({ output: names, predicate: names, written: names, sources: names.optional(), tests: names.optional() })
        .optional(),
      functions: names.optional(),
      bounded: z.boolean().optional(),
      transaction: z.enum(['idle', 'open', 'failed']).optional(),
    })
    .optional(),
  k8s: z
    .strictObject({
      verb: z.string(),
      group: z.string().optional(),
      version: z.string().optional(),
      resource: z.string().optional(),
      subresource: z.string().optional(),
      namespace: z.string().optional(),
      name: z.string().optional(),
      path: z.string().optional(),
      command: names.optional(),
      container: z.string().optional(),
      stdin: z.boolean().optional(),
      asUser: z.string().optional(),
      asGroups: names.optional(),
      dryRun: z.boolean().optional(),
      fieldManager: z.string().optional(),
      labelSelector: z.string().optional(),
      fieldSelector: z.string().optional(),
    })
    .optional(),
  http: z
    .strictObject({
      method: z.string(),
      host: z.string(),
      path: z.string(),
      query: z.string().optional(),
      headers: z.record(z.string(), z.string()).optional(),
    })
    .optional(),
  model: z
    .strictObject({
      provider: z.enum(['openai', 'anthropic', 'azure-openai']),
      endpoint: z.enum(['chat', 'responses', 'embeddings', 'completions', 'messages', 'countTokens', 'models']),
      model: z.string().optional(),
      tools: names.optional(),
      stream: z.boolean().optional(),
      estimatedTokens: z.int().optional(),
      maxTokens: z.int().optional(),
      toolCalls: names.optional(),
    })
    .optional(),
  tool: z.strictObject({ server: z.string(), method: z.string(), name: z.string().optional(), uri: z.string().optional() }).optional(),
  egress: z.strictObject({ host: z.string(), port: z.int() }).optional(),
})

/**
 * @param content of a payload `facts.<n>`
 * @returns undefined where this version does not write them so
 */
export function readFacts(content: Uint8Array): Facts | undefined {
  try {
    const read = facts.safeParse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(content)))
    // Absent and undefined are the same to whoever reads facts, and a copy would cost as much as the parsing.
    return read.success ? (read.data as Facts) : undefined
  } catch {
    return undefined
  }
}

/** Verbs of requests that bring nothing that rules look at. */
const BARE: ReadonlySet<string> = new Set(['get', 'list', 'watch', 'delete', 'deletecollection', 'head', 'options'])

/** Methods of MCP that bring arguments. */
const CALLS: ReadonlySet<string> = new Set(['tools/call', 'prompts/get'])

/** Facts of a request that were perhaps known and are not in the record: what it brought, and what something was taken out of. */
export function unrecordedOfRequest({ k8s, http, model, tool, egress }: Facts): readonly string[] {
  const content = k8s === undefined || BARE.has(k8s.verb) ? [] : ['k8s.object', 'k8s.patch', 'k8s.patchType']
  const called = tool !== undefined && CALLS.has(tool.method) ? ['tool.arguments'] : []
  const cut = (of: string, fields: object = {}) =>
    Object.entries(fields).flatMap(([name, value]) => (isRedacted(JSON.stringify(value)) ? [`${of}.${name}`] : []))
  const all = { k8s, http, model, tool, egress }
  return [...content, ...called, ...Object.entries(all).flatMap(([of, fields]) => cut(of, fields))]
}

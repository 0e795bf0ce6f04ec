import type { Answer } from '../../../gateway/index.ts'

type Known = Answer['explanation']
type Rule = Omit<Known['rules'][number], 'when'> & { readonly when?: Known['rules'][number]['when'] | undefined }
type Mask = Omit<NonNullable<Known['masks']>[number], 'refuses'> & {
  readonly refuses?: NonNullable<Known['masks']>[number]['refuses'] | undefined
}
/** An explanation, made here or by a gateway. */
interface Explained extends Pick<Known, 'unpermitted'> {
  readonly rules: readonly Rule[]
  readonly masks?: readonly Mask[] | undefined
  readonly decision: { readonly limits?: object | undefined; readonly exceeds?: 'statementBytes' | undefined }
}
type Effect = Answer['facts']['effects'][number]

/** An answer as people read it: what the statement is, what each rule says of it, what is missing. */
export function linesOf({ explanation, facts, refusal }: Answer): readonly string[] {
  return [
    ...(refusal === undefined ? [] : [`refused whatever the rules say: ${refusal}`]),
    `does: ${facts.effects.map(effectText).join(', ') || 'nothing'}`,
    // What nobody could read has none, of no plane.
    ...(refusal !== undefined && facts.effects.length === 0 ? [] : factLines(facts)),
    ...ruleLines(explanation, facts),
  ]
}

/** What each rule says of it, and what is missing. @param facts of the operation */
export function ruleLines({ decision, rules, unpermitted, masks = [] }: Explained, facts: object): readonly string[] {
  const width = Math.max(...[...rules, ...masks].map(({ name }) => name.length), 0)
  return [
    ...rules.map(
      (rule) => `rule ${rule.name.padEnd(width)}  ${rule.effect.padEnd(5)}  ${ruleText(rule)}${rule.decides ? '  <- decides' : ''}`,
    ),
    ...masks.map((mask) => `mask ${mask.name.padEnd(width)}  ${maskText(mask, 'k8s' in facts ? FIELDS_REFUSE : REFUSES)}`),
    ...(unpermitted.length > 0 ? [`permitted by no rule: ${unpermitted.map(effectText).join(', ')}`] : []),
    ...(decision.exceeds === undefined ? [] : ['The statement is longer than limits.statementBytes of the configuration.']),
    ...(decision.limits === undefined
      ? []
      : [
          `limits: ${Object.entries(decision.limits)
            .map(([name, value]) => `${name} ${value}`)
            .join(', ')}`,
        ]),
  ]
}

export const effectText = ({ class: name, action }: Effect) => `${name} (${action})`

/** Of the plane that they are of. @param facts as known, or as recorded */
export function factLines({
  sql,
  k8s,
  http,
  model,
  tool,
  egress,
}: {
  readonly sql?: object | undefined
  readonly k8s?: object | undefined
  readonly http?: object | undefined
  readonly model?: object | undefined
  readonly tool?: object | undefined
  readonly egress?: object | undefined
}): string[] {
  if (model !== undefined) return requestLines('model', MODEL, model)
  if (tool !== undefined) return requestLines('tool', TOOL, tool)
  if (egress !== undefined) return requestLines('egress', EGRESS, egress)
  if (k8s !== undefined) return requestLines('k8s', K8S, k8s)
  if (http !== undefined) return requestLines('http', HTTP, http)
  return sqlLines(sql)
}

const K8S = ['verb', 'group', 'version', 'resource', 'subresource', 'namespace', 'name', 'path', 'command', 'container', 'dryRun'] as const
const HTTP = ['method', 'host', 'path', 'query', 'headers'] as const
const MODEL = ['provider', 'endpoint', 'model', 'tools', 'stream', 'estimatedTokens', 'maxTokens'] as const
const TOOL = ['server', 'method', 'name', 'arguments', 'uri'] as const
const EGRESS = ['host', 'port'] as const

/** Of a request what rules may know; what it brings is said to be known, and not shown. */
function requestLines(variable: string, names: readonly string[], facts: object): string[] {
  const known: Readonly<Record<string, unknown>> = { ...facts }
  const others = Object.keys(known).filter((name) => !names.includes(name) && known[name] !== undefined)
  return [...names, ...others].map(
    (name) => `${variable}.${name}: ${CONTENT.has(name) && known[name] !== undefined ? 'known' : valueText(known[name])}`,
  )
}

const CONTENT = new Set(['object', 'patch', 'arguments'])

function sqlLines(sql: object | undefined): string[] {
  const { reads, writes, columns, functions, bounded, statements, transaction }: NonNullable<Answer['facts']['sql']> = {
    statements: 0,
    ...sql,
  }
  const known: Readonly<Record<string, unknown>> = {
    reads,
    writes,
    'columns.output': columns?.output,
    'columns.predicate': columns?.predicate,
    'columns.written': columns?.written,
    'columns.sources': columns?.sources,
    'columns.tests': columns?.tests,
    functions,
    bounded,
    statements: sql && statements,
    ...(transaction !== undefined && { transaction }),
  }
  return Object.entries(known).map(([name, value]) => `sql.${name}: ${valueText(value)}`)
}

function valueText(value: unknown): string {
  if (value === undefined) return 'unknown'
  if (value === '') return '""'
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return JSON.stringify(value)
  return Array.isArray(value) ? `[${value.join(', ')}]` : String(value)
}

function ruleText({ effect, matches, misses, when, permits }: Rule): string {
  if (when !== undefined && 'failed' in when) {
    return effect === 'allow' ? `permits nothing, because ${when.failed}` : `denies, because ${when.failed}`
  }
  if (permits.length > 0) return `permits ${permits.map(effectText).join(', ')}`
  if (matches) return effect === 'deny' ? 'denies' : 'speaks'
  return `says nothing: ${misses.map(missText).join(', ')}`
}

const REFUSES = {
  predicate: 'refuses, because a column chooses, orders or groups rows',
  source: 'refuses, because a column would be stored elsewhere',
  written: 'refuses, because a column would be written',
  unknown: 'refuses, because it cannot be told what is done with its columns',
} as const

/** The same of fields of objects. */
const FIELDS_REFUSE: Readonly<Record<keyof typeof REFUSES, string>> = {
  predicate: 'refuses, because a field chooses objects, or is tested',
  source: 'refuses, because a field would be copied elsewhere',
  written: 'refuses, because a field would be written or removed',
  unknown: 'refuses, because it cannot be told what is done with its fields',
}

function maskText({ holds, misses, refuses }: Mask, words: Readonly<Record<keyof typeof REFUSES, string>>): string {
  if (!holds)
    return `does not hold: ${misses.map((miss) => (miss === 'except' ? 'it makes an exception' : `${miss} does not match`)).join(', ')}`
  return refuses === undefined ? 'holds' : `${words[refuses]}  <- decides`
}

const missText = (miss: Rule['misses'][number]) => (miss === 'when' ? 'when is false' : `${miss} does not match`)

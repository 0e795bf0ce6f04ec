import type { EgressFacts, Facts, HttpFacts, KubernetesFacts, ModelFacts, ToolFacts } from '../operations/index.ts'

/** What is known of a request, by names of ours: each value on its own, as an argument may say anything. */
export type RequestFact = readonly [name: string, ...values: readonly string[]]

/** @param all of each part; those without requests say nothing */
export function requestFacts(all: readonly Facts[]): readonly RequestFact[] {
  return all.flatMap(({ k8s, http, model, tool, egress }) => {
    const said = [
      ...(k8s ? kubernetesFacts(k8s) : []),
      ...(model ? modelFacts(model) : []),
      ...(tool ? toolFacts(tool) : []),
      ...(egress ? egressFacts(egress) : []),
    ]
    return said.length === 0 && http ? httpFacts(http) : said
  })
}

function kubernetesFacts(facts: KubernetesFacts): RequestFact[] {
  const { verb, path, namespace, name, command, container, dryRun, labelSelector, fieldSelector, fieldManager } = facts
  if (path !== undefined && path !== '')
    return [
      ['verb', verb],
      ['path', path],
    ]
  return [
    ['verb', verb],
    ['kind of object', kindOf(facts)],
    ['namespace', namespace === '' ? 'none: of the cluster, or of all namespaces' : known(namespace)],
    // Of a list there is no name, and then every object is meant; of one that is made it stands in the request, or the cluster gives it one.
    ['name', name !== '' ? known(name) : verb === 'create' ? 'as the request says' : 'none: all that match'],
    ...(command === undefined || command.length === 0 ? [] : [['command', ...command] as const]),
    ...given('container', container),
    ...given('label selector', labelSelector),
    ...given('field selector', fieldSelector),
    ...given('field manager', fieldManager),
    ...(dryRun === true ? [['dry run', 'yes: nothing is stored'] as const] : []),
  ]
}

/** `deployments/scale (apps/v1)`, as kubectl has it. */
function kindOf({ group, version, resource, subresource }: KubernetesFacts): string {
  const of = subresource === '' || subresource === undefined ? known(resource) : `${known(resource)}/${subresource}`
  return `${of} (${group === '' ? known(version) : `${known(group)}/${known(version)}`})`
}

function httpFacts({ method, host, path, query }: HttpFacts): RequestFact[] {
  return [['method', method], ['host', host], ['path', path], ...given('query', query)]
}

function modelFacts({ provider, endpoint, model, tools, toolCalls, estimatedTokens, maxTokens }: ModelFacts): RequestFact[] {
  if (toolCalls !== undefined)
    return [
      ['model', known(model)],
      ['calls', ...toolCalls],
    ]
  return [
    ['model', known(model)],
    ['asked for', `${endpoint} of ${provider}`],
    ['tools offered', ...(tools === undefined ? ['not known'] : tools.length === 0 ? ['none'] : tools)],
    ['tokens sent', estimatedTokens === undefined ? 'not known' : `about ${estimatedTokens}`],
    ['tokens answered', maxTokens === undefined ? 'as many as the model likes' : `at most ${maxTokens}`],
  ]
}

/** What a tool is called with stands in full in its part. */
function toolFacts({ server, method, name, uri }: ToolFacts): RequestFact[] {
  return [['server', server], ['method', method], ...given(method.startsWith('prompts/') ? 'prompt' : 'tool', name), ...given('uri', uri)]
}

const egressFacts = ({ host, port }: EgressFacts): RequestFact[] => [
  ['host', host],
  ['port', String(port)],
]

const known = (value: string | undefined) => value ?? 'not known'

/** What is empty needs no line. */
const given = (name: string, value: string | undefined): readonly RequestFact[] => (value ? [[name, value]] : [])

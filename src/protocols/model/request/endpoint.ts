import type { ModelApi, ModelFacts } from '../../../operations/index.ts'

/** Which part of a provider's API a request is for. */
export interface Endpoint {
  readonly name: ModelFacts['endpoint']
  /** Azure's paths name the deployment, which stands for the model. */
  readonly deployment?: string
}

/** What is called, by the last steps of its path. Its method is POST. */
const OPENAI: readonly (readonly [RegExp, ModelFacts['endpoint']])[] = [
  [/^\/chat\/completions$/, 'chat'],
  [/^\/responses$/, 'responses'],
  [/^\/responses\/input_tokens$/, 'countTokens'],
  [/^\/embeddings$/, 'embeddings'],
  [/^\/completions$/, 'completions'],
]
const ANTHROPIC: typeof OPENAI = [
  [/^\/messages$/, 'messages'],
  [/^\/messages\/count_tokens$/, 'countTokens'],
]
/** Names of models hold slashes at servers that call them as their repositories. Its method is GET. */
const MODELS = /^\/models(\/.+)?$/

/** Where each API begins: under the configured address, or under one that ends a step or two above. */
const ROOTS: Readonly<Record<ModelApi, RegExp>> = {
  openai: /^(\/v1)?(?=\/)/,
  anthropic: /^(\/v1)?(?=\/)/,
  'azure-openai': /^(\/openai)?(\/v1)?(?=\/)/,
}
/** Azure OpenAI, data plane: `/openai/deployments/<deployment>/chat/completions?api-version=…`. */
const DEPLOYMENT = /^(?:\/openai)?\/deployments\/([^/]+)(\/.*)$/

/**
 * What a request asks for.
 * @param path canonical, without the query
 * @returns undefined where it is none of these, or written in a way that some servers would take for one: it is `other` then
 */
export function endpointOf(api: ModelApi, method: string, path: string): Endpoint | undefined {
  if (api === 'azure-openai') {
    const [, name, rest = ''] = DEPLOYMENT.exec(path) ?? []
    if (name !== undefined) {
      const endpoint = method === 'POST' ? named(OPENAI, rest) : undefined
      const isOfDeployments = endpoint === 'chat' || endpoint === 'embeddings' || endpoint === 'completions'
      return isOfDeployments ? { name: endpoint, deployment: decodeURIComponent(name) } : undefined
    }
  }
  const rest = path.replace(ROOTS[api], '')
  if (method === 'GET') return MODELS.test(rest) ? { name: 'models' } : undefined
  if (method !== 'POST') return undefined
  const name = named(api === 'anthropic' ? ANTHROPIC : OPENAI, rest)
  return name && { name }
}

const named = (paths: typeof OPENAI, path: string): ModelFacts['endpoint'] | undefined => paths.find(([each]) => each.test(path))?.[1]

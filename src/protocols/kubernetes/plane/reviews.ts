import { type Decision, type Effect, type Facts, type Json, KUBERNETES_ACTIONS } from '../../../operations/index.ts'
import { effectsOf, type Method, type RequestInfo } from '../request/index.ts'

type Mapping = { readonly [name: string]: Json }

const METHODS: Readonly<Record<string, Method>> = {
  ...{ get: 'GET', list: 'GET', watch: 'GET', create: 'POST', update: 'PUT', patch: 'PATCH', delete: 'DELETE', deletecollection: 'DELETE' },
  ...{ head: 'HEAD', post: 'POST', put: 'PUT' },
}

/** Verbs that only say what may be handed out. */
const POWERS: Readonly<Record<string, string>> = {
  ...{
    bind: 'change roles',
    escalate: 'change roles',
    approve: 'approve certificate',
    sign: 'approve certificate',
    impersonate: 'impersonate',
  },
}

/**
 * What a SelfSubjectAccessReview asks about, as facts of the request that it would be.
 * @param spec of the review
 * @returns undefined where no request would be it, as for the verb `use`
 */
export function reviewedFacts(spec: Json | undefined): Facts | undefined {
  if (!isMapping(spec)) return undefined
  const { resourceAttributes: resource, nonResourceAttributes: path } = spec
  if (isMapping(resource)) return ofResource(resource)
  return isMapping(path) ? ofPath(path) : undefined
}

/** Of whatever the request would be. */
const OF_ONESELF = { asUser: '', asGroups: [], dryRun: false, labelSelector: '', fieldSelector: '' } as const
const NO_COMMAND = { command: [], container: '', stdin: false } as const

function ofResource(attributes: Mapping): Facts | undefined {
  const text = (name: string) => (typeof attributes[name] === 'string' ? (attributes[name] as string) : '')
  const known = { group: text('group'), version: text('version'), resource: text('resource'), subresource: text('subresource') }
  const info: RequestInfo = {
    ...{ isResource: true, verb: text('verb'), ...known, namespace: text('namespace'), name: text('name'), rest: [], verbInPath: false },
  }
  const { group, version, resource, subresource, namespace, name, verb } = info
  const isAny = (value: string) => value === '*'
  // `*` stands for every one of them: such a fact is unknown.
  const k8s = {
    ...{ verb, path: '', namespace, name, ...OF_ONESELF },
    // What would be run, and how, is not asked.
    ...(subresource === '' && NO_COMMAND),
    ...(!isAny(group) && { group }),
    ...(!isAny(version) && version !== '' && { version }),
    ...(!isAny(resource) && { resource }),
    ...(!isAny(subresource) && { subresource }),
  }
  if ([verb, group, resource, subresource].some(isAny)) return { effects: everything(), k8s }
  const power = POWERS[verb]
  if (power !== undefined) return { effects: [effectOf(power)], k8s }
  const method = METHODS[verb]
  if (method === undefined) return undefined
  // What the object would be is not asked; of a Secret, that it holds no token.
  return { effects: effectsOf({ method, info, path: '', upgrade: false, impersonates: false, apply: false, body: {} }), k8s }
}

function ofPath({ path, verb }: Mapping): Facts | undefined {
  if (typeof path !== 'string' || typeof verb !== 'string') return undefined
  const none = { group: '', version: '', resource: '', subresource: '', namespace: '', name: '', ...OF_ONESELF, ...NO_COMMAND }
  if (path.includes('*') || verb === '*') return { effects: everything(), k8s: { verb, ...none } }
  const info: RequestInfo = { isResource: false, verb, ...none, rest: [], verbInPath: false }
  const method = METHODS[verb] ?? 'POST'
  return {
    effects: effectsOf({ method, info, path, upgrade: false, impersonates: false, apply: false, body: {} }),
    k8s: { verb, ...none, path },
  }
}

function everything(): readonly Effect[] {
  return [...KUBERNETES_ACTIONS.keys()].map(effectOf)
}

function effectOf(action: string): Effect {
  return { class: (KUBERNETES_ACTIONS.get(action) as { class: string }).class, action }
}

/**
 * The API server's answer to a review of oneself, with what the gateway itself would say.
 * @param review as the API server answered. @param decide what the rules say of facts
 * @returns undefined where it is no such review, and passes as it is
 */
export function reviewed(review: Json, decide: (facts: Facts) => Decision): Json | undefined {
  if (!isMapping(review) || !isMapping(review.status)) return undefined
  const { status } = review
  if (review.kind === 'SelfSubjectRulesReview') {
    const error = typeof status.evaluationError === 'string' && status.evaluationError !== '' ? `${status.evaluationError}; ` : ''
    const told = `${error}the gateway decides on each request as well, and does not list its rules`
    return { ...review, status: { ...status, incomplete: true, evaluationError: told } }
  }
  if (review.kind !== 'SelfSubjectAccessReview' || status.allowed !== true) return undefined
  const facts = reviewedFacts(review.spec)
  if (facts === undefined) return undefined
  const { effect, rules } = decide(facts)
  if (effect === 'allow') return undefined
  const by = rules[0] === undefined ? 'no rule of the gateway allows it' : `rule "${rules[0]}" of the gateway`
  if (effect === 'ask') return { ...review, status: { ...status, reason: `a person is asked first: ${by}` } }
  return { ...review, status: { ...status, allowed: false, reason: by } }
}

function isMapping(value: Json | undefined): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

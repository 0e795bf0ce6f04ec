import { z } from 'zod'
import type { HttpTarget, UpstreamRequest } from '../../http/index.ts'
import { KubernetesError } from '../errors.ts'

/** What the account may do that the gateway opens a cluster with, as far as the cluster was asked. */
export interface AccountFacts {
  /** `v1.37.2` */
  readonly serverVersion: string
  /** Whether it may do everything with everything, as a cluster administrator may. */
  readonly everything: boolean
  /** Of those that were asked about. */
  readonly may: readonly AccountPower[]
}

/** Something that an account may have a right to: what people call it, and the class of effects that it is of. */
export interface AccountPower {
  readonly class: string
  readonly what: string
}

interface Probe extends AccountPower {
  readonly asked: Attributes
}

interface Attributes {
  readonly verb: string
  readonly group?: string
  readonly resource: string
  readonly subresource?: string
}

/** One of each class that is worth a warning; in every namespace. */
const PROBES: readonly Probe[] = [
  { class: 'create', what: 'create pods', asked: { verb: 'create', resource: 'pods' } },
  { class: 'update', what: 'change deployments', asked: { verb: 'update', group: 'apps', resource: 'deployments' } },
  { class: 'delete', what: 'delete pods', asked: { verb: 'delete', resource: 'pods' } },
  { class: 'exec', what: 'run commands in pods', asked: { verb: 'create', resource: 'pods', subresource: 'exec' } },
  {
    class: 'credential',
    what: 'make tokens of service accounts',
    asked: { verb: 'create', resource: 'serviceaccounts', subresource: 'token' },
  },
  {
    class: 'credential',
    what: 'give out rights that it has not itself',
    asked: { verb: 'escalate', group: 'rbac.authorization.k8s.io', resource: 'clusterroles' },
  },
  { class: 'impersonate', what: 'act as anybody', asked: { verb: 'impersonate', resource: 'users' } },
]

const review = z.object({ status: z.object({ allowed: z.boolean() }) })
const version = z.object({ gitVersion: z.string().max(100) })
/** Bytes of an answer. */
const LONGEST = 64 * 1024

/**
 * Asks the cluster what whoever is logged in may do (SelfSubjectAccessReview): nothing is changed by it.
 * @throws KubernetesError where it does not say; what the target throws
 */
export async function readAccount(target: Pick<HttpTarget, 'request'>, signal: AbortSignal): Promise<AccountFacts> {
  const { gitVersion } = await ask(target, { method: 'GET', path: '/version', headers: [] }, version, signal)
  const everything = await mayDo(target, { verb: '*', group: '*', resource: '*' }, signal)
  const may: AccountPower[] = []
  for (const { asked, ...power } of PROBES) if (everything || (await mayDo(target, asked, signal))) may.push(power)
  return { serverVersion: gitVersion, everything, may }
}

async function mayDo(target: Pick<HttpTarget, 'request'>, resourceAttributes: Attributes, signal: AbortSignal): Promise<boolean> {
  const body = Buffer.from(
    JSON.stringify({ apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec: { resourceAttributes } }),
  )
  const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'
  const headers = [['content-type', 'application/json']] as const
  return (await ask(target, { method: 'POST', path, headers, body }, review, signal)).status.allowed
}

async function ask<Answer>(
  target: Pick<HttpTarget, 'request'>,
  request: UpstreamRequest,
  shape: z.ZodType<Answer>,
  signal: AbortSignal,
): Promise<Answer> {
  const accept = ['accept', 'application/json'] as const
  const { status, body } = await target.request({ ...request, headers: [accept, ...request.headers] }, signal)
  const pieces: Uint8Array[] = []
  let length = 0
  for await (const piece of body as AsyncIterable<Uint8Array>) {
    length += piece.length
    if (length <= LONGEST) pieces.push(piece)
  }
  const read = shape.safeParse(parsed(Buffer.concat(pieces)))
  if (!read.success || length > LONGEST || status >= 300) throw new KubernetesError('GS_K8S_ANSWER')
  return read.data
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    return undefined
  }
}

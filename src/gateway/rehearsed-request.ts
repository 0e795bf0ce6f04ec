import { Readable } from 'node:stream'
import type { AskedRequest, RuledResource } from '../config/index.ts'
import { CodedError, type ModelResource, type Operation, type Resource } from '../operations/index.ts'
import { type DoorRequest, readPlainRequest } from '../protocols/http/index.ts'
import { readKubernetesRequest } from '../protocols/kubernetes/index.ts'
import { readMcpRequest } from '../protocols/mcp/index.ts'
import { readModelRequest } from '../protocols/model/index.ts'
import { type Authority, connectOperation, ProxyError, readAuthority } from '../protocols/proxy/index.ts'

/** What a request was understood to be, as it is in a gateway. */
export interface UnderstoodRequest {
  readonly operation: Operation
  /** Set where it is refused whatever the rules say. */
  readonly refusal?: string
}

/**
 * Reads a request that nobody sent by the same code that reads those that somebody did.
 * @param resource whose host may be unknown, and then rules do not know it either
 */
export async function understandRequest(
  kind: Exclude<Resource['kind'], 'postgres'>,
  resource: RuledResource,
  asked: AskedRequest,
): Promise<UnderstoodRequest> {
  const { host } = resource
  const door = doorRequest(asked)
  try {
    if (kind === 'kubernetes') return { operation: await readKubernetesRequest(door) }
    if (kind === 'model') return { operation: await readModelRequest(door, modelOf(resource)) }
    if (kind === 'mcp') return { operation: await readMcpRequest(door, resource) }
    if (kind === 'egress') return { operation: connectOperation(leadingThrough(resource, readAuthority(asked.target))) }
    const operation = await readPlainRequest(door, host ?? '')
    return { operation: host === undefined ? withoutHost(operation) : operation }
  } catch (error) {
    if (!(error instanceof CodedError)) throw error
    const statement = { text: Buffer.from(error.message) }
    return { operation: { protocol: kind, form: 'unsupported', statement }, refusal: error.message }
  }
}

/** @throws ProxyError GS_PROXY_DESTINATION_UNKNOWN where the resource is not what leads there */
function leadingThrough({ hosts = [] }: RuledResource, authority: Authority): Authority {
  const { host, port } = authority
  const names = [host, `*${host.slice(host.indexOf('.'))}`]
  const leads = hosts.some((each) => typeof each !== 'string' && names.includes(each.name) && each.ports.some((use) => use.port === port))
  if (!leads) throw new ProxyError('GS_PROXY_DESTINATION_UNKNOWN')
  return authority
}

/** What of a model its requests are read by. */
function modelOf({ name, tags, host = '', api = 'openai' }: RuledResource): ModelResource {
  return { ...{ name, kind: 'model', tags, host, port: 443, basePath: '', hosts: [] }, ...{ api, usage: 'ask', prices: new Map() } }
}

function doorRequest({ method, target, headers, body, upgrade }: AskedRequest): DoorRequest {
  const mark = target.indexOf('?')
  const bytes = Buffer.from(body ?? '')
  return {
    method,
    rawPath: mark === -1 ? target : target.slice(0, mark),
    rawQuery: mark === -1 ? undefined : target.slice(mark + 1),
    headers,
    body: Readable.from(bytes.length === 0 ? [] : [bytes]),
    bodyLength: bytes.length,
    ...(upgrade !== undefined && { upgrade: { protocol: upgrade } }),
    base: 'https://gateway',
  }
}

function withoutHost(operation: Operation): Operation {
  const { facts } = operation
  if (facts?.http === undefined) return operation
  const { host, ...http } = facts.http
  return { ...operation, facts: { ...facts, http: http as typeof facts.http } }
}

import type { Readable } from 'node:stream'
import type { Claims, Facts, ModelResource, OperationCost } from '../../../operations/index.ts'
import {
  type DoorRequest,
  firstOf,
  type ReadRequest,
  readBody,
  readRequest as readTarget,
  StrictJsonError,
  strictJson,
  utf8Text,
} from '../../http/index.ts'
import { ModelError } from '../errors.ts'
import { agentClaim } from './agent.ts'
import { costOf } from './cost.ts'
import { type Endpoint, endpointOf } from './endpoint.ts'
import { factsOf, modelOf } from './facts.ts'
import { forwardedHeaders } from './headers.ts'
import { isObject, type JsonObject } from './json.ts'
import { refuseOtherReadings } from './one-reading.ts'
import { estimatedTokens } from './tokens.ts'
import { asksForNoUsage } from './use-asking.ts'

/** A call is read whole, up to this; providers take about as much. Bytes. */
export const MOST_READ = 24 * 1024 * 1024
/** Of any other request so much is recorded and can be approved; a longer one is passed on as it comes. Bytes. */
const MOST_OF_OTHERS = 3 * 1024 * 1024

/** A request that is understood: there is one way to read it. */
export interface AskedRequest {
  readonly target: ReadRequest
  /** Undefined: it is none of these. */
  readonly endpoint: Endpoint | undefined
  readonly body: AskedBody
  readonly facts: Facts
  readonly cost: OperationCost | undefined
  /** Which agent asks, as its framework says. */
  readonly agent: Claims | undefined
  /** As facts name it. */
  readonly model: string | undefined
  /** Tokens that it has the model read, by the gateway's estimate. */
  readonly inputTokens: number
  /** Whether its streamed answer has to be asked for what it used, as its client did not. */
  readonly asksUsage: boolean
}

export type AskedBody =
  | { readonly kind: 'none' }
  /** @param json of a call: what it says */
  | { readonly kind: 'whole'; readonly bytes: Buffer; readonly json: JsonObject | undefined }
  | { readonly kind: 'large'; readonly stream: Readable; readonly length: number | undefined }

/**
 * @throws ModelError, HttpError where it has no single meaning or is too large; whatever the body breaks with
 */
export async function readAsked(door: DoorRequest, resource: ModelResource, signal: AbortSignal): Promise<AskedRequest> {
  const target = readTarget({ ...door, headers: forwardedHeaders(door.headers) })
  if (door.upgrade) throw new ModelError('GS_MODEL_UPGRADE')
  if (holdsKey(target.query)) throw new ModelError('GS_MODEL_CREDENTIAL')
  const endpoint = endpointOf(resource.api, door.method, target.path)
  const isCall = endpoint !== undefined && door.method === 'POST'
  const read = await readBody(door.body, door.bodyLength, isCall ? MOST_READ : MOST_OF_OTHERS, signal)
  if (read.kind === 'large') {
    if (endpoint !== undefined) throw new ModelError('GS_MODEL_BODY_TOO_LARGE')
    return other(target, { kind: 'large', stream: read.stream, length: door.bodyLength }, resource)
  }
  if (!isCall) {
    const body: AskedBody = read.kind === 'none' ? read : { ...read, json: undefined }
    return endpoint === undefined ? other(target, body, resource) : listing(target, endpoint, body, resource)
  }
  const bytes = read.kind === 'none' ? Buffer.alloc(0) : read.bytes
  const json = readJson(target, bytes)
  if (ELSEWHERE.some((name) => name in json)) throw new ModelError('GS_MODEL_CREDENTIAL')
  refuseOtherReadings(json)
  const estimate = estimatedTokens(json)
  const model = modelOf(endpoint, json)
  return {
    ...{ target, endpoint, model, inputTokens: estimate.tokens },
    body: { kind: 'whole', bytes, json },
    facts: factsOf(resource.api, endpoint, json, estimate),
    agent: agentClaim(json),
    cost: costOf(resource, endpoint.name, model, json, estimate.tokens),
    asksUsage: resource.usage === 'ask' && (endpoint.name === 'chat' || endpoint.name === 'completions') && asksForNoUsage(json),
  }
}

/** Proxies for models (LiteLLM) take these from a body for the key and the address of the provider that they call. */
const ELSEWHERE = ['api_key', 'api_base', 'base_url', 'user_config', 'model_list'] as const

const NOTHING_SPENT = { cost: undefined, agent: undefined, model: undefined, inputTokens: 0, asksUsage: false }

const other = (target: ReadRequest, body: AskedBody, { api }: ModelResource): AskedRequest => ({
  ...{ target, endpoint: undefined, body, ...NOTHING_SPENT },
  facts: factsOf(api, undefined, undefined, undefined),
})

const listing = (target: ReadRequest, endpoint: Endpoint, body: AskedBody, { api }: ModelResource): AskedRequest => ({
  ...{ target, endpoint, body, ...NOTHING_SPENT },
  facts: factsOf(api, endpoint, undefined, undefined),
})

/** Where providers and what stands before them look for a key beside the headers. */
const KEY = /^(x-)?(api[-_]?key|key|subscription-key|token|auth[-_]?token)$/i

const holdsKey = (query = ''): boolean => query !== '' && [...new URLSearchParams(query).keys()].some((name) => KEY.test(name))

/** Any but UTF-8, which JSON is in. */
const CHARSET = /;\s*charset\s*=\s*(?!"?utf-?8"?\s*(;|$))/i

/** @throws ModelError GS_MODEL_BODY */
function readJson({ headers }: ReadRequest, bytes: Buffer): JsonObject {
  const encoding = firstOf(headers, 'content-encoding')
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw new ModelError('GS_MODEL_BODY', 'A Content-Encoding of requests is not read.')
  }
  if (CHARSET.test(firstOf(headers, 'content-type') ?? '')) throw new ModelError('GS_MODEL_BODY', 'The body says that it is not UTF-8.')
  try {
    const json = strictJson(utf8Text(bytes))
    if (isObject(json)) return json
  } catch (error) {
    if (error instanceof StrictJsonError) throw new ModelError('GS_MODEL_BODY', error.message)
    throw error
  }
  throw new ModelError('GS_MODEL_BODY', 'The body is no JSON object.')
}

import type { Json } from '../../../operations/index.ts'
import type { RequestInfo } from '../request/index.ts'

const HIDDEN = '[redacted]'

/** What `kubectl apply` keeps of the object that it was given, values and all. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'

/** Whether what a request says holds values that are nobody's to keep. */
export function holdsSecrets({ group, resource, subresource }: RequestInfo): boolean {
  return (
    (group === '' && resource === 'secrets' && subresource === '') || (group === 'authentication.k8s.io' && resource === 'tokenreviews')
  )
}

/**
 * The body of such a request as it may be recorded.
 * @param body as read; undefined where its form is not, then nothing of it is kept. @param bytes how many there are
 */
export function recordedBody(body: Json | undefined, bytes: number): Uint8Array {
  if (body === undefined) return Buffer.from(`[${bytes} bytes that are not recorded]`)
  return Buffer.from(JSON.stringify(Array.isArray(body) ? body.map(ofPatch) : withoutValues(body)))
}

/** One operation of a JSON patch (RFC 6902): what is under a path cannot be told from the outside, so its value goes. */
function ofPatch(operation: Json): Json {
  return isMapping(operation) && 'value' in operation ? { ...operation, value: HIDDEN } : operation
}

function withoutValues(body: Json): Json {
  if (!isMapping(body)) return body
  const { data, stringData, spec, metadata } = body
  return {
    ...body,
    ...(data !== undefined && { data: hidden(data) }),
    ...(stringData !== undefined && { stringData: hidden(stringData) }),
    ...(isMapping(spec) && 'token' in spec && { spec: { ...spec, token: HIDDEN } }),
    ...(isMapping(metadata) && { metadata: withoutLastApplied(metadata) }),
  }
}

function withoutLastApplied(metadata: { readonly [name: string]: Json }): Json {
  const { annotations } = metadata
  if (!isMapping(annotations) || !(LAST_APPLIED in annotations)) return metadata
  return { ...metadata, annotations: { ...annotations, [LAST_APPLIED]: HIDDEN } }
}

/** Names stay; null takes one away, and says nothing. */
function hidden(values: Json): Json {
  if (!isMapping(values)) return HIDDEN
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value === null ? null : HIDDEN]))
}

function isMapping(value: Json | undefined): value is { readonly [name: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

import { type BodyMasking, bodyMasking, Counts, type Findings, findingsOf, JsonRewriter, jsonMasking } from '../../../masking/index.ts'
import type { Mask } from '../../../operations/index.ts'
import type { HeaderPairs } from '../../http/index.ts'
import { KubernetesError } from '../errors.ts'
import { isJson, jsonOnly } from './accept.ts'
import { type AskedResource, coveredFields, encodedPlaces, placesOf, showsNothing } from './fields.ts'
import { objectPlaces } from './object-places.ts'
import { statusMasking } from './status.ts'

/** A request, and the masks that hold for who asks. */
export interface MaskedRequest extends AskedResource {
  readonly masks: readonly Mask[]
  readonly subresource: string
  /** As `KubernetesFacts` has it. */
  readonly verb: string
  /** Of a path that is no resource: whether it may show anything, such as logs of the server, rather than what the server knows how to do. */
  readonly shows?: boolean
  /** Of the operator `hash`. */
  readonly key: Uint8Array | undefined
}

/** An answer whose body is masked on its way. */
export interface MaskedAnswer {
  readonly headers: HeaderPairs
  /** Undefined: it passes as it is. */
  readonly body: BodyMasking | undefined
}

/** What masks make of one request and its answer. */
export interface AnswerMasks {
  /**
   * The headers to ask with, so that what comes can be masked.
   * @throws KubernetesError GS_K8S_NOT_ACCEPTABLE where nothing that the client accepts can be
   */
  requestHeaders(headers: HeaderPairs): HeaderPairs
  /** @throws KubernetesError GS_K8S_ANSWER where it cannot be masked as it is written: nothing of it may be shown */
  answer(status: number, headers: HeaderPairs): MaskedAnswer
}

/** What says how a body is written, how long it is, or which version of it one has: of another body. */
const OF_THE_BODY: ReadonlySet<string> = new Set([
  ...['content-length', 'etag', 'last-modified', 'content-md5', 'digest', 'content-digest', 'repr-digest', 'accept-ranges', 'trailer'],
])
const READING: ReadonlySet<string> = new Set(['get', 'list', 'watch'])
/** Subresources that are channels: what goes through them is looked at elsewhere, if at all. */
const CHANNELS: ReadonlySet<string> = new Set(['exec', 'attach', 'portforward'])

/**
 * How the answer to a request about a resource is masked.
 * @returns undefined where no mask is about it: request and answer pass as they are
 */
export function answerMasks(request: MaskedRequest): AnswerMasks | undefined {
  const { masks, resource, subresource } = request
  if (CHANNELS.has(subresource)) return undefined
  const findings = findingsIn(masks)
  if (resource === '') return findings && request.shows ? contentMasks(request) : undefined
  if (subresource === 'log' || subresource === 'proxy') return findings && contentMasks(request)
  const fields = coveredFields(masks, request)
  return fields.length === 0 && findings === undefined ? undefined : objectMasks(request, fields, findings)
}

/** Logs, and what is behind a proxy: whatever it is, detectors look at it. */
function contentMasks({ masks, key }: MaskedRequest): AnswerMasks {
  return {
    // Whoever chooses where an answer is cut gets halves of what is looked for, which are not found.
    requestHeaders: (headers) => [...without(headers, new Set(['accept-encoding', 'range', 'if-range'])), ['Accept-Encoding', 'identity']],
    answer(_, headers) {
      checkEncoding(headers)
      const body = bodyMasking(masks, headerValue(headers, 'content-type'), key)
      return { headers: body && !body.keepsLength ? without(headers, OF_THE_BODY) : headers, body }
    },
  }
}

function objectMasks(request: MaskedRequest, fields: ReturnType<typeof coveredFields>, findings: Findings | undefined): AnswerMasks {
  const { key, verb } = request
  const tables = showsNothing(fields, request)
  const dropped = READING.has(verb) ? OF_THE_BODY : new Set([...OF_THE_BODY, 'warning'])
  return {
    requestHeaders(headers) {
      const accept = jsonOnly(headerValue(headers, 'accept'), tables)
      if (accept === undefined) throw new KubernetesError('GS_K8S_NOT_ACCEPTABLE')
      const others = without(headers, new Set(['accept', 'accept-encoding', 'if-none-match']))
      return [...others, ['Accept', accept], ['Accept-Encoding', 'identity']]
    },
    answer(status, headers) {
      checkEncoding(headers)
      const changed = without(headers, dropped)
      if (status === 204 || status === 304) return { headers: changed, body: undefined }
      if (status >= 300 && fields.length > 0) {
        return {
          headers: [...without(changed, new Set(['content-type'])), ['Content-Type', 'application/json']],
          body: statusMasking(status),
        }
      }
      if (!isJson(headerValue(headers, 'content-type'))) {
        if (status >= 300) return { headers: changed, body: bodyMasking(request.masks, headerValue(headers, 'content-type'), key) }
        throw new KubernetesError('GS_K8S_ANSWER', 'The API server answered in another form than JSON, in which values cannot be masked.')
      }
      const counts = new Counts()
      const places = objectPlaces({ fields: placesOf(fields, tables), encoded: encodedPlaces(request), findings, key, counts })
      return { headers: changed, body: jsonMasking(new JsonRewriter(places, { many: verb === 'watch' }), counts) }
    },
  }
}

function checkEncoding(headers: HeaderPairs): void {
  const encoding = headerValue(headers, 'content-encoding')?.trim().toLowerCase() ?? 'identity'
  if (encoding !== 'identity' && encoding !== '') {
    throw new KubernetesError(
      'GS_K8S_ANSWER',
      'The API server answered with an encoding that it was not asked for, so its answer cannot be masked.',
    )
  }
}

/** Values of one name, joined as HTTP lets them be. */
function headerValue(headers: HeaderPairs, name: string): string | undefined {
  const values = headers.flatMap(([each, value]) => (each.toLowerCase() === name ? [value] : []))
  return values.length === 0 ? undefined : values.join(', ')
}

const without = (headers: HeaderPairs, names: ReadonlySet<string>) => headers.filter(([name]) => !names.has(name.toLowerCase()))

/** Lists of masks are few, and the same object for everybody about whom they hold. */
const known = new WeakMap<readonly Mask[], { readonly findings: Findings | undefined }>()

function findingsIn(masks: readonly Mask[]): Findings | undefined {
  let read = known.get(masks)
  if (read === undefined) {
    read = { findings: findingsOf(masks) }
    known.set(masks, read)
  }
  return read.findings
}

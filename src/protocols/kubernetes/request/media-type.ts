import { KubernetesError } from '../errors.ts'

type Headers = readonly (readonly [name: string, value: string])[]

/** Headers of which an API server reads the first, and somebody else might read another. */
const ONCE: ReadonlySet<string> = new Set(['accept', 'content-type', 'content-encoding', 'user-agent', 'if-match', 'if-none-match'])

/**
 * The value of a header that may be there once.
 * @param name in lower case
 * @throws KubernetesError GS_K8S_HEADER where it is there twice
 */
export function onceHeader(headers: Headers, name: string): string | undefined {
  let found: string | undefined
  for (const [each, value] of headers) {
    if (each.toLowerCase() !== name) continue
    if (found !== undefined) throw new KubernetesError('GS_K8S_HEADER', `The header ${name} came twice.`)
    found = value
  }
  return found
}

/** @throws KubernetesError GS_K8S_HEADER where one that decides what is meant came twice */
export function nothingTwice(headers: Headers): void {
  for (const name of ONCE) onceHeader(headers, name)
}

/** What a body is written in. */
export type BodyForm =
  | 'json'
  | 'yaml'
  | 'protobuf'
  | 'cbor'
  | 'json-patch'
  | 'merge-patch'
  | 'strategic-merge-patch'
  | 'apply'
  | 'apply-cbor'
  | 'unknown'

const FORMS: Readonly<Record<string, BodyForm>> = {
  '': 'json',
  'application/json': 'json',
  'application/yaml': 'yaml',
  'application/vnd.kubernetes.protobuf': 'protobuf',
  'application/cbor': 'cbor',
  'application/json-patch+json': 'json-patch',
  'application/merge-patch+json': 'merge-patch',
  'application/strategic-merge-patch+json': 'strategic-merge-patch',
  'application/apply-patch+yaml': 'apply',
  'application/apply-patch+cbor': 'apply-cbor',
}

/** The form that a Content-Type names; where there is none, an API server takes JSON. */
export function bodyForm(contentType: string | undefined): BodyForm {
  const type = (contentType ?? '').split(';')[0] ?? ''
  const name = type.trim().toLowerCase()
  return Object.hasOwn(FORMS, name) ? (FORMS[name] as BodyForm) : 'unknown'
}

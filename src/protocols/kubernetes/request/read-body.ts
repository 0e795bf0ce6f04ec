import { isDeepStrictEqual } from 'node:util'
import { isScalar, parseAllDocuments, visit } from 'yaml'
import type { Json } from '../../../operations/index.ts'
import { KubernetesError } from '../errors.ts'
import { readProtobuf } from '../protobuf/index.ts'
import type { BodyForm } from './media-type.ts'
import { strictJson, utf8 } from './strict-json.ts'

/** Bytes. API servers take no more (MaxRequestBodyBytes). */
export const MAX_BODY = 3 * 1024 * 1024

/**
 * What a body says.
 * @returns undefined where it is not known: written in a form that is not read, or in YAML that not everybody reads alike
 * @throws KubernetesError GS_K8S_BODY where it is not what its form says
 */
export function readBody(form: BodyForm, bytes: Uint8Array): Json | undefined {
  if (bytes.length === 0) return undefined
  switch (form) {
    case 'protobuf':
      return readProtobuf(bytes, (json) => strictJson(utf8(json)))
    case 'cbor':
    case 'apply-cbor':
    case 'unknown':
      return undefined
    case 'yaml':
    case 'apply':
      return yaml(utf8(bytes))
    case 'json':
    case 'json-patch':
    case 'merge-patch':
    case 'strategic-merge-patch':
      return strictJson(utf8(bytes))
  }
}

/** Most clients write JSON there, which is YAML. */
function yaml(text: string): Json | undefined {
  if (/^\s*[{[]/.test(text)) {
    try {
      return strictJson(text)
    } catch {
      // YAML has flow mappings that are no JSON.
    }
  }
  if (text.length > MAX_YAML) return undefined
  try {
    const [newer, older] = [plainYaml(text, '1.2'), plainYaml(text, '1.1')]
    return newer !== undefined && isDeepStrictEqual(newer, older) ? newer : undefined
  } catch (error) {
    if (error instanceof KubernetesError) throw error
    // It is nested more deeply than the library goes.
    return undefined
  }
}

/** As JSON.stringify writes one; a backslash before it may be one of the text, then it is not known. */
const HALF_CHARACTER = /\\ud[89a-f]/

/** Bytes. What is larger is not read: that takes too long. */
const MAX_YAML = 16_384

/**
 * One document without anchors, tags or merges.
 * @returns undefined where there is more to it
 * @throws KubernetesError GS_K8S_BODY where it is not YAML
 */
function plainYaml(text: string, version: '1.1' | '1.2'): Json | undefined {
  const documents = parseAllDocuments(text, { version, uniqueKeys: false, stringKeys: true, merge: false, logLevel: 'silent' })
  if (!Array.isArray(documents) || documents.length !== 1) return undefined
  const [document] = documents
  if (document === undefined || document.warnings.length > 0) return undefined
  if (document.errors.length > 0) throw new KubernetesError('GS_K8S_BODY', 'The body is not YAML.')
  let plain = true
  visit(document, {
    Alias: () => {
      plain = false
    },
    Node: (_key, node) => {
      if (('anchor' in node && node.anchor) || ('tag' in node && node.tag)) plain = false
    },
    // The library's own check takes the square of their number.
    Map: (_key, { items }) => {
      const keys = items.map(({ key }) => (isScalar(key) ? String(key.value) : undefined))
      if (new Set(keys).size < keys.length) throw new KubernetesError('GS_K8S_BODY', 'A key is there twice in one object of the body.')
    },
    Pair: (_key, pair) => {
      if (isScalar(pair.key) && pair.key.value === '<<') plain = false
    },
  })
  if (!plain) return undefined
  const value: unknown = document.toJS({ maxAliasCount: 0 })
  try {
    // What JSON cannot say (dates, NaN, sets) does not come back as it was.
    const written = JSON.stringify(value)
    const json = JSON.parse(written) as Json
    return isDeepStrictEqual(json, value) && !HALF_CHARACTER.test(written) ? json : undefined
  } catch {
    return undefined
  }
}

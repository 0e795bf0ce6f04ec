import type { Json } from '../../../operations/index.ts'
import { KubernetesError } from '../errors.ts'

/** Deeper than any object: schemas of custom resources come to 40. Go's decoder stops at 10,000. */
const MAX_DEPTH = 200

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** @throws KubernetesError GS_K8S_BODY where it is not UTF-8: Go would read another text than we do */
export function utf8(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes)
  } catch {
    throw new KubernetesError('GS_K8S_BODY', 'The body is not UTF-8.')
  }
}

/**
 * JSON that everybody reads alike. A repeated key is refused: Go merges what JavaScript replaces, and either would be judged by the other's reading.
 *
 * @throws KubernetesError GS_K8S_BODY where it is not JSON, has a key twice or is nested too deeply
 */
export function strictJson(text: string): Json {
  let value: Json
  try {
    value = JSON.parse(text) as Json
  } catch {
    throw new KubernetesError('GS_K8S_BODY', 'The body is not JSON.')
  }
  withoutRepeatedKeys(text)
  return value
}

const ESCAPED_SURROGATE = /\\u[dD][89a-fA-F]/
const LONE_SURROGATE = /\p{Surrogate}/u

/** Walks text that is known to be JSON. */
function withoutRepeatedKeys(text: string): void {
  /** Keys of the objects that are open; undefined for arrays. */
  const open: (Set<string> | undefined)[] = []
  let keyNext = false
  const tokens = /"(?:[^"\\]|\\.)*"|[{}[\],:]/g
  for (let token = tokens.exec(text); token !== null; token = tokens.exec(text)) {
    const [first] = token
    // Go reads each of them as U+FFFD: different texts here, the same there.
    if (ESCAPED_SURROGATE.test(first) && LONE_SURROGATE.test(JSON.parse(first) as string)) {
      throw new KubernetesError('GS_K8S_BODY', 'A text in the body holds half a character.')
    }
    if (first === '{' || first === '[') {
      if (open.length === MAX_DEPTH) throw new KubernetesError('GS_K8S_BODY', 'The body is nested too deeply.')
      open.push(first === '{' ? new Set() : undefined)
      keyNext = first === '{'
    } else if (first === '}' || first === ']') {
      open.pop()
      keyNext = false
    } else if (first === ',') {
      keyNext = open.at(-1) !== undefined
    } else if (first === ':') {
      keyNext = false
    } else if (keyNext) {
      const key = JSON.parse(first) as string
      const keys = open.at(-1) as Set<string>
      if (keys.has(key)) throw new KubernetesError('GS_K8S_BODY', 'A key is there twice in one object of the body.')
      keys.add(key)
    }
  }
}

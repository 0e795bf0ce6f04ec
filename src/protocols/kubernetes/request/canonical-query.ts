import { KubernetesError } from '../errors.ts'

/** A query with one spelling. */
export interface CanonicalQuery {
  /** As it is forwarded, without the question mark: sorted by name, values of one name in their order. `''` where there is none. */
  readonly query: string
  readonly values: ReadonlyMap<string, readonly string[]>
}

/** Bytes. A command with its arguments may be long; what is more than this does not fit into a request line. */
export const MAX_QUERY = 131_072

const MAX_PARAMETERS = 4096

/**
 * The one spelling of a query that Go's net/url reads as we do. That one drops silently what it cannot decode and what has a semicolon: here it is
 * refused. An API server takes the first of repeated values, others take the last: only lists may repeat.
 *
 * @param raw behind the question mark. @param mayRepeat by name
 * @throws KubernetesError GS_K8S_QUERY
 */
export function canonicalQuery(raw: string | undefined, mayRepeat: (name: string) => boolean): CanonicalQuery {
  const values = new Map<string, string[]>()
  if (raw === undefined || raw === '') return { query: '', values }
  if (raw.length > MAX_QUERY) throw refused('it is too long')
  if (!/^[!-~]*$/.test(raw)) throw refused('it holds what must be encoded')
  if (raw.includes(';')) throw refused('it holds ";"')
  const pairs = raw.split('&').filter((pair) => pair !== '')
  if (pairs.length > MAX_PARAMETERS) throw refused('it has too many parameters')
  for (const pair of pairs) {
    const at = pair.indexOf('=')
    const name = decoded(at < 0 ? pair : pair.slice(0, at))
    const value = decoded(at < 0 ? '' : pair.slice(at + 1))
    if (!/^[A-Za-z0-9._~:/[\]$-]+$/.test(name)) throw refused('a parameter has a name that none has')
    const before = values.get(name)
    if (before === undefined) values.set(name, [value])
    else if (mayRepeat(name)) before.push(value)
    else throw refused(`"${name}" is there twice`)
  }
  const names = [...values.keys()].sort()
  const query = names.flatMap((name) => (values.get(name) as string[]).map((value) => `${encoded(name)}=${encoded(value)}`)).join('&')
  return { query, values }
}

function refused(why: string): KubernetesError {
  return new KubernetesError('GS_K8S_QUERY', `The query is not carried: ${why}.`)
}

function decoded(written: string): string {
  let text: string
  try {
    text = decodeURIComponent(written.replaceAll('+', ' '))
  } catch {
    throw refused('it is not encoded in UTF-8')
  }
  if (text.includes('\0')) throw refused('it holds a NUL')
  return text
}

function encoded(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
}

/** As an API server reads a boolean parameter: `0` and `false` in any case are false, everything else that is there is true. */
export function isOn(values: CanonicalQuery['values'], name: string): boolean {
  const [value] = values.get(name) ?? []
  // Go folds the long s too (strings.EqualFold), as `u` does.
  return value !== undefined && value !== '0' && !/^false$/iu.test(value)
}

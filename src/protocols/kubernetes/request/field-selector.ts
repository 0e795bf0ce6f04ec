import { KubernetesError } from '../errors.ts'

/**
 * The value that a field selector wants of a field exactly, as apimachinery's fields package reads it: terms joined by commas; `!=`, `==` or `=`,
 * whichever stands first; `\` before `\`, `,` and `=` in values.
 *
 * @returns undefined where it wants none
 * @throws KubernetesError GS_K8S_QUERY where it cannot be read, or wants two
 */
export function exactValue(selector: string, field: string): string | undefined {
  let found: string | undefined
  for (const term of terms(selector)) {
    const at = term.search(/!=|=/)
    if (at < 0) throw refused()
    const operator = term.startsWith('==', at) || term.startsWith('!=', at) ? term.slice(at, at + 2) : '='
    const value = unescaped(term.slice(at + operator.length))
    if (operator === '!=' || term.slice(0, at) !== field) continue
    if (found !== undefined && found !== value) throw refused()
    found = value
  }
  return found
}

function refused(): KubernetesError {
  return new KubernetesError('GS_K8S_QUERY', 'The field selector cannot be read in one way.')
}

/** Split at commas that are not escaped; empty ones do not count. */
function terms(selector: string): string[] {
  return (selector.match(/(?:\\[\s\S]|[^\\,])+|\\$/g) ?? []).filter((term) => term !== '')
}

function unescaped(value: string): string {
  if (!/^(?:\\[\\,=]|[^\\,=])*$/.test(value)) throw refused()
  return value.replace(/\\([\\,=])/g, '$1')
}

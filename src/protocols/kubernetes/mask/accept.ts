/** What stands for a range of types of which JSON is one. */
const JSON_RANGES: ReadonlySet<string> = new Set(['application/json', 'application/*', '*/*'])

/**
 * What of an Accept header is left where an answer has to be JSON: its JSON forms as they are, a Table only where its cells hold nothing that is masked.
 * @param accept undefined: anything, for which an API server sends JSON
 * @returns undefined where nothing is left
 */
export function jsonOnly(accept: string | undefined, tables: boolean): string | undefined {
  if (accept === undefined || accept.trim() === '') return 'application/json'
  const left = accept.split(',').flatMap((range) => {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim())
    if (!JSON_RANGES.has(type.toLowerCase())) return []
    if (parameters.some((parameter) => /^q=0(\.0*)?$/i.test(parameter))) return []
    if (!tables && parameters.some((parameter) => /^as=table$/i.test(parameter))) return []
    return [['application/json', ...parameters].join(';')]
  })
  return left.length === 0 ? undefined : left.join(',')
}

/** Whether an answer says that it is JSON. */
export function isJson(contentType: string | undefined): boolean {
  return contentType?.split(';', 1)[0]?.trim().toLowerCase() === 'application/json'
}

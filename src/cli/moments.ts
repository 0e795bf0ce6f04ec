/** RFC 3339 as people read it in a table: to the second, always UTC. Anything else is left as it is. */
export function when(rfc3339: string): string {
  return rfc3339.replace(/^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?Z$/, '$1 $2Z')
}

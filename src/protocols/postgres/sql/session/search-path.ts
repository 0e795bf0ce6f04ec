/**
 * Schemas of a `search_path` as the server shows it, `"$user"` replaced (SplitIdentifierString of PostgreSQL).
 * @param user the current user; undefined where it is not known
 * @returns undefined where that cannot be said
 */
export function readSearchPath(value: string, user: string | undefined): readonly string[] | undefined {
  const schemas: string[] = []
  const item = /[ \t\n\r\f\v]*(?:"((?:[^"]|"")*)"|([^", \t\n\r\f\v]+))[ \t\n\r\f\v]*(,|$)/y
  if (/^[ \t\n\r\f\v]*$/.test(value)) return schemas
  for (let more = true; more; ) {
    const found = item.exec(value)
    if (!found) return undefined
    const [, quoted, bare, separator] = found
    const name = quoted?.replaceAll('""', '"') ?? lowered(bare!)
    if (name === undefined || name === '' || Buffer.byteLength(name) > 63) return undefined
    if (name !== '$user') schemas.push(name)
    else if (user === undefined) return undefined
    else schemas.push(user)
    more = separator === ','
    if (more && item.lastIndex >= value.length) return undefined
  }
  return schemas
}

/** How names beyond ASCII are lowered depends on the server's locale. */
function lowered(name: string): string | undefined {
  return /^[\x21-\x7e]+$/.test(name) ? name.toLowerCase() : undefined
}

/** @param content of a payload `claims.<n>`. @returns what it says; undefined where it is none */
export function claimsIn(content: Uint8Array): Record<string, string> | undefined {
  try {
    const said: unknown = JSON.parse(Buffer.from(content).toString('utf8'))
    if (typeof said !== 'object' || said === null) return undefined
    return Object.fromEntries(Object.entries(said).filter((pair): pair is [string, string] => typeof pair[1] === 'string'))
  } catch {
    return undefined
  }
}

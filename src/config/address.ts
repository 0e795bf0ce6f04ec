import { isIP } from 'node:net'

/** @param text `host:port` or `[v6]:port`; already matched by the schema. @returns undefined where the port or the IPv6 address is impossible */
export function parseAddress(text: string): { host: string; port: number } | undefined {
  const colon = text.lastIndexOf(':')
  const port = Number(text.slice(colon + 1))
  const bracketed = text.startsWith('[')
  const host = bracketed ? text.slice(1, colon - 1) : text.slice(0, colon).toLowerCase()
  if (port > 65_535 || (bracketed && isIP(host) !== 6)) return undefined
  return { host, port }
}

/** Whether nothing but this machine can stand at the other end. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '')
  return bare === 'localhost' || bare === '::1' || (isIP(bare) === 4 && bare.startsWith('127.'))
}

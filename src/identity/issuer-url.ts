import type { IssuerSettings } from './settings.ts'

const LOOPBACK = new Set(['127.0.0.1', '[::1]', 'localhost'])

/** https anywhere; http only to this machine and only where the configuration says so. No credentials, query or fragment. */
export function isAllowedUrl(text: string, settings: Pick<IssuerSettings, 'insecureLoopback'>): boolean {
  if (!URL.canParse(text)) return false
  const url = new URL(text)
  if (url.username !== '' || url.password !== '' || url.hash !== '') return false
  if (url.protocol === 'https:') return true
  return url.protocol === 'http:' && settings.insecureLoopback === true && LOOPBACK.has(url.hostname)
}

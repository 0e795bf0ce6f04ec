import { readFileSync } from 'node:fs'

/** Of the package: src/gateway and what tools/bundle.ts makes of it, in dist, are equally deep in it. */
export function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  return (manifest as { version: string }).version
}

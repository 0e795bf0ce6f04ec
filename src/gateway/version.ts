import { readFileSync } from 'node:fs'

/** Of the package: src/gateway and dist/gateway are equally deep in it. */
export function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  return (manifest as { version: string }).version
}

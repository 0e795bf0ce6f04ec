import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * The published log of a data folder as its newest checkpoint covers it, read as https://c2sp.org/tlog-tiles says and with nothing of the gateway's code.
 * Up to 256,000 entries.
 */
export function entriesOfBundles(data: string): { readonly size: number; readonly entries: readonly string[] } {
  const log = join(data, 'trail/log')
  const size = Number(readFileSync(join(log, 'checkpoint'), 'utf8').split('\n')[1])
  const entries: string[] = []
  for (let n = 0; entries.length < size; n++) {
    const bundle = readFileSync(bundlePath(join(log, 'tile/entries', String(n).padStart(3, '0'))))
    for (let at = 0; at < bundle.length; ) {
      const end = at + 2 + bundle.readUInt16BE(at)
      entries.push(bundle.toString('utf8', at + 2, end))
      at = end
    }
  }
  return { size, entries: entries.slice(0, size) }
}

/** The full bundle, or the longest of those that are not full yet. */
function bundlePath(path: string): string {
  if (existsSync(path)) return path
  const widths = readdirSync(`${path}.p`).map(Number)
  return join(`${path}.p`, String(Math.max(...widths)))
}

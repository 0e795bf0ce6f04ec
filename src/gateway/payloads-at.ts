import type { LogPlace } from '../runs/index.ts'
import type { Trail } from '../trail/index.ts'

/** The payloads of one entry by name, as far as they are there; none where it stands in a log that was set aside. @throws TrailError */
export async function payloadsAt(trail: Pick<Trail, 'name' | 'read'>, { log, index }: LogPlace): Promise<ReadonlyMap<string, Uint8Array>> {
  const payloads = new Map<string, Uint8Array>()
  if (log !== trail.name) return payloads
  for await (const entry of trail.read({ from: index })) {
    if (entry.index !== index) break
    for (const { name, content } of entry.payloads()) if (content) payloads.set(name, content)
    break
  }
  return payloads
}

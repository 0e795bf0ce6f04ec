import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Sources } from '../../metrics/index.ts'
import { parseCheckpoint, parseNote } from '../../tlog/index.ts'
import type { Trail } from '../../trail/index.ts'

/**
 * The trail as metrics tell of it: the checkpoint of the start before counts until this one signs, which with silent witnesses may be long. The
 * start has held it against the log; nothing but numbers is made of it.
 * @param folder `gateway.data`
 */
export async function toldTrail(trail: Pick<Trail, 'state' | 'written' | 'proven' | 'read'>, folder: string): Promise<Sources['trail']> {
  const before = await signedBefore(trail, folder)
  return {
    get state() {
      return trail.state
    },
    get written() {
      return trail.written
    },
    get proven() {
      const { proven } = trail
      if (proven.checkpoint !== undefined) return proven
      const age = before.since === undefined ? 0 : Date.now() - before.since
      return { ...proven, checkpoint: before.checkpoint, age: Math.max(proven.age, age) }
    },
  }
}

interface SignedBefore {
  readonly checkpoint: string | undefined
  /** When the oldest entry behind it was recorded, ms since the epoch; absent where there is none. */
  readonly since?: number
}

/** Metrics do without what cannot be read: that is somebody else's to tell. */
async function signedBefore(trail: Pick<Trail, 'read'>, folder: string): Promise<SignedBefore> {
  const checkpoint = await readFile(join(folder, 'trail/log/checkpoint'), 'utf8').catch(() => undefined)
  try {
    const from = checkpoint === undefined ? 0 : parseCheckpoint(parseNote(checkpoint).text).size
    for await (const { at } of trail.read({ from })) return { checkpoint, since: Date.parse(at) }
  } catch {
    // Pruned meanwhile, say.
  }
  return { checkpoint }
}

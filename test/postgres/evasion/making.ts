import { type Door, tapped } from './door.ts'
import type { Evasion, Play } from './evasion.ts'
import { openStage } from './stage.ts'
import type { Variant } from './variants.ts'

/**
 * Makes an attempt once. Refusals are part of it, but that nobody is let in is none: then nothing was tried.
 *
 * @returns what came over each of its sessions
 * @throws what the driver throws where a session without settings of its own is refused
 */
export async function make({ steps, play, settings }: Evasion, door: Door, variant: Variant): Promise<readonly Buffer[]> {
  const texts = steps.map((step) => step.replaceAll('@database@', door.database))
  if (play) return played(play, door)
  if ('play' in variant) return played((stage) => variant.play(stage, texts[0] ?? ''), door)
  const session = await tapped(door, settings).catch((error: unknown) => {
    if (settings === undefined) throw error
    return undefined
  })
  if (!session) return []
  for (const text of texts) await variant.send(session.client, text)
  await session.client.end().catch(() => undefined)
  return [session.received()]
}

async function played(play: Play, door: Door): Promise<readonly Buffer[]> {
  const stage = openStage(door)
  try {
    await play(stage)
  } catch (error) {
    await stage.close()
    throw error
  }
  return stage.close()
}

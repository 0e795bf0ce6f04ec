import { availableParallelism } from 'node:os'
import type { Ground, Grounds, Kind } from './grounds.ts'
import type { Harm } from './judge.ts'
import { make } from './making.ts'
import type { Sending } from './sending.ts'

export interface Outcome extends Sending {
  readonly harm: Harm
}

/** As many attempts are made at a time, each on its own ground. */
const LANES = Math.min(6, availableParallelism() + 1)

/**
 * Makes all of them, and has each judged. Where anything was written, the next attempt finds a fresh ground.
 *
 * @param way through the gateway, or past it @param until whether it is time to stop; asked before each @returns what each did
 */
export async function tryAll(
  grounds: Grounds,
  sendings: readonly Sending[],
  way: 'governed' | 'open',
  until: () => boolean = () => false,
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = []
  const waiting = sendings.values()
  const lane = async () => {
    const mine = new Map<Kind, Ground>()
    for (const sending of waiting) {
      if (until()) break
      const kind = sending.evasion.typed ? 'typed' : 'plain'
      const ground = mine.get(kind) ?? (await grounds.fresh(kind))
      mine.set(kind, ground)
      const received = await make(sending.evasion, ground[way], sending.variant)
      await ground.judge.alone()
      outcomes.push({ ...sending, harm: await ground.judge.harm(received) })
      if (!(await ground.judge.touched())) continue
      mine.delete(kind)
      await ground.close()
    }
    for (const ground of mine.values()) await ground.close()
  }
  await Promise.all(Array.from({ length: LANES }, lane))
  return outcomes
}

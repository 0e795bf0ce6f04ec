import type { Beat } from './beat.ts'
import type { Keys } from './keys.ts'
import type { Place } from './place.ts'

export interface PlayOptions {
  /** How many times as fast as it was; undefined: nothing is waited for. */
  readonly speed: number | undefined
  /** Seconds that are waited at most, of the time that it took. */
  readonly maxIdle: number
  readonly from?: Place
  /** Up to before this. */
  readonly to?: Place
  /** It begins with the first statement that has this in its text or its answers, in any case. */
  readonly search?: string
}

/** played — to the end, or as far as was asked; quit — somebody pressed q; not found — what was searched for is not there. */
export type Played = 'played' | 'quit' | 'not found'

/**
 * Plays beats one after the other, at their pace. Of what is skipped, no more is held than the statement that is searched through.
 * @param show prints one beat
 */
export async function play(beats: AsyncIterable<Beat>, options: PlayOptions, keys: Keys, show: (beat: Beat) => void): Promise<Played> {
  const { speed, maxIdle, from, to } = options
  let search = options.search?.toLowerCase()
  /** Of the statement that is searched through. */
  let held: Beat[] = []
  let before: number | undefined
  let hurrying = false
  let isReached = from === undefined

  const step = async (beat: Beat): Promise<boolean> => {
    const wait = speed === undefined || hurrying || before === undefined ? 0 : Math.min(beat.at - before, maxIdle * speed) / speed
    before = Math.max(before ?? 0, beat.at)
    const pressed = await keys.wait(Math.max(0, wait * 1000))
    if (pressed?.key === 'quit') return false
    if (pressed?.key === 'search') search = pressed.text.toLowerCase()
    if (pressed?.key === 'next') hurrying = true
    if (search === undefined || pressed?.key !== 'search') show(beat)
    return true
  }

  for await (const beat of beats) {
    if (to !== undefined && isAt(beat, to)) break
    isReached ||= from !== undefined && isAt(beat, from)
    if (!isReached) continue
    if (beat.begins) hurrying = false
    if (search !== undefined) {
      if (beat.begins) held = []
      if (held.length < MOST_HELD) held.push(beat)
      if (!holds(beat, search)) continue
      search = undefined
      before = undefined
      for (const one of held) if (!(await step(one))) return 'quit'
      held = []
      continue
    }
    if (!(await step(beat))) return 'quit'
  }
  return search === undefined && isReached ? 'played' : 'not found'
}

/** Beats of one statement that are held while it is searched through. */
const MOST_HELD = 5_000

function isAt(beat: Beat, place: Place): boolean {
  return 'seconds' in place ? beat.at >= place.seconds : beat.operation !== undefined && beat.operation >= place.operation
}

function holds({ lines }: Beat, search: string): boolean {
  return lines.some(({ text }) => text.toLowerCase().includes(search))
}

import type { Evasion } from './evasion.ts'
import { type Variant, variantsOf } from './variants.ts'

/** An attempt in one of the ways in which it can be made. */
export interface Sending {
  readonly evasion: Evasion
  readonly variant: Variant
}

/** Every attempt once, in a way that is drawn; then all other ways of all of them, in an order that is drawn. */
export function sendingsOf(
  corpus: readonly Evasion[],
  random: () => number,
): { readonly first: readonly Sending[]; readonly rest: readonly Sending[] } {
  const first: Sending[] = []
  const rest: Sending[] = []
  for (const evasion of corpus) {
    const variants = variantsOf(evasion)
    const drawn = Math.floor(random() * variants.length)
    for (const [at, variant] of variants.entries()) (at === drawn ? first : rest).push({ evasion, variant })
  }
  return { first, rest: shuffled(rest, random) }
}

/** Every attempt in the plainest way, in an order that is drawn. */
export const plainly = (corpus: readonly Evasion[], random: () => number): readonly Sending[] =>
  shuffled(corpus, random).map((evasion) => ({ evasion, variant: variantsOf(evasion)[0]! }))

function shuffled<T>(all: readonly T[], random: () => number): T[] {
  const drawn = [...all]
  for (let last = drawn.length - 1; last > 0; last -= 1) {
    const at = Math.floor(random() * (last + 1))
    ;[drawn[last], drawn[at]] = [drawn[at]!, drawn[last]!]
  }
  return drawn
}

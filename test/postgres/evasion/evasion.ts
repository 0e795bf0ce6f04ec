import type { Stage } from './stage.ts'

/** An attempt at what is forbidden. */
export interface Evasion {
  /** Unique; says what is tried. */
  readonly name: string
  /** Where it is from: a checklist of gateways, something published, or found here with the server as judge. */
  readonly from: Origin
  /** Sent one after the other in one session. A single one is sent in every variant that can carry it. `@database@` is where that is. */
  readonly steps: readonly string[]
  /** Instead of steps, where it takes several sessions or messages that no driver sends. */
  readonly play?: Play
  /** Settings with which the session begins, in its start-up packet. */
  readonly settings?: Readonly<Record<string, string>>
  /** Whether it is made where there are types with code behind them. */
  readonly typed?: boolean
  /**
   * Why it does no harm at this server even where nothing governs it: it is refused, or does something else there. It is here because it
   * would on another one, or because a reader of SQL may take it for harmless or harmful wrongly.
   */
  readonly harmless?: string
}

export type Origin = 'checklist' | 'published' | 'found'
export type Play = (stage: Stage) => Promise<void>

type Written =
  | string
  | readonly string[]
  | Play
  | (Pick<Evasion, 'settings' | 'harmless'> & { readonly steps: string | readonly string[] | Play })

/** Attempts by their names: one text, several in order, a play, or any of these with settings or the reason why it does no harm here. */
export const evasions = (from: Origin, all: Readonly<Record<string, Written>>, where: Pick<Evasion, 'typed'> = {}): Evasion[] =>
  Object.entries(all).map(([name, written]) => {
    const { steps, ...more } = typeof written === 'object' && 'steps' in written ? written : { steps: written }
    if (typeof steps === 'function') return { name, from, steps: [], play: steps, ...where, ...more }
    return { name, from, steps: typeof steps === 'string' ? [steps] : steps, ...where, ...more }
  })

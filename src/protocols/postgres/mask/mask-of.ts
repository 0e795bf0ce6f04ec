import { ANALYZED, type Findings } from '../../../masking/index.ts'
import type { Mask } from '../../../operations/index.ts'

/** The mask by which something is counted: of what an analyzer did not answer, the first that asks it; of what could not be looked at, the first of all. */
export function maskOf({ masks }: Findings, detector: string): Mask | undefined {
  const own = masks.get(detector)
  if (own) return own
  if (detector.startsWith(ANALYZED)) for (const [name, mask] of masks) if (name.startsWith(ANALYZED)) return mask
  return masks.values().next().value
}

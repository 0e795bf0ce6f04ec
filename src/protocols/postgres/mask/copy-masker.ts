import { CellMasking } from './cell-masking.ts'
import { BinaryCopy } from './copy-binary.ts'
import { DelimitedCopy } from './copy-delimited.ts'
import type { CopyFormat, CopyMasking, MaskPlan } from './types.ts'

/**
 * Rewrites what a COPY TO sends, cut wherever it may be. Held is at most one cell that something is done to, and of that at most 1 MiB: of a longer one
 * nothing is shown.
 *
 * @param plan of the columns that are copied, in their order; binary only where the COPY is
 * @param key of the operator `hash`; without it, it shows nothing
 */
export function copyMasker(plan: MaskPlan, format: CopyFormat, key: Uint8Array | undefined): CopyMasking {
  const cells = new CellMasking(plan, key)
  const content = format.format === 'binary' ? new BinaryCopy(cells) : new DelimitedCopy(cells, format)
  return {
    push: (bytes) => content.push(bytes),
    end: () => content.end(),
    counts: () => cells.counts(),
  }
}

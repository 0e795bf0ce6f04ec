import type { Analyses } from '../../../masking/index.ts'
import { CellMasking } from './cell-masking.ts'
import { BinaryCopy } from './copy-binary.ts'
import { DelimitedCopy } from './copy-delimited.ts'
import { isAnalyzed } from './plan.ts'
import { Slab } from './slab.ts'
import type { CopyFormat, CopyMasking, MaskPlan } from './types.ts'

const COPY_DATA = 0x64 // 'd'

/**
 * Rewrites what a COPY TO sends, cut wherever it may be. Held is at most one cell that something is done to, and of that at most 1 MiB: of a longer one
 * nothing is shown.
 *
 * @param plan of the columns that are copied, in their order; binary only where the COPY is
 * @param key of the operator `hash`; without it, it shows nothing
 * @param analyses of the analyzer, where masks ask for something
 */
export function copyMasker(plan: MaskPlan, format: CopyFormat, key: Uint8Array | undefined, analyses?: Analyses): CopyMasking {
  const cells = new CellMasking(plan, key, analyses)
  const content = format.format === 'binary' ? new BinaryCopy(cells) : new DelimitedCopy(cells, format)
  return {
    push: messages(content),
    end: () => content.end(),
    counts: () => cells.counts(),
    ...(isAnalyzed(plan) && {
      ahead: (asked: Analyses) => ({ push: messages(content.ahead(new CellMasking(plan, key, asked))) }),
    }),
  }
}

/** What may go on of each CopyData message, as one. */
function messages(content: BinaryCopy | DelimitedCopy): CopyMasking['push'] {
  const out = new Slab()
  return (bytes, start, end) => {
    out.begin(COPY_DATA, end - start)
    content.push(bytes, start, end, out)
    if (!out.empty) return out.finish()
    out.drop()
    return undefined
  }
}

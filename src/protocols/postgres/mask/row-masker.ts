import type { Analyses } from '../../../masking/index.ts'
import { WireError } from '../wire/errors.ts'
import { HEADER_BYTES } from '../wire/framer.ts'
import { CellMasking, sized } from './cell-masking.ts'
import { isAnalyzed } from './plan.ts'
import { Slab } from './slab.ts'
import type { MaskPlan, RowMasking } from './types.ts'

const DATA_ROW = 0x44 // 'D'

/**
 * @param key of the operator `hash`; without it, it shows nothing
 * @param analyses of the analyzer, where masks ask for something
 */
export function rowMasker(plan: MaskPlan, key: Uint8Array | undefined, analyses?: Analyses): RowMasking {
  const cells = new CellMasking(plan, key, analyses)
  const { width } = cells
  const out = new Slab()
  return {
    row(bytes, start, end) {
      let at = start + HEADER_BYTES
      if (end - at < 2 || (((bytes[at] as number) << 8) | (bytes[at + 1] as number)) !== width) throw malformed()
      out.begin(DATA_ROW, end - start)
      /** From here on nothing was written yet. */
      let from = at
      at += 2
      for (let column = 0; column < width; column++) {
        if (end - at < 4) throw malformed()
        const length =
          ((bytes[at] as number) << 24) | ((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number)
        const cell = at + 4
        if (length < -1 || length > end - cell) throw malformed()
        const next = length === -1 ? cell : cell + length
        if (cells.concerns(column)) {
          out.copy(bytes, from, at)
          from = at
          if (length === -1) {
            sized(cells.maskNull(column), out)
            from = next
          } else if (cells.writeSized(column, bytes, cell, next, out)) from = next
        }
        at = next
      }
      if (at !== end) throw malformed()
      out.copy(bytes, from, end)
      return out.finish()
    },
    counts: () => cells.counts(),
    ...(isAnalyzed(plan) && { ahead: (asked: Analyses) => rowMasker(plan, key, asked) }),
  }
}

const malformed = () => new WireError('A DataRow message is not well-formed.')

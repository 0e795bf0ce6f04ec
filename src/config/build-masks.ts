import type { MaskRule } from '../policy/index.ts'
import { present } from './present.ts'
import type { Document } from './schema/document.ts'

/** @param document whose masks name only detectors that are there */
export function buildMasks({ masks = [], masking }: Pick<Document, 'masks' | 'masking'>): readonly MaskRule[] {
  const own = masking?.patterns ?? []
  return masks.map(
    ({ name, who, except, on, columns = [], fields, detect = [], directions, binary, as, unmaskedWrite = false, predicates = false }) => ({
      mask: {
        name,
        columns,
        ...(fields && { fields }),
        detect,
        ...(directions && { directions }),
        ...(binary && { binary }),
        patterns: own.filter((pattern) => detect.includes(pattern.name)),
        as: as ?? 'null',
        unmaskedWrite,
        predicates,
      },
      ...(who && { who: present(who) }),
      ...(except && { except }),
      ...(on && { on: present(on) }),
    }),
  )
}

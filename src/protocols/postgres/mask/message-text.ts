import { type Analyses, maskFound } from '../../../masking/index.ts'
import type { Mask, MaskCount } from '../../../operations/index.ts'
import { maskOf } from './mask-of.ts'
import { findingsIn } from './plan.ts'

/** A text of the server, such as the message of an error, with what detectors of masks find in it replaced. */
export interface MaskedMessage {
  readonly text: Uint8Array
  readonly counts: readonly MaskCount[]
}

/** @param analyses of the analyzer; undefined: it cannot be asked about this text. @returns undefined where nothing was found in it */
export function maskMessage(
  masks: readonly Mask[],
  text: Uint8Array,
  key: Uint8Array | undefined,
  analyses?: Analyses,
): MaskedMessage | undefined {
  const findings = findingsIn(masks)
  const replaced = findings && maskFound(text, findings, key, analyses)
  if (!findings || !replaced) return undefined
  const counts = replaced.found.map(({ detector }): MaskCount => [maskOf(findings, detector)?.name ?? '', detector, 1])
  return { text: replaced.content ?? Buffer.alloc(0), counts }
}

import { maskFound } from '../../../masking/index.ts'
import type { Mask, MaskCount } from '../../../operations/index.ts'
import { findingsIn } from './plan.ts'

/** A text of the server, such as the message of an error, with what detectors of masks find in it replaced. */
export interface MaskedMessage {
  readonly text: Uint8Array
  readonly counts: readonly MaskCount[]
}

/** @returns undefined where nothing was found in it */
export function maskMessage(masks: readonly Mask[], text: Uint8Array, key: Uint8Array | undefined): MaskedMessage | undefined {
  const findings = findingsIn(masks)
  const replaced = findings && maskFound(text, findings, key)
  if (!findings || !replaced) return undefined
  const counts = replaced.found.map(({ detector }): MaskCount => [findings.masks.get(detector)?.name ?? '', detector, 1])
  return { text: replaced.content ?? Buffer.alloc(0), counts }
}

import type { Mask, MaskOperator } from '../operations/index.ts'
import { DETECTORS, type Detection, type Detector } from './detector.ts'
import { type Detectors, detect, detectors } from './finder.ts'
import { detectInJson } from './json.ts'
import { jsonString } from './json-leaves.ts'
import { maskText } from './operators.ts'

/** What the detectors of several masks look for, and whose each of them is. */
export interface Findings {
  readonly detectors: Detectors
  /** By the name of a detector; the first mask that has it. */
  readonly masks: ReadonlyMap<string, Mask>
}

/** A text with what was found in it replaced. */
export interface Replaced {
  /** null: NULL, because a mask says so. */
  readonly content: Uint8Array | null
  readonly found: readonly Detection[]
}

const builtIn: ReadonlySet<string> = new Set(DETECTORS)

/**
 * @returns undefined where none of the masks has a detector
 * @throws MaskingError GS_MASK_PATTERN where a pattern cannot be used
 */
export function findingsOf(masks: readonly Mask[]): Findings | undefined {
  const byDetector = new Map<string, Mask>()
  for (const mask of masks) for (const name of mask.detect) if (!byDetector.has(name)) byDetector.set(name, mask)
  if (byDetector.size === 0) return undefined
  const names = [...byDetector.keys()]
  const patterns = new Map(masks.flatMap((mask) => mask.patterns.map((pattern) => [pattern.name, pattern] as const)))
  const own = names.flatMap((name) => (builtIn.has(name) ? [] : (patterns.get(name) ?? [])))
  return {
    detectors: detectors(
      names.filter((name): name is Detector => builtIn.has(name)),
      own,
    ),
    masks: byDetector,
  }
}

/** @returns undefined where nothing was found */
export function maskFound(text: Uint8Array, findings: Findings, key: Uint8Array | undefined): Replaced | undefined {
  return replaced(text, detect(text, findings.detectors), findings, (place, as) => maskText(place, as, key))
}

/** The same within the strings of a JSON text. @returns `not-json` where it is none as far as its strings go */
export function maskFoundInJson(json: Uint8Array, findings: Findings, key: Uint8Array | undefined): Replaced | undefined | 'not-json' {
  const found = detectInJson(json, findings.detectors)
  if (found === undefined) return 'not-json'
  return replaced(json, found, findings, (place, as) => {
    const masked = maskText(unescaped(place), as, key)
    return masked && jsonString(masked).subarray(1, -1)
  })
}

function replaced(
  text: Uint8Array,
  found: readonly Detection[],
  { masks }: Findings,
  replace: (place: Uint8Array, as: MaskOperator) => Uint8Array | null,
): Replaced | undefined {
  if (found.length === 0) return undefined
  const parts: Uint8Array[] = []
  let from = 0
  for (const { start, end, detector } of found) {
    const as = masks.get(detector)?.as ?? 'null'
    const stands = as === 'redact' ? Buffer.from(`[${detector}]`) : replace(text.subarray(start, end), as)
    if (stands === null) return { content: null, found }
    parts.push(text.subarray(from, start), stands)
    from = end
  }
  parts.push(text.subarray(from))
  return { content: Buffer.concat(parts), found }
}

/** The characters of a part of a JSON string, of which no escape is cut. */
function unescaped(part: Uint8Array): Uint8Array {
  if (!part.includes(0x5c)) return part
  try {
    return Buffer.from(JSON.parse(`"${new TextDecoder().decode(part)}"`) as string)
  } catch {
    return new Uint8Array(0)
  }
}

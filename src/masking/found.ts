import type { Mask, MaskOperator } from '../operations/index.ts'
import { apart } from '../redaction/index.ts'
import { ANALYZED, type Analyses, analyzedEntity, NOT_ASKED, placesSaid, UNANSWERED } from './analyses.ts'
import { DETECTORS, type Detection, type Detector } from './detector.ts'
import { type Detectors, detect, detectors } from './finder.ts'
import { detectInJson } from './json.ts'
import { jsonString } from './json-leaves.ts'
import { maskText, REDACTED } from './operators.ts'

/** What the detectors of several masks look for, and whose each of them is. */
export interface Findings {
  readonly detectors: Detectors
  /** What an analyzer is asked for besides, as it calls it; undefined: nothing. */
  readonly entities: readonly string[] | undefined
  /** By the name of a detector; the first mask that has it. */
  readonly masks: ReadonlyMap<string, Mask>
}

/** A text with what was found in it replaced. */
export interface Replaced {
  /** null: NULL, because a mask says so. */
  readonly content: Uint8Array | null
  /** Empty places are of texts that an analyzer did not answer about. */
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
  const entities = names.flatMap((name) => analyzedEntity(name) ?? [])
  return {
    detectors: detectors(
      names.filter((name): name is Detector => builtIn.has(name)),
      own,
    ),
    entities: entities.length > 0 ? entities : undefined,
    masks: byDetector,
  }
}

/** @param analyses of the analyzer, where it is asked for something. @returns undefined where nothing was found */
export function maskFound(text: Uint8Array, findings: Findings, key: Uint8Array | undefined, analyses?: Analyses): Replaced | undefined {
  const found = detect(text, findings.detectors)
  const all = findings.entities === undefined ? found : joined([...found, ...analyzedIn(text, findings, analyses)])
  return replaced(text, all, findings, (place, as) => maskText(place, as, key))
}

/** The same within the strings of a JSON text. @returns `not-json` where it is none as far as its strings go */
export function maskFoundInJson(
  json: Uint8Array,
  findings: Findings,
  key: Uint8Array | undefined,
  analyses?: Analyses,
): Replaced | undefined | 'not-json' {
  const asked = findings.entities === undefined ? undefined : (leaf: Uint8Array) => analyzedIn(leaf, findings, analyses)
  const found = detectInJson(json, findings.detectors, asked)
  if (found === undefined) return 'not-json'
  return replaced(json, asked ? joined(found) : found, findings, (place, as) => {
    const masked = maskText(unescaped(place), as, key)
    return masked && jsonString(masked).subarray(1, -1)
  })
}

/** What an analyzer says of a text, as far as masks ask for it. Where there is nobody to ask, that is the whole of it. */
export function analyzedIn(text: Uint8Array, { entities, masks }: Findings, analyses: Analyses | undefined): readonly Detection[] {
  if (entities === undefined) return []
  return placesSaid(text, analyses).filter(({ detector }) => masks.has(detector) || detector === UNANSWERED || detector === NOT_ASKED)
}

/** Apart; empty places first. */
function joined(found: readonly Detection[]): readonly Detection[] {
  const empty = found.filter(({ start, end }) => start === end)
  const places = found.filter(({ start, end }) => start < end)
  return [...empty, ...apart(places, (first, second) => ({ ...first, end: second.end }))]
}

function replaced(
  text: Uint8Array,
  found: readonly Detection[],
  { masks }: Findings,
  replace: (place: Uint8Array, as: MaskOperator) => Uint8Array | null,
): Replaced | undefined {
  if (found.length === 0) return undefined
  const stands: Uint8Array[] = []
  let length = text.length
  for (const { start, end, detector } of found) {
    const as = masks.get(detector)?.as ?? (detector.startsWith(ANALYZED) ? 'redact' : 'null')
    const instead = start === end ? NOTHING : as === 'redact' ? markOf(detector) : replace(text.subarray(start, end), as)
    if (instead === null) return { content: null, found }
    stands.push(instead)
    length += instead.length - (end - start)
  }
  const content = Buffer.allocUnsafe(length)
  let at = 0
  let from = 0
  for (const [place, { start, end }] of found.entries()) {
    at = copied(text, from, start, content, at)
    const instead = stands[place] as Uint8Array
    at = copied(instead, 0, instead.length, content, at)
    from = end
  }
  copied(text, from, text.length, content, at)
  return { content, found }
}

const NOTHING = new Uint8Array(0)
/** So few bytes are copied one by one sooner than by a call. */
const FEW = 64

/** @returns one past where it stands in `to` then */
function copied(bytes: Uint8Array, from: number, end: number, to: Uint8Array, at: number): number {
  let place = at
  if (end - from > FEW) to.set(bytes.subarray(from, end), at)
  else for (let each = from; each < end; each++) to[place++] = bytes[each] as number
  return at + end - from
}

const MARKS: ReadonlyMap<string, Uint8Array> = new Map(DETECTORS.map((name) => [name, Buffer.from(`[${name}]`)]))

/** What stands for what was found, where its kind may be told: `[email]`, `[presidio/PERSON]`. */
function markOf(detector: string): Uint8Array {
  return MARKS.get(detector) ?? (detector === UNANSWERED || detector === NOT_ASKED ? REDACTED : Buffer.from(`[${detector}]`))
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

import { Counts, type Findings, findingsOf, type JsonPlace, JsonRewriter } from '../../../masking/index.ts'
import type { Mask, MaskCount } from '../../../operations/index.ts'
import { shownPlaces } from './places.ts'

/** What masks make of the messages of one answer. */
export class MessageMasks {
  readonly #places: JsonPlace | undefined
  readonly #counts = new Counts()

  /**
   * @param masks that hold for who asks. @param key of the operator `hash`
   * @throws MaskingError GS_MASK_PATTERN where a pattern of a mask cannot be used
   */
  constructor(masks: readonly Mask[], key: Uint8Array | undefined) {
    const findings: Findings | undefined = findingsOf(masks)
    this.#places =
      findings && shownPlaces(findings, key, (detector) => this.#counts.add(findings.masks.get(detector)?.name ?? '', detector))
  }

  /** @param json the text of one message @returns as it may be shown @throws MaskingError GS_MASK_NOT_JSON */
  apply(json: Uint8Array): Uint8Array {
    if (this.#places === undefined) return json
    const rewriter = new JsonRewriter(this.#places)
    const first = rewriter.push(json)
    const rest = rewriter.end()
    return rest.length === 0 ? first : Buffer.concat([first, rest])
  }

  /** What was masked so far. */
  counts(): readonly MaskCount[] {
    return this.#counts.all()
  }
}

import { Counts, detectors, type Findings, findingsOf, type JsonPlace, JsonRewriter } from '../../../masking/index.ts'
import { type Mask, type MaskCount, Refusal } from '../../../operations/index.ts'
import { shownPlaces } from './places.ts'

const NOTHING_LOOKED_FOR: Findings = { detectors: detectors([], []), entities: undefined, masks: new Map() }

const cannotBeLookedInto = ({ name }: Mask) =>
  new Refusal('GS_MASKED_FIELD', {
    rule: `mask:${name}`,
    reason: 'What comes back holds an image, a sound or a file, which no mask can look into.',
    next: 'Ask for it as text, or ask the owner of the mask.',
  })

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
    const refusing = masks.find(({ binary }) => binary === 'refuse')
    const binary = () => {
      if (refusing) throw cannotBeLookedInto(refusing)
    }
    // A mask that only refuses what cannot be looked into has no detectors.
    const looked = findings ?? (refusing && NOTHING_LOOKED_FOR)
    this.#places =
      looked && shownPlaces(looked, key, (detector) => this.#counts.add(looked.masks.get(detector)?.name ?? '', detector), binary)
  }

  /** @param json the text of one message @returns as it may be shown @throws MaskingError GS_MASK_NOT_JSON; Refusal where nothing of it may be */
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

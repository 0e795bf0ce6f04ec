import type { Json } from '../../../operations/index.ts'
import type { Redactor } from '../../http/index.ts'
import { ModelError } from '../errors.ts'
import { piecesOf } from '../mask/pieces.ts'

/** So much of a credential is none by chance, whatever the beginning of all of its kind is; bytes. */
const TOLD = 24
/** A shorter one may be a word. Stars. */
const WORTH = /\*{16,}/
/** Texts of one answer. */
const MOST_TEXTS = 4_096

interface Text {
  readonly redactor: Redactor
  /** What of it the redactor has not given back. */
  kept: Buffer
}

/** Finds the gateway's own credential in texts of which each event brings a piece: within one event it is covered before. */
export class KeyInPieces {
  readonly #redactor: () => Redactor
  readonly #texts = new Map<string, Text>()

  constructor(redactor: () => Redactor) {
    this.#redactor = redactor
  }

  /** @param event what it says. @throws ModelError GS_MODEL_ANSWER_UNREADABLE where it goes on with the credential */
  look(event: Json): void {
    for (const { of, text } of piecesOf(event)) {
      const known = this.#texts.get(of) ?? { redactor: this.#redactor(), kept: NOTHING }
      this.#texts.set(of, known)
      const all = Buffer.concat([known.kept, Buffer.from(text)])
      const shown = known.redactor.push(Buffer.from(text), 0)
      known.kept = all.subarray(shown.length)
      const isCovered = Buffer.compare(all.subarray(0, shown.length), shown) !== 0 && WORTH.test(Buffer.from(shown).toString('latin1'))
      if (isCovered || known.kept.length >= TOLD || this.#texts.size > MOST_TEXTS) throw new ModelError('GS_MODEL_ANSWER_UNREADABLE')
    }
  }
}

const NOTHING = Buffer.alloc(0)

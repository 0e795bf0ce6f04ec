import type { Statement } from '../operations/index.ts'
import type { SecretParameters } from '../redaction/index.ts'

/** Texts up to this many bytes are recognised when a client sends them again in a new message. */
const RECOGNISED_BYTES = 2048
const RECOGNISED_TEXTS = 256

/** What a session remembers of a statement that it has recorded. */
export interface KnownStatement {
  readonly reference: number
  /** Which of its parameters stand where a secret belongs; undefined where none does. */
  secretParameters: SecretParameters | undefined
}

/** A number for each statement of one session, so that the trail says its text once and refers to it afterwards. */
export class StatementReferences {
  #byStatement = new WeakMap<Statement, KnownStatement>()
  /** Most recently used last; a client that repeats simple queries makes a new Statement of the same text each time. */
  readonly #byText = new Map<string, KnownStatement>()
  #last = 0

  /**
   * @param reused whether the same object may come again: one that cannot is not remembered, which costs the collector more than anything here
   * @returns the statement by its reference, and whether this is the first use of the text: then its content must be recorded with it
   */
  refer(statement: Statement, reused: boolean): { readonly known: KnownStatement; readonly first: boolean } {
    const before = reused ? this.#byStatement.get(statement) : undefined
    if (before !== undefined) return { known: before, first: false }
    const text = statement.text.byteLength <= RECOGNISED_BYTES ? latin1(statement.text) : undefined
    const same = text === undefined ? undefined : this.#byText.get(text)
    const known = same ?? { reference: ++this.#last, secretParameters: undefined }
    if (reused) this.#byStatement.set(statement, known)
    if (text !== undefined) this.#remember(text, known)
    return { known, first: same === undefined }
  }

  /** After an entry that said texts for the first time was not written: they are said again at their next use. */
  forget(): void {
    this.#byStatement = new WeakMap()
    this.#byText.clear()
  }

  #remember(text: string, known: KnownStatement): void {
    this.#byText.delete(text)
    this.#byText.set(text, known)
    if (this.#byText.size <= RECOGNISED_TEXTS) return
    for (const oldest of this.#byText.keys()) {
      this.#byText.delete(oldest)
      break
    }
  }
}

/** One character per byte: a key that tells any two byte strings apart, valid UTF-8 or not. */
function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

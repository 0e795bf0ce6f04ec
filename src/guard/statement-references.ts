import type { Statement } from '../operations/index.ts'

/** Texts up to this many bytes are recognised when a client sends them again in a new message. */
const RECOGNISED_BYTES = 2048
const RECOGNISED_TEXTS = 256

/** A number for each statement of one session, so that the trail says its text once and refers to it afterwards. */
export class StatementReferences {
  #byStatement = new WeakMap<Statement, number>()
  /** Most recently used last; a client that repeats simple queries makes a new Statement of the same text each time. */
  readonly #byText = new Map<string, number>()
  #last = 0

  /**
   * @param reused whether the same object may come again: one that cannot is not remembered, which costs the collector more than anything here
   * @returns the reference, and whether this is the first use of the text: then its content must be recorded with it
   */
  refer(statement: Statement, reused: boolean): { readonly reference: number; readonly first: boolean } {
    const known = reused ? this.#byStatement.get(statement) : undefined
    if (known !== undefined) return { reference: known, first: false }
    const text = statement.text.byteLength <= RECOGNISED_BYTES ? latin1(statement.text) : undefined
    const same = text === undefined ? undefined : this.#byText.get(text)
    const reference = same ?? ++this.#last
    if (reused) this.#byStatement.set(statement, reference)
    if (text !== undefined) this.#remember(text, reference)
    return { reference, first: same === undefined }
  }

  /** After an entry that said texts for the first time was not written: they are said again at their next use. */
  forget(): void {
    this.#byStatement = new WeakMap()
    this.#byText.clear()
  }

  #remember(text: string, reference: number): void {
    this.#byText.delete(text)
    this.#byText.set(text, reference)
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

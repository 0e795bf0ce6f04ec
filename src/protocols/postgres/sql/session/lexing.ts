const BACKSLASH = 0x5c

/**
 * Whether texts mean to the server what they mean to our parser: it takes them for UTF-8 with standard_conforming_strings.
 * Where they do not, only those are understood in which that makes no difference.
 */
export class Lexing {
  #backslashes = false
  #beyondAscii = false
  readonly #encodings = new Map<string, boolean>()
  /** Texts that were parsed by the server when they were not certain. */
  readonly #uncertain = new WeakSet<Uint8Array>()

  constructor(parameters: ReadonlyMap<string, string>) {
    for (const [name, value] of parameters) this.reported(name, value)
  }

  /** ParameterStatus. @returns whether it decides what texts mean */
  reported(name: string, value: string): boolean {
    if (name === 'standard_conforming_strings') this.#backslashes = value === 'on'
    else if (name === 'client_encoding' || name === 'server_encoding') {
      this.#encodings.set(name, value === 'UTF8')
      this.#beyondAscii = this.#encodings.get('client_encoding') === true && this.#encodings.get('server_encoding') === true
    } else return false
    return true
  }

  /** @param text the same object where it is the same statement: it was parsed once */
  uncertain(text: Uint8Array): boolean {
    if (this.#backslashes && this.#beyondAscii) return this.#uncertain.has(text)
    if (this.#uncertain.has(text)) return true
    if (!this.#backslashes && text.includes(BACKSLASH)) this.#uncertain.add(text)
    else if (!this.#beyondAscii && text.some((byte) => byte >= 0x80)) this.#uncertain.add(text)
    else return false
    return true
  }
}

/** Names that are kept; a session with more is not known. */
const MOST = 64

/**
 * Names of settings that an application makes up (`app.tenant`): they have a dot (PostgreSQL, "Customized Options"). What was once set is asked
 * for ever after, whatever became of it, so that nothing of transactions matters here.
 */
export class ApplicationSettings {
  readonly #names = new Set<string>()

  /** @param name as a SET gives it */
  set(name: string): void {
    if (name.includes('.') && this.#names.size <= MOST) this.#names.add(name.toLowerCase())
  }

  /** Sorted; undefined: there are too many. */
  get names(): readonly string[] | undefined {
    return this.#names.size > MOST ? undefined : [...this.#names].sort()
  }
}

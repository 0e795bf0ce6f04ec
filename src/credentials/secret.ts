import { inspect } from 'node:util'

/** A value that shows itself to nobody who does not ask by name: logs, templates, JSON and inspection see `[secret]`. */
export class Secret {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  /** The value itself. Whoever calls this answers for where it goes. */
  reveal(): string {
    return this.#text
  }

  toString(): string {
    return '[secret]'
  }

  toJSON(): string {
    return '[secret]'
  }

  [inspect.custom](): string {
    return '[secret]'
  }
}

/** A condition asked for a fact that could not be established. `||` and `&&` absorb it as CEL does with every error; nothing else hides it. */
export class UnknownFact extends Error {
  /** As conditions write it: `sql.reads`. */
  readonly fact: string

  constructor(fact: string) {
    super(`${fact} is not known`)
    this.name = 'UnknownFact'
    this.fact = fact
  }
}

const thrown = new Map<string, UnknownFact>()

/** One error per fact, made once: taking a stack each time would cost more than the whole decision. */
export function unknown(fact: string): UnknownFact {
  let error = thrown.get(fact)
  if (error === undefined) {
    error = new UnknownFact(fact)
    thrown.set(fact, error)
  }
  return error
}

/**
 * A fact that has to be known to be said.
 * @param of the variable of conditions. @param facts what is known of it; undefined: nothing
 * @throws UnknownFact
 */
export function known<Facts extends object, Name extends keyof Facts & string>(
  of: string,
  facts: Facts | undefined,
  name: Name,
): NonNullable<Facts[Name]> {
  return facts?.[name] ?? missing(`${of}.${name}`)
}

/** @throws UnknownFact */
export function missing(fact: string): never {
  throw unknown(fact)
}

/** One text of the corpus, without the marks, and what was between them. */
export interface Marked {
  readonly text: string
  readonly secrets: readonly string[]
  /** All that is not between marks. */
  readonly rest: string
}

export function marked(source: string): Marked {
  const secrets = [...source.matchAll(/⟦(.*?)⟧/gs)].map(([, secret = '']) => secret)
  return { text: source.replaceAll(/[⟦⟧]/g, ''), secrets, rest: source.replaceAll(/⟦.*?⟧/gs, '\n') }
}

/** Every piece of six characters of a secret that is still there; pieces that the rest of the text holds anyway do not count. A shorter secret is one piece. */
export function leaked({ secrets, rest }: Marked, redacted: string): string[] {
  const pieces = secrets.flatMap((secret) =>
    secret.length <= 6 ? [secret] : Array.from({ length: secret.length - 5 }, (_, at) => secret.slice(at, at + 6)),
  )
  const left = redacted.replaceAll(/«redacted:[a-z-]+»/g, '\n')
  return pieces.filter((piece) => left.includes(piece) && !rest.includes(piece))
}

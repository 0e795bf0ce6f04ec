import type { NamedCredential } from './target-settings.ts'

/** Every log-in may use these: no credential has to be for them. */
const ALWAYS = 'session'

/**
 * The first credential whose `for` covers every class that could be permitted; without `for` it covers all.
 * @param permitted classes of effects, such as `read`
 * @returns undefined where none covers them
 */
export function chooseCredential<Credential extends NamedCredential>(
  credentials: readonly Credential[],
  permitted: ReadonlySet<string>,
): Credential | undefined {
  const needed = [...permitted].filter((name) => name !== ALWAYS)
  return credentials.find(({ for: covered }) => covered === undefined || needed.every((name) => covered.includes(name)))
}

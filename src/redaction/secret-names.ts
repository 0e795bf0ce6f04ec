import type { SecretKind } from './redacted.ts'

export type NamedKind = Extract<SecretKind, 'password' | 'secret' | 'token' | 'key'>

/** What a name of a secret is made of, without what separates its words. */
const STEMS: readonly (readonly [stem: string, kind: NamedKind])[] = [
  ['password', 'password'],
  ['passwd', 'password'],
  ['passphrase', 'password'],
  ['passcode', 'password'],
  ['pwd', 'password'],
  ['secret', 'secret'],
  ['credential', 'secret'],
  ['token', 'token'],
  ['apikey', 'key'],
  ['accesskey', 'key'],
  ['privatekey', 'key'],
  ['accountkey', 'key'],
  ['sharedaccesskey', 'key'],
  ['sharedaccesssignature', 'key'],
  ['encryptionkey', 'key'],
  ['signingkey', 'key'],
  ['masterkey', 'key'],
  ['authkey', 'key'],
]

/**
 * What may follow and leave it the name of a secret. Anything else makes it a fact about one: `password_changed_at`, `token_count`.
 * No word here is made of others, so there is one way to read a tail and the expression is linear.
 */
const TAIL =
  /^(hash|hashed|digest|value|val|plain|clear|text|txt|string|str|raw|base64|b64|hex|enc|encrypted|cipher|new|old|current|confirm|confirmation|repeat|again|access|key|salt|bytes|data|literal)*\d{0,4}$/

/** Tokens in the plural are what language models count; the others stay what they are. */
const PLURAL = new Set(['password', 'passwd', 'passphrase', 'secret', 'credential', 'apikey', 'privatekey', 'accesskey'])

/** Too short to be looked for within other words. */
const SHORT = /(^|[_.$-])(pass|pw)\d{0,4}$|^(db|pg|user|root|admin|my)pass$/

/** Names beyond this many characters are nobody's. */
export const LONGEST_NAME = 128

/** The kinds of the names of one text, each asked once: a text has few names, often. */
export class Names {
  readonly #kinds = new Map<string, NamedKind | undefined>()

  /** As `kindOfName`. */
  kindOf(name: string): NamedKind | undefined {
    const known = this.#kinds.get(name)
    if (known !== undefined || this.#kinds.has(name)) return known
    const kind = kindOfName(name)
    this.#kinds.set(name, kind)
    return kind
  }
}

/**
 * Whether what goes by this name is a secret. `clientSecret`, `PGPASSWORD`, `app.jwt_secret`, `X-Api-Key` are; `password_encryption`, `max_tokens`,
 * `secret_name` are not.
 *
 * @param name one character per byte, any case
 */
export function kindOfName(name: string): NamedKind | undefined {
  if (name.length > LONGEST_NAME) return undefined
  const lower = name.toLowerCase()
  const compact = lower.replaceAll(/[_.$\- ]/g, '')
  let end = 0
  let last: (typeof STEMS)[number] | undefined
  for (const stem of STEMS) {
    const at = compact.lastIndexOf(stem[0])
    if (at < 0 || at + stem[0].length < end) continue
    if (at + stem[0].length === end && (last as (typeof STEMS)[number])[0].length > stem[0].length) continue
    last = stem
    end = at + stem[0].length
  }
  if (last === undefined) return SHORT.test(lower) ? 'password' : undefined
  const rest = compact.slice(end)
  const tail = rest.startsWith('s') && PLURAL.has(last[0]) ? rest.slice(1) : rest
  return TAIL.test(tail) || TAIL.test(rest) ? last[1] : undefined
}

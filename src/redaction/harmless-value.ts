import type { NamedKind } from './secret-names.ts'

/** Our configuration and what is said about it: references to secrets and addresses of doors stand there by the same names as secrets do elsewhere. */
export type ValueContext = 'configuration' | 'anything'

/** A value behind the name of a secret. Texts have one character per byte. */
export interface NamedValue {
  readonly name: string
  readonly kind: NamedKind
  /** The value, or its beginning. */
  readonly text: string
  readonly whole: boolean
  readonly quoted: boolean
}

/** What stands in the place of a secret that is not there. */
const NOT_THERE = /^(null|nil|none|true|false|undefined|yes|no|on|off|required|optional|changed|default)[,;)\]}.]*$/i
/** `***`, `xxxxxxxx`, `...`; at least three. */
const HIDDEN = /^(\*{3,}|x{3,}|X{3,}|\.{3,}|-{3,}|_{3,}|#{3,}|\?{1,})[,;)\]}"']*$/
/** A variable or placeholder without a default: `${DB_PASSWORD}`, `$DB_PASSWORD`, `{{ password }}`, `<password>`, `%s`, `%(password)s`, `$1`. */
const VARIABLE =
  /^(\$\{[A-Za-z_][A-Za-z0-9_.]*\}|\$[A-Z_][A-Z0-9_]*|\$\d+|\{\{ ?[A-Za-z_.]+ ?\}\}|\{[A-Za-z_]*\}|<[A-Za-z_ -]+>|%[A-Za-z%]?|%\d+\$[sLI]|%\([a-z_]+\)s)[,;)\]}"']*$/
/** src/credentials/parse-reference.ts. What a command is given is looked at for itself. */
const REFERENCE = /^(env|file|command|secret):/
/** `0.0.0.0:8444`, `[::1]:8444`, `localhost:8444`. */
const ADDRESS = /^[A-Za-z0-9.:[\]-]*:\d{1,5}$/

/** Whether a value behind the name of a secret is none all the same. On doubt it is one. */
export function isHarmless({ name, kind, text, whole, quoted }: NamedValue, context: ValueContext): boolean {
  if (!whole) return false
  if (!quoted && NOT_THERE.test(text)) return true
  if (HIDDEN.test(text) || VARIABLE.test(text)) return true
  if (text.startsWith('/') && /pwd$/i.test(name)) return true // The working directory of a shell.
  if (context === 'configuration' && (REFERENCE.test(text) || ADDRESS.test(text) || isReference(name, text))) return true
  if (kind === 'password') return false
  // Short values of these names are words: `token: none yet`, `secrets: inherit`, `token: string`.
  return text.length < 8 || (!quoted && text.length < 16 && /^[A-Za-z-]*[.,:;)]?$/.test(text))
}

/** `secret:orders-ro`: then the name before the colon is no name but the kind of the reference. */
function isReference(name: string, text: string): boolean {
  return name === 'secret' && /^[a-z0-9][a-z0-9._-]*["']?$/.test(text)
}

/** What kind of secret was found; it stands in the text in its place. Never says anything of the value. */
export type SecretKind =
  // Known by the name that it is given.
  | 'password'
  | 'secret'
  | 'token'
  | 'key'
  // Known by where it stands in SQL.
  | 'argument'
  | 'command'
  | 'parameter'
  // Known by its form.
  | 'run-credential'
  | 'pg-credential'
  | 'k8s-credential'
  | 'http-credential'
  | 'model-credential'
  | 'mcp-credential'
  | 'proxy-credential'
  | 'bearer-token'
  | 'json-web-token'
  | 'private-key'
  | 'connection-string'
  | 'aws-key'
  | 'google-key'
  | 'azure-key'
  | 'github-token'
  | 'gitlab-token'
  | 'slack-token'
  | 'openai-key'
  | 'anthropic-key'
  | 'access-token'
  // On doubt, everything.
  | 'statement'
  | 'content'

export interface Found {
  readonly kind: SecretKind
  readonly count: number
}

/**
 * Content as it may be stored. Redacted content is all that is stored: the trail's commitment is over it, so nothing that can
 * be checked against the log depends on a secret, and nobody can confirm a guess of one.
 */
export interface Redacted {
  /** The very object that came in where nothing was found: compare by identity. */
  readonly content: Uint8Array
  /** Each kind once. */
  readonly found: readonly Found[]
  /** On doubt the whole content was replaced. */
  readonly whole: boolean
}

export const NOTHING_FOUND: readonly Found[] = Object.freeze([])

const marks = new Map<SecretKind, Uint8Array>()

/** `«redacted:<kind>»`, what stands where a secret stood. */
export function markOf(kind: SecretKind): Uint8Array {
  let mark = marks.get(kind)
  if (mark === undefined) {
    mark = Buffer.from(`«redacted:${kind}»`)
    marks.set(kind, mark)
  }
  return mark
}

const MARK_START = Buffer.from('«redacted:')

/** Whether a mark begins at `at`. */
export function isMarkAt(bytes: Uint8Array, at: number): boolean {
  if (bytes[at] !== MARK_START[0] || at + MARK_START.length > bytes.length) return false
  for (let i = 1; i < MARK_START.length; i++) if (bytes[at + i] !== MARK_START[i]) return false
  return true
}

/** Whether there is a mark and nothing else from `start` to `end`. */
export function isMark(bytes: Uint8Array, start: number, end: number): boolean {
  return isMarkAt(bytes, start) && end - start < 48 && /^«redacted:[a-z-]+»$/.test(Buffer.from(bytes.subarray(start, end)).toString())
}

/** Whether what stands at `at` is the kind in a mark: then it is no name of a secret. */
export function isInMark(bytes: Uint8Array, at: number): boolean {
  return at >= MARK_START.length && isMarkAt(bytes, at - MARK_START.length)
}

/** Everything replaced. @param also kinds that were seen in it and have to be told besides */
export function wholly(kind: 'statement' | 'content', also: readonly Found[] = NOTHING_FOUND): Redacted {
  return { content: markOf(kind), found: [{ kind, count: 1 }, ...also], whole: true }
}

export function sumOf(founds: Iterable<readonly Found[]>): Found[] {
  const counts = new Map<SecretKind, number>()
  for (const found of founds) for (const { kind, count } of found) counts.set(kind, (counts.get(kind) ?? 0) + count)
  return [...counts].map(([kind, count]) => ({ kind, count }))
}

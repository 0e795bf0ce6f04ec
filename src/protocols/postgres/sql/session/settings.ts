/** What of a session is undone with its transaction. Immutable: a snapshot is a reference. */
export interface Revertible {
  /** search_path as the server shows it; undefined: unknown. */
  readonly path: string | undefined
  /** The same once the transaction is committed: without what was set LOCAL. */
  readonly pathAfter: string | undefined
  /** The current user; undefined: unknown. */
  readonly user: string | undefined
  readonly userAfter: string | undefined
  /** Relations in the temporary schema, sorted; undefined: unknown. */
  readonly temporary: readonly string[] | undefined
  /** Those of them that end with the transaction. */
  readonly untilCommit: readonly string[]
  /** The transaction changed the catalog by more than `made` and `altered`. */
  readonly defined: boolean
  /** Relations that it made. */
  readonly made: readonly string[]
  /** Relations whose columns it changed. */
  readonly altered: readonly string[]
}

/** Relations that are kept count of; those of a session with more are not known. */
const RELATIONS = 1_000

/** The same object wherever there are none, as changes are told by it. */
export const NONE: readonly string[] = []

/** What nothing is known of. */
export const UNKNOWN: Revertible = {
  path: undefined,
  pathAfter: undefined,
  user: undefined,
  userAfter: undefined,
  temporary: undefined,
  untilCommit: NONE,
  defined: false,
  made: NONE,
  altered: NONE,
}

/** The same object where nothing changes. */
export function changed(now: Revertible, change: Partial<Revertible>): Revertible {
  for (const key of Object.keys(change) as (keyof Revertible)[]) {
    if (now[key] !== change[key]) return { ...now, ...change }
  }
  return now
}

export function withTemporary(now: Revertible, names: readonly string[], untilCommit: boolean): Revertible {
  if (!now.temporary) return now
  const temporary = [...new Set([...now.temporary, ...names])].sort()
  if (temporary.length > RELATIONS) return { ...now, temporary: undefined }
  return { ...now, temporary, untilCommit: untilCommit ? [...now.untilCommit, ...names] : now.untilCommit }
}

export function withoutTemporary(now: Revertible, names: readonly string[]): Revertible {
  if (!now.temporary) return now
  return changed(now, {
    temporary: without(now.temporary, names),
    untilCommit: without(now.untilCommit, names),
  })
}

/** What the open transaction changed of the catalog. @param made undefined: no more than that is known */
export function withDefinition(now: Revertible, made: readonly string[] | undefined, altered: readonly string[] = NONE): Revertible {
  if (!made || now.made.length + now.altered.length > RELATIONS) return changed(now, { defined: true })
  return { ...now, made: [...now.made, ...made], altered: [...now.altered, ...altered] }
}

/** Whether the open transaction changed the catalog. */
export function defines({ defined, made, altered }: Revertible): boolean {
  return defined || made.length > 0 || altered.length > 0
}

/** What stays once the transaction is committed. */
export function committed(now: Revertible): Revertible {
  const { pathAfter: path, userAfter: user } = now
  const after = now.untilCommit.length > 0 ? withoutTemporary(now, now.untilCommit) : now
  return changed(after, { path, user, defined: false, made: NONE, altered: NONE })
}

function without(all: readonly string[], names: readonly string[]): readonly string[] {
  const left = all.filter((name) => !names.includes(name))
  return left.length === all.length ? all : left
}

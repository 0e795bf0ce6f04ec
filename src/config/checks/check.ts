import type { Document } from '../schema/document.ts'
import type { Finding, Path } from '../source.ts'

/** What a check may know beside the document. */
export interface Surroundings {
  readonly folder: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Milliseconds since the epoch. */
  readonly now: number
}

/** Finds what two places of a document say together. Errors refuse the file; what is only doubtful is shown. */
export type Check = (document: Document, around: Surroundings) => Iterable<Finding>

export const inconsistent = (path: Path, message: string, next: string): Finding => ({
  code: 'GS_CONFIG_INCONSISTENT',
  path,
  message,
  next,
})
export const doubtful = (path: Path, message: string, next: string): Finding => ({ code: 'GS_CONFIG_DOUBTFUL', path, message, next })

/** Finds what stands a second time. */
export function* repeated(entries: Iterable<readonly [Path, string]>, what: string): Iterable<Finding> {
  const seen = new Set<string>()
  for (const [path, value] of entries) {
    if (seen.has(value)) yield inconsistent(path, `Another ${what} is already called ${value}.`, 'Give each its own name.')
    seen.add(value)
  }
}

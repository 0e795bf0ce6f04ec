import type { Catalog } from '../../catalog/catalog.ts'

/** The catalog as one block of memory that threads share; undefined: it has none, and the thread does without. */
export function bytesOf(catalog: Catalog): SharedArrayBuffer | undefined {
  return 'shared' in catalog && catalog.shared instanceof SharedArrayBuffer ? catalog.shared : undefined
}

export function catalogOf(_bytes: SharedArrayBuffer): Catalog | undefined {
  return undefined
}

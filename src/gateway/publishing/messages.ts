import type { Pruned, Publication, Publishing, PublishingStart } from '../../trail/index.ts'

/** What the thread is given when it begins. */
export type ThreadStart = PublishingStart

/** One call of `Publishing`, by name. */
export type Order =
  | { readonly n: number; readonly act: 'publish'; readonly with: Parameters<Publishing['publish']> }
  | { readonly n: number; readonly act: 'useSeeds'; readonly with: Parameters<Publishing['useSeeds']> }
  | { readonly n: number; readonly act: 'prune'; readonly with: Parameters<Publishing['prune']> }
  | { readonly n: number; readonly act: 'erase'; readonly with: Parameters<Publishing['erase']> }
  | { readonly n: number; readonly act: 'close'; readonly with: [] }

/** An error crosses as what it is known by. */
export interface Fault {
  readonly message: string
  /** Of a file. */
  readonly code: string | undefined
  /** Of SQLite. */
  readonly errcode: number | undefined
  /** Whether it is a TrailError of that code. */
  readonly ours: boolean
}

export type Answer =
  | { readonly n: number; readonly result: Publication | Pruned | boolean | undefined }
  | { readonly n: number; readonly fault: Fault }

import type { ReindexStep } from '../../api/local/index.ts'
import type { PortableSealer } from '../../credentials/index.ts'
import type { Aged, PageAsked, SearchPage, SearchQuery } from '../../search/index.ts'
import type { Proven } from '../../trail/index.ts'

/** How far the published log goes, what it comes to there, and where it begins. */
export type Extent = Pick<Proven, 'size' | 'root' | 'minimum'>

/** What the thread that searches is given when it begins. */
export interface SearchStart {
  /** `gateway.data`. */
  readonly folder: string
  /** The configured origin, and the name of the log. */
  readonly origin: string
  readonly name: string
  /** Opens payload keys. */
  readonly sealer: PortableSealer
  /** 32 bytes. */
  readonly indexKey: Uint8Array
  readonly extent: Extent
}

/** What the thread is asked. Each is answered once, `reindex` with steps before; `advance` and `cancel` are not answered. */
export type Order =
  | { readonly act: 'advance'; readonly extent: Extent }
  | { readonly act: 'cancel'; readonly of: number }
  | { readonly n: number; readonly act: 'search'; readonly with: readonly [query: SearchQuery, asked: PageAsked, size: number] }
  | { readonly n: number; readonly act: 'reindex'; readonly with: readonly [checkOnly: boolean, size: number] }
  | { readonly n: number; readonly act: 'forget'; readonly with: readonly [keys: readonly string[]] }
  | { readonly n: number; readonly act: 'forgetAged'; readonly with: readonly [aged: Aged] }
  | { readonly n: number; readonly act: 'prune'; readonly with: readonly [below: number] }
  | { readonly n: number; readonly act: 'taken'; readonly with: readonly [] }
  | { readonly n: number; readonly act: 'close'; readonly with: readonly [] }

/** An error crosses as what it is known by. */
export interface Fault {
  readonly message: string
  readonly code: string | undefined
}

export type Answer =
  | { readonly n: number; readonly step: ReindexStep }
  | { readonly n: number; readonly result: SearchPage | number | undefined }
  | { readonly n: number; readonly fault: Fault }
  /** The index is not kept up for now. */
  | { readonly failed: Fault }

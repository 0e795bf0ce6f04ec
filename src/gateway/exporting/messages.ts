import type { ExportCounts, ExportNews, ExportReading, ExportSecrets, ExportSettings, ExportTested, Patience } from '../../exports/index.ts'
import type { Proven } from '../../trail/index.ts'

/** How far the published log goes, and how far the checkpoint that is sent with it. */
export interface Extent extends Pick<Proven, 'size' | 'root' | 'minimum'> {
  /** Entries that a signed checkpoint covers. */
  readonly signed: number
}

/** What the thread that exports is given when it begins. */
export interface ExportStart {
  /** `gateway.data`. */
  readonly folder: string
  /** The configured origin, and the name of the log. */
  readonly origin: string
  readonly name: string
  readonly instance: string
  readonly version: string
  readonly exports: readonly ExportSettings[]
  readonly extent: Extent
  /** By name, what a thread before this one counted. */
  readonly counted: readonly (readonly [name: string, ExportCounts])[]
  readonly patience?: Patience
}

/** What the thread is told, and asked; what has a number is answered. */
export type Order =
  | { readonly act: 'advance'; readonly extent: Extent }
  | { readonly act: 'secrets'; readonly of: number; readonly secrets: ExportSecrets | Fault }
  | { readonly n: number; readonly act: 'use'; readonly with: readonly [exports: readonly ExportSettings[]] }
  | { readonly n: number; readonly act: 'test'; readonly with: readonly [name: string, id: string] }
  | { readonly n: number; readonly act: 'rewind'; readonly with: readonly [name: string, to: number] }
  | { readonly n: number; readonly act: 'skip'; readonly with: readonly [name: string, entry: number] }
  | { readonly n: number; readonly act: 'close'; readonly with: readonly [] }

/** An error crosses as what it is known by. */
export interface Fault {
  readonly code: string | undefined
  readonly message: string
  readonly next: string | undefined
}

export type Answer =
  | { readonly n: number; readonly result: ExportTested | undefined }
  | { readonly n: number; readonly fault: Fault }
  /** It needs the secrets of an export, and waits for `secrets` with this number. */
  | { readonly wants: number; readonly name: string }
  | { readonly readings: readonly ExportReading[] }
  | { readonly news: ExportNews; readonly of: string }

export function faultOf(error: unknown): Fault {
  const { code, message, next } = error as { code?: unknown; message?: unknown; next?: unknown }
  return {
    code: typeof code === 'string' ? code : undefined,
    message: typeof message === 'string' ? message : 'something failed',
    next: typeof next === 'string' ? next : undefined,
  }
}

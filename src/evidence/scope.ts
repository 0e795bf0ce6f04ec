import type { Trail } from '../trail/index.ts'

/** What a bundle is of; as it says so itself. */
export type Scope =
  | { readonly run: string }
  | { readonly session: string }
  /** RFC 3339, both included, compared by the millisecond. */
  | { readonly from: string; readonly to: string }

/** What evidence needs of the trail. */
export type EvidenceTrail = Pick<Trail, 'name' | 'proven' | 'publish' | 'read' | 'tile' | 'witnessed'>

export { type CheckReport, checkIndex } from './check.ts'
export type { Difference } from './compare-segment.ts'
export { Delta } from './delta.ts'
export { Deriver, FORM } from './deriver.ts'
export { encodeDocument, readDocument } from './document.ts'
export { SearchError, searchErrors } from './errors.ts'
export { Facts } from './facts.ts'
export { Indexer, type IndexerParts, type Pace, type SearchedTrail } from './indexer.ts'
export {
  appendPositions,
  encodeSet,
  mergePositions,
  PositionSet,
  readPositions,
  removePositions,
  SEGMENT_ENTRIES,
  segmentOf,
} from './positions.ts'
export { effects, type SearchQuery } from './query.ts'
export { type PageAsked, type SearchPage, type SearchParts, search } from './search.ts'
export * from './search-index.ts'
export { type Facet, type Term, Terms, termBytes, termOf } from './terms.ts'

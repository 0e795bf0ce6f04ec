export { AsideLogs, type EraseAside } from './aside-logs.ts'
export type { TrailClock } from './entry-clock.ts'
export { TrailError, trailErrors } from './errors.ts'
export {
  HISTORY,
  type HistoryItem,
  type HistoryPayload,
  type HistoryRow,
  type LinkReference,
  readHistory,
  writeHistory,
} from './history-payload.ts'
export type { KeyStore, SealedKey, TrailState } from './key-store.ts'
export { folderLogFiles } from './log-files.ts'
export type { NewLogOrder } from './new-log.ts'
export { openTrail, type PublishingStart, type TrailOptions } from './open-trail.ts'
export * from './operation-entries.ts'
export type * from './payload-store.ts'
export type * from './published.ts'
export { PublishedReader, type PublishedReaderOptions } from './published-reader.ts'
export { Publisher } from './publisher.ts'
export { sealedKeyAad } from './sealed-key.ts'
export { folderFiles } from './segment-files.ts'
export type * from './trail.ts'
export type { TrailMeter } from './write-ahead.ts'

export type * from './cursor-store.ts'
export { Delivery, type DeliveryParts, type Patience } from './delivery.ts'
export { ExportError, exportErrors } from './errors.ts'
export {
  type ExportCounts,
  type ExportFailure,
  type ExportNews,
  type ExportReading,
  type ExportState,
  type ExportTested,
  lagOf,
} from './export-state.ts'
export type { BatchBounds } from './gathering.ts'
export { type ExportSecrets, failureOf } from './send.ts'
export type * from './settings.ts'
export type * from './source.ts'

export { ScanError, type ScanErrorCode, scanErrors } from './errors.ts'
export { type ScannedColumn, type ScannedRelation, type ScanOptions, type ScanStep, type Skipped, scan } from './scan.ts'

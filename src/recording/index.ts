export type { Capped, PostgresEvent, RecordedCell, RecordedColumn, RecordedEvent, RecordedValue, RecordingHeader } from './events.ts'
export { readRecording } from './read-recording.ts'
export type { ReadRecordingOptions, RecordedSegment } from './recorded-segment.ts'

export type { CopyEnd } from './copy-sent.ts'
export { SegmentEncoder } from './encode-segments.ts'
export type { Capped, PostgresEvent, RecordedCell, RecordedColumn, RecordedEvent, RecordedValue, RecordingHeader } from './events.ts'
export { type Lines, lineStart } from './lines.ts'
export type { Encoded, Order } from './messages.ts'
export { readRecording, recordedSegment } from './read-recording.ts'
export type { ReadRecordingOptions, RecordedSegment } from './recorded-segment.ts'
export {
  Recording,
  type RecordingParts,
  type RecordingThread,
  type SessionRecording,
  type ThreadListener,
} from './recording.ts'
export type { SessionRecorder } from './session-recorder.ts'
export type { RecordingCap, RecordingSettings } from './settings.ts'
export type { MakeTranscriber, Transcriber } from './transcriber.ts'

export type { CopyEnd } from './copy-sent.ts'
export { SegmentEncoder } from './encode-segments.ts'
export type { Capped, PostgresEvent, RecordedCell, RecordedColumn, RecordedEvent, RecordedValue, RecordingHeader } from './events.ts'
export type { ContentName } from './exchange-codes.ts'
export type { AnswerHead, ContentCapped, ExchangeEvent, ForwardEnd, RequestHead, StreamExit, StreamHead } from './exchange-events.ts'
export type { ExchangeRecorder, RecordedBody, RecordedStream } from './exchange-recorder.ts'
export { ExchangeTranscriber } from './exchange-transcriber.ts'
export { brokenOff, mayGoOn, withoutCut } from './held-tail.ts'
export { type Lines, lineStart } from './lines.ts'
export type { Encoded, Order } from './messages.ts'
export { readRecording, recordedSegment } from './read-recording.ts'
export type { ReadRecordingOptions, RecordedSegment } from './recorded-segment.ts'
export {
  Recording,
  type RecordingParts,
  type RecordingState,
  type RecordingThread,
  type SessionRecording,
  type ThreadListener,
} from './recording.ts'
export type { SessionRecorder } from './session-recorder.ts'
export type { RecordingCap, RecordingSettings } from './settings.ts'
export type { MakeTranscriber, Transcriber } from './transcriber.ts'

import type { RecordingSettings } from '../recording/settings.ts'
import type { Document } from './schema/document.ts'
import { bytes } from './size.ts'

/** What is kept of one result where nothing else is said. */
export const DEFAULT_CAP = { rows: 1_000, bytes: 1024 * 1024 }

export function buildRecording({
  strict = false,
  cap = {},
  resources,
  stdin = true,
}: NonNullable<Document['recording']> = {}): RecordingSettings {
  const most = cap.bytes === undefined ? DEFAULT_CAP.bytes : bytes(cap.bytes)
  return { strict, cap: { rows: cap.rows ?? DEFAULT_CAP.rows, bytes: most }, resources, stdin }
}

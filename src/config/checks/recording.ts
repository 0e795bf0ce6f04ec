import { DEFAULT_CAP } from '../recording-settings.ts'
import { keptSince, readRetention } from '../retention.ts'
import { bytes } from '../size.ts'
import { type Check, inconsistent } from './check.ts'
import { unknownResource } from './rules.ts'

export const checkRecording: Check = function* ({ recording, resources, trail }, { now }) {
  for (const [at, name] of (recording?.resources ?? []).entries()) {
    yield* unknownResource(name, ['recording', 'resources', at], resources)
  }
  if (recording?.cap?.bytes !== undefined && bytes(recording.cap.bytes) > DEFAULT_CAP.bytes) {
    yield inconsistent(['recording', 'cap', 'bytes'], 'More than 1MiB of one result is never kept.', 'Write 1MiB or less.')
  }
  const { recordings, payloads, entries } = trail?.retain ?? {}
  const since = (text: string) => keptSince(readRetention(text), now)
  const shorter = [payloads, entries].find((other) => recordings !== undefined && other !== undefined && since(recordings) < since(other))
  if (shorter !== undefined) {
    yield inconsistent(
      ['trail', 'retain', 'recordings'],
      'Recordings go with the payloads of their sessions at the latest.',
      `Write ${shorter} or less.`,
    )
  }
}

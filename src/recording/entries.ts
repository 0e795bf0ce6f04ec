import type { LeakedDoor } from '../redaction/index.ts'
import type { EntryDraft, PayloadKey } from '../trail/index.ts'
import type { Encoded } from './messages.ts'

/** `recording.segment`: what was shown, and copied in, is its payload. @param segment from 1, without a hole within its session */
export function segmentEntry(session: string, segment: number, key: PayloadKey, { content, events, bytes }: Encoded): EntryDraft {
  return { kind: 'recording.segment', fields: { session, segment, events, bytes }, payloads: [{ name: 'segment', key, content }] }
}

/** In the place of a segment that is known to be missing. */
export function segmentMissing(session: string, segment: number): EntryDraft {
  return { kind: 'gap', fields: { session, segment, reason: 'recording' } }
}

/** A result showed a credential of ours: whoever may read it there has it. Never its value. */
export function leakedInRecording(session: string, segment: number, credential: LeakedDoor): EntryDraft {
  return { kind: 'credential.leaked', fields: { session, credential, in: `recording.${segment}` } }
}

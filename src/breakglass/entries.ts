import type { EntryDraft, PayloadDraft } from '../trail/index.ts'
import type { BreakGlassRecord } from './record.ts'

/*
 * The entries of one request: `breakglass.requested`; then `breakglass.ended`, or `breakglass.opened`, `breakglass.closed` and `breakglass.reviewed`.
 * Each names whom it is for. Names, reasons and notes are payloads.
 */

const person = (pseudonym: string) => ({ pseudonym, kind: 'person', proof: 'proven' }) as const
const moment = (at: number) => new Date(at).toISOString()

type About = Pick<BreakGlassRecord, 'id' | 'by' | 'resources'>

const about = ({ id, by, resources }: About) => ({ breakGlass: id, who: person(by), resources: [...resources] })

export function requestedEntry(asked: About & { readonly minutes: number }, payloads: readonly PayloadDraft[]): EntryDraft {
  return { kind: 'breakglass.requested', fields: { ...about(asked), minutes: asked.minutes }, payloads }
}

/** @param until ms since the epoch */
export function openedEntry(record: BreakGlassRecord, confirmedBy: string, until: number, payloads: readonly PayloadDraft[]): EntryDraft {
  const { minutes } = record
  return {
    kind: 'breakglass.opened',
    fields: { ...about(record), minutes, confirmedBy: person(confirmedBy), until: moment(until) },
    payloads,
  }
}

/** Of what was open, and of what never was. */
export function overEntry(record: BreakGlassRecord, payloads: readonly PayloadDraft[]): EntryDraft {
  const { state, why, endedBy } = record
  const more = { ...(why !== undefined && { why }), ...(endedBy !== undefined && { by: endedBy }) }
  if (record.until !== undefined) return { kind: 'breakglass.closed', fields: { ...about(record), ...more }, payloads }
  return { kind: 'breakglass.ended', fields: { ...about(record), state, ...more }, payloads }
}

export function reviewedEntry(record: BreakGlassRecord, reviewedBy: string, payloads: readonly PayloadDraft[]): EntryDraft {
  return { kind: 'breakglass.reviewed', fields: { ...about(record), reviewedBy: person(reviewedBy) }, payloads }
}

import { type NamedPerson, personSaid, saidOf } from '../approvals/index.ts'
import type { LogPlace } from '../runs/index.ts'
import type { PayloadDraft, TrailWriter } from '../trail/index.ts'
import { type BreakGlassRecord, type BreakGlassView, viewOf } from './record.ts'

/** The two persons of one opening, as far as the log still says who they are. */
export interface PersonsOf {
  /** Whom it is for. */
  readonly asker: NamedPerson | undefined
  readonly confirmer: NamedPerson | undefined
}

/** With what only payloads say; absent where that was erased, or stands in a log that was set aside. */
export interface ShownBreakGlass extends BreakGlassView {
  readonly asker?: { readonly displayName: string }
  readonly reason?: string
  readonly confirmer?: { readonly displayName: string }
  readonly reviewer?: { readonly displayName: string }
  readonly note?: string
}

/** Beside `person`, whom it is for: who confirmed it, under a key of their own, so that it goes with them. @throws TrailError */
export function confirmerPayload(trail: Pick<TrailWriter, 'subjectKey'>, who: string, confirmer: NamedPerson): PayloadDraft {
  return { name: 'confirmer', key: trail.subjectKey(who), content: saidOf(confirmer) }
}

export function personsIn(payloads: ReadonlyMap<string, Uint8Array>): PersonsOf {
  return { asker: personSaid(payloads.get('person')), confirmer: personSaid(payloads.get('confirmer')) }
}

export async function shownOf(
  record: BreakGlassRecord,
  recorded: (place: LogPlace) => Promise<ReadonlyMap<string, Uint8Array>>,
): Promise<ShownBreakGlass> {
  const at = async (place: LogPlace | undefined) => (place ? recorded(place) : new Map<string, Uint8Array>())
  const [requested, opened, reviewed] = await Promise.all([record.requested, record.opened, record.reviewed].map(at))
  const said = (payloads: ReadonlyMap<string, Uint8Array> | undefined, name: string) => {
    const person = personSaid(payloads?.get(name))
    return person && { displayName: person.displayName }
  }
  const text = (payloads: ReadonlyMap<string, Uint8Array> | undefined) => {
    const content = payloads?.get('reason')
    return content && Buffer.from(content).toString()
  }
  const shown = {
    asker: said(requested, 'person'),
    reason: text(requested),
    confirmer: said(opened, 'confirmer'),
    reviewer: said(reviewed, 'person'),
    note: text(reviewed),
  }
  const present = Object.fromEntries(Object.entries(shown).filter(([, value]) => value !== undefined))
  return { ...viewOf(record), ...(present as Partial<typeof shown> as object) }
}

import type { EndedSession, PeopleObserver, PersonAt, RefusedPerson, SignedIn } from '../identity/people/index.ts'
import type { GatewayMeter } from '../metrics/index.ts'
import { redactJson, redactText } from '../redaction/index.ts'
import type { EntryDraft, PayloadKey, Trail } from '../trail/index.ts'
import { redactedPayload } from './redacted-payload.ts'

/** Who signed in and out at the admin door, as entries. Names, groups, accounts and addresses are payloads under the person's own key. */
export class PeopleRecords implements PeopleObserver {
  readonly #trail: Trail
  readonly #key: PayloadKey
  readonly #meter: GatewayMeter | undefined

  /** @param meter absent where nobody counts */
  constructor(trail: Trail, meter?: GatewayMeter) {
    this.#trail = trail
    this.#meter = meter
    this.#key = trail.subjectKey('gateway')
  }

  /** @throws TrailError: then there is no session */
  async signedIn(signedIn: SignedIn): Promise<void> {
    await this.#trail.durable(signedInDraft(this.#trail, signedIn))
  }

  refused(refused: RefusedPerson): void {
    this.#meter?.signinRefused('admin', refused.code)
    this.#trail.note(refusedDraft(this.#key, refused))
  }

  ended(ended: EndedSession): void {
    this.#trail.note(endedDraft(this.#trail, ended))
  }

  /** It is in force already: where there is no room for it, it is kept until there is. @param by who did it, as entries name them */
  personRevoked(person: PersonAt, sessions: number, by: string, reason: string | undefined): void {
    this.#trail.note(personRevokedDraft(this.#trail, person, sessions, by, reason))
  }

  /** @throws TrailError: then they stay revoked */
  async personRestored(pseudonym: string, by: string, reason: string | undefined): Promise<void> {
    const { fields, payloads } = reasonOf(this.#trail, pseudonym, reason)
    await this.#trail.durable({ kind: 'person.restored', fields: { who: { pseudonym, kind: 'person' }, by, ...fields }, payloads })
  }

  /** A link for the first administrator is about to be shown. @throws TrailError: then it may not */
  async firstAdminOffered(): Promise<void> {
    await this.#trail.durable({ kind: 'signin.offered', fields: { door: 'admin', role: 'admin' } })
  }
}

/** A person signed in, with the roles that they have from now on; `became` says that the one-use link made them administrator. */
export function signedInDraft(trail: Trail, { person: signedIn, session, via, address, becomesFirstAdmin }: SignedIn): EntryDraft {
  const { person, displayName, accounts, roles } = signedIn
  const who = personIn(trail, person)
  const key = trail.subjectKey(who.pseudonym)
  const { issuer, subject, groups } = person
  const { fields, payloads } = redactedPayload('person', key, redactJson({ issuer, subject, groups, displayName, accounts }))
  return {
    kind: 'signin',
    fields: {
      door: 'admin',
      session,
      via,
      who,
      roles: [...roles],
      ...(becomesFirstAdmin && { became: 'first-admin' }),
      ...fields,
    },
    payloads: [...payloads, { name: 'address', key, content: Buffer.from(address) }],
  }
}

/** Somebody was not signed in. Nothing that they brought is kept, but for where they came from. */
export function refusedDraft(key: PayloadKey, { code, address, issuer }: RefusedPerson): EntryDraft {
  return {
    kind: 'signin.refused',
    fields: { door: 'admin', code, ...(issuer !== undefined && { issuer }) },
    payloads: [{ name: 'address', key, content: Buffer.from(address) }],
  }
}

/** A person's session ended. Who revoked it is said by the entry of the one who did. */
export function endedDraft(trail: Trail, { id, issuer, subject, why }: EndedSession): EntryDraft {
  return { kind: 'signout', fields: { door: 'admin', session: id, who: personIn(trail, { issuer, subject }), why } }
}

/** Somebody is let in no more. That there is such a person is what whoever revoked them says. */
export function personRevokedDraft(trail: Trail, person: PersonAt, sessions: number, by: string, reason: string | undefined): EntryDraft {
  const { issuer, subject } = person
  const pseudonym = trail.pseudonym(issuer, subject)
  const { fields, payloads } = reasonOf(trail, pseudonym, reason)
  const named = { name: 'person', key: trail.subjectKey(pseudonym), content: Buffer.from(JSON.stringify({ issuer, subject })) }
  return {
    kind: 'person.revoked',
    fields: { who: { pseudonym, issuer, kind: 'person' }, sessions, by, ...fields },
    payloads: [named, ...payloads],
  }
}

/** Why something is done to a person says something of them: it goes with them. */
function reasonOf(trail: Trail, pseudonym: string, reason: string | undefined) {
  if (reason === undefined) return { fields: {}, payloads: [] }
  return redactedPayload('reason', trail.subjectKey(pseudonym), redactText(Buffer.from(reason)))
}

/** As entries name a person: by the pseudonym that a job of the same issuer and subject would not have, because no issuer is both. */
export function personIn(trail: Trail, { issuer, subject }: { readonly issuer: string; readonly subject: string }) {
  return { pseudonym: trail.pseudonym(issuer, subject), issuer, kind: 'person', proof: 'proven' } as const
}

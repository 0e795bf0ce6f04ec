import type { EndedSession, PeopleObserver, RefusedPerson, SignedIn } from '../identity/people/index.ts'
import { redactJson } from '../redaction/index.ts'
import type { EntryDraft, PayloadKey, Trail } from '../trail/index.ts'
import { redactedPayload } from './redacted-payload.ts'

/** Who signed in and out at the admin door, as entries. Names, groups, accounts and addresses are payloads under the person's own key. */
export class PeopleRecords implements PeopleObserver {
  readonly #trail: Trail
  readonly #key: PayloadKey

  constructor(trail: Trail) {
    this.#trail = trail
    this.#key = trail.subjectKey('gateway')
  }

  /** @throws TrailError: then there is no session */
  async signedIn(signedIn: SignedIn): Promise<void> {
    await this.#trail.durable(signedInDraft(this.#trail, signedIn))
  }

  refused(refused: RefusedPerson): void {
    this.#trail.note(refusedDraft(this.#key, refused))
  }

  ended(ended: EndedSession): void {
    this.#trail.note(endedDraft(this.#trail, ended))
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

/** As entries name a person: by the pseudonym that a job of the same issuer and subject would not have, because no issuer is both. */
export function personIn(trail: Trail, { issuer, subject }: { readonly issuer: string; readonly subject: string }) {
  return { pseudonym: trail.pseudonym(issuer, subject), issuer, kind: 'person', proof: 'proven' } as const
}

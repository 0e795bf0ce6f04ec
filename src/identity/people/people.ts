import type { Sealer } from '../../operations/index.ts'
import type { SpentTokens } from '../credential-store.ts'
import { addressKey, Throttle, type ThrottleLimits } from '../throttle.ts'
import type { SecretOf } from './client.ts'
import { type BegunCodeFlow, beginCodeFlow, type CodeFlowParts, finishCodeFlow, issuerOfPending } from './code-flow.ts'
import { type BegunDeviceFlow, type DeviceFlowParts, DeviceFlows } from './device-flow.ts'
import { PeopleError } from './errors.ts'
import { FirstAdmin } from './first-admin.ts'
import type { PeopleIssuer } from './people-issuer.ts'
import type { IdentifiedPerson, PersonKey, SignedInPerson } from './person.ts'
import type { PersonSessionVia, PersonStore } from './person-store.ts'
import type { PreparedPeople } from './prepare-people.ts'
import { type LinkedAccounts, type PersonAt, RevokedPersons } from './revoked-persons.ts'
import { rolesOf } from './roles.ts'
import { newSessionId, type PersonSessionId } from './session-token.ts'
import { type EndedSession, PersonSessions } from './sessions.ts'
import { SignIn } from './sign-in.ts'

/** Somebody was not signed in; for the trail. */
export interface RefusedPerson {
  readonly code: string
  /** Peer address. */
  readonly address: string
  /** Configured name, where it is known which issuer it was begun with. */
  readonly issuer?: string
}

/** A session is about to begin; for the trail. */
export interface SignedIn {
  readonly person: SignedInPerson
  readonly session: PersonSessionId
  readonly via: PersonSessionVia
  /** Peer address. */
  readonly address: string
  /** Whether the link for the first administrator was used with it. */
  readonly becomesFirstAdmin: boolean
}

/** What happens to people's sign-ins. */
export interface PeopleObserver {
  /** Durable when it resolves: there is no session before, and none where it throws. */
  signedIn(signedIn: SignedIn): Promise<void>
  refused(refused: RefusedPerson): void
  ended(ended: EndedSession): void
}

export interface PeopleOptions {
  readonly prepared: PreparedPeople
  readonly store: PersonStore
  readonly spent: SpentTokens
  readonly sealer: Sealer
  readonly secretOf: SecretOf
  readonly observer: PeopleObserver
  /** A keyed name for a person at an issuer, the same over restarts: under it is kept who is revoked. */
  readonly nameOf: (issuer: string, subject: string) => string
  readonly limits?: { /** Sign-ins from one address. */ readonly address?: ThrottleLimits; readonly device?: DeviceFlowParts['limits'] }
  /** Milliseconds since the epoch; for tests. */
  readonly now?: () => number
}

/** What others may do with sessions; they are opened by a `SignIn` only. */
export type SessionsOfPeople = Omit<PersonSessions, 'open'>

/** Conversations with issuers at once: each may wait for several slow answers. */
const MOST_AT_ONCE = 100

/** Signs people in, in the browser and from the command line, and knows who they are until they sign out. */
export class People {
  readonly firstAdmin: FirstAdmin
  readonly #options: PeopleOptions
  readonly #flow: CodeFlowParts
  readonly #devices: DeviceFlows
  readonly #sessions: PersonSessions
  readonly #revoked: RevokedPersons
  readonly #byAddress: Throttle
  readonly #sweeping: NodeJS.Timeout
  #prepared: PreparedPeople
  #atOnce = 0

  constructor(options: PeopleOptions) {
    const { store, sealer, spent, secretOf, observer, limits = {}, now = Date.now } = options
    this.#options = options
    this.#prepared = options.prepared
    this.#revoked = new RevokedPersons(store, options.nameOf)
    this.firstAdmin = new FirstAdmin(store, now)
    this.#flow = { sealer, spent, secretOf, now }
    this.#devices = new DeviceFlows({ secretOf, now, ...(limits.device && { limits: limits.device }) })
    this.#byAddress = new Throttle(limits.address ?? { burst: 30, perSecond: 0.5 }, now)
    this.#sessions = new PersonSessions({ store, now, standing: (identified) => this.#standing(identified) })
    this.#sessions.onEnded((ended) => observer.ended(ended))
    // Sessions that are over hold names: they go although nobody asks for them any more.
    this.#sweeping = setInterval(() => this.#sweep(), 60_000).unref()
  }

  /** From now on this configuration counts. Sessions that it would not have let in end at once. */
  use(prepared: PreparedPeople): void {
    const kept = [...prepared.issuers].map(([name, issuer]) => {
      const before = this.#prepared.issuers.get(name)
      // What is known of an issuer that stays as it was need not be fetched again.
      return [name, before?.digest === issuer.digest ? before : issuer] as const
    })
    this.#prepared = { issuers: new Map(kept), roles: prepared.roles }
    this.#sweep()
  }

  /** For the sign-in page and the command line. */
  get issuers(): readonly { readonly name: string; readonly url: string }[] {
    return [...this.#prepared.issuers.values()].map(({ settings: { name, issuer } }) => ({ name, url: issuer }))
  }

  get sessions(): SessionsOfPeople {
    return this.#sessions
  }

  /**
   * Lets somebody in no more, by accounts that are linked to this one neither, until `restore`. Durable when it returns.
   * @returns whose sessions ended with it, one for each session
   * @throws PeopleError GS_PEOPLE_ISSUER_UNKNOWN
   */
  revoke(person: PersonAt): readonly PersonAt[] {
    this.#issuerNamed(person.issuer)
    const { store, now = Date.now } = this.#options
    this.#revoked.add(person, now())
    const ended = store.all().filter(({ identified }) => this.#revoked.has(identified))
    for (const { id } of ended) this.#sessions.revoke(id)
    this.#sessions.revokeAll(person)
    return ended.map(
      ({
        identified: {
          person: { issuer, subject },
        },
      }) => ({ issuer, subject }),
    )
  }

  /** @param name as `nameOf` gives it. Durable when it returns */
  restore(name: string): void {
    this.#revoked.remove(name)
  }

  /** Whether it is somebody who was revoked, or is known to be the same by a linked account. */
  isRevoked(person: LinkedAccounts): boolean {
    return this.#revoked.has(person)
  }

  /** By keyed name, and since when, ms since the epoch; the first to be revoked first. */
  get revoked(): readonly { readonly name: string; readonly at: number }[] {
    return this.#revoked.all()
  }

  /** A token for the link that makes the first administrator, to be shown once; undefined where none is needed. The caller records that it was made. */
  offerFirstAdmin(): string | undefined {
    return this.firstAdmin.offer(this.#isAdminMapped)
  }

  /**
   * Begins a sign-in in a browser: RFC 6749 §4.1, with PKCE, state and nonce.
   * @param asked.redirectUri of the configuration, exactly as registered at the issuer
   * @param asked.maxAge seconds; then the issuer asks the person again, unless it did so since
   * @throws PeopleError, IdentityError GS_IDENTITY_THROTTLED, CredentialsError
   */
  begin(asked: {
    readonly issuer: string
    readonly redirectUri: string
    readonly address: string
    readonly maxAge?: number
    readonly firstAdmin?: string
  }): Promise<BegunCodeFlow> {
    return this.#attempt(asked.address, asked.issuer, () => {
      const issuer = this.#issuerNamed(asked.issuer)
      if (asked.firstAdmin !== undefined) this.firstAdmin.check(asked.firstAdmin, this.#isAdminMapped)
      const { redirectUri, maxAge, firstAdmin } = asked
      return beginCodeFlow(
        { issuer, redirectUri, ...(maxAge !== undefined && { maxAge }), ...(firstAdmin !== undefined && { firstAdmin }) },
        this.#flow,
      )
    })
  }

  /** Finishes it with what the browser kept and brought. @throws the same */
  finish(answer: { readonly pending: string; readonly callbackUrl: string; readonly address: string }): Promise<SignIn> {
    return this.#attempt(answer.address, issuerOfPending(answer.pending, this.#flow), async () => {
      const { identified, firstAdmin } = await finishCodeFlow(answer, (name) => this.#issuerNamed(name), this.#flow)
      return this.#signIn(identified, answer.address, firstAdmin)
    })
  }

  /** Begins a sign-in for a command line: RFC 8628. @throws the same */
  beginDevice(asked: { readonly issuer: string; readonly address: string }): Promise<BegunDeviceFlow> {
    return this.#attempt(asked.address, asked.issuer, () => this.#devices.begin(this.#issuerNamed(asked.issuer), asked.address))
  }

  /** Asks whether somebody confirmed it meanwhile. @throws PeopleError where it is over */
  async pollDevice(asked: {
    readonly handle: string
    readonly address: string
  }): Promise<
    { readonly state: 'pending' | 'slow_down'; readonly interval: number } | { readonly state: 'signed-in'; readonly signIn: SignIn }
  > {
    const issuer = this.#devices.issuerOf(asked.handle)
    try {
      const answer = await this.#devices.poll(asked.handle, (name) => this.#issuerNamed(name))
      if (answer.state !== 'signed-in') return answer
      return { state: 'signed-in', signIn: this.#signIn(answer.identified, asked.address, undefined) }
    } catch (error) {
      this.#report(error, asked.address, issuer)
      throw error
    }
  }

  /** Sessions stay, for the next start. */
  close(): void {
    clearInterval(this.#sweeping)
  }

  /** Where the disk is full they stand there until there is room; they open nothing all the same. */
  #sweep(): void {
    try {
      this.#sessions.sweep()
    } catch {
      // The next minute tries again.
    }
  }

  async #attempt<T>(address: string, issuer: string | undefined, go: () => Promise<T> | T): Promise<T> {
    this.#byAddress.take(addressKey(address))
    if (this.#atOnce >= MOST_AT_ONCE) throw new PeopleError('GS_PEOPLE_BUSY')
    this.#atOnce++
    try {
      return await go()
    } catch (error) {
      this.#report(error, address, issuer)
      throw error
    } finally {
      this.#atOnce--
    }
  }

  #signIn(identified: IdentifiedPerson, address: string, firstAdmin: string | undefined): SignIn {
    if (firstAdmin !== undefined) this.firstAdmin.check(firstAdmin, this.#isAdminMapped)
    if (this.#revoked.has(identified)) throw new PeopleError('GS_PEOPLE_REVOKED')
    const person = this.#standing(identified, firstAdmin !== undefined)
    if (!person) throw new PeopleError('GS_PEOPLE_NOT_ADMITTED')
    return new SignIn({
      person,
      becomesFirstAdmin: firstAdmin !== undefined,
      open: async (via, replaces) => {
        const session = newSessionId()
        const becomesFirstAdmin = firstAdmin !== undefined
        const record = () => this.#options.observer.signedIn({ person, session, via, address, becomesFirstAdmin })
        if (firstAdmin !== undefined) await this.firstAdmin.bind(firstAdmin, this.#isAdminMapped, this.#keyOf(identified), record)
        else await record()
        if (this.#isAdminMapped && person.roles.has('admin')) this.firstAdmin.close()
        return this.#sessions.open(identified, { id: session, via, ...(replaces !== undefined && { replaces }) })
      },
    })
  }

  /** What the configuration in force makes of a person. */
  #standing(identified: IdentifiedPerson, becomesFirstAdmin = false): SignedInPerson | undefined {
    const { settings, ...rest } = identified
    const issuer = this.#prepared.issuers.get(rest.person.issuer)
    if (issuer?.digest !== settings || this.#revoked.has(identified)) return undefined
    const isFirstAdmin = !this.#isAdminMapped && (becomesFirstAdmin || this.firstAdmin.is(this.#keyOf(identified)))
    const roles = rolesOf(rest.person, this.#prepared.roles, isFirstAdmin)
    return roles.size === 0 ? undefined : { ...rest, roles }
  }

  #keyOf({ person: { issuer, subject } }: IdentifiedPerson): PersonKey {
    return { issuer, issuerUrl: this.#prepared.issuers.get(issuer)?.settings.issuer ?? '', subject }
  }

  get #isAdminMapped(): boolean {
    return this.#prepared.roles.admin !== undefined
  }

  #issuerNamed(name: string): PeopleIssuer {
    const issuer = this.#prepared.issuers.get(name)
    if (!issuer) throw new PeopleError('GS_PEOPLE_ISSUER_UNKNOWN')
    return issuer
  }

  /** What anybody can send as often as they like is not reported: a flood at the door would be a flood in the trail. */
  #report(error: unknown, address: string, issuer: string | undefined): void {
    const code = (error as { code?: unknown }).code
    if (typeof code === 'string' && unreported.has(code)) return
    const known = issuer !== undefined && this.#prepared.issuers.has(issuer)
    this.#options.observer.refused({ code: typeof code === 'string' ? code : 'unexpected', address, ...(known && { issuer }) })
  }
}

const unreported: ReadonlySet<string> = new Set(['GS_PEOPLE_BUSY', 'GS_PEOPLE_DEVICE_UNKNOWN', 'GS_PEOPLE_ISSUER_UNKNOWN'])

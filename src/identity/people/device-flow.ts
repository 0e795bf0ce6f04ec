import { createHash, randomBytes } from 'node:crypto'
import { genericGrantRequest, initiateDeviceAuthorization, ResponseBodyError, type TokenEndpointResponse } from 'openid-client'
import { isAllowedUrl } from '../issuer-url.ts'
import { isPlain } from '../template.ts'
import { addressKey } from '../throttle.ts'
import { clientOf, type SecretOf } from './client.ts'
import { PeopleError } from './errors.ts'
import { identify } from './identify.ts'
import { failureOf } from './issuer-failure.ts'
import type { PeopleIssuer } from './people-issuer.ts'
import type { IdentifiedPerson } from './person.ts'
import { defaultScopes } from './settings.ts'

/** What the command line shows, and keeps. */
export interface BegunDeviceFlow {
  /** For the person to type at `verificationUri`. */
  readonly userCode: string
  readonly verificationUri: string
  /** The same with the code in it, where the issuer has one. */
  readonly verificationUriComplete?: string
  /** Seconds between two polls, at least. */
  readonly interval: number
  /** Seconds. */
  readonly expiresIn: number
  /** Names this sign-in at `poll`; a secret of whoever began it. */
  readonly handle: string
}

export type DevicePoll =
  | { readonly state: 'pending' | 'slow_down' /** Seconds until the next poll, at least. */; readonly interval: number }
  | { readonly state: 'signed-in'; readonly identified: IdentifiedPerson }

export interface DeviceFlowParts {
  readonly secretOf: SecretOf
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly limits?: {
    /** Sign-ins under way at once. Default 200. */ readonly all?: number /** From one address. Default 10. */
    readonly perAddress?: number
  }
}

interface Waiting {
  readonly issuer: string
  readonly settings: string
  readonly address: string
  readonly deviceCode: string
  readonly until: number
  interval: number
  notBefore: number
  busy: boolean
}

/** RFC 8628 §3.5: how much slower after `slow_down`, and the interval where none is named; seconds. */
const SLOWER = 5
const INTERVAL = 5
/** However long an issuer says, seconds. */
const LONGEST = 15 * 60
const GRANT = 'urn:ietf:params:oauth:grant-type:device_code'

/**
 * RFC 8628 with the gateway as the client: the command line never sees the device code or a token of the issuer. Kept in memory only, so a restart of
 * the gateway ends what is under way.
 */
export class DeviceFlows {
  readonly #parts: DeviceFlowParts
  /** By SHA-256 of the handle; the oldest first. */
  readonly #waiting = new Map<string, Waiting>()

  constructor(parts: DeviceFlowParts) {
    this.#parts = parts
  }

  /** @throws PeopleError GS_PEOPLE_ISSUER_UNSUITABLE where the issuer has no device flow, GS_PEOPLE_BUSY */
  async begin(issuer: PeopleIssuer, address: string): Promise<BegunDeviceFlow> {
    const from = addressKey(address)
    this.#requireRoom(from)
    const client = await clientOf(issuer, 'device', this.#parts.secretOf)
    const { settings } = issuer
    if (client.metadata.device_authorization_endpoint === undefined)
      throw new PeopleError('GS_PEOPLE_ISSUER_UNSUITABLE', `issuer ${settings.name}: it has no device_authorization_endpoint`)
    let answer: Awaited<ReturnType<typeof initiateDeviceAuthorization>>
    try {
      answer = await initiateDeviceAuthorization(client.configuration, { scope: (settings.scopes ?? defaultScopes).join(' ') })
    } catch (error) {
      throw failureOf(error, settings.name)
    }
    const shown = { userCode: answer.user_code, verificationUri: answer.verification_uri, complete: answer.verification_uri_complete }
    // Shown on a terminal, and opened by people who trust us.
    const urls = [shown.verificationUri, ...(shown.complete === undefined ? [] : [shown.complete])]
    if (!isPlain(shown.userCode) || shown.userCode.length > 64 || !urls.every((url) => isPlain(url) && isAllowedUrl(url, settings)))
      throw new PeopleError('GS_PEOPLE_ISSUER_UNSUITABLE', `issuer ${settings.name}: its code or address cannot be shown`)
    // Others came meanwhile.
    this.#requireRoom(from)
    const now = this.#parts.now()
    const expiresIn = Math.min(bounded(answer.expires_in, LONGEST), LONGEST)
    const interval = Math.min(bounded(answer.interval, INTERVAL), 60)
    const handle = randomBytes(32).toString('base64url')
    this.#waiting.set(keyOf(handle), {
      issuer: settings.name,
      settings: issuer.digest,
      address: from,
      deviceCode: answer.device_code,
      until: now + expiresIn * 1000,
      interval,
      notBefore: now + interval * 1000,
      busy: false,
    })
    const { userCode, verificationUri, complete } = shown
    return { userCode, verificationUri, ...(complete !== undefined && { verificationUriComplete: complete }), interval, expiresIn, handle }
  }

  /**
   * Asks the issuer once, and not before its interval is over: whoever polls faster is told to slow down and asks nobody.
   * @param issuerNamed finds an issuer of the configuration in force
   * @throws PeopleError GS_PEOPLE_DEVICE_UNKNOWN, GS_PEOPLE_DEVICE_EXPIRED, GS_PEOPLE_DENIED, and what makes a person unusable: the handle is then over
   */
  async poll(handle: string, issuerNamed: (name: string) => PeopleIssuer): Promise<DevicePoll> {
    const key = keyOf(handle)
    const waiting = this.#waiting.get(key)
    if (!waiting) throw new PeopleError('GS_PEOPLE_DEVICE_UNKNOWN')
    const now = this.#parts.now()
    if (now >= waiting.until) {
      this.#waiting.delete(key)
      throw new PeopleError('GS_PEOPLE_DEVICE_EXPIRED')
    }
    if (waiting.busy || now < waiting.notBefore) return { state: 'slow_down', interval: waiting.interval }
    waiting.busy = true
    try {
      const answer = await this.#ask(waiting, issuerNamed)
      if (answer === 'pending' || answer === 'slow_down') {
        if (answer === 'slow_down') waiting.interval += SLOWER
        return { state: answer, interval: waiting.interval }
      }
      this.#waiting.delete(key)
      return { state: 'signed-in', identified: answer }
    } catch (error) {
      // An issuer that is away for a moment ends nothing.
      if (!(error instanceof PeopleError) || error.code !== 'GS_PEOPLE_ISSUER_UNAVAILABLE') this.#waiting.delete(key)
      throw error
    } finally {
      waiting.busy = false
      waiting.notBefore = this.#parts.now() + waiting.interval * 1000
    }
  }

  /** The issuer that a handle was begun with, for whoever records that it failed. */
  issuerOf(handle: string): string | undefined {
    return this.#waiting.get(keyOf(handle))?.issuer
  }

  async #ask(waiting: Waiting, issuerNamed: (name: string) => PeopleIssuer): Promise<'pending' | 'slow_down' | IdentifiedPerson> {
    const issuer = issuerNamed(waiting.issuer)
    if (issuer.digest !== waiting.settings) throw new PeopleError('GS_PEOPLE_DEVICE_UNKNOWN', 'the issuer was changed meanwhile')
    const client = await clientOf(issuer, 'device', this.#parts.secretOf)
    let tokens: TokenEndpointResponse
    try {
      tokens = await genericGrantRequest(client.configuration, GRANT, { device_code: waiting.deviceCode })
    } catch (error) {
      if (error instanceof ResponseBodyError) {
        if (error.error === 'authorization_pending') return 'pending'
        if (error.error === 'slow_down') return 'slow_down'
        if (error.error === 'invalid_grant') throw new PeopleError('GS_PEOPLE_DEVICE_UNKNOWN')
      }
      throw failureOf(error, issuer.settings.name)
    }
    return identify(tokens, issuer, client, this.#parts.now())
  }

  #requireRoom(from: string): void {
    const now = this.#parts.now()
    let sameAddress = 0
    for (const [key, { until, address }] of this.#waiting) {
      if (now >= until) this.#waiting.delete(key)
      else if (address === from) sameAddress++
    }
    const { all = 200, perAddress = 10 } = this.#parts.limits ?? {}
    if (this.#waiting.size >= all || sameAddress >= perAddress) throw new PeopleError('GS_PEOPLE_BUSY')
  }
}

function bounded(seconds: number | undefined, otherwise: number): number {
  return seconds !== undefined && Number.isFinite(seconds) && seconds >= 1 ? Math.ceil(seconds) : otherwise
}

function keyOf(handle: string): string {
  return createHash('sha256').update(handle).digest('base64')
}

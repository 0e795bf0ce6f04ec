import type { Minted } from '../certificates/index.ts'
import type { ConfigProblem } from '../config/index.ts'
import type { GatewayMeter } from '../metrics/index.ts'
import type { CatalogReading } from '../protocols/postgres/catalog/index.ts'
import { redactJson, redactText } from '../redaction/index.ts'
import type { EntryDraft, EntryFields, EntryKind, PayloadKey, Trail } from '../trail/index.ts'
import { redactedPayload } from './redacted-payload.ts'

/** Whoever may open the local socket: who that is, is not told apart. */
export const LOCAL_OPERATOR = 'local-operator'

/** Rules that are held against what was recorded. */
export interface PastJudged {
  /** Digest of the policy by which operations are judged again, or by which one entry is explained. */
  readonly replay?: string
  readonly explain?: string
  readonly entry?: string
  readonly since?: number | undefined
  readonly until?: number | undefined
  readonly resource?: string | undefined
}

/** What the gateway itself does and sees, as entries. One place, so that what is personal or secret is a payload everywhere. */
export class Records {
  readonly #trail: Trail
  /** Seals what belongs to no session or person: the text of configurations, addresses of refused sign-ins. */
  readonly #key: PayloadKey
  readonly #meter: GatewayMeter | undefined
  #started = false

  /** @param meter absent where nobody counts */
  constructor(trail: Trail, meter?: GatewayMeter) {
    this.#trail = trail
    this.#meter = meter
    // One for all starts: a start without room can make no key.
    this.#key = trail.subjectKey('gateway')
  }

  /** Without room it is kept, and written first when there is: until then nothing is forwarded. @throws TrailError: then nothing may start */
  async gatewayStarted(fields: EntryFields, configText: string): Promise<void> {
    const config = this.#config(configText)
    this.#started = true
    this.#trail.note({ kind: 'gateway.start', fields: { ...fields, ...config.fields }, payloads: config.payloads })
    await new Promise<void>((resolve, reject) => {
      this.#trail.whenDurable((error) => (error && error.code !== 'GS_TRAIL_FULL' ? reject(error) : resolve()))
    })
  }

  /** Of a start that was given up before it was recorded, there is nothing to say. */
  gatewayStopped(reason: string): void {
    if (this.#started) this.#trail.note({ kind: 'gateway.stop', fields: { reason } })
  }

  /** @throws TrailError: then the new configuration may not come into force */
  async configChanged(change: { from: string; to: string; policyFrom: string; policyTo: string }, text: string): Promise<void> {
    const config = this.#config(text)
    const fields = { ...change, who: 'file', proof: 'unproven', ...config.fields }
    await this.#trail.durable({ kind: 'config.changed', fields, payloads: config.payloads })
    this.#meter?.reloaded(true)
  }

  /** Problems name lines and fields, which may quote the file: a payload. */
  configRefused(code: string, problems: readonly ConfigProblem[]): void {
    const { fields, payloads } = redactedPayload('problems', this.#key, redactJson(problems, 'configuration'))
    this.#meter?.reloaded(false)
    this.#trail.note({ kind: 'config.refused', fields: { code, problems: problems.length, ...fields }, payloads })
  }

  /** A certificate authority or a leaf of it was made. */
  minted({ what, names, ...certificate }: Minted, purpose?: 'interception'): void {
    const { fields, payloads } = redactedPayload('names', this.#key, redactJson(names))
    const of = purpose === undefined ? {} : { purpose }
    this.#trail.note({ kind: 'ca.minted', fields: { what, ...of, ...certificate, ...fields }, payloads })
  }

  /** Before the gateway looks at what the names of a database mean, on a connection of its own. @throws TrailError: then it may not */
  async catalogRead(resource: string): Promise<void> {
    await this.#trail.durable({ kind: 'catalog.read', fields: { resource } })
  }

  /** What became of it. */
  catalogOutcome(resource: string, reading: CatalogReading): void {
    const { outcome, ms } = reading
    const rest =
      reading.outcome === 'read'
        ? { version: reading.version, relations: reading.relations, changed: reading.changed }
        : { ...(reading.code !== undefined && { code: reading.code }) }
    this.#trail.note({ kind: 'catalog.outcome', fields: { resource, outcome, ms: Math.round(ms), ...rest } })
  }

  /** @param by whose doing it is, as entries name him @param version the new version; undefined where it was removed. @throws TrailError: then the secret stays as it was */
  async secretChanged(by: string, name: string, version: number | undefined): Promise<void> {
    const fields = version === undefined ? { change: 'removed' } : { change: 'set', version }
    await this.#trail.durable({ kind: 'secret.changed', fields: { secret: name, ...fields, by } })
  }

  /**
   * @param viewer who reads, as entries name him
   * @param reading as asked for, but for what names something in clear
   * @param query what was searched for, which may be a name or a secret: a payload
   * @returns how far the log goes, this entry included
   */
  async logSearched(viewer: string, reading: EntryFields, query: object): Promise<number> {
    const { fields, payloads } = redactedPayload('query', this.#key, redactJson(query))
    const { index } = await this.#trail.durable({
      kind: 'log.read',
      fields: { ...reading, viewer, ...fields },
      payloads,
    })
    return index + 1
  }

  /**
   * Operations of the past are about to be judged, for which their payloads are opened.
   * @param what digest of the policy, and of which operations; moments in ms since the epoch
   * @returns how far the log goes, this entry included
   */
  async pastJudged(viewer: string, { since, until, resource, ...what }: PastJudged): Promise<number> {
    const fields: EntryFields = {
      ...what,
      ...(since !== undefined && { since: new Date(since).toISOString() }),
      ...(until !== undefined && { until: new Date(until).toISOString() }),
      ...(resource !== undefined && { resource }),
    }
    const { index } = await this.#trail.durable({ kind: 'log.read', fields: { ...fields, opened: true, viewer } })
    return index + 1
  }

  /** What is asked for is about to be shown. @throws TrailError: then it may not be */
  async approvalOpened(viewer: string, approval: string): Promise<void> {
    await this.#trail.durable({ kind: 'log.read', fields: { approval, opened: true, viewer } })
  }

  /** Who breaks the glass, and why, is about to be shown. @throws TrailError: then it may not be */
  async breakGlassOpened(viewer: string, breakGlass: string): Promise<void> {
    await this.#trail.durable({ kind: 'log.read', fields: { breakGlass, opened: true, viewer } })
  }

  /**
   * What the client of a session saw is about to be shown. `viewed`, as the entry is not of that session. @throws TrailError: then it may not be
   * @param viewer who looks, as entries name him @param follow whether what comes is shown too
   */
  async recordingViewed(viewer: string, session: string, follow: boolean): Promise<void> {
    await this.#trail.durable({ kind: 'recording.viewed', fields: { viewed: session, follow, viewer } })
  }

  /** An entry that says why somebody wanted it, in his own words: a payload. */
  withReason(kind: EntryKind, said: EntryFields, reason: string): EntryDraft {
    const { fields, payloads } = redactedPayload('reason', this.#key, redactText(Buffer.from(reason)))
    return { kind, fields: { ...said, ...fields }, payloads }
  }

  /** A token, password or proof that did not open anything. The address is a payload; what was presented is not kept at all. */
  signinRefused(door: 'token' | 'postgres' | 'https' | 'proxy', code: string, address: string, issuer?: string): void {
    this.#meter?.signinRefused(door, code)
    const fields = { door, code, ...(issuer === undefined ? {} : { issuer }) }
    this.#trail.note({ kind: 'signin.refused', fields, payloads: [this.#address(address)] })
  }

  /** A password arrived that is none of ours: somebody's real credential, perhaps. Never its value. */
  foreignCredential(door: 'postgres' | 'https' | 'proxy', address: string): void {
    this.#trail.note({ kind: 'credential.foreign', fields: { door }, payloads: [this.#address(address)] })
  }

  /** A run wanted to go through the proxy where no resource leads. Where is a payload: it may say anything. */
  egressRefused(run: string, { host, port }: { readonly host: string; readonly port: number }): void {
    const destination = Buffer.from(JSON.stringify({ host, port }))
    this.#trail.note({ kind: 'egress.refused', fields: { run }, payloads: [{ name: 'destination', key: this.#key, content: destination }] })
  }

  #config(text: string) {
    return redactedPayload('config', this.#key, redactText(Buffer.from(text), 'configuration'))
  }

  #address(address: string) {
    return { name: 'address', key: this.#key, content: Buffer.from(address) }
  }
}

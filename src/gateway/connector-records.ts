import type { ConnectorObserver, EnrolledBy } from '../connector/index.ts'
import type { EntryFields, EntryKind, PayloadDraft, PayloadKey, Trail } from '../trail/index.ts'
import type { Records } from './records.ts'

/**
 * Who became a connector, when each was there, and what it carried, as entries. Ids and configured names are fields; addresses, and where a
 * stream leads to, are payloads.
 */
export class ConnectorRecords implements ConnectorObserver {
  readonly #trail: Pick<Trail, 'note' | 'durable'>
  readonly #records: Pick<Records, 'withReason'>
  readonly #key: PayloadKey

  constructor(trail: Pick<Trail, 'note' | 'durable' | 'subjectKey'>, records: Pick<Records, 'withReason'>) {
    this.#trail = trail
    this.#records = records
    this.#key = trail.subjectKey('gateway')
  }

  async offered({ offer, name, offeredBy, expiresAt }: Parameters<ConnectorObserver['offered']>[0]): Promise<void> {
    const fields = { offer, name, by: offeredBy, expires: new Date(expiresAt).toISOString() }
    await this.#trail.durable({ kind: 'connector.offered', fields })
  }

  async enrolled({ connector, name, address, how }: Parameters<ConnectorObserver['enrolled']>[0]): Promise<void> {
    await this.#trail.durable(this.#at('connector.enrolled', { connector, name, ...enrolledBy(how) }, address))
  }

  async revoked({ id, name, revokedBy, reason, streams }: Parameters<ConnectorObserver['revoked']>[0]): Promise<void> {
    const fields = { [id.startsWith('off_') ? 'offer' : 'connector']: id, name, by: revokedBy, streams }
    await this.#trail.durable(
      reason === undefined ? { kind: 'connector.revoked', fields } : this.#records.withReason('connector.revoked', fields, reason),
    )
  }

  refused({ code, address, connector, name }: Parameters<ConnectorObserver['refused']>[0]): void {
    const known = { ...(connector !== undefined && { connector }), ...(name !== undefined && { name }) }
    this.#trail.note(this.#at('connector.refused', { code, ...known }, address))
  }

  up({ tunnel, connector, name, version, address }: Parameters<ConnectorObserver['up']>[0]): void {
    this.#trail.note(this.#at('connector.up', { tunnel, connector, name, version }, address))
  }

  down({ tunnel, connector, name, why, ms, bytesIn, bytesOut }: Parameters<ConnectorObserver['down']>[0]): void {
    this.#trail.note({ kind: 'connector.down', fields: { tunnel, connector, name, why, ...whole({ ms, bytesIn, bytesOut }) } })
  }

  stream({ stream, tunnel, connector, name, resource, session, target }: Parameters<ConnectorObserver['stream']>[0]): void {
    const fields = { stream, tunnel, connector, name, resource, ...(session !== undefined && { session }) }
    this.#trail.note({ kind: 'connector.stream', fields, payloads: [this.#payload('target', target)] })
  }

  streamEnd(ended: Parameters<ConnectorObserver['streamEnd']>[0]): void {
    const { stream, connector, name, resource, session, why, ms, bytesIn, bytesOut } = ended
    const fields = { stream, connector, name, resource, ...(session !== undefined && { session }) }
    this.#trail.note({ kind: 'connector.stream.end', fields: { ...fields, why, ...whole({ ms, bytesIn, bytesOut }) } })
  }

  #at(kind: EntryKind, fields: EntryFields, address: string) {
    return { kind, fields, payloads: [this.#payload('address', address)] }
  }

  #payload(name: string, text: string): PayloadDraft {
    return { name, key: this.#key, content: Buffer.from(text) }
  }
}

function enrolledBy(how: EnrolledBy): EntryFields {
  return how.by === 'token'
    ? { enrolledBy: 'token', offer: how.offer, by: how.offeredBy }
    : { enrolledBy: 'workload', issuer: how.issuer, subject: how.subject }
}

/** Entries hold no fractions. */
const whole = <Name extends string>(numbers: Readonly<Record<Name, number>>): Record<Name, number> =>
  Object.fromEntries(Object.entries<number>(numbers).map(([name, value]) => [name, Math.round(value)])) as Record<Name, number>

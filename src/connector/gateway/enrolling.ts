import { ConnectorError } from '../errors.ts'
import { connectorIdOf, readPublicKey } from '../key.ts'
import { isProven } from '../proof.ts'
import { saidAtEnrolment } from '../said.ts'
import { isTakenStill } from './lapsed.ts'
import type { EnrolledBy, ProvenWorkload } from './observer.ts'
import { hashToken, isToken } from './offers.ts'
import type { StoredConnector, StoredOffer } from './store.ts'
import type { Channel, ConnectorsOptions, Enrolment } from './types.ts'

type Parts = Pick<ConnectorsOptions, 'store' | 'observer' | 'isConfigured' | 'verifyWorkload' | 'workloadRule'> & {
  readonly now: () => number
}

/**
 * Takes in connectors. What is written down first is the log's; an answer that got lost is given again to the same key.
 */
export function enrolling({ store, observer, isConfigured, verifyWorkload, workloadRule, now }: Parts) {
  /** Offers whose entry is being written: each is spent once, however many ask at the same time. */
  const spending = new Set<string>()

  async function enrol(enrolment: Enrolment, channel: Channel): Promise<StoredConnector> {
    const id = provenId(enrolment, channel)
    const known = store.find(id)
    if (known?.revokedAt !== undefined) throw new ConnectorError('GS_CONNECTOR_REVOKED')
    return 'token' in enrolment.with
      ? byToken(id, known, enrolment, enrolment.with.token, channel)
      : byWorkload(id, known, enrolment, enrolment.with.workloadToken, channel)
  }

  function provenId(enrolment: Enrolment, { binding }: Channel): string {
    const key = readPublicKey(enrolment.publicKey)
    if (key && isProven(key, 'enrol', binding, saidAtEnrolment(enrolment.publicKey, enrolment.name, enrolment.with), enrolment.proof))
      return connectorIdOf(enrolment.publicKey)
    throw new ConnectorError('GS_CONNECTOR_PROOF_INVALID')
  }

  async function byToken(id: string, known: StoredConnector | undefined, enrolment: Enrolment, token: string, channel: Channel) {
    const offer = isToken(token) ? store.offerByHash(hashToken(token)) : undefined
    const named = enrolment.name ?? offer?.name
    const isGood = offer && offer.expiresAt > now() && offer.name === named && (known?.name ?? named) === named
    if (!isGood || (offer.spentBy ?? id) !== id || spending.has(offer.id)) throw new ConnectorError('GS_CONNECTOR_TOKEN_INVALID')
    if (!isConfigured(offer.name)) throw new ConnectorError('GS_CONNECTOR_NAME_UNKNOWN')
    if (known && offer.spentBy === id) return known
    return spend(offer, takenIn(id, offer.name, enrolment, { by: 'token', offer: offer.id, offeredBy: offer.offeredBy }), channel)
  }

  async function spend(offer: StoredOffer, connector: StoredConnector, { address }: Channel): Promise<StoredConnector> {
    spending.add(offer.id)
    try {
      await observer.enrolled({ connector: connector.id, name: connector.name, address, how: connector.how })
      // Taken back while that was written down; or the same key came in under another name.
      if (!store.enrol(offer.id, connector)) throw new ConnectorError('GS_CONNECTOR_TOKEN_INVALID')
      return connector
    } finally {
      spending.delete(offer.id)
    }
  }

  async function byWorkload(id: string, known: StoredConnector | undefined, enrolment: Enrolment, token: string, channel: Channel) {
    const { name } = enrolment
    if (name === undefined || (known && known.name !== name)) throw new ConnectorError('GS_CONNECTOR_WORKLOAD_REFUSED')
    if (!isConfigured(name)) throw new ConnectorError('GS_CONNECTOR_NAME_UNKNOWN')
    // An answer got lost, or the rule came back: the token that it has may be spent by now.
    if (known && isTakenStill(known, workloadRule)) return known
    let whose: ProvenWorkload
    try {
      whose = await verifyWorkload(name, token, channel.address, known?.how.by === 'workload' ? known.how.token : undefined)
    } catch (cause) {
      throw new ConnectorError('GS_CONNECTOR_WORKLOAD_REFUSED', undefined, { cause })
    }
    const connector = takenIn(id, name, enrolment, { by: 'workload', ...whose })
    await observer.enrolled({ connector: id, name, address: channel.address, how: connector.how })
    // The same key may have come in under another name while that was written down.
    if (!store.insert(connector)) throw new ConnectorError('GS_CONNECTOR_WORKLOAD_REFUSED')
    return connector
  }

  const takenIn = (id: string, name: string, { publicKey }: Enrolment, how: EnrolledBy): StoredConnector => ({
    ...{ id, name, publicKey, how, enrolledAt: now() },
  })

  return enrol
}

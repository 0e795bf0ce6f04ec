import { type ConnectorCode, ConnectorError } from '../errors.ts'
import { fingerprintOf, readPublicKey } from '../key.ts'
import { isProven } from '../proof.ts'
import { saidAtTunnel } from '../said.ts'
import { VERSION_SHAPE } from '../words.ts'
import { dialling } from './dialling.ts'
import { enrolling } from './enrolling.ts'
import { hasLapsed, isTakenStill } from './lapsed.ts'
import { newOffer } from './offers.ts'
import { sparingly } from './refusals.ts'
import type { StoredConnector } from './store.ts'
import { counting } from './totals.ts'
import { openTunnel, type Tunnel } from './tunnel.ts'
import type { Connectors, ConnectorsOptions, Examined, Proven } from './types.ts'

/** One process beside another that drains, and some to spare. */
const LINKS_OF_ONE = 8
const LINKS = 1_024

/** The gateway's end of connectors: who is one, which are up, and streams through them. */
export function openConnectors(options: ConnectorsOptions): Connectors {
  const { store, observer, isConfigured, workloadRule, now = Date.now } = options
  const refused = sparingly((about) => observer.refused(about))
  const enrol = enrolling({ ...options, now })
  const { links, add, remove, wake, dial } = dialling()
  const totals = counting()
  /** With those that did not come up yet: what is revoked must not come up. */
  const tunnels = new Set<Tunnel>()
  let phase: 'open' | 'draining' | 'closed' = 'open'

  const isUp = (id: string): boolean => [...tunnels].some(({ facts }) => facts.connector === id)

  /** Whom the store knows, but for those who have to show again what they were enrolled with. */
  function find(id: string): StoredConnector | undefined {
    const known = store.find(id)
    return known && hasLapsed(known, isUp(id), now()) ? undefined : known
  }

  /** Why this connector gets no (further) link now. */
  function obstacle({ id, name, how, revokedAt }: StoredConnector): ConnectorCode | undefined {
    if (revokedAt !== undefined) return 'GS_CONNECTOR_REVOKED'
    if (phase !== 'open') return 'GS_CONNECTOR_STOPPING'
    if (!isConfigured(name)) return 'GS_CONNECTOR_NAME_UNKNOWN'
    if (!isTakenStill({ name, how }, workloadRule)) return 'GS_CONNECTOR_WORKLOAD_CHANGED'
    const own = [...tunnels].filter(({ facts }) => facts.connector === id).length
    return own >= LINKS_OF_ONE || tunnels.size >= LINKS ? 'GS_CONNECTOR_BUSY' : undefined
  }

  function cut(why: 'revoked' | 'unconfigured' | 'workload' | 'stopping', which: (tunnel: Tunnel) => boolean): number {
    const gone = [...tunnels].filter(which)
    const streams = gone.reduce((sum, tunnel) => sum + tunnel.streams, 0)
    for (const tunnel of gone) tunnel.cut(why)
    return streams
  }

  return {
    async dial(via, host, port, of, signal) {
      try {
        const stream = await dial(via, targetOf(host, port), of, signal, () => phase !== 'open')
        totals.opened(via)
        return stream
      } catch (error) {
        totals.refused(via)
        throw error
      }
    },
    state: () => [...links.values()].flatMap((of) => [...of].map((tunnel) => tunnel.state())),
    totals: () => totals.read(links),
    async examine(via, host, port, of, signal) {
      const target = targetOf(host, port)
      const tried = [...(links.get(via) ?? [])].filter(({ open }) => open)
      return Promise.all(tried.map((tunnel) => tryOne(tunnel, target, of, signal)))
    },
    known: () => store.all().map(({ publicKey, ...known }) => ({ ...known, fingerprint: fingerprintOf(publicKey) })),
    async offer(name, by, ttl) {
      if (!isConfigured(name)) throw new ConnectorError('GS_CONNECTOR_NAME_UNKNOWN')
      const { token, offer } = newOffer(name, by, now() + ttl)
      await observer.offered({ offer: offer.id, name, offeredBy: by, expiresAt: offer.expiresAt })
      store.forgetOffers(now())
      store.insertOffer(offer)
      return { id: offer.id, token, expiresAt: offer.expiresAt }
    },
    async revoke(id, by, reason) {
      const known = store.find(id)
      const gone = known ? store.revoke(id, now()) && known : store.withdrawOffer(id)
      if (!gone) return false
      const streams = cut('revoked', ({ facts }) => facts.connector === id)
      await observer.revoked({ id, name: gone.name, revokedBy: by, streams, ...(reason !== undefined && { reason }) })
      return true
    },
    async enrol(enrolment, channel) {
      try {
        if (phase !== 'open') throw new ConnectorError('GS_CONNECTOR_STOPPING')
        for (const known of store.all()) if (hasLapsed(known, isUp(known.id), now())) store.forget(known.id)
        const { id, name } = await enrol(enrolment, channel)
        return { id, name }
      } catch (error) {
        // Anybody may claim any key or name: neither is known here before it is proved.
        refused({ code: error instanceof ConnectorError ? error.code : 'GS_CONNECTOR_FAILED', address: channel.address })
        throw error
      }
    },
    prove({ id, proof, version }, channel) {
      const refuse = (code: ConnectorCode, known: { readonly connector?: string; readonly name?: string } = {}) => {
        refused({ code, address: channel.address, ...known })
        return new ConnectorError(code)
      }
      const known = find(id)
      if (!known) throw refuse('GS_CONNECTOR_UNKNOWN')
      const key = readPublicKey(known.publicKey)
      if (!key || !VERSION_SHAPE.test(version) || !isProven(key, 'tunnel', channel.binding, saidAtTunnel(id, version), proof)) {
        throw refuse('GS_CONNECTOR_PROOF_INVALID')
      }
      const code = obstacle(known)
      if (code) throw refuse(code, { connector: id, name: known.name })
      return { id, name: known.name, version }
    },
    attach(proven: Proven, socket) {
      // The answer went out in between.
      const known = store.find(proven.id)
      if (!known || obstacle(known)) {
        socket.destroy()
        return
      }
      const tunnel = openTunnel(socket, {
        ...{ proven, address: socket.remoteAddress ?? '', observer, now },
        onUp(up) {
          store.seen(proven.id, now())
          totals.connected(proven.name)
          add(up)
        },
        onDown(down) {
          remove(down)
          totals.gone(down)
          if (phase !== 'closed') store.seen(proven.id, now())
        },
        onEnd: (ended) => tunnels.delete(ended),
      })
      tunnels.add(tunnel)
    },
    settingsChanged() {
      cut('unconfigured', ({ facts }) => !isConfigured(facts.name))
      const gone = new Set(store.all().flatMap((known) => (isTakenStill(known, workloadRule) ? [] : [known.id])))
      cut('workload', ({ facts }) => gone.has(facts.connector))
    },
    drain() {
      if (phase === 'open') phase = 'draining'
      wake()
    },
    close() {
      phase = 'closed'
      wake()
      cut('stopping', () => true)
    },
  }
}

/** RFC 9113 §8.5, RFC 3986 §3.2.2. */
const targetOf = (host: string, port: number) => `${host.includes(':') ? `[${host}]` : host}:${port}`

async function tryOne(tunnel: Tunnel, target: string, of: { readonly resource: string }, signal: AbortSignal): Promise<Examined> {
  const at = { id: tunnel.facts.connector, tunnel: tunnel.facts.tunnel }
  try {
    const stream = await tunnel.dial(target, of, signal)
    stream.destroy()
    return at
  } catch (error) {
    if (!(error instanceof ConnectorError)) throw error
    return { ...at, code: error.code }
  }
}

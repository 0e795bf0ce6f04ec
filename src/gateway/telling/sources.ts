import { X509Certificate } from 'node:crypto'
import { statfs } from 'node:fs/promises'
import type { PushState, Sources } from '../../metrics/index.ts'
import type { Rooms } from '../rooms.ts'

export interface SourceParts {
  readonly trail: Sources['trail']
  readonly ready: () => boolean
  readonly connections: Sources['connections']
  readonly push: (() => PushState) | undefined
}

/** What of the rooms is looked at when somebody scrapes. */
export function sourcesOf(rooms: Rooms, { trail, ready, connections, push }: SourceParts): Sources {
  const { witnessing, runs, approvals, breakGlass, recording, searching, exporting, connectors, inForce } = rooms
  return {
    ...{ trail, witnessing, runs, recording, searching, connections, ready },
    resources: () => inForce.taken.resources.all,
    approvalsOpen: () => approvals?.open,
    oldestPending: () => approvals?.oldestPending,
    breakGlass: () => breakGlass?.counts,
    disk: () =>
      statfs(inForce.config.gateway.data).then(
        ({ bavail, blocks, bsize }) => ({ free: bavail * bsize, size: blocks * bsize }),
        () => undefined,
      ),
    certificates: () => certificates(rooms),
    exports: () => exporting.state(),
    ...(connectors && {
      connectors: {
        names: () => inForce.config.connectors.map(({ name }) => name),
        state: () => connectors.state(),
        totals: () => connectors.totals(),
      },
    }),
    ...(push && { pushes: push }),
  }
}

/** The one for all names at the doors, and the authorities that clients were given. */
function* certificates({ tls, interception }: Rooms): Iterable<readonly [string, number]> {
  yield ['doors', endOf(tls.leafDer())]
  if (tls.ca !== undefined) yield ['names-ca', endOf(tls.ca)]
  if (interception === undefined) return
  yield ['interception', interception.leaf().expires]
  yield ['interception-ca', endOf(interception.certificate)]
}

const endOf = (certificate: string | Uint8Array): number => new X509Certificate(certificate).validToDate.getTime()

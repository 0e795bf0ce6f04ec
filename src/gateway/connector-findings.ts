import type { Finding } from '../api/local/index.ts'
import { connectorErrors } from '../connector/errors.ts'
import type { ConnectorState, Connectors, KnownConnector } from '../connector/index.ts'
import { behind, targetOf } from './connector-operator.ts'
import type { InForce } from './in-force.ts'

export interface ConnectorFindingParts {
  readonly inForce: InForce
  /** Absent where there is no door for connectors. */
  readonly connectors?: Pick<Connectors, 'known' | 'state'> | undefined
  /** Of this gateway. */
  readonly version: string
  /** Whether the door is open: it is not where the data folder was opened for these checks alone. */
  readonly isOpen: boolean
}

/** Whether each configured name has somebody who answers for it, and who is let in and should not be. */
export function* connectorFindings({ inForce, connectors, version, isOpen }: ConnectorFindingParts): Iterable<Finding> {
  if (connectors === undefined) return
  const known = connectors.known().filter(({ revokedAt }) => revokedAt === undefined)
  const configured = new Set(inForce.config.connectors.map(({ name }) => name))
  for (const name of configured) {
    const enrolled = known.filter((connector) => connector.name === name)
    const links = connectors.state().filter((link) => link.name === name)
    yield nameFinding({ name, enrolled, links, resources: behind(inForce, name).map((resource) => resource.name), isOpen })
    yield* linkFindings(links, version)
  }
  for (const { id, name } of known.filter((connector) => !configured.has(connector.name)))
    yield {
      subject: `connector ${id}`,
      level: 'warn',
      found: `is enrolled as ${name}, which the configuration has no more: its key opens nothing now, and will once the name is back`,
      next: `Revoke it with: gatescribe connectors revoke ${id}.`,
    }
}

export interface Behind {
  readonly name: string
  readonly host: string
  readonly port: number
  readonly via?: string
}

/**
 * Where several connectors answer for a name, whether each of them opens this resource: the gateway goes on with one that does, so that nobody
 * would notice until that one is gone.
 */
export async function* reachFindings(
  { connectors }: { readonly connectors?: Pick<Connectors, 'state' | 'examine'> | undefined },
  { name: resource, host, port, via }: Behind,
  signal: AbortSignal,
): AsyncIterable<Finding> {
  if (connectors === undefined || via === undefined) return
  if (connectors.state().filter((link) => link.name === via && !link.draining).length < 2) return
  for (const { id, code } of await connectors.examine(via, host, port, { resource }, signal))
    if (code !== undefined)
      yield {
        subject: `connector ${id}`,
        level: 'warn',
        found: `does not open ${targetOf({ host, port })} of ${resource} [${code}]; another one of ${via} may`,
        next: connectorErrors[code].next,
      }
}

/** Of a resource that only a running gateway reaches. */
export function unreachedFinding(resource: string, via: string): Finding {
  return {
    subject: `resource ${resource}`,
    level: 'warn',
    found: `is behind connectors ${via}, which are connected only while the gateway runs: it was not looked at`,
    next: 'Run gatescribe doctor while the gateway runs.',
  }
}

interface Named {
  readonly name: string
  readonly enrolled: readonly KnownConnector[]
  readonly links: readonly ConnectorState[]
  readonly resources: readonly string[]
  readonly isOpen: boolean
}

function nameFinding({ name, enrolled, links, resources, isOpen }: Named): Finding {
  const subject = `connectors ${name}`
  const behindIt =
    resources.length === 0 ? 'no resource is behind it' : `${resources.join(', ')} ${resources.length === 1 ? 'is' : 'are'} behind it`
  // What nobody uses yet can wait.
  const level = resources.length === 0 ? 'warn' : 'fail'
  if (enrolled.length === 0)
    return { subject, level, found: `nobody is enrolled, and ${behindIt}`, next: `Enrol one: gatescribe connectors enrol ${name}.` }
  if (!isOpen) return { subject, level: 'ok', found: `${enrolled.length} enrolled; who is there shows once the gateway runs` }
  if (links.length === 0) {
    const seen = Math.max(...enrolled.map(({ lastSeenAt }) => lastSeenAt ?? 0))
    return {
      subject,
      level,
      found: `none of ${enrolled.length} is connected (${seen === 0 ? 'none ever was' : `the last one until ${new Date(seen).toISOString()}`}), and ${behindIt}`,
      next: 'Look at the connector where it runs: gatescribe connector --status says whether it runs, and --check whether it reaches the door; its clock must be right, or no certificate is valid.',
    }
  }
  const live = links.filter(({ draining }) => !draining)
  if (live.length === 0)
    return {
      subject,
      level: resources.length === 0 ? 'warn' : 'fail',
      found: `all that are connected drain and take nothing new, and ${behindIt}`,
      next: 'Start the connector again, or another one of this name.',
    }
  const [only] = live
  const rtt = only?.rttMs === undefined ? '' : `, round trip ${only.rttMs.toFixed(1)} ms`
  if (new Set(live.map(({ id }) => id)).size > 1) return { subject, level: 'ok', found: `${live.length} links are up; ${behindIt}` }
  return { subject, level: 'ok', found: `one is up${rtt}; ${behindIt}. A second one would take over while it is down` }
}

/** One that is older or newer speaks the same as long as nothing is said otherwise, and is easily forgotten. */
function* linkFindings(links: readonly ConnectorState[], version: string): Iterable<Finding> {
  for (const { id, version: theirs } of links.filter((link) => link.version !== version))
    yield {
      subject: `connector ${id}`,
      level: 'warn',
      found: `says that it is version ${theirs}; this gateway is ${version}`,
      next: 'Bring both to the same version; docs/connector.md says how, without cutting sessions.',
    }
}

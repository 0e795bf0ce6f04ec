import type { Reloaded } from '../api/local/index.ts'
import { ConfigError, readChange } from '../config/index.ts'
import { prepareIssuer, prepareWorkloads } from '../identity/index.ts'
import { CodedError } from '../operations/index.ts'
import type { TargetResource } from '../resources/index.ts'
import { take } from './in-force.ts'
import type { Rooms } from './rooms.ts'
import { whoApproves } from './who-approves.ts'

/** Reads the configuration again and puts it into force whole, or refuses it whole; both are recorded. */
export type Reload = () => Promise<Reloaded>

/**
 * One reload at a time: a later request waits for the earlier.
 * @param path of the configuration
 */
export function createReload(rooms: Rooms, path: string): Reload {
  let last: Promise<unknown> = Promise.resolve()
  return () => {
    const next = last.then(() => reload(rooms, path))
    last = next.catch(() => {})
    return next
  }
}

async function reload(rooms: Rooms, path: string): Promise<Reloaded> {
  const { inForce, records } = rooms
  try {
    const before = inForce.taken
    const change = readChange(path, process.env, before.loaded)
    if (change === undefined) return { changed: false, policy: before.policy.digest }
    const { loaded } = change
    const after = take(loaded)
    const issuers = loaded.config.issuers.map((settings) => prepareIssuer(settings))
    const workloads = prepareWorkloads(loaded.config.connectors, issuers)
    const { preparePeople } = await import('../identity/people/prepare-people.ts')
    const people = preparePeople(loaded.config.people, loaded.config.roles)
    await records.configChanged(
      { from: before.loaded.digest, to: loaded.digest, policyFrom: before.policy.digest, policyTo: after.policy.digest },
      loaded.text,
    )
    inForce.replace(after)
    rooms.exchange.useIssuers(issuers)
    rooms.people?.signIn.use(people)
    rooms.workloads?.use(workloads)
    rooms.connectors?.settingsChanged()
    rooms.runs.useBudgets(loaded.config.budgets)
    endSessionsOfChanged(rooms, before.resources.all)
    rooms.approvals?.usePolicy(after.policy.digest, whoApproves(loaded.config))
    rooms.breakGlass?.useSettings()
    rooms.channels?.use(loaded.config.approvals.channels)
    await rooms.exporting.use(loaded.config.exports)
    return { changed: true, policy: after.policy.digest }
  } catch (error) {
    if (error instanceof ConfigError) records.configRefused(error.code, error.problems)
    else if (error instanceof CodedError) records.configRefused(error.code, [])
    throw error
  }
}

/** What a session was opened for may have another address, name or tags now: its client connects again and is judged anew. */
function endSessionsOfChanged({ inForce, runs }: Rooms, before: readonly TargetResource[]): void {
  const changed = new Set(
    before.filter((resource) => shape(resource) !== shape(inForce.taken.resources.get(resource.name))).map(({ name }) => name),
  )
  for (const { id, resource } of runs.sessions()) if (changed.has(resource)) runs.kill(id, 'configuration')
}

function shape(resource: TargetResource | undefined): string {
  return JSON.stringify(resource?.kind === 'postgres' ? { ...resource, databases: [...resource.databases] } : resource)
}

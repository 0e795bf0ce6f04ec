import type { Config } from '../config/index.ts'
import { examineDurability } from './durability.ts'
import { examineFiles } from './files.ts'
import type { Finding } from './finding.ts'
import { examineIssuer } from './issuers.ts'
import { examineResource, type Visit } from './resources.ts'

/** What can be said of a configuration by whoever can read its files. */
export async function* examineMachine(config: Config, configPath: string): AsyncIterable<Finding> {
  yield* examineFiles(config, configPath)
  yield* examineDurability(config.gateway.data)
}

/** What only the gateway can say, because it has the network and the secrets. All at once; in the order of the configuration. */
export async function* examineSurroundings(config: Config, visit: Visit, signal: AbortSignal): AsyncIterable<Finding> {
  const issuers = config.issuers.map((issuer) => examineIssuer(issuer, signal))
  const resources = config.resources.map((resource) => examineResource(resource, visit, signal))
  for (const findings of [...issuers, ...resources]) yield* await findings
}

import type { Config } from '../config/index.ts'
import { examineClock } from './clock.ts'
import { examineDurability } from './durability.ts'
import { examineFiles } from './files.ts'
import type { Finding } from './finding.ts'

/**
 * What can be said of a configuration by whoever can read its files. What needs the gateway's secrets is its own to say.
 * @param configPath absolute
 */
export async function* examineMachine(config: Config, configPath: string, signal: AbortSignal): AsyncIterable<Finding> {
  yield* examineFiles(config, configPath)
  yield await examineDurability(config.gateway.data)
  yield await examineClock(config.issuers, signal)
}

import type { LoadedConfig } from './config.ts'
import { type ConfigDifference, diffConfig, restartNeeded } from './diff.ts'
import { ConfigError } from './errors.ts'
import { loadConfig } from './load.ts'
import { parseSource } from './source.ts'

/** A configuration that may replace the one in force. */
export interface ReadChange {
  readonly loaded: LoadedConfig
  readonly difference: ConfigDifference
}

/**
 * Reads the configuration again.
 * @param current what is in force
 * @returns undefined where the file is the same, byte for byte
 * @throws ConfigError where it is broken, or changes something that cannot change while the gateway runs
 */
export function readChange(path: string, env: Readonly<Record<string, string | undefined>>, current: LoadedConfig): ReadChange | undefined {
  const loaded = loadConfig(path, env)
  if (loaded.digest === current.digest) return undefined
  const difference = diffConfig(current.config, loaded.config)
  if (difference.restart.length > 0) throw new ConfigError(restartNeeded(difference.restart).map(parseSource(path, loaded.text).problem))
  return { loaded, difference }
}

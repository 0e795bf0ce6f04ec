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
  const loaded = loadAgain(path, env)
  if (loaded.digest === current.digest) return undefined
  const difference = diffConfig(current.config, loaded.config)
  if (difference.restart.length > 0) throw new ConfigError(restartNeeded(difference.restart).map(parseSource(path, loaded.text).problem))
  return { loaded, difference }
}

/** A file that trips over a mistake of ours is refused like any other: a running gateway must not end over what it reads. */
function loadAgain(path: string, env: Readonly<Record<string, string | undefined>>): LoadedConfig {
  try {
    return loadConfig(path, env)
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause
    // The cause may quote the file, and is not shown.
    const message = 'The file cannot be judged, which is a mistake of the gateway.'
    const next = 'Undo the last change of the file, and report it.'
    throw new ConfigError([{ file: path, line: 1, column: 1, path: '', code: 'GS_CONFIG_UNREADABLE', message, next }], { cause })
  }
}

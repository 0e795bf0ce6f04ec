import { resolve } from 'node:path'
import { loadConfig } from '../../../config/index.ts'
import type { Surroundings } from '../../surroundings.ts'

/** The text of a configuration that could be put into force. @throws ConfigError with all that is wrong with it */
export function readCandidate(file: string, { folder, env }: Pick<Surroundings, 'folder' | 'env'>): string {
  return loadConfig(resolve(folder, file), env).text
}

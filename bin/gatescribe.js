#!/usr/bin/env node
// Plain JavaScript on purpose: a Node that is too old must be able to read it, and to say so.
import { existsSync, lstatSync, mkdirSync } from 'node:fs'
import module from 'node:module'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const built = new URL('../dist/cli/main.js', import.meta.url)
const source = new URL('../src/cli/main.ts', import.meta.url)
const launcher = new URL('../tools/node/launch.js', import.meta.url)

/** EX_CONFIG of sysexits.h. */
const CANNOT_RUN_HERE = 78

/** Runs the command, and gives its exit code. */
async function run() {
  if (Number(process.versions.node.split('.')[0]) < 24) return runUnderPackagedNode()
  keepCompiled()
  // In a checkout the source is what was meant, whatever an earlier build left in dist.
  const { main } = await import((existsSync(source) ? source : built).href)
  return main(process.argv.slice(2))
}

/**
 * Lets Node keep what it compiled, which saves a third of a start. Whoever can write there decides what runs here: it is a folder
 * of this user alone, never the shared one in /tmp that Node would take. Without one, everything works, only later.
 */
function keepCompiled() {
  // Named by the operator, or refused (NODE_DISABLE_COMPILE_CACHE): then Node itself knows.
  if (process.env.NODE_COMPILE_CACHE || process.platform === 'win32') return
  try {
    const { XDG_CACHE_HOME } = process.env
    const folder = join(XDG_CACHE_HOME?.startsWith('/') ? XDG_CACHE_HOME : join(homedir(), '.cache'), 'gatescribe', 'compiled')
    // One by one: told to make all of them, Node never returns where the first cannot be made, as under /proc.
    for (const each of [dirname(dirname(folder)), dirname(folder), folder]) if (!existsSync(each)) mkdirSync(each, { mode: 0o700 })
    const found = lstatSync(folder)
    if (found.isDirectory() && found.uid === process.getuid() && (found.mode & 0o022) === 0) module.enableCompileCache(folder)
  } catch {
    // A home that is not there, or is read-only: nothing to keep.
  }
}

/** A checkout brings a Node of its own (tools/node); an installed package does not. */
async function runUnderPackagedNode() {
  if (!existsSync(launcher))
    return refuse(`Node 24 or newer is needed, and this is ${process.version}: install it and run the command again`)
  const { findNode, LaunchError, runUnder } = await import(launcher.href)
  try {
    return await runUnder(findNode(), [fileURLToPath(import.meta.url), ...process.argv.slice(2)])
  } catch (error) {
    if (error instanceof LaunchError) return refuse(error.message)
    throw error
  }
}

function refuse(sentence) {
  process.stderr.write(`gatescribe: ${sentence}\n`)
  return CANNOT_RUN_HERE
}

process.exitCode = await run()

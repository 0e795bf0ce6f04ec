#!/usr/bin/env node
// Plain JavaScript on purpose: a Node that is too old must be able to read it, and to say so.
import { existsSync, lstatSync, mkdirSync } from 'node:fs'
import module from 'node:module'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'

const built = new URL('../dist/cli/main.js', import.meta.url)
const source = new URL('../src/cli/main.ts', import.meta.url)
const launcher = new URL('../tools/node/launch.js', import.meta.url)

/** EX_CONFIG of sysexits.h. */
const CANNOT_RUN_HERE = 78

/**
 * A gateway's heap is small, and V8 sizes what may gather before it collects by what there is: with the default it marked the whole heap
 * for every eighth TLS connection, at 9 ms of CPU a connection instead of 4. 128 MiB may gather; memory that is not used is not taken. A connector's
 * heap is smaller still, and what it carries counts: 3.6 ms of CPU a megabyte with the default, 2.1 so.
 */
const ROOM_TO_GATHER = '--initial-old-space-size=128'

/**
 * Memory outside the heap counts by the same measure: by its own, V8 marks the whole heap for every 64 MiB that were read, whether they are gone by then
 * or not. Other releases may not know it, and say so on standard error.
 */
const ROOM_OUTSIDE = { node: 26, flag: '--external-memory-accounted-in-global-limit' }

/** Runs the command, and gives its exit code. */
async function run() {
  if (Number(process.versions.node.split('.')[0]) < 24) return runUnderPackagedNode()
  if (isService()) {
    takeRoom()
    if (Number(process.versions.node.split('.')[0]) === ROOM_OUTSIDE.node) setFlagsFromString(ROOM_OUTSIDE.flag)
    // Its settings are read soon anyway. Who has not begun to listen would end here.
    process.on('SIGHUP', () => undefined)
  }
  const listensNoMore = endEarly()
  keepCompiled()
  // In a checkout the source is what was meant, whatever an earlier build left in dist.
  const { main } = await import((existsSync(source) ? source : built).href)
  // Its first line listens.
  const running = main(process.argv.slice(2))
  listensNoMore()
  return running
}

/**
 * Ends this process when it is told to while everything is still being read. Process 1 of a container hears only what it listens to: a SIGTERM
 * of then would be lost, and the container be killed once its time is over. A service that did not begin has stopped as it was asked to.
 * @returns listens no more
 */
function endEarly() {
  const end = (signal) => process.exit(isService() ? 0 : signal === 'SIGINT' ? 130 : 143)
  process.on('SIGTERM', end).on('SIGINT', end)
  return () => process.off('SIGTERM', end).off('SIGINT', end)
}

/** Whether this process will live for long: a gateway, or a connector that is not only asked something. */
function isService() {
  const [, , command, ...words] = process.argv
  return command === 'start' || (command === 'connector' && !words.some((word) => /^(--(status|check|help)|-h)$/.test(word)))
}

/** V8 reads this only when a process begins: the same process begins again, with the same id and descriptors. Where it cannot, it goes on as it is. */
function takeRoom() {
  const { execve, execPath, execArgv, argv } = process
  if (execve === undefined || process.platform === 'win32' || execArgv.includes(ROOM_TO_GATHER)) return
  try {
    execve(execPath, [execPath, ROOM_TO_GATHER, ...execArgv, ...argv.slice(1)], process.env)
  } catch {
    // A sandbox that forbids it, say: only slower.
  }
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
    const flags = isService() ? [ROOM_TO_GATHER] : []
    return await runUnder(findNode(), [...flags, fileURLToPath(import.meta.url), ...process.argv.slice(2)])
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

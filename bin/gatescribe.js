#!/usr/bin/env node
// Plain JavaScript on purpose: a Node that is too old must be able to read it, and to say so.
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const built = new URL('../dist/cli/main.js', import.meta.url)
const source = new URL('../src/cli/main.ts', import.meta.url)
const launcher = new URL('../tools/node/launch.js', import.meta.url)

/** EX_CONFIG of sysexits.h. */
const CANNOT_RUN_HERE = 78

/** Runs the command, and gives its exit code. */
async function run() {
  if (Number(process.versions.node.split('.')[0]) < 24) return runUnderPackagedNode()
  // In a checkout the source is what was meant, whatever an earlier build left in dist.
  const { main } = await import((existsSync(source) ? source : built).href)
  return main(process.argv.slice(2))
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

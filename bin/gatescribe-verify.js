#!/usr/bin/env node
// Plain JavaScript, as a Node that is too old must be able to read it: it hands over to the one that a checkout brings, or says so.
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const built = new URL('../dist/verify/main.js', import.meta.url)
const source = new URL('../src/verify/main.ts', import.meta.url)
const launcher = new URL('../tools/node/launch.js', import.meta.url)

async function run() {
  if (Number(process.versions.node.split('.')[0]) >= 24) {
    const { main } = await import((existsSync(source) ? source : built).href)
    return main(process.argv.slice(2))
  }
  try {
    const { findNode, runUnder } = await import(launcher.href)
    return await runUnder(findNode(), [fileURLToPath(import.meta.url), ...process.argv.slice(2)])
  } catch {
    process.stderr.write(`gatescribe-verify: Node 24 or newer is needed, and this is ${process.version}\n`)
    return 78
  }
}

// Whoever reads no more has seen enough; the exit code is the same.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
process.exitCode = await run()

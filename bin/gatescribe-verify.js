#!/usr/bin/env node
// Plain JavaScript, as a Node that is too old must be able to read it, and to say so.
import { existsSync } from 'node:fs'

// Whoever reads no more has seen enough; the exit code is the same.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

const [source, built] = ['src/verify/main.ts', 'dist/verify/main.js'].map((path) => new URL(`../${path}`, import.meta.url))
if (Number(process.versions.node.split('.')[0]) >= 24) {
  const { main } = await import((existsSync(source) ? source : built).href)
  process.exitCode = main(process.argv.slice(2))
} else {
  process.stderr.write(`gatescribe-verify: Node 24 or newer is needed, and this is ${process.version}\n`)
  process.exitCode = 78
}

// Builds what is published into `dist`, or the folder given: `npm run build`. Nothing of an earlier build stays, and nothing is built of what
// does not type-check.
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { bundle } from './bundle.ts'

const root = join(import.meta.dirname, '..')
const folder = resolve(process.argv[2] ?? join(root, 'dist'))
rmSync(folder, { recursive: true, force: true })
const compiler = join(root, 'node_modules/typescript/bin/tsc')
const { status } = spawnSync(process.execPath, [compiler, '-p', join(root, 'tsconfig.build.json')], { stdio: 'inherit' })
if (status === 0) await bundle(folder)
else process.exitCode = status ?? 1

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { oldNode } from '../parts/old-node.ts'
import { needs } from '../parts/require.ts'

const root = join(import.meta.dirname, '../..')
const launcher = join(root, 'tools/node/run.js')

let folder: string
let script: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-launcher-'))
  // TypeScript, so that it runs at all only where types are stripped.
  script = join(folder, 'script.ts')
  writeFileSync(
    script,
    `import { spawnSync } from 'node:child_process'
     const [what = 'report', ...rest]: string[] = process.argv.slice(2)
     if (what === 'report') {
       const below = spawnSync('node', ['--version'], { encoding: 'utf8' }).stdout.trim()
       console.log(JSON.stringify({ version: process.version, below, rest }))
     }
     if (what === 'exit') process.exit(Number(rest[0]))
     if (what === 'die') process.kill(process.pid, 'SIGKILL')
     if (what === 'wait') {
       let seen = 0
       for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
         process.on(signal, () => {
           seen += 1
           setTimeout(() => { console.log(signal, seen); process.exit(40 + seen) }, 100)
         })
       setInterval(() => {}, 1000)
       console.log('ready')
     }`,
  )
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const launch = (args: string[], node = process.execPath) => spawnSync(node, [launcher, ...args], { cwd: folder, encoding: 'utf8' })

it('passes on arguments and exit codes', () => {
  expect(JSON.parse(launch([script, 'report', 'a b', '--c']).stdout)).toMatchObject({ rest: ['a b', '--c'] })
  expect(launch([script, 'exit', '0']).status).toBe(0)
  expect(launch([script, 'exit', '7']).status).toBe(7)
})

it('ends as a shell would where a signal ended the script', () => {
  expect(launch([script, 'die']).status).toBe(128 + constants.signals.SIGKILL)
})

it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('passes %s on once, and waits for the script to finish its own way', async (signal) => {
  const child: ChildProcess = spawn(process.execPath, [launcher, script, 'wait'], { stdio: ['ignore', 'pipe', 'inherit'] })
  let printed = ''
  child.stdout?.on('data', (chunk) => {
    printed += chunk
    if (printed === 'ready\n') child.kill(signal)
  })
  const [code] = await once(child, 'close')
  expect({ code, printed }).toEqual({ code: 41, printed: `ready\n${signal} 1\n` })
})

it('runs the command of an installed package', () => {
  expect(launch(['tsc', '--version']).stdout).toMatch(/^Version \d/)
})

it.each([[[]], [['no-such-command']], [['../../etc/passwd']]])('says what is wrong with %j, and exits with 78', (args) => {
  const { status, stderr } = launch(args)
  expect(status).toBe(78)
  expect(stderr).toMatch(/^gatescribe: .+\n$/)
})

it('runs everything under the packaged Node where its own is too old, and puts it first on PATH', (test) => {
  const old = oldNode()
  needs(test, old, 'a Node older than 24 (one on PATH, or npm and its registry)')
  const { version, below } = JSON.parse(launch([script, 'report'], old).stdout)
  expect(Number(version.slice(1).split('.')[0])).toBeGreaterThanOrEqual(24)
  expect(below).toBe(version)
})

it('starts the command line of a checkout under an old Node', (test) => {
  const old = oldNode()
  needs(test, old, 'a Node older than 24 (one on PATH, or npm and its registry)')
  const { status, stdout } = spawnSync(old, [join(root, 'bin/gatescribe.js'), '--version'], { encoding: 'utf8' })
  expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+/) })
})

it('says which Node is needed where an installed package runs under an old one', (test) => {
  const old = oldNode()
  needs(test, old, 'a Node older than 24 (one on PATH, or npm and its registry)')
  const entry = join(folder, 'package/bin/gatescribe.js')
  cpSync(join(root, 'bin/gatescribe.js'), entry)
  writeFileSync(join(folder, 'package/package.json'), '{ "type": "module" }')
  const { status, stderr } = spawnSync(old, [entry, '--version'], { encoding: 'utf8' })
  expect({ status, stderr }).toEqual({
    status: 78,
    stderr: expect.stringMatching(/^gatescribe: Node 24 or newer is needed, and this is v/),
  })
})

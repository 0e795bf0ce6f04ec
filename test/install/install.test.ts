import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { oldNode } from '../parts/old-node.ts'
import { needs } from '../parts/require.ts'

// What a newcomer does, on a machine whose own Node is too old: clone, npm ci, npm test. npm 10 and 11 differ in what they link
// (`node_modules/.bin/node`) and in what they ask of the lock (every platform's optional packages).
const root = join(import.meta.dirname, '../..')
let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-install-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe.each(['10', '11'])('with npm %s under an old Node', (major) => {
  it('installs a clean clone, changes nothing in it, and tests under a new Node', (test) => {
    const node = oldNode()
    needs(test, node, 'a Node older than 24 (one on PATH, or npm and its registry)')
    const prefix = join(folder, `npm-${major}`)
    const clone = join(folder, `clone-${major}`)
    execFileSync('npm', ['install', '--prefix', prefix, '--ignore-scripts', '--no-save', `npm@${major}`], { stdio: 'ignore' })
    execFileSync('git', ['clone', '--quiet', root, clone])
    // Nothing of the Node and npm that run this test is left.
    const path = [dirname(node), '/usr/local/bin', '/usr/bin', '/bin'].join(delimiter)
    const outer = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(npm_(?!config_)|VITEST|NODE_ENV)/.test(name)))
    const npm = (...args: string[]) =>
      execFileSync(node, [join(prefix, 'node_modules/npm/bin/npm-cli.js'), ...args], {
        cwd: clone,
        encoding: 'utf8',
        env: { ...outer, PATH: path },
        stdio: ['ignore', 'pipe', 'ignore'],
      })

    expect(npm('--version').split('.')[0]).toBe(major)
    npm('ci')
    expect(execFileSync('git', ['status', '--porcelain'], { cwd: clone, encoding: 'utf8' })).toBe('')
    const output = join(folder, `report-${major}.json`)
    npm(
      'test',
      '--silent',
      '--',
      'test/launcher/find-node.test.ts',
      'test/launcher/here.test.ts',
      '--reporter=json',
      `--outputFile=${output}`,
    )
    const report = JSON.parse(readFileSync(output, 'utf8'))
    expect(report).toMatchObject({ success: true })
    expect(report.numPassedTests).toBeGreaterThan(8)
  })
})

it('names no registry in the lock', () => {
  const lock: unknown = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
  const { packages } = lock as { packages: Record<string, { resolved?: string; link?: boolean }> }
  expect(Object.entries(packages).filter(([, { resolved, link }]) => resolved !== undefined && !link)).toEqual([])
})

import { spawnSync } from 'node:child_process'
import { basename, join } from 'node:path'
import type { IConfiguration, ICruiseResult } from 'dependency-cruiser'
import { expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')
const planted = join(import.meta.dirname, 'planted')
const arrows = ((await import(join(root, '.dependency-cruiser.js'))) as { default: IConfiguration }).default.forbidden ?? []
const rules = arrows.map((rule) => rule.name)

/** What the cruiser says about the `src` of a folder, as the command would find it. */
function cruise(folder: string): ICruiseResult {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [
      join(root, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs'),
      ...['--config', join(root, '.dependency-cruiser.js'), '--output-type', 'json', 'src'],
    ],
    { cwd: folder, encoding: 'utf8', maxBuffer: 64 << 20 },
  )
  expect(stderr).toBe('')
  return JSON.parse(stdout)
}

it('holds in src, where more than nothing is looked at', () => {
  const { summary } = cruise(root)
  expect(summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`)).toEqual([])
  expect(summary.totalCruised).toBeGreaterThan(20)
  expect(summary.totalDependenciesCruised).toBeGreaterThan(20)
  // All files of the house are read, beside another test: that takes what it takes.
}, 180_000)

it('says why, for every arrow', () => {
  for (const { comment } of arrows) expect(comment).toMatch(/\w+ \w+.*[.]$/)
})

const reported = cruise(planted).summary.violations.map(({ rule, from }) => ({ rule: rule.name, file: basename(from, '.ts') }))

it.each(rules)('reports the import planted against %s', (rule) => {
  expect(reported).toContainEqual({ rule, file: rule })
})

it('reports that redaction opens a file, not only that it enters another room', () => {
  expect(reported).toContainEqual({ rule: 'redaction-stands-alone', file: 'redaction-stands-alone-of-io' })
})

it('reports a planted import of a tool, not only of a development package', () => {
  expect(reported).toContainEqual({ rule: 'source-stands-alone', file: 'source-stands-alone-of-tools' })
})

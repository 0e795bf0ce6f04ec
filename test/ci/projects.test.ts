import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import config from '../../vitest.config.ts'

/*
 * `npm test` runs every project; CI names each, because some run beside others. One that is not named, or a file that has another name by now, would be
 * lost there or run where it disturbs.
 */

const root = join(import.meta.dirname, '../..')
const projects = (config.test?.projects ?? []).map((each) => (each as { readonly test: Project }).test)

interface Project {
  readonly name: string
  readonly include: readonly string[]
  readonly exclude?: readonly string[]
}

it('are each run by CI', () => {
  const suite = readFileSync(join(root, '.ci/suites/10-test'), 'utf8')
  const named = [...suite.matchAll(/^tests (\w+)/gm)].map(([, name]) => name)
  expect(named.toSorted()).toEqual(projects.map(({ name }) => name).toSorted())
})

it('list files that there are, each in one project', () => {
  const listed = projects.flatMap(({ include }) => include).filter((path) => !path.includes('*'))
  expect(listed.length).toBeGreaterThan(10)
  expect(listed.filter((path) => !existsSync(join(root, path)))).toEqual([])
  expect(new Set(listed).size).toBe(listed.length)
  // The others take everything else.
  const others = projects.filter(({ include }) => include.some((path) => path.includes('*')))
  for (const { exclude } of others) expect(exclude).toEqual(expect.arrayContaining(listed))
})

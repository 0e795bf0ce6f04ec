import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')

/** The kinds of entry that the code can write. */
function kinds(): ReadonlySet<string> {
  const [, union = ''] = /export type EntryKind =([^/]*)/.exec(readFileSync(join(root, 'src/trail/trail.ts'), 'utf8')) ?? []
  return new Set([...union.matchAll(/'([a-z.]+)'/g)].map(([, kind]) => kind as string))
}

it('names only entries that there are as evidence', () => {
  const page = readFileSync(join(root, 'docs/compliance.md'), 'utf8')
  const named = [...page.matchAll(/`([a-z]+(?:\.[a-z]+)?)`/g)].map(([, kind]) => kind as string)
  const notKinds = new Set(['at', 'deny', 'refused', 'unknown', 'trail.retain', 'gatescribe status'])
  expect(kinds().size).toBeGreaterThan(20)
  expect(named.filter((name) => !kinds().has(name) && !notKinds.has(name))).toEqual([])
})

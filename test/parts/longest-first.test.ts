import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { LONGEST, LongestFirst } from './longest-first.ts'

const root = join(import.meta.dirname, '../..')

/** As Vitest would order these: by size, where nothing is known of earlier runs. */
async function ordered(...files: (readonly [path: string, groupOrder: number])[]): Promise<string[]> {
  const context = { config: { root }, cache: { getTestSpecificationResult: () => undefined } }
  const specs = files.map(([path, groupOrder]) => ({
    moduleId: join(root, path),
    project: { name: `group ${groupOrder}`, config: { isolate: true, sequence: { groupOrder } } },
  }))
  const sorted = await new LongestFirst(context as never).sort(specs as never)
  return sorted.map(({ moduleId }) => moduleId.slice(root.length + 1))
}

it('names files that there are', () => {
  expect(LONGEST.filter((path) => !existsSync(join(root, path)))).toEqual([])
})

it('begins with the longest, within its group', async () => {
  const [first, second] = LONGEST as [string, string]
  const [large, small] = ['package-lock.json', 'package.json']
  expect(await ordered([small, 2], [second, 2], [large, 2], [first, 2])).toEqual([first, second, large, small])
  expect(await ordered([first, 3], [small, 2])).toEqual([small, first])
})

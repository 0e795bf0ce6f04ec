import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')
const pages = globSync(['*.md', 'docs/**/*.md'], { cwd: root })

/** Links of a page, without those that lead out of the checkout. */
function links(page: string): string[] {
  const text = readFileSync(join(root, page), 'utf8').replaceAll(/```[\s\S]*?```/g, '')
  return [...text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map(([, target]) => target ?? '').filter((target) => !/^[a-z]+:/.test(target))
}

it.each(pages)('%s leads to pages and files that are there', (page) => {
  expect(links(page).filter((target) => !existsSync(join(root, dirname(page), target)))).toEqual([])
})

it('lists every page of docs in its index', () => {
  const index = links('docs/README.md').map((target) => join('docs', target))
  const listed = pages.filter((page) => dirname(page) === 'docs' && page !== 'docs/README.md')
  expect(listed.filter((page) => !index.includes(page))).toEqual([])
})

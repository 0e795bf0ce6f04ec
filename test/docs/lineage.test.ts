import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { LINEAGE_PAGE, lineagePage } from '../../tools/lineage-page.ts'

it('documents which functions and operators let nothing but their arguments through (npm run docs writes the page)', () => {
  const page = readFileSync(join(import.meta.dirname, '../..', LINEAGE_PAGE), 'utf8')
  expect(page).toBe(lineagePage())
  for (const name of ['lower', 'count', 'jsonb_each']) expect(page).toContain(`\`${name}\``)
})
